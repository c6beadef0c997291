"""Several processes on one socket, which read their configuration again on SIGHUP."""

import contextlib
import os
import signal

from uvicorn.supervisors import Multiprocess

__all__ = ["Workers"]


class Workers(Multiprocess):
    """uvicorn's own would end its processes on SIGHUP and start others."""

    def handle_hup(self) -> None:
        """Passes the signal on."""
        for process in self.processes:
            if process.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGHUP)
