"""Code servers that end in the middle of a reload, driven by the test: whatever comes first, it heals."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.location_types import Install
from support.waiting import wait_until

from skerry import ErrorKind, State, Workspace
from skerry.model import ErrorInfo
from skerry.plugin import ServerStatus

Load = Callable[[str], Workspace]

#: Its code servers do what the test says.
DRIVEN = """
from skerry.plugin import CodeServer, LocationType, hookimpl

SERVERS = []

class Driven(CodeServer):
    def watch(self, observer):
        self.tell = observer
        SERVERS.append(self)

    def output(self):
        return ""

    def close(self):
        pass

class Type(LocationType):
    key, summary, schema = "driven", "A test's", {"type": "object"}

    def default_name(self, options):
        return "driven"

    def open(self, origin, runtime):
        return Driven()

@hookimpl
def skerry_location_types():
    return [Type()]
"""

ERROR = ErrorInfo(ErrorKind.EXCEPTION, "no")
ENDED = ServerStatus(State.FAILED, error=ErrorInfo(ErrorKind.PROCESS_EXITED, "gone"), ended=True)


def test_what_ends_at_once_with_the_failure_of_its_successor_is_started_again(
    install: Install, load: Load, tmp_path: Path
) -> None:
    install("driven", DRIVEN)
    workspace = load("load_from: [driven: {}]")
    (location,) = workspace

    def servers(count: int) -> list[Any]:
        opened: list[Any] = sys.modules["skerry_driven"].SERVERS
        wait_until(lambda: len(opened) >= count, what=f"{count} code servers")
        return opened

    count = 1
    for _ in range(20):
        present = servers(count)[-1]
        present.tell(ServerStatus(State.READY))
        reloading = threading.Thread(target=location.reload)
        reloading.start()
        successor = servers(count + 1)[-1]
        successor.tell(ServerStatus(State.FAILED, error=ERROR))
        present.tell(ENDED)
        reloading.join(30)
        assert not reloading.is_alive()
        count += 2
    servers(count)[-1].tell(ServerStatus(State.READY))
    assert location.state is State.READY
