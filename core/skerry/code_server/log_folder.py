"""The log files of one location, by their names: one load of its code after the other, each in numbered parts.

``20261125T060859.123456Z-g3-4f2a9c1d.2.log``: when the load began, its generation, who wrote it (so that hosts that use
one workspace at the same time meet in no file), and the part. A file that is full is followed by the next part.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

#: Bytes at which a part is full, and how many parts are kept of one load: the newest.
PART_SIZE = 2 * 1024 * 1024
PARTS_KEPT = 2

_LABEL = "location.json"
_TIME = "%Y%m%dT%H%M%S.%fZ"
_STEM = r"(?P<begun>\d{8}T\d{6}\.\d{6}Z)-g(?P<generation>\d{1,9})-(?P<host>\w+)"
_NAME = re.compile(rf"(?P<stem>{_STEM})\.(?P<part>\d{{1,9}})\.log", re.ASCII)


@dataclass(frozen=True)
class LoggedLoad:
    """The files of one load. ``host``: who wrote them; ``parts``: those that are there, in order."""

    folder: Path
    stem: str
    begun: datetime
    generation: int
    host: str
    parts: tuple[int, ...]

    def path(self, part: int) -> Path:
        """Give the file of a part."""
        return self.folder / f"{self.stem}.{part}.log"

    def remove(self) -> None:
        """Remove its files. Raises OSError."""
        for part in self.parts:
            self.path(part).unlink(missing_ok=True)


def loads_in(folder: Path) -> list[LoggedLoad]:
    """Give the loads whose files are in the folder of a location, the oldest first. Raises OSError."""
    found: dict[str, tuple[re.Match[str], list[int]]] = {}
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for name in os.listdir(folder):
            if match := _NAME.fullmatch(name):
                found.setdefault(match["stem"], (match, []))[1].append(int(match["part"]))
    loads = []
    for stem, (match, parts) in sorted(found.items()):
        with contextlib.suppress(ValueError):  # no time that there is: somebody else's file
            begun = datetime.strptime(match["begun"], _TIME).replace(tzinfo=UTC)
            loads.append(LoggedLoad(folder, stem, begun, int(match["generation"]), match["host"], tuple(sorted(parts))))
    return loads


def label(folder: Path, location: str) -> None:
    """Write the location's name into its folder, unless it is there. Raises OSError."""
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(folder / _LABEL, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            json.dump({"location": location}, file)


def labels_below(folder: Path) -> Iterator[str]:
    """Name the locations that have a folder with log files here. Raises OSError."""
    for path in sorted(folder.glob(f"*/{_LABEL}")):
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):  # not ours, or half written
            name = json.loads(path.read_text(encoding="ascii"))["location"]
            if isinstance(name, str):
                yield name


class LoadWriter:
    """Writes the files of one new load: a file is open only while something is written to it."""

    def __init__(self, folder: Path, generation: int, host: str) -> None:
        """Make its first file, which is empty. It is newer than all that are there. Raises OSError."""
        now = datetime.now(UTC)
        now = max([now, *(load.begun + timedelta(microseconds=1) for load in loads_in(folder)[-1:])])
        self.stem = f"{now.strftime(_TIME)}-g{generation}-{host}"
        self._folder = folder
        self._part = 1
        self._size = 0
        self.write(b"")

    def write(self, data: bytes) -> None:
        """Add a block, which no two parts share. Raises OSError; some of it may be written all the same."""
        if self._size >= PART_SIZE:
            self._part += 1
            self._size = 0
            self._path(self._part - PARTS_KEPT).unlink(missing_ok=True)
        path = self._path(self._part)
        try:
            self._append(path, data)
        except OSError as error:
            error.filename = str(path)
            raise

    def _append(self, path: Path, data: bytes) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(path, flags, 0o600)
        except FileNotFoundError:  # somebody has removed the folder
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, flags, 0o600)
        try:
            view = memoryview(data)
            while view:
                written = os.write(descriptor, view)
                self._size += written
                view = view[written:]
        finally:
            os.close(descriptor)

    def _path(self, part: int) -> Path:
        return self._folder / f"{self.stem}.{part}.log"
