"""Which interpreter, with which variables: the environment that ``executable_path`` means."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from skerry.errors import ErrorKind, LocationError
from skerry.plugin import PythonEnvironment

#: Variables that an interpreter, its C library or its dynamic linker reads once, at start. Processes that differ in
#: one of them cannot be forked from the same fork server.
STARTUP_PREFIXES = ("PYTHON", "LD_", "DYLD_", "LC_", "MALLOC_")
STARTUP_NAMES = frozenset({"LANG", "LANGUAGE", "TZ", "GLIBC_TUNABLES"})

#: What makes the host's interpreter what it is must not reach another one.
_HOST_ONLY = ("PYTHONPATH", "PYTHONHOME", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Interpreter:
    """An interpreter to start: its path as written (a virtual environment is its link), and its variables."""

    executable: str
    variables: Mapping[str, str]

    @property
    def key(self) -> tuple[str, ...]:
        """Equal for what can be forked from one fork server."""
        startup = sorted(f"{name}={value}" for name, value in self.variables.items() if is_startup(name))
        return (self.executable, *startup)


def is_startup(name: str) -> bool:
    """Tell whether a variable takes effect only at the start of a process."""
    return name in STARTUP_NAMES or name.startswith(STARTUP_PREFIXES)


def resolve(environment: PythonEnvironment, host: Mapping[str, str]) -> tuple[Interpreter, dict[str, str]]:
    """Give the interpreter, and the variables that are to be set in the user process itself.

    ``host``: the variables of this process. Raises LocationError when there is no such interpreter.
    """
    variables = dict(host)
    if environment.executable is None:
        executable = sys.executable
    else:
        executable = _find(environment.executable)
        for name in _HOST_ONLY:
            variables.pop(name, None)
    _enter(executable, variables, own=environment.executable is None)
    later = {name: value for name, value in environment.env.items() if not is_startup(name)}
    variables.update({name: value for name, value in environment.env.items() if is_startup(name)})
    return Interpreter(executable, variables), later


def _find(written: str) -> str:
    found = written if "/" in written else shutil.which(written)
    if found is None or not os.path.lexists(found):
        raise LocationError(ErrorKind.INTERPRETER_NOT_FOUND, executable=written)
    if not os.path.exists(found):
        target = os.readlink(found)
        reason = f"it is a link to {target}, which does not exist; was that interpreter removed?"
        raise LocationError(ErrorKind.INTERPRETER_NOT_PYTHON, executable=written, reason=reason.rstrip("?"))
    if os.path.isdir(found):
        raise LocationError(ErrorKind.INTERPRETER_NOT_PYTHON, executable=written, reason="it is a folder")
    if not os.access(found, os.X_OK):
        raise LocationError(ErrorKind.INTERPRETER_NOT_PYTHON, executable=written, reason="it is not executable")
    return found


def _enter(executable: str, variables: dict[str, str], *, own: bool) -> None:
    """Do what activating its virtual environment would do."""
    folder = os.path.dirname(executable)
    environment = os.path.dirname(folder)
    if os.path.isfile(os.path.join(environment, "pyvenv.cfg")):
        variables["VIRTUAL_ENV"] = environment
    elif own:
        return
    rest = [entry for entry in variables.get("PATH", os.defpath).split(os.pathsep) if entry != folder]
    variables["PATH"] = os.pathsep.join([folder, *rest])
