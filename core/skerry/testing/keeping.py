"""What a location type keeps in cache folders: in a place of the check's own, and fit to be moved there."""

from __future__ import annotations

import contextlib
import mmap
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from skerry.testing.clauses import Clause, ContractError
from skerry.testing.observed import Filled

_VARIABLE = "SKERRY_HOME"
#: Bytecode names the file that it was compiled from, and works without it.
_MAY_NAME_IT = (".pyc",)


@contextlib.contextmanager
def nothing_kept(home: Path) -> Iterator[None]:
    """Let loads begin with nothing kept, and keep it below ``home``, which is removed at the end."""
    before = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = str(home)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = before
        shutil.rmtree(home, ignore_errors=True)


def check_kept(key: str, filled: Filled) -> None:
    """Check that nothing in a cache folder names the folder in which it was made. Raises ContractError."""
    for cache_key, made_in, kept in filled:
        for path in _files(kept):
            if _names(path, os.fsencode(made_in)):
                raise ContractError(Clause.CACHE, key, cache_key=cache_key, file=str(path.relative_to(kept)))


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        yield from (Path(parent, name) for name in (*folders, *files))


def _names(path: Path, folder: bytes) -> bool:
    if path.is_symlink():
        return folder in os.fsencode(os.readlink(path))
    if not path.is_file() or path.suffix in _MAY_NAME_IT or not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(folder) >= 0
