"""Recording of torch: Lightning, loops in plain torch, and what is written for TensorBoard."""

from importlib.util import find_spec

from genaiops.training import lightning, tensorboard, torch_loops

__all__ = ["autolog"]


def autolog(*, log_every_n_step: int | None = None, disable: bool = False) -> None:
    """Records Lightning's trainers, loops in plain torch, and `SummaryWriter`.

    Args:
        log_every_n_step: Of a loop in plain torch 10 when omitted; of Lightning only epochs then.
        disable: Puts their own functions back.
    """
    if any(find_spec(name) is not None for name in ("lightning", "pytorch_lightning")):
        lightning.autolog(log_every_n_step=log_every_n_step, disable=disable)
    torch_loops.autolog(log_every_n_step=log_every_n_step or 10, disable=disable)
    tensorboard.autolog(disable=disable)
