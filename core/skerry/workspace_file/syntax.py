"""What a YAML parser's complaint means.

The C parser and the Python one word their complaints differently, and put some in different places. Here both
become the same finding, at the place where the user has something to mend.
"""

from __future__ import annotations

from typing import Any

import yaml
from yaml.reader import Reader, ReaderError

from skerry.workspace_file.findings import Code, Finding, Place


def place_of(mark: Any) -> Place:
    """Give a mark of PyYAML's as line and column from 1."""
    return mark.line + 1, mark.column + 1


def nesting_limit(error: yaml.YAMLError) -> int | None:
    """Give the index in the text where the parser's own limit of nesting was met; None when it was not.

    The C parser has one from libyaml 0.2.6 on: a thousand levels.
    """
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return None
    return error.problem_mark.index if "maximum nesting depth" in (error.problem or "") else None


def finding_of(error: yaml.YAMLError, text: str, bracket: Place | None) -> Finding:
    """Say what ``error``, met while parsing ``text``, is about. ``bracket``: the innermost one that is open."""
    if isinstance(error, ReaderError):
        return _control_character(text)
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Finding(Code.YAML_SYNTAX, None, {"detail": str(error)})
    return _marked(error, text, bracket)


def _marked(error: yaml.MarkedYAMLError, text: str, bracket: Place | None) -> Finding:
    mark, problem, context = error.problem_mark, error.problem or "", error.context or ""
    assert mark is not None
    here = place_of(mark)
    start = error.context_mark or mark
    began = place_of(start)
    character = text[mark.index : mark.index + 1]
    if character == "\t":
        return Finding(Code.YAML_TAB, here)
    if "node content" in problem and character.strip():
        return Finding(Code.YAML_CHARACTER, here, {"character": character})
    if "flow" in context and bracket is not None:
        # At the end of the file, where it stopped says nothing.
        stopped = here[0] if text[mark.index :].strip() else None
        return Finding(Code.YAML_UNCLOSED_BRACKET, bracket, {"bracket": _character(text, bracket), "stopped": stopped})
    if "scalar" in context and "end of stream" in problem:
        return Finding(Code.YAML_UNCLOSED_QUOTE, began, {"quote": text[start.index]})
    if "escape" in problem:
        # The Python parser points behind the backslash, the C parser at it.
        column = here[1] - (character != "\\")
        return Finding(Code.YAML_UNKNOWN_ESCAPE, (here[0], column))
    if "mapping values are not allowed" in problem:
        return Finding(Code.YAML_MISPLACED_COLON, here)
    if "could not find expected ':'" in problem:
        return Finding(Code.YAML_MISSING_COLON, began)
    if "an alias" in context or "an anchor" in context:
        return Finding(Code.YAML_ANCHOR_WITHOUT_NAME, began, {"character": text[start.index]})
    if "block scalar" in context:
        return Finding(Code.YAML_BLOCK_HEADER, began, {"character": text[start.index]})
    if "block" in context:
        return Finding(Code.YAML_INDENTATION, here, {"began": began[0]})
    if "cannot start any token" in problem:
        return Finding(Code.YAML_CHARACTER, here, {"character": character})
    return Finding(Code.YAML_SYNTAX, here, {"detail": " ".join(part for part in (context, problem) if part)})


def _character(text: str, place: Place) -> str:
    return text.splitlines()[place[0] - 1][place[1] - 1]


def _control_character(text: str) -> Finding:
    # The parsers count bytes or characters; neither gives a line.
    match = Reader.NON_PRINTABLE.search(text)
    if match is None:
        return Finding(Code.YAML_SYNTAX, None, {"detail": "a character is not allowed"})
    before = text[: match.start()]
    place = before.count("\n") + 1, match.start() - before.rfind("\n")
    return Finding(Code.YAML_CONTROL_CHARACTER, place, {"character": match.group()})
