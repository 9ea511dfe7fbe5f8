"""Which of the user's files a load has read or looked for, with digests: whoever watches them compares."""

import contextlib
import importlib.util
import itertools
import os
import re
import stat
import sys
import time
import traceback
from typing import Dict, Iterable, Iterator, List, Optional

from skerry.errors import ErrorKind, LocationError
from skerry.user_process.target import Target
from skerry.user_process.tracebacks import is_user_file

try:
    # What hashlib would give, without OpenSSL: three megabytes that user code may never need.
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

#: Digests by path. See ``skerry.model.SourceFile``.
Files = Dict[str, Optional[str]]

#: Bytes; of a larger file the size and the time of its last change stand for its content.
LARGEST = 16 * 1024 * 1024
#: The clock by which Linux dates files: it goes in ticks, and would be behind any other.
_LINUX_FILE_CLOCK = 5  # CLOCK_REALTIME_COARSE

_INTERNAL = tuple(os.sep + name + os.sep for name in (".git", "__pycache__"))
#: What ``from package import name`` says in every version; ``ImportError.name_from`` is only in newer ones.
_CANNOT_IMPORT = re.compile(r"cannot import name '(\w+)' from ")


def digest(path: str) -> str:
    """Give what stands for the content of ``path``, on both sides of the pipe; empty where there is nothing to read.

    Of a folder only its being there counts.
    """
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            return "folder"
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
            return f"{status.st_size} bytes at {status.st_mtime_ns}"
        with open(path, "rb") as file:
            content: str = blake2b(file.read(), digest_size=16).hexdigest()
            return content
    except OSError:
        return ""


def file_time() -> float:
    """Give the time as a file that is written now would bear it."""
    return time.clock_gettime(_LINUX_FILE_CLOCK) if sys.platform == "linux" else time.time()


def files_before(target: Target) -> Files:
    """Give what is known before the load: it may end the process, and then nothing more is told."""
    return {target.name: digest(target.name)} if target.kind == "file" else {}


def files_without(target: Target, folder: str) -> Files:
    """Give the files of a load that did not begin, since its working directory ``folder`` is not there."""
    return {folder: digest(folder), **files_before(target)}


def newest_module() -> str:
    """Give the name of the module that was imported last; what is imported from now on stands behind it."""
    return next(reversed(sys.modules))


def files_of(
    target: Target, started: float, before: Files, imported_before: str, errors: Iterable[BaseException]
) -> Files:
    """Give the user's files behind a load that began at ``started``, by ``file_time``.

    These are the target, the files of the modules that were imported after ``imported_before``, and for each of the
    ``errors`` that the load has met those that its traceback names and those that would have mended it by being there.
    Called when the load is over: a digest is None where the file has changed since it began, and is not as it was
    ``before``. Bytecode that could be taken for that of a later content is removed.
    """
    found = {os.path.abspath(path) for path in _files_of_modules(imported_before)}
    for error in errors:
        found.update(os.path.abspath(path) for path in _files_of_error(error))
    watched = {path for path in found if _is_watched(path)}
    if target.kind == "file":
        watched.add(target.name)
    return {path: _digest_since(path, started, before.get(path)) for path in watched}


def difference(before: Files, now: Files, generation: int) -> Optional[LocationError]:
    """Say what has changed in the content of the files that a load has read, between two loads.

    A load tells None in the place of a digest when the file has changed while it was loaded. Of the earlier load
    nothing can be compared then; in the later one it is a change. ``generation``: of the earlier one.
    """
    changed = [path for path in sorted({*before, *now}) if before.get(path, "") not in (None, now.get(path, ""))]
    if not changed:
        return None
    more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    return LocationError(ErrorKind.CODE_CHANGED, generation=generation, files=f"{changed[0]}{more}")


def _is_watched(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False  # no event could name it
    if sys.prefix != sys.base_prefix and path.startswith(tuple(os.path.join(sys.prefix, name) for name in _PARTS)):
        return False
    return is_user_file(path) and not any(part in path for part in _INTERNAL)


#: What is the environment's in its folder, which may be the project's own.
_PARTS = ("lib" + os.sep, "lib64" + os.sep, "bin" + os.sep)


def _digest_since(path: str, started: float, before: Optional[str]) -> Optional[str]:
    content = digest(path)
    try:
        status = os.stat(path)
    except OSError:
        return content
    # The interpreter tells bytecode's age by whole seconds: a save in the same one would go unnoticed.
    if path.endswith(".py") and status.st_mtime >= started - 1:
        with contextlib.suppress(OSError, NotImplementedError):
            os.unlink(importlib.util.cache_from_source(path))
    is_new = stat.S_ISREG(status.st_mode) and max(status.st_mtime, status.st_ctime) >= started
    return None if is_new and content != before else content


def _files_of_modules(imported_before: str) -> Iterator[str]:
    for name in _modules_after(imported_before):
        # Not by getattr: a lazy module would be imported by it. And anything may stand in sys.modules.
        with contextlib.suppress(Exception):
            file = vars(sys.modules[name]).get("__file__")
            if isinstance(file, str):
                yield file


def _modules_after(last: str) -> List[str]:
    """Give the names of the modules that stand behind ``last``, or of all where user code has removed that.

    The others are not even looked at: each look writes to their memory, which is shared with other processes.
    """
    while True:
        try:
            return list(itertools.takewhile(lambda name: name != last, reversed(sys.modules)))
        except RuntimeError:
            pass  # another thread has just imported something


def _files_of_error(error: Optional[BaseException]) -> Iterator[str]:
    seen: List[int] = []
    while error is not None and id(error) not in seen:
        seen.append(id(error))
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if not frame.f_code.co_filename.startswith("<"):
                yield frame.f_code.co_filename
        if isinstance(error, (SyntaxError, FileNotFoundError)) and isinstance(error.filename, str):
            yield error.filename
        elif isinstance(error, ImportError):
            yield from _missing(error)
        error = error.__cause__ or error.__context__


def _missing(error: ImportError) -> Iterator[str]:
    """Give the places where the module would appear that an import did not find."""
    name = error.name or ""
    if not isinstance(error, ModuleNotFoundError):
        match = _CANNOT_IMPORT.match(str(error))
        name = f"{name}.{match[1]}" if name and match else ""
    parent, _, last = name.rpartition(".")
    if last:
        for folder in _search_path(parent):
            # Of a package the folder: there need not be a file in it.
            yield from (os.path.join(folder, last + ".py"), os.path.join(folder, last))


def _search_path(package: str) -> Iterable[str]:
    """Give the folders in which the modules of a package are looked for; of none, those of ``sys.path``."""
    with contextlib.suppress(Exception):  # user code may have put anything there
        if package in sys.modules:
            return [str(folder) for folder in sys.modules[package].__path__]
    folders = [entry for entry in sys.path if not entry.endswith(".zip")]
    return [os.path.join(entry, *package.split(".")) for entry in folders] if package else folders
