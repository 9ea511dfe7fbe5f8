"""The journal of a run, whole, cut and damaged: what can be read of it is told, and what cannot be is said."""

from __future__ import annotations

import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry import ErrorKind, RunError, RunEvent
from skerry.execution import Event, EventType
from skerry.model import ErrorInfo
from skerry.user_process.journal import JOURNAL, Journal, Tail, whole
from skerry.user_process.run import fail

KILLED = ErrorInfo(ErrorKind.RUN_LOST, "killed")


def write(path: Path, *types: EventType) -> None:
    journal = Journal(str(path))
    for number, type_ in enumerate(types):
        journal.append(Event(type_, None, {"message": f"message {number}"}))
    journal.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the journal of a run that is over: seven events."""
    write(tmp_path / JOURNAL, EventType.RUN_STARTED, *[EventType.LOG] * 5, EventType.RUN_SUCCEEDED)
    return tmp_path / JOURNAL


def read(path: Path) -> list[RunEvent]:
    return list(Tail(str(path)).read())


def told(path: Path) -> list[str]:
    """Give what is read: the number of each message, and ! for what cannot be read."""
    events = read(path)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    words = []
    for event in events:
        if event.error is not None and event.error.kind is ErrorKind.RUN_RECORD_DAMAGED:
            assert (event.type, event.data["message"]) == (EventType.LOG, event.error.message.split("\n")[0])
            words.append("!")
        else:
            words.append(str(event.data.get("message", event.type.value)).removeprefix("message "))
    return words


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def numbered(line: bytes, sequence: object) -> bytes:
    return json.dumps({**json.loads(line), "sequence": sequence}).encode() + b"\n"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"\0" * 100 + b"\n", "it is no JSON (Expecting value)"),
        (b'{"sequence":4,"at"\n', "it is no JSON"),
        (b"\xff\xfe\n", "it is no event (UnicodeDecodeError"),
        (b"7\n", "it is no event (TypeError"),
        (b'{"sequence":4}\n', "it is no event (TypeError"),
        (b'{"sequence":"4","at":1,"type":"LOG"}\n', "it is no event"),
        (b'{"sequence":4,"at":1,"type":7}\n', "it is no event (ValueError"),
        (b'{"sequence":4,"at":1,"type":"LOG","data":[]}\n', "it is no event"),
        (b"[" * 100_000 + b"\n", "it is no event (RecursionError"),
        (b"x" * 10_000_000 + b"\n", "it is no JSON"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_in_its_place(line: bytes, reason: str, path: Path) -> None:
    written = lines(path)
    path.write_bytes(b"".join([*written[:3], line, *written[4:]]))
    assert told(path) == ["0", "1", "2", "!", "4", "5", "6"]
    error = read(path)[3].error
    assert error is not None
    assert f"{path}, line 4: {reason}" in error.message
    with pytest.raises(RunError) as caught:
        list(whole(str(path)))
    assert (caught.value.kind, caught.value.fields["line"]) == (ErrorKind.RUN_RECORD_DAMAGED, 4)
    journal = Journal(str(path))
    assert (journal.sequence, journal.ended) == (7, True)
    journal.close()


def test_lines_that_are_missing_are_told(path: Path) -> None:
    written = lines(path)
    path.write_bytes(b"".join(written[:2] + written[4:]))
    assert told(path) == ["0", "1", "!", "4", "5", "6"]
    error = read(path)[2].error
    assert error is not None
    assert f"{path}, line 3: event 5 stands where event 3 should" in error.message
    path.write_bytes(b"".join([*written[:2], b"\0" * 200, *written[4:]]))  # a block that the disk has lost
    assert told(path) == ["0", "1", "!", "5", "6"]


@pytest.mark.parametrize("sequence", [1, 4, 95, -3])
def test_a_number_that_is_wrong_costs_no_event(sequence: int, path: Path) -> None:
    written = lines(path)
    path.write_bytes(b"".join([*written[:4], numbered(written[4], sequence), *written[5:]]))
    assert told(path) == ["0", "1", "2", "3", "!", "4", "!", "5", "6"]


@pytest.mark.parametrize("cut", [b"", b'{"sequence":8,"at":1.0,"ty', b"\0" * 5000, b"\0" * 5_000_000])
def test_a_last_line_that_is_cut_counts_as_not_written(cut: bytes, path: Path) -> None:
    path.write_bytes(b"".join(lines(path)[:-1]) + cut)
    assert told(path) == ["0", "1", "2", "3", "4", "5"]
    write(path, EventType.RUN_SUCCEEDED)
    assert told(path) == ["0", "1", "2", "3", "4", "5", "0"]


@pytest.mark.parametrize("cut", [b'{"sequence":7,"at":1.0,"ty', b"\0" * 5000])
def test_who_has_seen_a_line_that_is_cut_sees_the_one_in_its_place(cut: bytes, path: Path) -> None:
    path.write_bytes(b"".join(lines(path)[:-1]) + cut)
    tail = Tail(str(path))
    assert len(list(tail.read())) == 6
    fail(str(path.parent), KILLED)
    assert [(event.sequence, event.type, event.error) for event in tail.read()] == [(7, EventType.RUN_FAILED, KILLED)]


@pytest.mark.parametrize("last", [b"\0\n", b"{}\n", b"x" * 3_000_000 + b"\n"])
def test_it_goes_on_after_a_last_line_that_cannot_be_read(last: bytes, path: Path) -> None:
    path.write_bytes(b"".join(lines(path)[:-1]) + last)
    fail(str(path.parent), KILLED)
    assert told(path) == ["0", "1", "2", "3", "4", "5", "!", "RUN_FAILED"]
    fail(str(path.parent), KILLED)  # once is enough
    assert len(read(path)) == 8


def test_it_is_read_as_it_grows(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL
    tail = Tail(str(path))
    assert list(tail.read()) == []
    write(path, EventType.RUN_STARTED)
    assert [event.sequence for event in tail.read()] == [1]
    with path.open("ab") as file:
        file.write(b'{"sequence":2,"at":1.0,')
        file.flush()
        assert list(tail.read()) == []
        file.write(b'"type":"LOG"}\n{}\n')
        file.flush()
        assert [event.error is None for event in tail.read()] == [True, False]
        file.write(b'{"sequence":4,"at":1.0,"type":"LOG"}\n')
    assert [(event.sequence, event.error) for event in tail.read()] == [(4, None)]


@given(st.data())
def test_whatever_has_happened_to_it_what_is_whole_is_told(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, JOURNAL)
        write(path, EventType.RUN_STARTED, *[EventType.LOG] * 20)
        before, written = lines(path), bytearray(path.read_bytes())
        first = data.draw(st.integers(0, 2500))
        last = first + data.draw(st.integers(0, 400))
        written[first:last] = data.draw(st.binary(max_size=200) | st.integers(0, 5000).map(bytes))
        path.write_bytes(written)
        whole_lines = [line + b"\n" for line in written.split(b"\n")[:-1]]
        spared = [str(number) for number, line in enumerate(before) if line in whole_lines]
        assert [word for word in told(path) if word in spared] == spared
        fail(folder, KILLED)
        fail(folder, KILLED)
        assert told(path).count("RUN_FAILED") == 1
        assert told(path)[-1] == "RUN_FAILED"


def test_however_many_find_that_it_has_no_end_it_is_given_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for number in range(50):
            folder = tmp_path / str(number)
            folder.mkdir()
            write(folder / JOURNAL, EventType.RUN_STARTED)
            for _ in pool.map(lambda _, folder=folder: fail(str(folder), KILLED), range(8)):
                pass
            assert told(folder / JOURNAL) == ["0", "RUN_FAILED"]
