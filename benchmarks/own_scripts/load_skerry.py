"""Load a workspace with Skerry, tell how long it took until every location had settled, and stay.

Arguments: the workspace file, the descriptor to answer to. The answer: ``seconds`` from the call to the last location,
what Skerry imports meanwhile included; ``ready``: how many locations are READY; ``pids`` of their user processes.
"""

import json
import os
import sys
import time

from skerry import State, Workspace

started = time.perf_counter()
with Workspace.load(sys.argv[1]) as workspace:
    workspace.wait(100)
    seconds = time.perf_counter() - started
    ready = [location for location in workspace if location.state is State.READY]
    answer = {
        "seconds": seconds,
        "ready": len(ready),
        "pids": [location.server.pid for location in ready if location.server],
    }
    os.write(int(sys.argv[2]), json.dumps(answer).encode() + b"\n")
    sys.stdin.read()
