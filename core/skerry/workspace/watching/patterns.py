"""Globs of data files."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

#: Folders that are never looked into, nor is any with a ``pyvenv.cfg`` in it.
IGNORED = frozenset({"site-packages", "dist-packages", ".git", "__pycache__"})
#: Folders that one pattern may lead into: beyond, it is a mistake, such as one for a whole home folder.
MOST_FOLDERS = 5000

_MAGIC = re.compile(r"[*?\[]")
#: What ``glob.escape`` makes of a character that means something in a glob.
_ESCAPED = re.compile(r"\[([*?\[])\]")


class Pattern:
    """A glob with an absolute path. As in a shell, ``*`` and ``?`` do not stand for a dot that begins a name.

    ``**`` stands for any folders, but for those whose names begin with a dot, links, and ``IGNORED`` ones.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        parts = list(Path(text).parts)
        literal = 1
        while literal < len(parts) - 1 and not _MAGIC.search(_ESCAPED.sub("", parts[literal])):
            literal += 1
        #: The folder that it begins in.
        self.root = str(Path(*(_ESCAPED.sub(r"\1", part) for part in parts[:literal])))
        self._parts = parts[literal:] if parts[-1] != "**" else [*parts[literal:], "*"]
        self._rules = [re.compile(fnmatch.translate(part)) for part in self._parts]

    def expand(self, unreadable: Callable[[OSError], None]) -> tuple[list[str], list[str]]:
        """Give the files that match, and the folders in which another could appear; ``unreadable`` is told of errors.

        Raises TooManyFoldersError.
        """
        files: list[str] = []
        folders: dict[str, None] = {}
        todo = [(self.root, 0)]
        seen = set()
        while todo:
            folder, index = todo.pop()
            if (folder, index) in seen:
                continue
            seen.add((folder, index))
            folders[folder] = None
            if len(folders) > MOST_FOLDERS:
                raise TooManyFoldersError(self.text)
            try:
                with os.scandir(folder) as entries:
                    files += self._step(folder, index, list(entries), todo)
            except FileNotFoundError:
                continue  # it may come to be
            except NotADirectoryError:
                del folders[folder]
            except OSError as error:
                unreadable(error)
        return files, list(folders)

    def _step(
        self, folder: str, index: int, entries: Sequence[os.DirEntry[str]], todo: list[tuple[str, int]]
    ) -> Iterator[str]:
        """Match the entries of a folder with the part at ``index``; adds the folders to be looked into."""
        last = index == len(self._parts) - 1
        if self._parts[index] == "**":
            todo.append((folder, index + 1))
            todo += [(one.path, index) for one in entries if one.is_dir(follow_symlinks=False) and _is_open(one)]
            return
        for entry in entries:
            if not self._fits(index, entry.name):
                continue
            if not last and entry.is_dir() and not _is_ignored(entry):
                todo.append((entry.path, index + 1))
            elif last and entry.is_file():
                yield entry.path

    def may_match(self, name: str) -> bool:
        """Tell whether a file of this name could match, in a folder that it leads into."""
        return self._fits(len(self._parts) - 1, name)

    def _fits(self, index: int, name: str) -> bool:
        hidden = name.startswith(".") and not self._parts[index].startswith(".")
        return not hidden and self._rules[index].match(name) is not None


class TooManyFoldersError(Exception):
    """A pattern leads into more than ``MOST_FOLDERS`` folders."""


def _is_open(entry: os.DirEntry[str]) -> bool:
    return not entry.name.startswith(".") and not _is_ignored(entry)


def _is_ignored(entry: os.DirEntry[str]) -> bool:
    return entry.name in IGNORED or os.path.exists(os.path.join(entry.path, "pyvenv.cfg"))
