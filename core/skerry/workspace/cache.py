"""Folders that location types keep between loads: each under a key, filled once, shared by all processes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from skerry.errors import LocationError
from skerry.locking import try_lock

_SLUG_LENGTH = 40
#: Bytes: a collision would run the wrong code.
_HASH_SIZE = 8
_LOCK = ".lock"
_PARTIAL = ".partial-"


def find_state_folder(workspace_folder: Path) -> Path:
    """Give the folder for what Skerry keeps: SKERRY_HOME, or ``.skerry`` beside the first workspace file."""
    home = os.environ.get("SKERRY_HOME")
    return Path(home).expanduser().absolute() if home else workspace_folder / ".skerry"


class Cache:
    """Below the state folder, or, where that cannot be written, in the user's cache folder. Thread-safe."""

    def __init__(self, state_folder: Path) -> None:
        """Nothing is written before something is kept."""
        self._state_folder = state_folder

    def folder(self, key: str, fill: Callable[[Path], None], wait: Callable[[], None]) -> Path:
        """See ``skerry.plugin.Runtime.cache_folder``.

        ``wait`` is called again and again while another thread or process fills this key; it pauses, or raises.
        """
        name = _name(key)
        candidates = [self._state_folder / "cache", _user_folder()]
        for folder in candidates:
            if (folder / name).is_dir():
                return folder / name
        cache = self._writable(candidates)
        with _locked(cache / f"{name}{_LOCK}", wait):
            if not (cache / name).is_dir():
                _remove_abandoned(cache, name)
                _publish(cache, name, fill)
        return cache / name

    def _writable(self, candidates: list[Path]) -> Path:
        reasons = []
        for folder in candidates:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=folder):
                    pass
                ignored = self._state_folder / ".gitignore"
                if folder.parent == self._state_folder and not ignored.exists():
                    ignored.write_text("*\n")
            except OSError as error:
                reasons.append(f"{folder} ({error.strerror})")
            else:
                return folder
        raise LocationError(
            reason=f"No cache folder can be written: {', '.join(reasons)}.\n"
            "Set SKERRY_HOME to a folder that this user can write."
        )


def _user_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The standard says that a relative one is to be ignored.
    return (Path(base) if base.startswith("/") else Path(os.path.expanduser("~/.cache"))) / "skerry"


def _name(key: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")[:_SLUG_LENGTH].rstrip("-")
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=_HASH_SIZE).hexdigest()
    return f"{slug or 'folder'}-{digest}"


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
