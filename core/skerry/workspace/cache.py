"""Folders that location types keep between loads: each under a key, filled once, shared by all processes."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from skerry.locking import try_lock
from skerry.workspace.state_folder import StateFolder, folder_name

#: Of the state folder.
_PART = "cache"
_LOCK = ".lock"
_PARTIAL = ".partial-"


class Cache:
    """Below the state folder. Thread-safe; nothing is written before something is kept."""

    def __init__(self, state_folder: StateFolder) -> None:
        self._state_folder = state_folder

    def folder(self, key: str, fill: Callable[[Path], None], wait: Callable[[], None]) -> Path:
        """See ``skerry.plugin.Runtime.cache_folder``.

        ``wait`` is called again and again while another thread or process fills this key; it pauses, or raises.
        """
        name = folder_name(key)
        for folder in self._state_folder.places(_PART):
            if (folder / name).is_dir():
                return folder / name
        cache = self._state_folder.make(_PART)
        with _locked(cache / f"{name}{_LOCK}", wait):
            if not (cache / name).is_dir():
                _remove_abandoned(cache, name)
                _publish(cache, name, fill)
        return cache / name


def _publish(cache: Path, name: str, fill: Callable[[Path], None]) -> None:
    partial = Path(tempfile.mkdtemp(prefix=f"{name}{_PARTIAL}", dir=cache))
    try:
        fill(partial)
        partial.rename(cache / name)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _remove_abandoned(cache: Path, name: str) -> None:
    """Remove what processes have left that were killed while they filled a folder. Called with the lock of ``name``."""
    for partial in cache.glob(f"*{_PARTIAL}*"):
        its_name = partial.name.rpartition(_PARTIAL)[0]
        with contextlib.ExitStack() as locks:
            if its_name == name or locks.enter_context(try_lock(cache / f"{its_name}{_LOCK}")):
                shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def _locked(path: Path, wait: Callable[[], None]) -> Iterator[None]:
    while True:
        with try_lock(path) as mine:
            if mine:
                yield
                return
        wait()
