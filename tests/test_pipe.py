"""Framing: messages arrive whole, in order, with their descriptors, however the bytes are cut."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from skerry.errors import PipeError
from skerry.pipe import MESSAGE_LIMIT, Connection, Decoder, encode


@pytest.fixture
def ends() -> Iterator[tuple[Connection, Connection]]:
    one, other = socket.socketpair()
    yield Connection(one), Connection(other)
    one.close()
    other.close()


@pytest.mark.parametrize("size", [1, 3, 7, 4096])
def test_messages_are_whole_however_the_bytes_are_cut(size: int) -> None:
    messages: list[dict[str, object]] = [
        {"type": "a", "text": "é\u202e" * 100},
        {"type": "b", "number": 2**60},
        {"type": "c"},
    ]
    data = b"".join(encode(message) for message in messages)
    decoder = Decoder()
    received = []
    for start in range(0, len(data), size):
        received += decoder.feed(data[start : start + size])
    assert received == messages


def test_descriptors_come_with_the_message_that_needs_them(ends: tuple[Connection, Connection]) -> None:
    one, other = ends
    reader, writer = os.pipe()
    one.send({"type": "plain"})
    one.send({"type": "with"}, [writer])
    os.close(writer)
    assert other.receive() == {"type": "plain"}
    assert other.receive() == {"type": "with"}
    received = other.descriptors.popleft()
    os.write(received, b"through")
    os.close(received)
    assert os.read(reader, 100) == b"through"
    os.close(reader)


def test_a_closed_pipe_is_the_end_and_not_an_error(ends: tuple[Connection, Connection]) -> None:
    one, other = ends
    one.send({"type": "last"})
    one.close()
    assert other.receive() == {"type": "last"}
    assert other.receive() is None


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x02[]",
        b"\x00\x00\x00\x02{}",
        b"\x00\x00\x00\x03abc",
        b"\x00\x00\x00\x01\xff",
    ],
)
def test_what_is_not_a_message_is_an_error(data: bytes) -> None:
    with pytest.raises(PipeError):
        Decoder().feed(data)


def test_a_message_over_the_limit_is_refused_before_it_is_sent() -> None:
    with pytest.raises(PipeError, match="over the limit"):
        encode({"type": "large", "text": "x" * MESSAGE_LIMIT})


def test_reading_without_waiting_tells_that_there_is_nothing(ends: tuple[Connection, Connection]) -> None:
    with pytest.raises(BlockingIOError):
        ends[1].receive_some(wait=False)
