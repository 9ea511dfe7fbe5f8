"""Forking, without the warnings that are meant for others, and what a forked process was ended by."""

import os
import signal
import warnings

#: What native code ends by that has gone wrong itself.
NATIVE_CRASHES = frozenset({"SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT"})


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


def advice_on_signal(name: str) -> str:
    """Say what to do about a process that was ended by a signal."""
    if name == "SIGKILL":
        return "If nobody killed it, the system was out of memory: look at the kernel's log."
    if name in NATIVE_CRASHES:
        return "Native code crashed: the frames are where Python was, the library called there is the suspect."
    return "Find out who sent it; the last output may tell."
