"""How a user process finds its code, told before any of it runs."""

import os
import sys
from importlib.machinery import PathFinder
from typing import Optional

from skerry.model import Explanation, PathEntry
from skerry.user_process.target import Target


def explain(target: Target, inherited_path: str, injected: str) -> Explanation:
    """Give each entry of ``sys.path`` with its reason, and what the target resolves to, without importing it.

    ``inherited_path``: PYTHONPATH as the interpreter saw it; ``injected``: the folder that Skerry added.
    """
    python_path = [os.path.abspath(entry) for entry in inherited_path.split(os.pathsep) if entry]
    return Explanation(
        executable=sys.executable,
        python="{}.{}.{}".format(*sys.version_info[:3]),
        working_directory=os.getcwd(),
        path=tuple(PathEntry(entry, _reason(entry, target, python_path, injected)) for entry in sys.path),
        module=target.module_name,
        file=_find(target),
    )


def _reason(entry: str, target: Target, python_path: "list[str]", injected: str) -> str:
    standard_library = os.path.dirname(os.path.abspath(os.__file__))
    if entry == target.working_directory:
        return "working_directory of the entry"
    if entry == injected:
        return "Skerry's definitions, where none are installed"
    if entry in python_path:
        return "PYTHONPATH"
    if entry.startswith(standard_library) and not _holds_packages(entry):
        return "standard library"
    if entry.endswith(".zip") and os.path.dirname(entry) == os.path.dirname(standard_library):
        return "standard library"
    if _holds_packages(entry):
        if entry.startswith(sys.prefix + os.sep):
            return "packages of the environment"
        if entry.startswith(sys.base_prefix + os.sep):
            return "packages of the base interpreter"
        return "packages of the user" if entry.startswith(os.path.expanduser("~")) else "packages of the system"
    return "a .pth file in the environment's packages"


def _holds_packages(entry: str) -> bool:
    return os.path.basename(entry) in ("site-packages", "dist-packages")


def _find(target: Target) -> Optional[str]:
    if target.kind == "file":
        return target.name if os.path.isfile(target.name) else None
    path: Optional[list[str]] = None
    spec = None
    parts = target.name.split(".")
    for index in range(len(parts)):
        # The parent packages are not imported: that would run user code before its time.
        spec = PathFinder.find_spec(".".join(parts[: index + 1]), path)
        if spec is None:
            return None
        path = list(spec.submodule_search_locations or ())
    return spec.origin if spec is not None else None
