"""What a fork server imports before it forks, for the locations that ask for it (``preload``).

It tells the host over its pipe: ``found`` with what there is in the environment, ``preloading`` before each module,
``left_out`` for each that is not fit, and ``preloaded`` at the end. A module that is not fit once its code has run ends
the process: nobody knows what it has left behind.
"""

import contextlib
import importlib
import importlib.util
import os
import sys
from typing import Any, Dict, List, Optional, Sequence

from skerry.errors import NotPreloaded
from skerry.pipe import Connection
from skerry.user_process.tracebacks import describe_exception, is_user_file

#: Modules that are installed, or not, as a whole: where packages lie.
_PACKAGES = ("site-packages", "dist-packages")


def preload(modules: Sequence[str], connection: Connection) -> bool:
    """Import ``modules``; tells whether this process may be forked from now on."""
    before = set(sys.modules)
    connection.send({"type": "found", "folders": _installed(), "files": {}})
    for module in modules:
        connection.send({"type": "preloading", "module": module})
        spec = _find(module.split(".")[0])
        connection.send({"type": "found", "folders": {}, "files": _stamps([_origin(spec)])})
        if spec is None:
            _leave_out(connection, module, NotPreloaded.NOT_FOUND, executable=sys.executable)
        elif not _is_installed(spec):
            _leave_out(connection, module, NotPreloaded.ELSEWHERE, place=_place(spec))
        elif not _import(module, connection):
            return False
    _flush()
    new = [name for name in sys.modules if name not in before]
    connection.send(
        {
            "type": "preloaded",
            "names": sorted({name.split(".")[0] for name in new}),
            "files": _stamps([_file(name) for name in new]),
        }
    )
    return True


def become_another() -> None:
    """Be no twin of the other processes that are forked from here: draw other numbers than they."""
    # Python's own generator sees to it by itself; numpy's does not.
    seed = getattr(sys.modules.get("numpy.random"), "seed", None)
    if seed is not None:
        with contextlib.suppress(Exception):
            seed()


def _import(module: str, connection: Connection) -> bool:
    """Import a module; tells whether that has left nothing that a fork, or a later load, would suffer from."""
    known = set(sys.modules)
    try:
        importlib.import_module(module)
    except BaseException as error:  # sys.exit() of a module is its failure, not our end
        said = describe_exception(error).message.partition("\n")[0]
        _leave_out(connection, module, NotPreloaded.RAISED, error=said.rstrip("."))
        return False
    # Python's threads: those of native libraries (OpenBLAS, Arrow) are none of its business, and ready to be forked.
    if len(sys._current_frames()) > 1:
        _leave_out(connection, module, NotPreloaded.STARTS_THREADS)
        return False
    for name in list(sys.modules):
        file = _file(name) if name not in known else None
        if file is not None and is_user_file(file):
            _leave_out(connection, module, NotPreloaded.USES_ELSEWHERE, other=name, place=file)
            return False
    return True


def _leave_out(connection: Connection, module: str, why: NotPreloaded, **fields: str) -> None:
    connection.send({"type": "left_out", "module": module, "why": why.value, "fields": fields})


def _find(name: str) -> Any:
    """Find a module without importing it, by whatever finders there are: editable installs bring their own."""
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):  # a name that is none, a module without a spec
        return None


def _is_installed(spec: Any) -> bool:
    if spec.origin in ("built-in", "frozen"):
        return True
    return not any(is_user_file(os.path.join(place, "")) for place in _places(spec))


def _places(spec: Any) -> List[str]:
    """Give the folders of a package, the file of a module."""
    return list(spec.submodule_search_locations or ()) or [str(spec.origin)]


def _place(spec: Any) -> str:
    return next(place for place in _places(spec) if is_user_file(os.path.join(place, "")))


def _origin(spec: Any) -> Optional[str]:
    return spec.origin if spec is not None and spec.has_location else None


def _file(name: str) -> Optional[str]:
    variables = getattr(sys.modules.get(name), "__dict__", {})
    file = variables.get("__file__") if isinstance(variables, dict) else None
    return file if isinstance(file, str) and os.path.isabs(file) else None


def _stamps(files: Sequence[Optional[str]]) -> Dict[str, List[int]]:
    """Give for each file by what its change is seen: the time of that, and its size."""
    stamps = {}
    for file in files:
        with contextlib.suppress(OSError):
            if file is not None:
                status = os.stat(file)
                stamps[file] = [status.st_mtime_ns, status.st_size]
    return stamps


def _installed() -> Dict[str, List[str]]:
    """Give what is in each folder of packages: an installation or an upgrade of any of them changes that."""
    installed = {}
    for folder in sys.path:
        if os.path.basename(folder) in _PACKAGES:
            with contextlib.suppress(OSError):
                installed[folder] = sorted(set(os.listdir(folder)) - {"__pycache__"})
    return installed


def _flush() -> None:
    """Write what modules have printed: else each process that is forked from here would write it once more."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.flush()
