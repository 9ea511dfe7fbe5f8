"""Forking, without the warnings that are meant for others."""

import os
import warnings


def fork() -> int:
    """Fork this process, in which no thread of Python's runs. Raises OSError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of threads that native libraries have started, and know how to fork
        return os.fork()
