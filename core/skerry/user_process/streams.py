"""What comes from a process that runs user code beside messages: its stdout and stderr, and its stack when asked."""

import contextlib
import os
import select
import sys

#: Seconds: how long to wait for a stack to begin, and for more of it.
_STACK_WAIT = 0.2
_STACK_MORE = 0.02


def write_at_once() -> None:
    """Write each line as it comes: else what was printed is lost when user code calls os._exit, or is killed.

    And in one piece, also where PYTHONUNBUFFERED is set: else the lines of processes that print together are mixed.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(  # type: ignore[union-attr]
                line_buffering=True, write_through=False, errors="backslashreplace"
            )


def flush() -> None:
    """Write what is still in buffers."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.flush()


def read_stack(descriptor: int) -> str:
    """Read what faulthandler writes to the other end of a pipe, after it was asked; empty where it cannot."""
    text, wait = b"", _STACK_WAIT
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while poll.poll(wait * 1000):
        data = os.read(descriptor, 65536)
        if not data:
            break
        text, wait = text + data, _STACK_MORE
    return text.decode("utf-8", "replace")
