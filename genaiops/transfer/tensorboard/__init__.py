"""TensorBoard's event files, read without tensorboard."""

from genaiops.transfer.tensorboard.bringing import import_tensorboard

__all__ = ["import_tensorboard"]
