"""Call a code server in a closed loop: every client waits for its answer before it calls again.

The same loop for every side, on CPython 3.8 and newer. Arguments: the plan, in JSON; the descriptor to answer to.
The plan: ``module``, which stands beside this one and makes the calls; ``target``, what it connects to; ``what`` to
call; how many ``clients``, each a thread with a connection of its own, in how many ``processes``; for how many
``seconds``, or how many ``calls`` in all. The answer: ``calls``; the ``rate``, of those that were answered, a second;
``p99``, the seconds within which 99 of 100 were; how many ``failed``, and the last ``failure``.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import sys
import threading
import time
from array import array
from collections.abc import Callable
from typing import Any

#: Calls of each client before the clock starts: connections are made, and both sides have warmed up.
_WARM_UP = 50
#: Seconds within which all clients must have done so.
_READY_WITHIN = 60


class Client(threading.Thread):
    """One client, and what came of its calls."""

    def __init__(self, plan: dict[str, Any], connect: Callable[[dict[str, Any], str], Callable[[], object]]) -> None:
        super().__init__(daemon=True)
        self.took = array("d")
        self.failed = 0
        self.failure = ""
        self.ready = threading.Event()
        self.go = threading.Event()
        self._connect: Callable[[], Callable[[], object]] = lambda: connect(plan["target"], plan["what"])
        self._seconds = plan.get("seconds", float("inf"))
        self._calls = plan.get("calls", sys.maxsize) // plan["clients"]

    def run(self) -> None:
        """Connect, wait for the word, call."""
        try:
            call = self._connect()
            for _ in range(_WARM_UP):
                call()
        except Exception as error:
            self._fail(error)
            return
        finally:
            self.ready.set()
        self.go.wait()
        self._call(call)

    def _call(self, call: Callable[[], object]) -> None:
        clock, took = time.perf_counter, self.took
        before = clock()
        end = before + self._seconds
        for _ in range(self._calls):
            try:
                call()
            except Exception as error:
                self._fail(error)
            after = clock()
            took.append(after - before)
            before = after
            if after >= end:
                break

    def _fail(self, error: Exception) -> None:
        self.failed += 1
        self.failure = f"{type(error).__name__}: {error}"


def main() -> None:
    """Start the processes, let them go at once, gather."""
    plan = json.loads(sys.argv[1])
    # Forked before anything of gRPC is imported, and so safely.
    context = multiprocessing.get_context("fork")
    connections = []
    for _ in range(plan["processes"]):
        mine, theirs = context.Pipe()
        context.Process(target=_run_clients, args=(plan, theirs), daemon=True).start()
        connections.append(mine)
    for connection in connections:
        connection.recv()
    started = time.perf_counter()
    for connection in connections:
        connection.send(None)
    tallies = [connection.recv() for connection in connections]
    seconds = time.perf_counter() - started
    os.write(int(sys.argv[2]), json.dumps(_summary(tallies, seconds)).encode() + b"\n")
    sys.stdin.read()


def _run_clients(plan: dict[str, Any], connection: Any) -> None:
    connect = importlib.import_module(plan["module"]).connect
    clients = [Client(plan, connect) for _ in range(plan["clients"] // plan["processes"])]
    for client in clients:
        client.start()
    deadline = time.monotonic() + _READY_WITHIN
    for client in clients:
        if not client.ready.wait(max(0.0, deadline - time.monotonic())):
            client.failed += 1
            client.failure = f"not connected within {_READY_WITHIN} s"
    connection.send(None)
    connection.recv()
    for client in clients:
        client.go.set()
    for client in clients:
        client.join()
    connection.send([(client.took, client.failed, client.failure) for client in clients])
    connection.recv()  # stays connected until all is over


def _summary(tallies: list[Any], seconds: float) -> dict[str, Any]:
    clients = [client for tally in tallies for client in tally]
    took = sorted(call for each, _, _ in clients for call in each)
    failed = sum(failed for _, failed, _ in clients)
    return {
        "calls": len(took),
        "rate": max(len(took) - failed, 0) / seconds,
        "p99": took[len(took) * 99 // 100] if took else None,
        "failed": failed,
        "failure": next((failure for _, _, failure in clients if failure), ""),
    }


main()
