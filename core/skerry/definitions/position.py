"""Where in the user's files something stands."""

import linecache
import sys
from types import FrameType, FunctionType
from typing import Any, Dict, List, NamedTuple, Optional


class Position(NamedTuple):
    """A line of a file, counted from 1; both None where no file of the user is in sight."""

    file: Optional[str]
    line: Optional[int]

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.file else "an unknown place"


def of_function(function: FunctionType) -> Position:
    """Give the line of a function's ``def``, or of its first decorator where the source cannot be read."""
    code = function.__code__
    name = code.co_name.encode()
    # The interpreter remembers the first decorator's line alone, and a user looks for the def.
    lines = _lines(code.co_filename, function.__globals__)
    for number in range(code.co_firstlineno, len(lines) + 1):
        text = lines[number - 1].strip()
        if text.startswith((b"def ", b"async def ")) and text.split(b"(")[0].split()[-1] == name:
            return Position(code.co_filename, number)
    return Position(code.co_filename, code.co_firstlineno)


def _lines(file: str, variables: Dict[str, Any]) -> List[bytes]:
    """Give the lines of a source file: of the file itself, which is cheap, or what its loader has."""
    if file not in _newest:
        try:
            with open(file, "rb", buffering=0) as source:
                lines = source.read().splitlines()
        except OSError:
            lines = [line.encode() for line in linecache.getlines(file, variables)]
        _newest.clear()  # definitions come file by file, and sources need not stay in memory
        _newest[file] = lines
    return _newest[file]


#: The lines of the file that was read last.
_newest: Dict[str, List[bytes]] = {}


def of_caller() -> Position:
    """Give the line that is being executed in the innermost frame outside Skerry."""
    frame: Optional[FrameType] = sys._getframe(1)
    while frame is not None and str(frame.f_globals.get("__name__")).startswith("skerry."):
        frame = frame.f_back
    if frame is None:
        return Position(None, None)
    return Position(frame.f_code.co_filename, frame.f_lineno)
