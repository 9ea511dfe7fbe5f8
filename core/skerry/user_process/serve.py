"""The user process: loads its target in the main thread, tells what it found, then waits on its pipe."""

import atexit
import contextlib
import faulthandler
import os
import socket
import sys
from typing import Optional

import skerry
from skerry.errors import LocationError
from skerry.model import ErrorInfo
from skerry.pipe import Connection, Message
from skerry.user_process.explain import explain
from skerry.user_process.load import failed, load
from skerry.user_process.start import STACK_SIGNAL
from skerry.user_process.target import Target
from skerry.user_process.tracebacks import STANDARD_LIBRARY


def run(bootstrap: str, pipe: int, stack: int) -> None:
    """Serve the pipe until it closes; never returns. ``stack``: where stacks are written when asked for."""
    faulthandler.enable()
    faulthandler.register(STACK_SIGNAL, file=stack, all_threads=True)
    connection = Connection(socket.socket(fileno=pipe))
    request = connection.receive()
    if request is not None and request["type"] == "load":
        target = Target.from_json(request["target"])
        _load(connection, target, bootstrap, measure=request.get("measure_imports", False))
        _serve(connection)
    _end()


def _load(connection: Connection, target: Target, bootstrap: str, *, measure: bool) -> None:
    inherited_path = os.environ.get("PYTHONPATH", "")
    injected = os.path.join(os.path.dirname(os.path.abspath(bootstrap)), "injected")
    os.environ.update(target.env)
    for stream in (sys.stdout, sys.stderr):
        # Else what user code printed is lost when it calls os._exit, or is killed.
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    try:
        target.enter()
    except LocationError as error:
        answer = failed(ErrorInfo(error.kind, str(error)))
    else:
        connection.send(_loading(target, inherited_path, injected))
        answer = _load_measured(target) if measure else load(target)
    _flush()
    connection.send(answer)


def _load_measured(target: Target) -> Message:
    from skerry.user_process.imports import measured

    with measured(target) as costs:
        answer = load(target)
    return {**answer, "imports": [[name, *cost] for name, cost in costs.items()]}


def _loading(target: Target, inherited_path: str, injected: str) -> Message:
    return {
        "type": "loading",
        "pid": os.getpid(),
        "python": "{}.{}.{}".format(*sys.version_info[:3]),
        "executable": sys.executable,
        "skerry": skerry.__version__,
        "standard_library": STANDARD_LIBRARY,
        "image": os.environ.get("SKERRY_CURRENT_IMAGE"),
        "explanation": explain(target, inherited_path, injected).to_json(),
    }


def _serve(connection: Connection) -> None:
    while True:
        message: Optional[Message] = connection.receive()
        if message is None or message["type"] == "stop":
            return


def _end() -> None:
    """End as a program does, short of waiting for threads: the pipe is closed, nobody would know what for."""
    try:
        atexit._run_exitfuncs()
        _flush()
    finally:
        os._exit(0)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.flush()
