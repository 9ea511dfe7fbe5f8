"""Start processes that each import one small module and answer over a pipe; tell how long it took, and stay.

Arguments: ``fork``, ``fresh`` (a new interpreter each) or a Python file, which forked ones import in the place of the
module; how many; the descriptor to answer to.
"""

import json
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Callable

_FRESH = "import colorsys, os, sys; os.write(int(sys.argv[1]), b'.'); sys.stdin.read()"


def _fork(writer: int) -> None:
    if os.fork() == 0:
        import colorsys  # noqa: F401

        os.write(writer, b".")
        signal.pause()


def _fork_and_load(file: str) -> Callable[[int], None]:
    import skerry.definitions  # noqa: F401  # before the fork, as Skerry has it

    def start(writer: int) -> None:
        if os.fork() == 0:
            runpy.run_path(file)
            os.write(writer, b".")
            signal.pause()

    return start


def _start_fresh(writer: int) -> None:
    subprocess.Popen([sys.executable, "-c", _FRESH, str(writer)], pass_fds=[writer])


def main() -> None:
    """Start them all, then wait for all."""
    how, count, descriptor = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    start = {"fork": _fork, "fresh": _start_fresh}.get(how) or _fork_and_load(how)
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
