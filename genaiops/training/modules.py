"""What is told of a module of torch: its parts and how many weights it has."""

from typing import Any

from genaiops.training.session import RunLog

__all__ = ["log_summary"]

_MOST = 100_000


def log_summary(log: RunLog, module: Any) -> None:
    """Keeps ``model_summary.txt``; the module is not called for it."""
    weights = list(module.parameters())
    count = sum(weight.numel() for weight in weights)
    trained = sum(weight.numel() for weight in weights if weight.requires_grad)
    text = f"{module}\n\n{count:,} weights, {trained:,} of them trained\n"
    log.file("model_summary.txt", text[:_MOST].encode(errors="replace"))
