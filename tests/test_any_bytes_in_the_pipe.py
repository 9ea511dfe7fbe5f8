"""The pipe with any messages, cut anywhere, and with bytes that are none of ours."""

from __future__ import annotations

import itertools
import struct

from hypothesis import example, given
from hypothesis import strategies as st
from support.records import JSON

from skerry.errors import PipeError
from skerry.pipe import MESSAGE_LIMIT, Decoder, Message, encode

MESSAGES = st.lists(
    st.dictionaries(st.text(max_size=5), JSON, max_size=3).map(lambda content: {**content, "type": "any"}), max_size=4
)


def framed(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body


def in_pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(places)]


@given(MESSAGES, st.lists(st.integers(0, 10_000), max_size=8))
@example([{"type": "any", "text": "\udcff"}, {"type": "any"}], list(range(60)))
def test_messages_are_the_same_however_the_bytes_are_cut(messages: list[Message], cuts: list[int]) -> None:
    decoder = Decoder()
    data = b"".join(map(encode, messages))
    received = [message for piece in in_pieces(data, cuts) for message in decoder.feed(piece)]
    assert received == messages


@given(st.binary() | st.binary().map(framed), st.lists(st.integers(0, 1000), max_size=3))
@example(framed(b"[" * 100_000), [])
@example(framed(b'{"type": ' + b"[" * 100_000), [])
@example(framed(b'{"type": "a", "number": ' + b"9" * 5000 + b"}"), [])
@example(framed(b'{"type": 1}'), [3])
@example(framed(b'{"type": "\xff"}'), [])
@example(struct.pack(">I", MESSAGE_LIMIT + 1), [1, 2])
def test_bytes_that_are_no_messages_are_one_kind_of_error(data: bytes, cuts: list[int]) -> None:
    decoder = Decoder()
    try:
        messages = [message for piece in in_pieces(data, cuts) for message in decoder.feed(piece)]
    except PipeError:
        return
    assert all(isinstance(message["type"], str) for message in messages)
