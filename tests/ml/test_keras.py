"""Keras 3 as runs."""

import keras
import numpy as np
import pytest

import genaiops

ROWS = np.arange(24, dtype="float32").reshape(8, 3) / 24
TARGETS = ROWS.sum(axis=1)

pytestmark = [pytest.mark.filterwarnings("ignore")]  # of keras, about numpy and torch


def model(*layers):
    made = keras.Sequential([keras.Input((3,)), *layers, keras.layers.Dense(1)])
    made.compile(optimizer=keras.optimizers.SGD(0.01), loss="mse", metrics=["mae"])
    return made


def test_a_fit_is_a_run_with_metrics_of_epochs(recorded, runs, history):
    recorded("keras")
    mine = []

    seen = model().fit(
        ROWS, TARGETS, batch_size=4, epochs=3, verbose=0, validation_split=0.5, callbacks=mine
    )

    (run,) = runs()
    assert run.info.status == "FINISHED"
    told = {"batch_size": 4, "epochs": 3, "validation_split": 0.5, "shuffle": True}
    assert run.data.params | told == run.data.params
    assert run.data.params["optimizer_name"] == "sgd"
    assert run.data.params["optimizer_learning_rate"] == pytest.approx(0.01)
    for key in ("loss", "mae", "val_loss", "val_mae"):
        assert [value for _, value in history(run, key)] == pytest.approx(seen.history[key])
    assert [step for step, _ in history(run, "validation_loss")] == [0, 1, 2]
    assert "Total params" in genaiops.load_text(f"runs:/{run.info.run_id}/model_summary.txt")
    assert mine == []
    assert "Recording" not in str(seen)


def test_lists_of_callbacks_of_the_programs_are_as_they_were(recorded, runs):
    recorded("keras")
    net = model()
    epochs = []
    count = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(epoch))
    listed = keras.callbacks.CallbackList([count], add_history=True, model=net)
    before = list(listed.callbacks)

    net.fit(ROWS, TARGETS, epochs=2, verbose=0, callbacks=listed)
    net.fit(ROWS, TARGETS, epochs=1, verbose=0, callbacks=count)

    assert listed.callbacks == before
    assert epochs == [0, 1, 0]
    first, second = runs()
    assert "loss" in first.data.metrics
    assert "optimizer_name" in first.data.params
    assert "loss" in second.data.metrics


def test_an_exception_in_a_callback_is_the_programs(recorded, runs):
    recorded("keras")

    def stop(epoch, logs):
        raise ZeroDivisionError("in a callback")

    with pytest.raises(ZeroDivisionError, match="in a callback"):
        model().fit(
            ROWS, TARGETS, verbose=0, callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=stop)]
        )
    with pytest.raises(TypeError, match="unexpected keyword"):
        model().fit(ROWS, TARGETS, epoch=3)

    assert [run.info.status for run in runs()] == ["FAILED", "FAILED"]


def test_a_loop_of_keras_on_torch_is_recorded_once(recorded, runs):
    recorded("keras", "pytorch")

    model().fit(ROWS, TARGETS, epochs=1, verbose=0)

    (run,) = runs()
    assert "learning_rate" not in run.data.metrics


def test_keras_has_its_own_function_again(recorded):
    before = dict(vars(keras.Model))
    recorded("keras")
    assert keras.Model.fit.__qualname__ == "TorchTrainer.fit"
    assert "fit" in vars(keras.Model)
    genaiops.keras.autolog(disable=True)

    assert dict(vars(keras.Model)) == before
