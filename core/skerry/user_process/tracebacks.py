"""Turns exceptions, and the stacks that faulthandler writes, into the model's errors."""

import linecache
import os
import re
import traceback
from types import TracebackType
from typing import Any, Dict, List, Optional, Tuple

from skerry.errors import MESSAGES, DefinitionError, ErrorKind
from skerry.model import ErrorInfo, Frame

#: How long a chain of causes, a group, a stack and a message may be; what is beyond helps nobody.
_CAUSES = 8
_MEMBERS = 20
_FRAMES = 60
_MESSAGE = 10_000
#: Characters of a source line: a generated file may be one line, and a stack show it sixty times.
_SOURCE = 2000

#: The folder of this interpreter's standard library.
STANDARD_LIBRARY = os.path.dirname(os.path.abspath(os.__file__))

#: What a python_file is a module of, of which users know nothing.
_PRIVATE_PACKAGE = "skerry_user_code."
_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_MEASURING = os.path.join(_OURS, "user_process", "imports.py")
_INSTALLED = (os.sep + "site-packages" + os.sep, os.sep + "dist-packages" + os.sep)

#: Where sys.exit() was called, and what to do about it, unless another is said.
_WHILE_LOADING = (
    "the code was loaded",
    'Move it out of the import, for example under `if __name__ == "__main__":`.',
)

_STACK_HEAD = re.compile(r"^(?:Current thread|Thread|Stack) .*\(most recent call first\):$")
_STACK_FRAME = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+|\?\?\?) in (?P<function>.*)$')


def describe_exception(error: BaseException) -> ErrorInfo:
    """Give an exception as a value: frames outermost first, its chain of causes, its words."""
    return _describe(error, [])


def exit_words(error: SystemExit, doing: str, advice: str) -> str:
    """Give the words of a call of sys.exit()."""
    code = "" if error.code is None else repr(error.code)
    return MESSAGES[ErrorKind.SYSTEM_EXIT].format(code=code, doing=doing, advice=advice)


def is_user_file(file: str, standard_library: str = STANDARD_LIBRARY) -> bool:
    """Tell whether a file is the user's own: not Skerry's, the standard library's or an installed package's."""
    if file.startswith(("<frozen ", _OURS + os.sep)):
        return False
    if any(part in file for part in _INSTALLED):
        return False
    return not file.startswith(standard_library + os.sep)


def parse_stack(text: str, standard_library: str) -> Tuple[Frame, ...]:
    """Read the main thread's stack out of what faulthandler wrote: the last one there, most recent call first.

    ``standard_library``: the folder of the interpreter that wrote it. Gives the outermost frame first.
    """
    frames: List[Frame] = []
    for line in text.splitlines():
        if _STACK_HEAD.match(line):
            frames = []
        match = _STACK_FRAME.match(line)
        if match:
            file = match["file"]
            number = int(match["line"]) if match["line"].isdigit() else None
            source, user = _source(file, number), is_user_file(file, standard_library)
            frames.append(Frame(file, number, match["function"], source, user))
    return _without_loader(frames[::-1])


def _describe(error: BaseException, seen: List[int]) -> ErrorInfo:
    seen.append(id(error))
    frames = _frames(error.__traceback__)
    if isinstance(error, SyntaxError) and error.filename:
        frames = [*frames, _syntax_frame(error)]
    if isinstance(error, DefinitionError) and error.file and not any(frame.user for frame in frames):
        # It was never raised where the user wrote it, or caught there: it knows the place all the same.
        frames = [Frame(error.file, error.line, "", _source(error.file, error.line), True)]
    kept = _without_loader(frames)
    if len(kept) > _FRAMES:
        kept = kept[: _FRAMES // 2] + kept[-_FRAMES // 2 :]
    kind, message = _words(error)
    return ErrorInfo(kind, message[:_MESSAGE], kept, _cause(error, seen))


def _cause(error: BaseException, seen: List[int]) -> Optional[ErrorInfo]:
    cause = error.__cause__
    if cause is None and not error.__suppress_context__:
        cause = error.__context__
    members = _members(error)
    if cause is None and members:
        cause = members[0]  # it has frames there; of the others there are the words
    if cause is None or id(cause) in seen or len(seen) >= _CAUSES:
        return None
    return _describe(cause, seen)


def _members(error: BaseException) -> Tuple[BaseException, ...]:
    """Give the exceptions of a group: the built-in kind, or the package ``exceptiongroup`` in an older Python."""
    members = getattr(error, "exceptions", None)
    if isinstance(members, tuple) and all(isinstance(one, BaseException) for one in members):
        return members
    return ()


def _frames(trace: Optional[TracebackType]) -> List[Frame]:
    frames = []
    for frame, line in traceback.walk_tb(trace):
        code = frame.f_code
        source = _source(code.co_filename, line, frame.f_globals)
        frames.append(Frame(code.co_filename, line, code.co_name, source, is_user_file(code.co_filename)))
    return frames


def _source(file: str, line: Optional[int], variables: Optional[Dict[str, Any]] = None) -> str:
    """Give a line of a file, or nothing where there is none."""
    return linecache.getline(file, line, variables).strip()[:_SOURCE] if line else ""


def _without_loader(frames: List[Frame]) -> Tuple[Frame, ...]:
    """Drop the frames by which Skerry came to user code, and the import system's own everywhere."""
    start = 0
    while start < len(frames) and _is_loader(frames[start]):
        start += 1
    return tuple(frame for frame in frames[start:] if not _is_import_system(frame))


def _is_loader(frame: Frame) -> bool:
    return frame.file == "<string>" or frame.file.startswith(_OURS) or _is_import_system(frame)


def _is_import_system(frame: Frame) -> bool:
    if frame.file == _MEASURING:
        return True
    return frame.file.startswith("<frozen importlib") or os.path.dirname(frame.file).endswith(os.sep + "importlib")


def _syntax_frame(error: SyntaxError) -> Frame:
    # Whoever raises a SyntaxError says where it is, in whatever types.
    source = str(error.text or "").rstrip("\n")[:_SOURCE]
    stripped = source.lstrip()
    if stripped and isinstance(error.offset, int):
        column = error.offset - 1 - (len(source) - len(stripped))
        stripped = f"{stripped}\n{' ' * min(max(column, 0), len(stripped))}^"
    line = error.lineno if isinstance(error.lineno, int) and error.lineno > 0 else None
    return Frame(str(error.filename), line, "", stripped, True)


def _words(error: BaseException) -> Tuple[ErrorKind, str]:
    if isinstance(error, SystemExit):
        return ErrorKind.SYSTEM_EXIT, exit_words(error, *_WHILE_LOADING)
    if isinstance(error, DefinitionError):
        kind, detail = ErrorKind.INVALID_DEFINITION, error.message
    elif isinstance(error, SyntaxError):
        kind, detail = ErrorKind.SYNTAX_ERROR, _python_words(error)
    elif isinstance(error, ModuleNotFoundError):
        kind, detail = ErrorKind.MISSING_IMPORT, _python_words(error)
    else:
        kind, detail = ErrorKind.EXCEPTION, _python_words(error)
    for member in _members(error)[:_MEMBERS]:
        detail += f"\n- {_python_words(member)}"
    return kind, MESSAGES[kind].format(detail=detail)


def _python_words(error: BaseException) -> str:
    try:
        lines = traceback.format_exception_only(type(error), error)
    except Exception:  # its class is user code, and so is what makes its words
        return f"{type(error).__name__}: (its message cannot be shown)"
    # Of a syntax error the last line is the message; what is before it stands in its frame.
    words = (lines[-1] if isinstance(error, SyntaxError) else "".join(lines)).strip()
    return words[len(_PRIVATE_PACKAGE) :] if words.startswith(_PRIVATE_PACKAGE) else words
