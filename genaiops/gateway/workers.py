"""Several processes on one socket, which read their configuration again on SIGHUP."""

import contextlib
import os
import signal

from uvicorn.supervisors import Multiprocess

__all__ = ["Workers"]

_READY_S = 10.0


class Workers(Multiprocess):
    """uvicorn's own would start other processes on SIGHUP, and listen on while they all end."""

    def terminate_all(self) -> None:
        """Ends them; nobody is kept waiting meanwhile for a connection that none will take."""
        for sock in self.sockets:
            sock.close()
        super().terminate_all()

    def handle_hup(self) -> None:
        """Passes the signal on, to each once it knows what to do with it."""
        for process in self.processes:
            if process.wait_until_ready(_READY_S, self.should_exit) and process.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGHUP)
