"""Waiting for something to happen in a set of folders: told by the system, or by asking it again and again."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping

from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

from skerry.workspace.watching.subjects import Tell, unreadable

#: Seconds between two looks where the system tells nothing.
POLLING = 1.0
#: Milliseconds between two looks whether the system has told something.
STEP = 50
#: Set to 1: do not rely on the system, as for network file systems and folders that a virtual machine shares.
VARIABLE = "SKERRY_WATCH_POLLING"


class Events:
    """Watches folders, not what is in the folders in them. For one thread, but for ``woken``.

    ``woken``: set by anybody, it ends a wait. ``warn``: called with what the user is to know, each time it is met.
    """

    def __init__(self, woken: threading.Event, warn: Tell) -> None:
        self._woken = woken
        self._warn = warn
        #: Whether the system tells nothing, so that nothing needs to be known of folders either.
        self.polling = os.environ.get(VARIABLE, "") not in ("", "0")
        self._folders: Mapping[str, tuple[int, int]] = {}
        self._notify: RustNotify | None = None

    def follow(self, folders: Mapping[str, tuple[int, int]]) -> bool:
        """Watch these folders from now on; tells whether they are others: what was seen before may be old then."""
        if self.polling or (self._notify is not None and folders == self._folders):
            return False
        self.close()
        self._folders = dict(folders)
        readable = [folder for folder in folders if self._is_readable(folder)]
        try:
            self._notify = RustNotify(readable, False, False, int(POLLING * 1000), False, False)
        except FileNotFoundError:
            self._woken.wait(STEP / 1000)  # one of them has gone meanwhile
        except (OSError, WatchfilesRustInternalError) as error:
            self.polling = True
            self._warn(
                f"The system cannot tell of changes in {len(readable)} folders: {error}\n"
                f"Files are looked at each second in place of that. On Linux raise fs.inotify.max_user_watches and "
                f"fs.inotify.max_user_instances; {VARIABLE}=1 asks for it without this warning."
            )
        return True

    def wait(self, seconds: float | None) -> set[str] | None:
        """Wait until something has happened, at most so many seconds; give the paths of what has changed.

        None: that is not known, so all is to be looked at. Empty: nothing has happened in time.
        """
        if self._notify is None:
            return self._wait_without(seconds)
        milliseconds = max(1, int(seconds * 1000)) if seconds is not None else 0
        try:
            told = self._notify.watch(10 * STEP, STEP, milliseconds, self._woken)
        except WatchfilesRustInternalError:  # such as a name in a folder that is no text
            self.close()
            return None
        if isinstance(told, str):
            return set() if told == "timeout" else None
        return {path for _, path in told}

    def _wait_without(self, seconds: float | None) -> set[str] | None:
        pause = POLLING if self.polling else STEP / 1000
        if seconds is not None and seconds < pause:
            return None if self._woken.wait(seconds) else set()
        self._woken.wait(pause)
        return None

    def close(self) -> None:
        """Watch nothing any more."""
        if self._notify is not None:
            self._notify.close()
        self._notify = None

    def _is_readable(self, folder: str) -> bool:
        try:
            folder.encode()
            os.scandir(folder).close()
        except UnicodeEncodeError:
            self._warn(f"{folder!r} cannot be watched: its name is not UTF-8.\nRename it.")
            return False
        except FileNotFoundError:
            return True  # that is met when it is to be watched
        except OSError as error:
            self._warn(unreadable(folder, error))
            return False
        return True
