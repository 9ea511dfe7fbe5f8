"""User code is called, and may fork: only the process that has called it goes on with the run."""

import contextlib
import os
import sys
from typing import Any, Callable, NoReturn, Optional


def call(function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
    """Call user code. A process that it has forked and that comes back here ends: the run is that of the other.

    With the exit code of ``sys.exit``, with 1 for another exception, and with 0 when the function returns.
    """
    caller = os.getpid()
    try:
        result = function(*arguments, **named)
    except BaseException as error:
        if os.getpid() != caller:
            _end(error)
        raise
    if os.getpid() != caller:
        _end(None)
    return result


def _end(error: Optional[BaseException]) -> NoReturn:
    status = 0
    if isinstance(error, SystemExit):
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    elif error is not None and not isinstance(error, StopIteration):
        status = 1
        with contextlib.suppress(BaseException):
            sys.excepthook(type(error), error, error.__traceback__)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.flush()
    os._exit(status)
