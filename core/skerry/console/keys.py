"""Single keys from a terminal, as they are pressed."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
from collections import deque
from types import FrameType, TracebackType

#: What terminals send for keys that are no characters, by the names that this module gives them.
_SEQUENCES = {"\x1b[A": "up", "\x1b[B": "down", "\x1bOA": "up", "\x1bOB": "down"}


class Keyboard:
    """Reads keys without waiting for the end of a line, until it is closed; ``wake`` ends a wait from any thread.

    Ctrl-C goes on being a signal. A change of the terminal's size wakes, too.
    """

    def __init__(self) -> None:
        import termios
        import tty

        self._descriptor = sys.stdin.fileno()
        self._pressed: deque[str] = deque()
        self._woken, self._wake_up = socket.socketpair()
        for end in (self._woken, self._wake_up):
            end.setblocking(False)
        self._mode = termios.tcgetattr(self._descriptor)
        tty.setcbreak(self._descriptor)
        self._resized = signal.signal(signal.SIGWINCH, self._on_resize)

    def wake(self) -> None:
        """End the wait under way, or the next."""
        with contextlib.suppress(OSError):  # it is awake as it is, or closed
            self._wake_up.send(b"!")

    def wait(self, seconds: float) -> str | None:
        """Give the next key: a character, ``up`` or ``down``; None when none was pressed, or it was woken.

        Raises EOFError when the terminal is gone.
        """
        if not self._pressed:
            readable, _, _ = select.select([self._descriptor, self._woken], [], [], seconds)
            if self._woken in readable:
                self._woken.recv(4096)
            if self._descriptor in readable:
                self._read()
        return self._pressed.popleft() if self._pressed else None

    def close(self) -> None:
        """Give the terminal back as it was."""
        import termios

        signal.signal(signal.SIGWINCH, self._resized)
        with contextlib.suppress(termios.error):
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._mode)
        self._woken.close()
        self._wake_up.close()

    def __enter__(self) -> Keyboard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, 4096)
        except OSError:
            data = b""
        if not data:
            raise EOFError
        text = data.decode("utf-8", "replace")
        while text:
            sequence = next((one for one in _SEQUENCES if text.startswith(one)), None)
            if sequence is not None:
                self._pressed.append(_SEQUENCES[sequence])
                text = text[len(sequence) :]
            elif text[0] == "\x1b":
                return  # a key that has no name here; what follows belongs to it
            else:
                self._pressed.append(text[0])
                text = text[1:]

    def _on_resize(self, number: int, frame: FrameType | None) -> None:
        self.wake()
