"""Environment files: lines of ``NAME=VALUE``."""

from __future__ import annotations

import re
from pathlib import Path

from skerry.errors import LocationError

#: Bytes; an environment larger than this no process could be given.
LIMIT = 1024 * 1024

_LINE = re.compile(r"(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(?P<rest>.*)")
_SINGLE = re.compile(r"'(?P<text>[^']*)'[ \t]*(?:#.*)?")
_DOUBLE = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)"[ \t]*(?:#.*)?')
_COMMENT = re.compile(r"(?:^|[ \t]+)#.*")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def read_env_file(path: str) -> dict[str, str]:
    """Read an environment file; a name that comes twice has its last value.

    Empty lines, lines that begin with ``#``, and ``export`` before a name are passed over. In single quotes a value is
    taken as it is; in double quotes ``\\n``, ``\\t``, ``\\r``, and a backslash before anything else, mean what they do
    in a shell; without quotes it ends before `` #`` or with the line. References are not resolved. Raises
    LocationError, which names file and line and shows nothing of what stands there.
    """
    variables = {}
    for number, line in enumerate(_text(path).split("\n"), 1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            name, value = _variable(stripped, f"{path}:{number}")
            variables[name] = value
    return variables


def _text(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            data = file.read(LIMIT + 1)
    except OSError as error:
        reason = f"The environment file {path} cannot be read: {error.strerror or error}."
        raise LocationError(reason=f"{reason}\nCreate it, or correct `env_file`.") from None
    if len(data) > LIMIT:
        raise LocationError(reason=f"The environment file {path} is larger than 1 MB.\nCorrect `env_file`.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LocationError(reason=f"{path}:{line}: This is not UTF-8.\nSave the file as UTF-8.") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise LocationError(reason=f"{path}:{line}: There is a zero byte, which no variable can hold.\nRemove it.")
    return text


def _variable(line: str, place: str) -> tuple[str, str]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise LocationError(reason=f"{place}: This line is not NAME=VALUE.\nCorrect it, or begin a comment with `#`.")
    name, rest = match["name"], match["rest"]
    if rest[:1] not in ("'", '"'):
        return name, _COMMENT.sub("", rest, count=1)
    quoted = (_SINGLE if rest[0] == "'" else _DOUBLE).fullmatch(rest)
    if quoted is None:
        hint = f"Close them with a {rest[0]} at the end of the value, on the same line."
        raise LocationError(reason=f"{place}: The quotes of `{name}` are not closed.\n{hint}")
    if rest[0] == "'":
        return name, quoted["text"]
    return name, re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), quoted["text"])
