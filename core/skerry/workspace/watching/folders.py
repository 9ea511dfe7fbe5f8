"""Where changes of files show: in the folders that hold them, and in those that hold the links on the way to them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field


@dataclass
class Places:
    """The folders to watch for some paths, and what may happen in them.

    ``folders``: real paths, each with what tells it from another of the same path. ``names``: real paths of what
    matters in them: the files, what must appear before they can, and the links by which they are reached. ``globbed``:
    of the folders, those in which a pattern's matches may appear.
    """

    folders: dict[str, tuple[int, int]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    globbed: set[str] = field(default_factory=set)
    _real: dict[str, str] = field(default_factory=dict, repr=False)

    def add_file(self, path: str) -> None:
        """Have the file at an absolute path watched, whether it exists or not."""
        self.names.add(self._resolve(path))
        self._watch(os.path.dirname(self._resolve(path)))

    def add_glob_folder(self, path: str) -> None:
        """Have all of a folder watched, but not what is in the folders in it."""
        folder = self._resolve(path)
        self.globbed.add(folder)
        self._watch(folder)

    def _watch(self, folder: str) -> None:
        """Watch a folder with a real path, or until it is there, the one in which it or what leads to it appears."""
        while folder not in self.folders:
            self.names.add(folder)
            try:
                status = os.stat(folder)
            except OSError:
                folder = os.path.dirname(folder)
                continue
            self.folders[folder] = (status.st_dev, status.st_ino)

    def _resolve(self, path: str) -> str:
        """Give the real path, as far as it exists; each link on the way is one of the names."""
        known = self._real.get(path)
        if known is not None:
            return known
        self._real[path] = path  # ends a circle of links
        parent, name = os.path.split(path)
        if not name:
            return self._remember(path, path if parent == path else self._resolve(parent))
        folder = self._resolve(parent)
        if name in (".", ".."):
            return self._remember(path, folder if name == "." else os.path.dirname(folder))
        real = os.path.join(folder, name)
        try:
            target = os.readlink(real)
        except OSError:
            return self._remember(path, real)
        self.names.add(real)
        self._watch(folder)
        return self._remember(path, self._resolve(os.path.join(folder, target)))

    def _remember(self, path: str, real: str) -> str:
        self._real[path] = real
        return real
