"""The user process: loads its target in the main thread, tells what it found, then is a template."""

import atexit
import faulthandler
import os
import socket
import sys
from typing import NoReturn, Tuple

import skerry
from skerry.definitions import RepositoryDefinition
from skerry.errors import LocationError
from skerry.model import ErrorInfo
from skerry.pipe import Connection, Message
from skerry.user_process import processes
from skerry.user_process.explain import explain
from skerry.user_process.files import difference, files_before, files_without
from skerry.user_process.load import failed, load
from skerry.user_process.start import STACK_SIGNAL
from skerry.user_process.streams import flush
from skerry.user_process.target import Target
from skerry.user_process.template import Template
from skerry.user_process.tracebacks import STANDARD_LIBRARY


def run(bootstrap: str, pipe: int, stack: int) -> None:
    """Serve the pipe until it closes; never returns. ``stack``: where stacks are written when asked for."""
    faulthandler.register(STACK_SIGNAL, file=stack, all_threads=True)
    connection = Connection(socket.socket(fileno=pipe))
    request = connection.receive()
    if request is not None and request["type"] == "run":
        _keep_run(connection, request, stack)
    if request is not None and request["type"] == "load":
        target = Target.from_json(request["target"])
        measure = request.get("measure_imports", False)
        Template(connection, _load(connection, target, bootstrap, measure=measure)).serve()
    _end()


def _keep_run(connection: Connection, request: Message, stack: int) -> NoReturn:
    """Be the keeper of a run whose code is loaded for it alone, since that of the template must not be forked."""
    from skerry.user_process import run_keeper

    if request["detached"]:
        processes.outlive_parent()
    run_keeper.keep(connection, lambda: _load_again(request), request, [stack])


def _load_again(request: Message) -> Tuple[RepositoryDefinition, ...]:
    """Load the code of a generation once more. Raises NotLoaded, also when it is not the same any more."""
    from skerry.user_process.run import NotLoaded

    target = Target.from_json(request["load"]["target"])
    os.environ.update(target.env)
    try:
        target.enter()
        message, repositories = load(target)
        error = difference(request["files"], message["files"], request["generation"])
        if error is not None:
            raise error
    except LocationError as error:
        raise NotLoaded(ErrorInfo(error.kind, str(error))) from None
    if message["type"] == "failed":
        raise NotLoaded(ErrorInfo.from_json(message["error"]))
    return repositories


def _load(connection: Connection, target: Target, bootstrap: str, *, measure: bool) -> Tuple[RepositoryDefinition, ...]:
    inherited_path = os.environ.get("PYTHONPATH", "")
    injected = os.path.join(os.path.dirname(os.path.abspath(bootstrap)), "injected")
    os.environ.update(target.env)
    repositories: Tuple[RepositoryDefinition, ...] = ()
    try:
        target.enter()
    except LocationError as error:
        answer = failed(ErrorInfo(error.kind, str(error)), files_without(target, error.fields["path"]))
    else:
        connection.send(_loading(target, inherited_path, injected))
        answer, repositories = _load_measured(target) if measure else load(target)
    flush()
    connection.send(answer)
    return repositories


def _load_measured(target: Target) -> Tuple[Message, Tuple[RepositoryDefinition, ...]]:
    from skerry.user_process.imports import measured

    with measured(target) as costs:
        answer, repositories = load(target)
    return {**answer, "imports": [[name, *cost] for name, cost in costs.items()]}, repositories


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
        "files": files_before(target),
    }


def _end() -> None:
    """End as a program does, short of waiting for threads: the pipe is closed, nobody would know what for."""
    try:
        atexit._run_exitfuncs()
        flush()
    finally:
        os._exit(0)
