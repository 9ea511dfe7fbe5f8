"""A terminal whose screen can be looked at, with a command at it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pyte

from support.commands import environment

SECONDS = 30.0


class Screen:
    """What ``skerry ARGUMENTS`` shows, and the keys that it is given."""

    def __init__(self, folder: Path, arguments: tuple[str, ...], rows: int, columns: int) -> None:
        self._ours, self.terminal = os.openpty()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._resize(rows, columns)
        self.process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-m", "skerry", *arguments],
            cwd=folder,
            env=environment(),
            stdin=self.terminal,
            stdout=self.terminal,
            stderr=self.terminal,
            start_new_session=True,
        )

    @property
    def lines(self) -> list[str]:
        """The screen as it is now, without the spaces at the ends of lines."""
        return [text.rstrip() for text in self._screen.display]

    def line(self, words: str) -> str:
        """Give the one line that holds ``words``."""
        (found,) = [text for text in self.lines if words in text]
        return found

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def wait_for(self, *words: str, without: str = "\0") -> None:
        """Wait until all of ``words`` stand on the screen, and ``without`` does not."""
        deadline = time.monotonic() + SECONDS

        def there() -> bool:
            shown = "\n".join(self.lines)
            return all(word in shown for word in words) and without not in shown

        while not there():
            left = deadline - time.monotonic()
            if left <= 0 or not self._take(left):
                assert there(), f"{words} did not come ({self.process.poll()}):\n{self._last_words()}"

    def resize(self, rows: int, columns: int) -> None:
        self._screen.resize(rows, columns)
        self._resize(rows, columns)
        self.process.send_signal(signal.SIGWINCH)

    def wait_for_end(self) -> int:
        """Read on until the command has ended; gives its exit code."""
        deadline = time.monotonic() + SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            self._take(0.05)
        while self._take(0):
            pass
        return self.process.wait(0)

    def close(self) -> None:
        self.process.kill()
        self.process.wait(SECONDS)
        os.close(self._ours)
        os.close(self.terminal)

    def _last_words(self) -> str:
        """Give the screen, and where each thread of the command is: it is ended for that."""
        shown = "\n".join(self.lines)
        self._screen.resize(100, 160)
        self._screen.reset()
        self.process.send_signal(signal.SIGABRT)
        self.wait_for_end()
        return "\n".join([shown, *filter(None, self.lines)])

    def _resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _take(self, seconds: float) -> bool:
        """Read once what is shown, waiting at most that long; False when nothing came."""
        readable, _, _ = select.select([self._ours], [], [], seconds)
        if not readable:
            return False
        with contextlib.suppress(OSError):  # EIO: nobody has the terminal open any more
            self._stream.feed(os.read(self._ours, 65536))
            return True
        return False


@contextlib.contextmanager
def screen(folder: Path, *arguments: str, rows: int = 24, columns: int = 100) -> Iterator[Screen]:
    """Run ``skerry ARGUMENTS`` at a terminal of this size; it is killed afterwards if it has not ended."""
    shown = Screen(folder, arguments, rows, columns)
    try:
        yield shown
    finally:
        shown.close()
