"""What a workspace's user processes hang on: the supervising thread and the fork servers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from skerry.code_server.fork_servers import ForkServers
from skerry.code_server.supervisor import Supervisor
from skerry.errors import LocationError
from skerry.plugin import PythonEnvironment


class Processes:
    """The supervising thread and the fork servers; ``close`` ends them and whatever was forked.

    ``echo``: called in the supervising thread, which it must not block, with what user code writes.
    ``measure_imports``: have what user code imports measured, for ``Explanation.imports``.
    """

    def __init__(self, echo: Callable[[bytes], None] | None = None, *, measure_imports: bool = False) -> None:
        self.echo = echo
        self.measure_imports = measure_imports
        self.supervisor = Supervisor()
        self.fork_servers = ForkServers(self.supervisor)

    def prepare(self) -> None:
        """Start the fork server that most locations use; it gets ready while the host goes on importing."""
        # Whoever needs it will ask again, and be told what is wrong with it.
        with contextlib.suppress(LocationError):
            self.fork_servers.get(PythonEnvironment())

    def close(self) -> None:
        """End everything and wait for it. Idempotent; not from the supervising thread."""
        self.fork_servers.close()
        self.supervisor.stop()
