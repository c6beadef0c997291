"""Lightning, loops in plain torch, and what is written for TensorBoard, as runs."""

import copy
import pickle
import subprocess
import sys
import textwrap
import warnings

import lightning
import pytest
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping
from lightning.pytorch.loggers import TensorBoardLogger
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.tensorboard import SummaryWriter

import genaiops
from genaiops.training.lightning import make_callback
from genaiops.training.session import RunLog

pytestmark = [
    pytest.mark.filterwarnings(
        "ignore"
    ),  # of Lightning, about workers, loggers and its own imports
]
ROWS = torch.arange(24, dtype=torch.float32).reshape(8, 3) / 24
BATCHES = DataLoader(TensorDataset(ROWS, ROWS.sum(dim=1, keepdim=True)), batch_size=4)


class Net(lightning.LightningModule):
    def __init__(self, width: int = 4, lr: float = 0.1) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layers = torch.nn.Sequential(torch.nn.Linear(3, width), torch.nn.Linear(width, 1))

    def training_step(self, batch, index):
        rows, targets = batch
        loss = torch.nn.functional.mse_loss(self.layers(rows), targets)
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        return loss

    def validation_step(self, batch, index):
        rows, targets = batch
        self.log("val_loss", torch.nn.functional.mse_loss(self.layers(rows), targets))

    test_step = validation_step

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams["lr"], momentum=0.5)


def trainer(tmp_path, **options):
    quiet = {
        "enable_progress_bar": False, "enable_model_summary": False, "logger": False,
        "enable_checkpointing": False, "accelerator": "cpu", "default_root_dir": tmp_path,
    }  # fmt: skip
    return lightning.Trainer(**quiet | options)


def test_a_fit_of_lightning_is_a_run_with_metrics_of_epochs(recorded, runs, history, tmp_path):
    recorded("pytorch")
    teacher = trainer(tmp_path, max_epochs=3)
    before = list(teacher.callbacks)

    teacher.fit(Net(width=2), BATCHES, BATCHES)
    (tested,) = teacher.test(Net(width=2), BATCHES, verbose=False)

    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "Net"
    told = {"epochs": 3, "optimizer_name": "SGD", "lr": 0.1, "momentum": 0.5, "width": 2}
    assert run.data.params | told == run.data.params
    assert [step for step, _ in history(run, "train_loss_epoch")] == [0, 1, 2]
    assert [step for step, _ in history(run, "val_loss")] == [0, 1, 2, 3]
    assert history(run, "val_loss")[-1][1] == pytest.approx(tested["val_loss"])
    summary = genaiops.load_text(f"runs:/{run.info.run_id}/model_summary.txt")
    assert "Linear(in_features=3, out_features=2" in summary
    assert "11 weights, 11 of them trained" in summary
    assert teacher.callbacks == before


def test_steps_are_logged_when_they_are_asked_for(recorded, runs, history, tmp_path):
    recorded("lightning", log_every_n_step=1)

    trainer(tmp_path, max_epochs=2).fit(Net(), BATCHES)

    (run,) = runs()
    assert [step for step, _ in history(run, "train_loss_step")] == [1, 2, 3, 4]
    assert [step for step, _ in history(run, "train_loss_epoch")] == [0, 1]


def test_early_stopping_is_told(recorded, runs, tmp_path):
    recorded("pytorch")
    stopping = EarlyStopping("val_loss", min_delta=1e6, patience=1)

    trainer(tmp_path, max_epochs=9, callbacks=[stopping]).fit(Net(), BATCHES, BATCHES)

    (run,) = runs()
    assert run.data.params["monitor"] == "val_loss"
    assert run.data.params["patience"] == 1
    assert run.data.metrics["stopped_epoch"] == stopping.stopped_epoch == 1


def test_the_training_itself_is_the_same(recorded, tmp_path):
    def train():
        torch.manual_seed(3)
        net = Net()
        teacher = trainer(tmp_path, max_epochs=2)
        teacher.fit(net, BATCHES, BATCHES)
        return copy.deepcopy(net.state_dict()), dict(teacher.callback_metrics)

    weights, metrics = train()
    recorded("pytorch")
    again, others = train()

    assert metrics == others
    for name, tensor in weights.items():
        assert torch.equal(tensor, again[name])


class Breaks(Callback):
    def on_train_epoch_end(self, trainer, pl_module):
        raise ZeroDivisionError("in a callback")


def test_an_exception_in_a_callback_is_the_programs_and_the_run_failed(recorded, runs, tmp_path):
    recorded("pytorch")
    teacher = trainer(tmp_path, max_epochs=2, callbacks=[Breaks()])

    with pytest.raises(ZeroDivisionError, match="in a callback"):
        teacher.fit(Net(), BATCHES)

    (run,) = runs()
    assert run.info.status == "FAILED"
    assert run.data.tags["exception.message"] == "in a callback"
    assert [
        type(one).__name__ for one in teacher.callbacks if "Recording" in type(one).__name__
    ] == []


def test_a_callback_is_sent_to_another_process():
    ours = make_callback("lightning.pytorch", RunLog("abc"), 5)

    again = pickle.loads(pickle.dumps(ours))

    assert type(again).__name__ == type(ours).__name__
    assert again.__reduce__()[1] == ("lightning.pytorch", RunLog("abc"), 5)


def test_metrics_of_lightnings_own_logger_are_not_doubled(recorded, runs, history, tmp_path):
    recorded("pytorch")
    net = Net()
    net.on_train_epoch_end = lambda: net.logger.experiment.add_scalar("by hand", 5, 7)
    logger = TensorBoardLogger(tmp_path / "boards")

    trainer(tmp_path, max_epochs=1, logger=logger, log_every_n_steps=1).fit(net, BATCHES)

    (run,) = runs()
    assert [step for step, _ in history(run, "train_loss_epoch")] == [0]
    assert history(run, "by hand") == [(7, 5.0)]
    assert "loss" not in run.data.metrics


def loop(steps, *, net=None, optimizer=None):
    net = net or torch.nn.Linear(3, 1)
    optimizer = optimizer or torch.optim.Adam(net.parameters(), lr=0.01)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(net(ROWS), ROWS.sum(dim=1, keepdim=True))
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    return losses


def test_a_loop_in_plain_torch_has_its_loss_and_its_learning_rate(recorded, runs, history):
    recorded("pytorch", log_every_n_step=5)

    with genaiops.start_run("loop"):
        losses = loop(12)

    (run,) = runs()
    assert run.data.params["optimizer_name"] == "Adam"
    assert run.data.params["lr"] == 0.01
    assert run.data.params["trained_weights"] == 4
    wanted = [(step, pytest.approx(losses[step - 1])) for step in (1, 5, 10)]
    assert history(run, "loss") == wanted
    assert [value for _, value in history(run, "learning_rate")] == [0.01] * 3


def test_a_loop_outside_of_a_run_begins_one_as_logging_does(recorded, runs):
    recorded("pytorch")
    loop(3)
    genaiops.end_run()

    assert runs()[0].data.metrics["loss"] > 0


def test_two_optimizers_of_one_run_are_told_apart(recorded, runs):
    recorded("pytorch", log_every_n_step=1)

    with genaiops.start_run():
        loop(2)
        net = torch.nn.Linear(3, 1)
        loop(2, net=net, optimizer=torch.optim.SGD(net.parameters(), lr=0.5))

    (run,) = runs()
    assert run.data.params["optimizer_name"] == "Adam"
    assert run.data.params["optimizer_name_1"] == "SGD"
    assert {"loss", "loss_1", "learning_rate_1"} <= set(run.data.metrics)


def test_a_loss_that_was_scaled_is_logged_as_it_was(recorded, runs):
    recorded("pytorch", log_every_n_step=1)
    net = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)

    with genaiops.start_run():
        loss = torch.nn.functional.mse_loss(net(ROWS), ROWS.sum(dim=1, keepdim=True))
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()

    assert runs()[0].data.metrics["loss"] == pytest.approx(float(loss))


def test_scalars_for_tensorboard_are_metrics_and_hyperparameters_parameters(
    recorded, runs, history, tmp_path
):
    recorded("tensorboard")

    with genaiops.start_run(), SummaryWriter(tmp_path / "boards") as writer:
        for step in range(3):
            writer.add_scalar("loss/train", 1 / (step + 1), step)
        writer.add_scalar("tensor", torch.tensor(2.5), global_step=4)
        writer.add_scalars("both", {"a": 1.0, "b": 2.0}, 5)
        writer.add_hparams({"lr": 0.1, "net": "small"}, {"final": 0.9})

    (run,) = runs()
    assert history(run, "loss/train") == [(0, 1.0), (1, 0.5), (2, pytest.approx(1 / 3))]
    assert history(run, "tensor") == [(4, 2.5)]
    assert history(run, "both/a") == [(5, 1.0)]
    assert run.data.params == {"lr": 0.1, "net": "small"}
    assert run.data.metrics["final"] == 0.9
    assert list((tmp_path / "boards").rglob("events*"))


def test_what_tensorboard_refuses_is_refused_as_ever(recorded, runs, tmp_path):
    recorded("tensorboard")
    with SummaryWriter(tmp_path / "boards") as writer, pytest.raises(TypeError, match="should be"):
        writer.add_hparams("no dict", {})
    assert genaiops.active_run() is None


def test_torch_has_its_own_functions_again(recorded):
    optimizer = sys.modules["torch.optim.optimizer"]

    def state():
        return (
            torch.Tensor.backward, torch.amp.GradScaler.scale, SummaryWriter.add_scalar,
            lightning.Trainer.fit, lightning.Trainer.test, dict(optimizer._global_optimizer_post_hooks),
        )  # fmt: skip

    before = state()
    recorded("pytorch")
    assert not any(one is other for one, other in zip(state()[:5], before, strict=False))
    genaiops.pytorch.autolog(disable=True)

    assert state() == before


PROGRAM = """
    import sys, lightning, torch, genaiops
    from torch.utils.data import DataLoader, TensorDataset

    genaiops.autolog()

    class Line(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(1, 1)

        def training_step(self, batch, _):
            loss = (self.layer(batch[0]) ** 2).mean()
            self.log("train_loss", loss, on_epoch=True, on_step=False)
            return loss

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    if __name__ == "__main__":
        lightning.Trainer(
            max_epochs=2, logger=False, enable_checkpointing=False, enable_progress_bar=False,
            enable_model_summary=False, accelerator="cpu", devices=2, strategy=sys.argv[1],
        ).fit(Line(), DataLoader(TensorDataset(torch.ones(8, 1)), batch_size=2))
"""


@pytest.mark.parametrize("strategy", ["ddp", "ddp_spawn"])
def test_processes_that_train_together_are_one_run(runs, history, workdir, strategy):
    workdir.joinpath("program.py").write_text(textwrap.dedent(PROGRAM))

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "program.py", strategy],
        check=False, capture_output=True, text=True, cwd=workdir,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert [step for step, _ in history(run, "train_loss")] == [0, 1]


def test_nothing_is_imported_for_it(workdir):
    program = textwrap.dedent("""
        import sys, genaiops
        genaiops.autolog()
        libraries = ("torch", "lightning", "pytorch_lightning", "keras", "xgboost", "lightgbm",
                     "transformers", "sklearn", "tensorboard", "pandas", "scipy")
        loaded = [name for name in libraries if name in sys.modules]
        assert not loaded, loaded
        import torch
        assert "lightning" not in sys.modules and "torch.utils.tensorboard" not in sys.modules
        net = torch.nn.Linear(1, 1)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        net(torch.ones(2, 1)).sum().backward()
        optimizer.step()
        print(sorted(genaiops.get_run(genaiops.active_run().info.run_id).data.metrics))
    """)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        check=False, capture_output=True, text=True, cwd=workdir,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == "['learning_rate', 'loss']"


def test_warnings_of_ours_there_are_none(recorded, tmp_path):
    recorded("pytorch")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with genaiops.start_run():
            loop(2)
    assert [one for one in seen if "genaiops" in one.filename] == []
