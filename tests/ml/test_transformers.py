"""The Trainer of transformers as runs."""

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

import genaiops

pytestmark = [pytest.mark.filterwarnings("ignore")]  # of transformers, about its own dependencies

ITEMS = [
    {"input_ids": torch.tensor([1, 2, 3, at % 4]), "labels": torch.tensor(at % 2)}
    for at in range(8)
]
SMALL = BertConfig(
    vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
)


def trainer(tmp_path, **options):
    arguments = TrainingArguments(
        output_dir=str(tmp_path / "out"), num_train_epochs=2, per_device_train_batch_size=4,
        logging_steps=1, report_to=[], save_strategy="no", use_cpu=True, disable_tqdm=True, **options,
    )  # fmt: skip
    return Trainer(
        model=BertForSequenceClassification(SMALL), args=arguments,
        train_dataset=ITEMS, eval_dataset=ITEMS,
    )  # fmt: skip


def test_a_training_is_a_run_with_what_the_trainer_logs(recorded, runs, history, tmp_path):
    recorded("transformers", "pytorch")
    teacher = trainer(tmp_path, learning_rate=0.01, run_name="small")

    told = teacher.train()
    found = teacher.evaluate()

    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "small"
    given = {"learning_rate": 0.01, "num_train_epochs": 2, "hidden_size": 8, "model_type": "bert"}
    assert run.data.params | given == run.data.params
    assert [step for step, _ in history(run, "loss")] == [1, 2, 3, 4]
    assert run.data.metrics["train_loss"] == pytest.approx(told.training_loss)
    assert run.data.metrics["eval_loss"] == pytest.approx(found["eval_loss"])
    assert "weights" in genaiops.load_text(f"runs:/{run.info.run_id}/model_summary.txt")


def test_a_training_that_fails_raises_what_it_raised(recorded, runs, tmp_path):
    recorded("transformers")
    teacher = trainer(tmp_path)
    teacher.train_dataset = [{"input_ids": torch.tensor([99]), "labels": torch.tensor(0)}] * 8

    with pytest.raises(IndexError):
        teacher.train()

    assert runs()[0].info.status == "FAILED"


def test_the_trainer_has_its_own_functions_again(recorded):
    before = (Trainer.train, Trainer.log)
    recorded("transformers")
    assert Trainer.train is not before[0]
    genaiops.transformers.autolog(disable=True)

    assert (Trainer.train, Trainer.log) == before
