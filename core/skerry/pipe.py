"""The pipe between the host and its processes: JSON messages, each behind its length, over a socket pair.

A message is a JSON object with a ``type``. Descriptors (SCM_RIGHTS) travel with the bytes of the message that needs
them and are queued in the order in which they were sent. Both sides of the pipe are this module, in whatever
versions of it the two environments hold: hence ``PROTOCOL``.
"""

import array
import collections
import json
import socket
import struct
from typing import Any, Deque, Dict, List, Optional, Sequence

from skerry.errors import PipeError

#: What both sides must agree on: the framing and the messages of ``skerry.user_process``.
PROTOCOL = 1
#: Bytes of one message. A snapshot of 5 000 pipelines has about five million.
MESSAGE_LIMIT = 256 * 1024 * 1024

Message = Dict[str, Any]

_LENGTH = struct.Struct(">I")
_CHUNK = 256 * 1024
_DESCRIPTORS_AT_ONCE = 16


def encode(message: Message) -> bytes:
    """Frame a message. Raises PipeError if it is over the limit."""
    body = json.dumps(message, separators=(",", ":")).encode("ascii")
    if len(body) > MESSAGE_LIMIT:
        raise PipeError(f"a message of {len(body)} bytes is over the limit of {MESSAGE_LIMIT}")
    return _LENGTH.pack(len(body)) + body


class Decoder:
    """Takes bytes as they come and gives the messages that are whole."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> List[Message]:
        """Give the messages that ``data`` completes, in order. Raises PipeError if they are not ours."""
        self._buffer += data
        messages: List[Message] = []
        while True:
            message = self._next()
            if message is None:
                return messages
            messages.append(message)

    def _next(self) -> Optional[Message]:
        if len(self._buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        if length > MESSAGE_LIMIT:
            raise PipeError(f"a message of {length} bytes is announced, over the limit of {MESSAGE_LIMIT}")
        end = _LENGTH.size + length
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[_LENGTH.size : end])
        del self._buffer[:end]
        try:
            message = json.loads(body.decode("ascii"))
        except (ValueError, RecursionError) as error:  # the latter is for what is nested without end
            raise PipeError(f"a message is not JSON: {error}") from error
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise PipeError("a message is not an object with a type")
        return message


class Connection:
    """One end of a pipe, for one thread at a time."""

    def __init__(self, endpoint: socket.socket) -> None:
        self.endpoint = endpoint
        #: Descriptors that have come and that nobody has taken yet. Whoever takes one closes it.
        self.descriptors: Deque[int] = collections.deque()
        self._decoder = Decoder()
        self._messages: Deque[Message] = collections.deque()

    def fileno(self) -> int:
        """Give the descriptor to wait for."""
        return self.endpoint.fileno()

    def send(self, message: Message, descriptors: Sequence[int] = (), *, wait: bool = True) -> None:
        """Send a message whole. Raises OSError when the other side is gone.

        Without ``wait``, for a short message with descriptors: raises BlockingIOError when there is no room for it.
        """
        data = encode(message)
        if descriptors:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
            data = data[self.endpoint.sendmsg([data], rights, 0 if wait else socket.MSG_DONTWAIT) :]
        self.endpoint.sendall(data)

    def receive(self) -> Optional[Message]:
        """Wait for the next message; None when the other side is gone. Raises PipeError if it is not ours."""
        while not self._messages:
            more = self.receive_some()
            if more is None:
                return None
            self._messages.extend(more)
        return self._messages.popleft()

    def receive_some(self, *, wait: bool = True) -> Optional[List[Message]]:
        """Read once, and give the messages that are whole now; None when the other side is gone.

        Without ``wait``, raises BlockingIOError when there is nothing to read. Raises PipeError if it is not ours.
        """
        space = socket.CMSG_SPACE(_DESCRIPTORS_AT_ONCE * array.array("i").itemsize)
        try:
            data, ancillary, _, _ = self.endpoint.recvmsg(_CHUNK, space, 0 if wait else socket.MSG_DONTWAIT)
        except ConnectionResetError:
            return None
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                received = array.array("i")
                received.frombytes(content[: len(content) - len(content) % received.itemsize])
                self.descriptors.extend(received)
        return self._decoder.feed(data) if data else None

    def close(self) -> None:
        """Close this end."""
        self.endpoint.close()
