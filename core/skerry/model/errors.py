"""What went wrong, as data: for a location, a definition, or a place in a workspace file."""

from dataclasses import dataclass
from enum import Enum
from typing import Optional, Tuple

from skerry.errors import ErrorKind
from skerry.model.records import Record


@dataclass(frozen=True)
class Frame(Record):
    """One frame of a Python stack. ``user`` is False for the standard library, installed packages and Skerry."""

    file: str
    line: Optional[int]
    function: str
    source: str = ""
    user: bool = True


@dataclass(frozen=True)
class ErrorInfo(Record):
    """An error as a value, from the user process to every screen.

    ``message``: a line that says what, then lines that say what to do. ``frames``: outermost first, Skerry's own
    left out. ``cause``: the error that this one was raised from or while handling. ``output``: the last 50 lines
    that the process wrote, oldest first; empty for a cause.
    """

    kind: ErrorKind
    message: str
    frames: Tuple[Frame, ...] = ()
    cause: Optional["ErrorInfo"] = None
    output: str = ""


@dataclass(frozen=True)
class DefinitionFailure(Record):
    """One definition that could not be used while the others of its repository can.

    ``type``: solid, pipeline, schedule, sensor, or definition where it could not be told.
    """

    name: str
    type: str
    file: Optional[str]
    line: Optional[int]
    error: ErrorInfo


class Severity(str, Enum):
    """An error costs its entry or the file; a warning costs nothing yet."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Problem(Record):
    """Something wrong in a workspace file. ``line`` and ``column`` count from 1; ``hint`` says what to do."""

    severity: Severity
    code: str
    location: Optional[str]
    file: str
    line: Optional[int]
    column: Optional[int]
    message: str
    hint: str = ""

    @property
    def place(self) -> str:
        """``file:line:column``, as far as it is known."""
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)

    def __str__(self) -> str:
        words = f"{self.place}: {self.severity.value}: {self.message}"
        return f"{words}\n  {self.hint}" if self.hint else words
