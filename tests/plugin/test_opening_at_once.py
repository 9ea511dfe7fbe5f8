"""Location types that wait in ``open``: whoever does not wait is not kept waiting."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

from support.location_types import Install, location_type
from support.waiting import wait_until

from skerry import State, Workspace
from skerry.workspace.workers import WORKERS

Load = Callable[[str], Workspace]

#: Waits for a file, unless its word says otherwise.
WAITS = """
go = Path(origin.folder) / "go"
while origin.options.get("word") != "hurry" and not go.exists():
    time.sleep(0.01)
"""


def test_types_that_wait_delay_nobody_however_many_they_are(
    hello: Path, load: Load, install: Install, tmp_path: Path
) -> None:
    install("plain", location_type(WAITS))
    waiting = [f"waits {number}" for number in range(WORKERS * 2)]
    entries = [{"plain": {"file": "hello.py", "location_name": name}} for name in waiting]
    entries.append({"plain": {"file": "hello.py", "location_name": "good", "word": "hurry"}})
    threads = threading.active_count()
    workspace = load(json.dumps({"load_from": entries}))
    assert workspace["good"].wait(30)
    assert workspace["good"].state is State.READY
    assert {workspace[name].state for name in waiting} == {State.LOADING}
    (tmp_path / "go").touch()
    assert workspace.wait(60)
    assert {location.state for location in workspace} == {State.READY}
    wait_until(lambda: threading.active_count() <= threads + 1, what="the end of the threads that opened them")
