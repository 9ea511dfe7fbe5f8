"""The state folder: where Skerry keeps what outlives its processes, for one workspace."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

from skerry.errors import LocationError

_SLUG_LENGTH = 40
#: Bytes: of cache folders a collision would run the wrong code.
_HASH_SIZE = 8


class StateFolder:
    """One folder, or the next one where it cannot be written. Thread-safe; nothing is written before ``make``."""

    def __init__(self, *candidates: Path) -> None:
        """``candidates``: absolute folders, in the order in which they are tried."""
        self._candidates = candidates

    @classmethod
    def of(cls, workspace_folder: Path) -> StateFolder:
        """Give that of a workspace: SKERRY_HOME, or ``.skerry`` beside its first file; else one of the user's."""
        home = os.environ.get("SKERRY_HOME")
        chosen = Path(home).expanduser().absolute() if home else workspace_folder / ".skerry"
        users = _users_folder()
        return cls(chosen, users / folder_name(str(workspace_folder))) if users is not None else cls(chosen)

    def places(self, part: str) -> list[Path]:
        """Give where ``part`` of it may be, made or not: what was kept while one could be written is found there."""
        return [folder / part for folder in self._candidates]

    def make(self, part: str, mode: int = 0o777) -> Path:
        """Make ``part`` of it, with this mode if it is new, where it can be written. Raises LocationError."""
        reasons = []
        for folder in self._candidates:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                ignored = folder / ".gitignore"
                if not ignored.exists():
                    ignored.write_text("*\n")
                (folder / part).mkdir(mode=mode, exist_ok=True)
                with tempfile.TemporaryFile(dir=folder / part):
                    pass
            except OSError as error:
                reasons.append(f"{folder / part} ({error.strerror})")
            else:
                return folder / part
        raise LocationError(
            reason=f"No {part} folder can be written: {', '.join(reasons)}.\n"
            "Set SKERRY_HOME to a folder that this user can write."
        )


def folder_name(key: str) -> str:
    """Give the name of a folder for any text: the same for the same text, safe in every file system."""
    slug = re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")[:_SLUG_LENGTH].rstrip("-")
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=_HASH_SIZE).hexdigest()
    return f"{slug or 'folder'}-{digest}"


def _users_folder() -> Path | None:
    """Give the folder for what programs keep of this user, or None where there is no home."""
    base = os.environ.get("XDG_STATE_HOME", "")
    # The standard says that a relative one is to be ignored.
    folder = Path(base if base.startswith("/") else os.path.expanduser("~/.local/state"))
    return folder / "skerry" if folder.is_absolute() else None
