"""Peers that do as they like: HTTP/2 by hand, and calls of bytes instead of messages."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from skerry.rpc.protocol import grpc

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, CONTINUATION = 0, 1, 3, 4, 9
END_STREAM, END_HEADERS = 1, 4


def frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    """Write a frame (RFC 9113, section 4.1)."""
    return len(content).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + content


def header(name: bytes, value: bytes) -> bytes:
    """Write a header as a literal that is in no table (RFC 7541, section 6.2.2); both parts under 127 bytes."""
    return bytes([0, len(name)]) + name + bytes([len(value)]) + value


def call_headers(method: str) -> bytes:
    """Write the headers that begin a call of a method, by its full name."""
    post, http = b"\x83", b"\x86"
    return b"".join(
        [
            post,
            http,
            header(b":path", method.encode()),
            header(b":authority", b"localhost"),
            header(b"content-type", b"application/grpc"),
            header(b"te", b"trailers"),
        ]
    )


class RawConnection:
    """A connection whose window for each stream is the smallest there is by default, 64 KiB, and is never opened."""

    def __init__(self, port: int, greeting: bytes = PREFACE + frame(SETTINGS, 0, 0, b"")) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self._streams = 0
        with contextlib.suppress(OSError):
            self.socket.sendall(greeting)

    def call(self, method: str, message: bytes = b"") -> None:
        """Begin a call with one message, and read nothing of its answer."""
        stream = self._streams * 2 + 1
        self._streams += 1
        length_prefixed = b"\0" + len(message).to_bytes(4, "big") + message
        self.socket.sendall(
            frame(HEADERS, END_HEADERS, stream, call_headers(method)) + frame(DATA, END_STREAM, stream, length_prefixed)
        )

    def wait_for_bytes(self) -> bytes:
        """Wait until the other side says something; nothing means that it has hung up."""
        with contextlib.suppress(ConnectionError):
            return self.socket.recv(65536)
        return b""

    def __enter__(self) -> RawConnection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.socket.close()


def channel(address: str) -> grpc.Channel:
    """Open a channel of its own connection. What comes may be large; little of it waits for being read."""
    options = [
        ("grpc.http2.bdp_probe", 0),
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.enable_http_proxy", 0),
        ("grpc.max_receive_message_length", -1),
    ]
    return grpc.insecure_channel(address, options)


def unary(over: grpc.Channel, method: str) -> Any:
    """Give a method of the service, from bytes to bytes."""
    return over.unary_unary(f"/skerry.v1.CodeServer/{method}")


def stream(over: grpc.Channel, method: str) -> Any:
    """Give a streaming method of the service, from bytes to an iterator of bytes."""
    return over.unary_stream(f"/skerry.v1.CodeServer/{method}")


def conversation(over: grpc.Channel, method: str) -> Any:
    """Give a method of the service whose client sends several messages, from bytes to an iterator of bytes."""
    call: Any = over.stream_stream(f"/skerry.v1.CodeServer/{method}")
    return lambda request, timeout: call(iter([request]), timeout=timeout)


def started(over: grpc.Channel, method: str, requests: Iterator[bytes]) -> Any:
    """Begin a call of such a method; gives the call, of which code and details can be asked once it is over."""
    call: Any = over.stream_stream(f"/skerry.v1.CodeServer/{method}")
    return call(requests)
