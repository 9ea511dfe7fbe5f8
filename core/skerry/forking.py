"""Forking, without the warnings that are meant for others, and what a forked process was ended by."""

import os
import signal
import warnings


def fork() -> int:
    """Fork this process, in which no thread of Python's runs. Raises OSError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of threads that native libraries have started, and know how to fork
        return os.fork()


def signal_name(number: int) -> str:
    """Give the name of a signal, or its number where it has none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
