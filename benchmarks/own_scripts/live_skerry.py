"""Hold a workspace with Skerry, do one thing with it, tell how long that took, and stay.

Arguments: what to do, the workspace file, the descriptor to answer to. ``reload``: one location, by the library.
``crash``: kill the process of one, and wait until it is READY again. ``idle``: nothing, for SECONDS. The answer:
``seconds``; of ``idle``: ``cpu``, the share of one processor that the host and its fork servers took, and
``wakeups``, how often a second they woke.
"""

import json
import os
import signal
import sys
import time

import psutil

from skerry import State, Workspace

SECONDS = 10.0


def reload(workspace: Workspace) -> dict[str, float]:
    """Reload one location, which was reloaded before: what is imported only once is not counted."""
    location = next(iter(workspace))
    location.reload()
    started = time.perf_counter()
    result = location.reload()
    seconds = time.perf_counter() - started
    assert result.error is None
    return {"seconds": seconds, "ready": 1}


def crash(workspace: Workspace) -> dict[str, float]:
    """Kill one process, and wait for the next."""
    location = next(iter(workspace))
    before = location.server
    assert before is not None
    assert before.pid is not None
    started = time.perf_counter()
    os.kill(before.pid, signal.SIGKILL)
    while location.state is not State.READY or location.server == before:
        time.sleep(0.0002)
    return {"seconds": time.perf_counter() - started, "ready": 1}


def idle(workspace: Workspace) -> dict[str, float]:
    """Do nothing."""
    me = psutil.Process()
    processes = [me, *me.children()]

    def used() -> tuple[float, int]:
        times = [process.cpu_times() for process in processes]
        switches = [process.num_ctx_switches().voluntary for process in processes]
        return sum(one.user + one.system for one in times), sum(switches)

    time.sleep(1)
    cpu, switches = used()
    time.sleep(SECONDS)
    after, later = used()
    return {"seconds": SECONDS, "cpu": (after - cpu) / SECONDS, "wakeups": (later - switches) / SECONDS}


with Workspace.load(sys.argv[2]) as workspace:
    workspace.wait(100)
    assert all(location.state is State.READY for location in workspace)
    answer = {"reload": reload, "crash": crash, "idle": idle}[sys.argv[1]](workspace)
    os.write(int(sys.argv[3]), json.dumps(answer).encode() + b"\n")
    sys.stdin.read()
