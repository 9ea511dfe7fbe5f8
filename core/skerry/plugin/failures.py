"""What a plugin raised, in a sentence that its authors can use."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

_SKERRY = f"{Path(__file__).parents[1]}{os.sep}"
_STANDARD_LIBRARY = f"{Path(os.__file__).parent}{os.sep}"
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


def words_of_failure(error: BaseException) -> str:
    """Give the exception and the innermost place outside Skerry and the standard library, as far as there is one."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{type(error).__name__}: {error.msg} ({error.filename}:{error.lineno})"
    place = _place(error)
    return f"{type(error).__name__}: {_said(error)}" + (f" ({place})" if place else "")


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except (KeyError, IndexError, ValueError):
        # A LocationError that was raised without the fields that the words of its kind need.
        return str(error.args)


def _place(error: BaseException) -> str:
    places = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    theirs = [f"{file}:{line}" for file, line in places if not _is_between(file)]
    return theirs[-1] if theirs else ""


def _is_between(file: str) -> bool:
    """Tell whether a file is of Skerry or the standard library, through which a plugin was reached."""
    if file.startswith(("<frozen ", _SKERRY)):
        return True
    return file.startswith(_STANDARD_LIBRARY) and not any(part in file for part in _INSTALLED)
