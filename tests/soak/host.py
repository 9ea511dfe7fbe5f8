"""A host in a process of its own: holds a workspace open, and does what lines of JSON on its stdin say.

``["states"]``, ``["errors"]``, ``["reload", NAME]`` (begun, not waited for), ``["figures"]``, ``["end"]``: a line each.
The answer is a line, too; ``end`` has none.
"""

from __future__ import annotations

import ctypes
import gc
import json
import sys
import threading
from typing import Any

import psutil

from skerry import LocationError, Workspace


def figures() -> dict[str, int]:
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)  # what the C library keeps for the next peak is no leak
    me = psutil.Process()
    return {"descriptors": me.num_fds(), "threads": threading.active_count(), "memory": me.memory_full_info().uss}


def reload(workspace: Workspace, name: str) -> None:
    try:
        workspace[name].reload()
    except LocationError as error:
        print(name, error, file=sys.stderr)


def answer(workspace: Workspace, command: str, *arguments: str) -> Any:
    if command == "states":
        return {location.name: [location.state.value, location.snapshot.stale] for location in workspace}
    if command == "errors":
        return {location.name: str(location.error) for location in workspace if location.error is not None}
    if command == "reload":
        threading.Thread(target=reload, args=(workspace, *arguments)).start()
        return None
    return figures()


def main() -> None:
    with Workspace.load(sys.argv[1]) as workspace:
        workspace.watch()
        for line in sys.stdin:
            request = json.loads(line)
            if request == ["end"]:
                break
            print(json.dumps(answer(workspace, *request)), flush=True)


main()
