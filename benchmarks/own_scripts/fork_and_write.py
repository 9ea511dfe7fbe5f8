"""Fork a process that writes one line to a file, again and again; tell the median, and stay.

Arguments: the descriptor to answer to.
"""

import json
import os
import statistics
import sys
import tempfile
import time

seconds = []
with tempfile.NamedTemporaryFile(buffering=0) as file:
    for _ in range(50):
        started = time.perf_counter()
        pid = os.fork()
        if pid == 0:
            file.write(b"done\n")
            os._exit(0)
        os.waitpid(pid, 0)
        seconds.append(time.perf_counter() - started)
os.write(int(sys.argv[1]), json.dumps({"seconds": statistics.median(seconds[5:])}).encode() + b"\n")
sys.stdin.read()
