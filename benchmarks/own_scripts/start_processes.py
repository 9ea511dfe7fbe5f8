"""Start processes that each import one small module and answer over a pipe; tell how long it took, and stay.

Arguments: ``fork`` or ``fresh`` (a new interpreter each), how many, the descriptor to answer to.
"""

import json
import os
import signal
import subprocess
import sys
import time

_FRESH = "import colorsys, os, sys; os.write(int(sys.argv[1]), b'.'); sys.stdin.read()"


def _fork(writer: int) -> None:
    if os.fork() == 0:
        import colorsys  # noqa: F401

        os.write(writer, b".")
        signal.pause()


def _start_fresh(writer: int) -> None:
    subprocess.Popen([sys.executable, "-c", _FRESH, str(writer)], pass_fds=[writer])


def main() -> None:
    """Start them all, then wait for all."""
    how, count, descriptor = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    start = _fork if how == "fork" else _start_fresh
    reader, writer = os.pipe()
    started = time.perf_counter()
    for _ in range(count):
        start(writer)
    answered = 0
    while answered < count:
        answered += len(os.read(reader, count))
    answer = {"seconds": time.perf_counter() - started, "ready": answered}
    os.write(descriptor, json.dumps(answer).encode() + b"\n")
    sys.stdin.read()


main()
