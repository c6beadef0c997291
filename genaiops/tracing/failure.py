"""What an exception leaves on a span."""

import asyncio
import traceback

from genaiops.tracing.snapshot import name_of

__all__ = ["described", "error_type", "finish_of"]

STACK_BYTES = 8_192
MESSAGE_CHARS = 8_192


def finish_of(error: BaseException) -> str | None:
    """``closed`` or ``cancelled`` for what stops a program without being an error, else None."""
    if isinstance(error, GeneratorExit):
        return "closed"
    if isinstance(error, asyncio.CancelledError | KeyboardInterrupt):
        return "cancelled"
    return None


def error_type(error: BaseException) -> str:
    """OpenTelemetry's ``error.type``: the HTTP status where there is one, else the class."""
    status = getattr(error, "status_code", None)
    return str(status) if type(status) is int else name_of(type(error))


def message_of(error: BaseException) -> str:
    """The text of an exception, whatever its ``__str__`` does."""
    try:
        return str(error)[:MESSAGE_CHARS]
    except Exception:  # noqa: BLE001  a broken __str__ of somebody's exception
        return "<its text cannot be shown>"


def described(error: BaseException) -> dict[str, object]:
    """The attributes of OpenTelemetry's ``exception`` event, the stack cut to 8 KB."""
    try:
        lines = traceback.format_exception(type(error), error, error.__traceback__, limit=-50)
        stack = "".join(lines)
    except Exception:  # noqa: BLE001  formatting runs code of the exception
        stack = ""
    if len(stack) > STACK_BYTES:
        half = STACK_BYTES // 2 - 8
        stack = f"{stack[:half]}\n…\n{stack[-half:]}"
    return {
        "exception.type": name_of(type(error)),
        "exception.message": message_of(error),
        "exception.stacktrace": stack,
    }
