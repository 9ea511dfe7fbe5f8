"""The journal of a run: a file with a line of JSON for each event, to which lines are only added.

A line stands there before anybody else hears of its event. Each begins with the event's sequence number; the last line
may be cut, where the machine stopped, and then counts as not written. Where another cannot be read, or lines are
missing, an event in that place says so, and the rest is read all the same.
"""

import dataclasses
import json
import os
import time
from typing import Any, Iterator, Optional, Sequence

from skerry.errors import ErrorKind, RunError
from skerry.execution import Event, EventType
from skerry.model import ErrorInfo, RunEvent

# What is in the folder of a run: the journal, and the outputs of its solids.
JOURNAL = "events.jsonl"
OUTPUTS = "outputs"
#: A file on which the keeper of the run has a lock for as long as it lives.
LOCK = "lock"
#: A file that asks the keeper to cancel the run.
CANCEL = "cancel"

#: Bytes that one line may have: an event says where something is, and does not carry it.
LINE_LIMIT = 1024 * 1024

_CHUNK = 1024 * 1024
#: Bytes of a line that are looked at: what is longer is none of a journal.
_LONGEST = 8 * LINE_LIMIT


class Journal:
    """Writes a journal; only one process may at a time."""

    def __init__(self, path: str) -> None:
        """Open it, made if it is not there, and take away a last line that is cut. Raises OSError."""
        #: The sequence number of the last event; 0 at first.
        self.sequence = 0
        #: Whether the run is over: nothing follows the event that says so.
        self.ended = False
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            self._take_up(path)
        except BaseException:
            self.close()
            raise

    def append(self, event: Event) -> None:
        """Add an event whose error, if it has one, is described. Raises OSError; then nothing of it is there."""
        error: Any = event.error
        self._append(
            RunEvent(
                sequence=self.sequence + 1,
                at=time.time(),
                type=event.type,
                solid=event.solid,
                data=event.data,
                error=ErrorInfo.from_json(error) if isinstance(error, dict) else error,
            )
        )

    def copy(self, event: RunEvent) -> None:
        """Add an event of another journal of the same run; one that is there already changes nothing.

        Raises ValueError where one is missing in between, OSError as ``append`` does.
        """
        if event.sequence > self.sequence + 1:
            raise ValueError(f"event {event.sequence} comes after event {self.sequence}")
        if event.sequence == self.sequence + 1:
            self._append(event)

    def _append(self, written: RunEvent) -> None:
        line = write_line(written)
        size = os.fstat(self._descriptor).st_size
        try:
            self._write(line)
        except OSError:
            os.ftruncate(self._descriptor, size)
            raise
        self.sequence += 1
        self.ended = self.ended or written.is_end

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._descriptor, data) :]

    def _take_up(self, path: str) -> None:
        size = self._size_of_whole_lines()
        os.ftruncate(self._descriptor, size)
        if not size:
            return
        began = max(0, size - LINE_LIMIT - 1)
        try:
            last: Sequence[RunEvent] = [read_line(os.pread(self._descriptor, size - began, began).split(b"\n")[-2])]
        except ValueError:
            last = list(Tail(path).read())
        self.sequence = last[-1].sequence
        self.ended = any(event.is_end for event in last)

    def _size_of_whole_lines(self) -> int:
        end = os.fstat(self._descriptor).st_size
        while end:
            began = max(0, end - _CHUNK)
            newline = os.pread(self._descriptor, end - began, began).rfind(b"\n")
            if newline >= 0:
                return began + newline + 1
            end = began
        return 0


class Tail:
    """Reads a journal, also one that grows, a part at a time.

    The events that it gives are numbered from 1 without gaps, whatever stands in the file: what cannot be read is a LOG
    event with the error RUN_RECORD_DAMAGED.
    """

    def __init__(self, path: str) -> None:
        #: The first that is wrong in it.
        self.damage: Optional[RunError] = None
        self._path = path
        self._offset = 0
        self._line = 0
        self._sequence = 0
        self._at = 0.0
        #: By how much the numbers in the file are ahead of those that are given; None where any will do.
        self._ahead: Optional[int] = 0

    def read(self) -> Iterator[RunEvent]:
        """Give the events that have come since the last time. Raises OSError."""
        try:
            file = open(self._path, "rb")  # noqa: SIM115  # closed below
        except FileNotFoundError:
            return
        with file:
            file.seek(self._offset)
            position, rest = self._offset, b""
            while True:
                data = file.read(_CHUNK)
                if not data:
                    return
                position += len(data)
                *lines, rest = (rest + data).split(b"\n")
                if lines:
                    self._offset = position - len(rest)  # a line that is cut is read again: it may be taken away
                rest = rest[:_LONGEST]
                for line in lines:
                    yield from self._events(line)

    def _events(self, line: bytes) -> Iterator[RunEvent]:
        self._line += 1
        try:
            event = read_line(line)
        except ValueError as error:
            yield self._damaged(str(error))
            self._ahead = None
            return
        self._at = event.at
        if self._ahead is not None and event.sequence != self._sequence + 1 + self._ahead:
            yield self._damaged(f"event {event.sequence} stands where event {self._sequence + 1 + self._ahead} should")
        self._sequence += 1
        self._ahead = event.sequence - self._sequence
        yield dataclasses.replace(event, sequence=self._sequence) if self._ahead else event

    def _damaged(self, reason: str) -> RunEvent:
        self._sequence += 1
        damage = damaged(self._path, self._line, reason)
        self.damage = self.damage or damage
        words = str(damage)
        data = {"level": "ERROR", "message": words.partition("\n")[0]}
        return RunEvent(self._sequence, self._at, EventType.LOG, None, data, ErrorInfo(damage.kind, words))


def whole(path: str) -> Iterator[RunEvent]:
    """Give the events of a journal. Raises RunError as soon as one of them cannot be read, OSError."""
    tail = Tail(path)
    for event in tail.read():
        if tail.damage is not None:
            raise tail.damage
        yield event


def damaged(path: str, line: int, reason: str) -> RunError:
    """Make the error for a file of a run that cannot be read."""
    run_id = os.path.basename(os.path.dirname(path))
    return RunError(ErrorKind.RUN_RECORD_DAMAGED, path=path, line=line, reason=reason, run_id=run_id)


def write_line(event: RunEvent) -> bytes:
    """Give the line that tells of an event, with its end; what is too long for one is left out."""
    line = json.dumps(event.to_json(), separators=(",", ":")).encode("ascii")
    if len(line) > LINE_LIMIT:
        line = json.dumps(_shortened(event).to_json(), separators=(",", ":")).encode("ascii")
    return line + b"\n"


def read_line(line: bytes) -> RunEvent:
    """Read a line. Raises ValueError where it is none of a journal."""
    try:
        event = RunEvent.from_json(json.loads(line.decode("ascii")))
        if isinstance(event.sequence, int) and isinstance(event.at, (int, float)) and isinstance(event.data, dict):
            return event
        reason = "it is no event"
    except json.JSONDecodeError as error:
        reason = f"it is no JSON ({error.msg})"
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        reason = f"it is no event ({type(error).__name__}: {error})"
    raise ValueError(reason)


def _shortened(event: RunEvent) -> RunEvent:
    """Leave out what makes an event too long."""
    data = {key: value[:1000] if isinstance(value, str) else value for key, value in event.data.items()}
    error = event.error and ErrorInfo(event.error.kind, event.error.message[:1000])
    return RunEvent(event.sequence, event.at, event.type, event.solid, data, error)
