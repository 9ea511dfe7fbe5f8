"""Reload a served server of Skerry's again and again while clients call it.

Arguments: the plan of ``closed_loop``, the descriptor to answer to. The answer: that of ``closed_loop``, and
``reloads``: how many succeeded; one that fails ends everything.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import subprocess
import sys
from pathlib import Path

#: Seconds between two reloads.
_PAUSE = 0.1


def main() -> None:
    """Start the clients, reload until they answer."""
    plan = json.loads(sys.argv[1])
    reload = importlib.import_module(plan["module"]).connect(plan["target"], "reload")
    line = [sys.executable, str(Path(__file__).with_name("closed_loop.py")), sys.argv[1], "1"]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as clients:
        assert clients.stdout is not None
        reloads = 0
        while not select.select([clients.stdout], [], [], _PAUSE)[0]:
            reload()
            reloads += 1
        answer = {**json.loads(clients.stdout.readline()), "reloads": reloads}
        os.write(int(sys.argv[2]), json.dumps(answer).encode() + b"\n")
        sys.stdin.read()


main()
