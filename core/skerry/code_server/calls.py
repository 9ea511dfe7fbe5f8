"""The calls under way in one local code server: each in the thread that asks, over a socket of its own."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator

from skerry.code_server.supervisor import Supervisor
from skerry.pipe import Connection, Message

#: Seconds after which a call is told of: most are over before anybody could look.
BUSY_AFTER = 0.1


class Conversation:
    """The host's end of the socket of one call, for the thread that has asked; ``theirs`` is for the process.

    What is sent and received in it raises TimeoutError once ``deadline``, a ``time.monotonic()``, has passed.
    """

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.began = time.monotonic(), time.time()
        self._ours, self.theirs = socket.socketpair()
        self._connection = Connection(self._ours)

    def send(self, message: Message) -> None:
        """Send a message. Raises OSError when the other side is gone."""
        self._limit(self.deadline)
        self._connection.send(message)

    def receive(self, seconds: float | None = None) -> Message | None:
        """Wait for the next message, at most ``seconds`` where that is given; None when the other side is gone.

        Raises PipeError when it is none of ours.
        """
        self._limit(self.deadline if seconds is None else time.monotonic() + seconds)
        return self._connection.receive()

    def pass_on(self, what: str, template: Connection, sending: threading.Lock) -> None:
        """Pass ``theirs`` on to the template, for ``what`` is to be done; ``sending``: held by whoever sends there.

        Raises OSError.
        """
        descriptor = self.theirs.fileno()
        if not sending.acquire(timeout=max(0.0, self.deadline - time.monotonic())):
            raise TimeoutError
        try:
            while not _sent(what, template, descriptor):
                # It is busy, and others wait already; only its deadline counts for this one.
                poll = select.poll()
                poll.register(template.fileno(), select.POLLOUT)
                if not poll.poll(max(0.0, self.deadline - time.monotonic()) * 1000):
                    raise TimeoutError
        finally:
            sending.release()
        self.theirs.close()

    def go_on_without_limit(self) -> Connection:
        """Give the host's end for whoever goes on with it, and closes it."""
        self._ours.settimeout(None)
        return self._connection

    def no_more(self) -> None:
        """Say that time is up; the other side may still tell how it ended."""
        with contextlib.suppress(OSError):
            self._ours.shutdown(socket.SHUT_WR)

    def cut_off(self) -> None:
        """End it for both sides. From any thread."""
        with contextlib.suppress(OSError):
            self._ours.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it; whatever is still under way on the other side is ended by that."""
        self._ours.close()
        self.theirs.close()

    def _limit(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._ours.settimeout(left)


class Calls:
    """All of them. ``tell`` is called in the supervising thread with the time since when the oldest is under way.

    That is in seconds since the epoch, and None when there is none that has taken longer than BUSY_AFTER.
    """

    def __init__(self, supervisor: Supervisor, tell: Callable[[float | None], None]) -> None:
        self._supervisor = supervisor
        self._tell = tell
        self._told: float | None = None
        self._under_way: set[Conversation] = set()
        self._closed = False
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def begin(self, deadline: float) -> Iterator[Conversation]:
        """Begin one, which is over at the end of the ``with``."""
        conversation = Conversation(deadline)
        with self._lock:
            self._under_way.add(conversation)
            closed = self._closed
        if closed:
            conversation.cut_off()
        timer = self._supervisor.call_later(BUSY_AFTER, self._look)
        try:
            yield conversation
        finally:
            timer.cancel()
            with self._lock:
                self._under_way.discard(conversation)
            conversation.close()
            self._supervisor.call(self._look)

    def close(self) -> None:
        """Cut off those under way, and all that are still to begin. Idempotent."""
        with self._lock:
            self._closed = True
            under_way = list(self._under_way)
        for conversation in under_way:
            conversation.cut_off()

    def _look(self) -> None:
        with self._lock:
            began = min((conversation.began for conversation in self._under_way), default=None)
        since = began[1] if began is not None and time.monotonic() - began[0] >= BUSY_AFTER else None
        if since != self._told:
            self._told = since
            self._tell(since)


def _sent(what: str, template: Connection, descriptor: int) -> bool:
    try:
        template.send({"type": what}, [descriptor], wait=False)
    except BlockingIOError:
        return False
    return True
