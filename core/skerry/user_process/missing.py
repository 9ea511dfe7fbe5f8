"""What is not where the entry says, and what to write instead."""

import os
import sys
from typing import List, Optional

from skerry.errors import ErrorKind, LocationError
from skerry.user_process.target import Target


def missing_file(target: Target) -> LocationError:
    """Say that the target file does not exist, with the nearest name that does."""
    import difflib  # for this one message, and in no process that loads well

    folder, name = os.path.split(target.name)
    if os.path.isdir(target.name):
        advice = "It is a folder: name the file in it that defines your repositories."
    elif not os.path.isdir(folder):
        advice = "Its folder does not exist either; the path is relative to the workspace file."
    else:
        near = difflib.get_close_matches(name, [entry for entry in os.listdir(folder) if entry.endswith(".py")], 1)
        advice = f"Did you mean {near[0]}?" if near else "The path is relative to the workspace file."
    return LocationError(ErrorKind.FILE_NOT_FOUND, path=target.name, advice=advice)


def missing_module(error: ModuleNotFoundError, target: Target) -> Optional[LocationError]:
    """Say that the target itself was not found; None when the target was, and something it imports was not."""
    name = error.name or ""
    if target.kind == "file" or not (target.name == name or target.name.startswith(name + ".")):
        return None
    if _imported_by_user_code(error):
        return None
    folder = _folder_with(name, [target.folder, *_children(target.folder)])
    if folder is not None and target.kind == "module":
        advice = _working_directory(folder, target)
    elif folder is not None:
        where = _written(folder, target)
        advice = f"It lies in {where}, which is not installed: install it, or load its file with python_file."
    elif target.kind == "module":
        advice = "Set `working_directory` to the folder that it lies in, or install it there."
    else:
        advice = f"Install it there, for example: {sys.executable} -m pip install {name.split('.')[0]}"
    return LocationError(ErrorKind.MODULE_NOT_FOUND, module=target.name, executable=sys.executable, advice=advice)


def missing_import(error: ModuleNotFoundError, target: Target) -> str:
    """Give the lines to add to the message of an import that failed inside user code."""
    name = error.name or ""
    if not name:
        return ""
    beside = os.path.dirname(target.name) if target.kind == "file" else target.folder
    folder = _folder_with(name, [beside, *_children(beside), *_parents(beside, target.folder), target.folder])
    if folder is None or folder in sys.path:
        return f"\nNothing called {name.split('.')[0]!r} is installed for {sys.executable}."
    return "\n" + _working_directory(folder, target)


def _working_directory(folder: str, target: Target) -> str:
    written = _written(folder, target)
    where = "beside the workspace file" if written == "." else f"in {written}"
    option = "relative_path" if target.kind == "file" else "module_name"
    name = _written(target.name, target) if target.kind == "file" else target.name
    # Both lines: an entry in its short form has neither.
    return f"It lies {where}; write in the entry\n  {option}: {name}\n  working_directory: {written}"


def _written(path: str, target: Target) -> str:
    """Give a path as one would write it in the workspace file."""
    relative = os.path.relpath(path, target.folder)
    return path if relative.startswith("..") else relative


def _imported_by_user_code(error: ModuleNotFoundError) -> bool:
    """Tell whether a frame that is neither ours nor the import system's stands in the traceback."""
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    traceback = error.__traceback__
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if not file.startswith((ours, "<frozen ")) and os.path.basename(os.path.dirname(file)) != "importlib":
            return True
        traceback = traceback.tb_next
    return False


def _folder_with(name: str, folders: List[str]) -> Optional[str]:
    top = name.split(".")[0]
    for folder in folders:
        if os.path.isfile(os.path.join(folder, top + ".py")) or os.path.isdir(os.path.join(folder, top)):
            return folder
    return None


def _parents(folder: str, last: str) -> List[str]:
    """Give the folders above ``folder``, up to ``last`` if it is one of them."""
    parents = []
    while folder.startswith(last + os.sep):
        folder = os.path.dirname(folder)
        parents.append(folder)
    return parents


def _children(folder: str) -> List[str]:
    try:
        return sorted(entry.path for entry in os.scandir(folder) if entry.is_dir() and entry.name[0] != ".")
    except OSError:
        return []
