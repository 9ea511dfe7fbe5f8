"""Run pipelines in a workspace that is loaded, tell how long that took, and stay.

Arguments: what to do, the workspace file, the descriptor to answer to. ``warm``: one run after the other, from the
request until its end is seen; ``events``: one run of a thousand solids; ``many``: 200 runs, asked for at once. The
answer: ``seconds``, of one run or of all; of ``events``: ``events``, their number, and ``appending``, the seconds to
append as many lines of the same length to a file.
"""

import json
import os
import statistics
import sys
import tempfile
import time

from skerry import Location, RunStatus, State, Workspace

RUNS, MANY = 50, 200


def warm(location: Location, pipeline: str) -> dict[str, float]:
    """Run it again and again, after a few that are not counted."""
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        run = location.launch(pipeline)
        assert run.wait(30).status is RunStatus.SUCCEEDED
        seconds.append(time.perf_counter() - started)
    return {"seconds": statistics.median(seconds[5:])}


def events(location: Location, pipeline: str) -> dict[str, float]:
    """Run it once, then write as much."""
    run = location.launch(pipeline).wait(60)
    assert run.status is RunStatus.SUCCEEDED
    assert run.started_at is not None
    assert run.ended_at is not None
    line = b"x" * 110 + b"\n"
    with tempfile.NamedTemporaryFile(buffering=0) as file:
        started = time.perf_counter()
        for _ in range(run.sequence):
            file.write(line)
        appending = time.perf_counter() - started
    return {"seconds": run.ended_at - run.started_at, "events": run.sequence, "appending": appending}


def many(location: Location, pipeline: str) -> dict[str, float]:
    """Ask for all, then wait for all."""
    location.launch(pipeline).wait(30)
    started = time.perf_counter()
    runs = [location.launch(pipeline) for _ in range(MANY)]
    assert all(run.wait(60).status is RunStatus.SUCCEEDED for run in runs)
    return {"seconds": time.perf_counter() - started}


with Workspace.load(sys.argv[2]) as workspace:
    (location,) = workspace
    location.wait(60)
    assert location.state is State.READY
    (pipeline,) = location.repositories[0].pipelines
    answer = {"warm": warm, "events": events, "many": many}[sys.argv[1]](location, pipeline.name)
    os.write(int(sys.argv[3]), json.dumps(answer).encode() + b"\n")
    sys.stdin.read()
