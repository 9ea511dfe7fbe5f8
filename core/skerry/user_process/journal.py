"""The journal of a run: a file with a line of JSON for each event, to which lines are only added.

A line stands there before anybody else hears of its event. Each begins with the event's sequence number; the last line
may be cut, where the disk was full or the machine stopped, and then counts as not written.
"""

import json
import os
import time
from typing import Any, Optional

from skerry.execution import Event
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


class Journal:
    """Writes a journal; only one process may at a time."""

    def __init__(self, path: str) -> None:
        """Open it, made if it is not there, and take away a last line that is cut. Raises OSError, ValueError."""
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        last = self._mend()
        #: The sequence number of the last event; 0 at first.
        self.sequence = last.sequence if last is not None else 0
        #: Whether the run is over: nothing follows the event that says so.
        self.ended = last is not None and last.is_end

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
        line = json.dumps(written.to_json(), separators=(",", ":")).encode("ascii")
        if len(line) > LINE_LIMIT:
            line = json.dumps(_shortened(written).to_json(), separators=(",", ":")).encode("ascii")
        size = os.fstat(self._descriptor).st_size
        try:
            self._write(line + b"\n")
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

    def _mend(self) -> Optional[RunEvent]:
        size = os.fstat(self._descriptor).st_size
        began = max(0, size - 2 * LINE_LIMIT)
        end = os.pread(self._descriptor, size - began, began)
        whole = end.rfind(b"\n") + 1
        if whole < len(end):
            os.ftruncate(self._descriptor, began + whole)
        last = end[:whole].splitlines()[-1:]
        return read_line(last[0]) if last else None


def read_line(line: bytes) -> RunEvent:
    """Read a line. Raises ValueError where it is none of a journal."""
    try:
        return RunEvent.from_json(json.loads(line.decode("ascii")))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _shortened(event: RunEvent) -> RunEvent:
    """Leave out what makes an event too long."""
    data = {key: value[:1000] if isinstance(value, str) else value for key, value in event.data.items()}
    error = event.error and ErrorInfo(event.error.kind, event.error.message[:1000])
    return RunEvent(event.sequence, event.at, event.type, event.solid, data, error)
