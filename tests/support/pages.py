"""The pages of the documentation, and the blocks in them: code, files, commands with what they print.

A comment on the line above a block says what a test does with it: ``<!-- in: FOLDER -->``, where a command runs or an
example belongs; ``<!-- file: PATH -->``, the file that the block is the content of; ``<!-- server: begins -->``, the
block's last command runs on, as in a second terminal, until another one begins, the page ends, or a block says
``<!-- server: ended -->``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))

_BLOCK = re.compile(r"^((?:<!-- \w+: [^\n]* -->\n)*)```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NOTE = re.compile(r"<!-- (\w+): (.*) -->")


@dataclass(frozen=True)
class Block:
    """One fenced block. ``folder``, ``file`` and ``server``: from the comments above it, empty where there are none."""

    line: int
    language: str
    text: str
    folder: str = ""
    file: str = ""
    server: str = ""


@dataclass(frozen=True)
class Command:
    """One command, and the lines that the page shows below it."""

    words: str
    output: tuple[str, ...]


def read(name: str) -> str:
    """Give the text of a page, by its path in the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(text: str, *languages: str) -> list[Block]:
    """Give the blocks in these languages (all, if none is named), in order."""
    found = []
    for match in _BLOCK.finditer(text):
        notes = dict(_NOTE.findall(match[1]))
        line = text.count("\n", 0, match.start(2)) + 1
        told = [notes.get(name, "") for name in ("in", "file", "server")]
        found.append(Block(line, match[2], match[3], *told))
    return [block for block in found if not languages or block.language in languages]


def commands(block: Block) -> Iterator[Command]:
    """Give the commands of a console block: lines that begin with ``$ ``, each with the output below it."""
    words: str | None = None
    output: list[str] = []
    for line in [*block.text.splitlines(), "$ "]:
        if line.startswith("$ "):
            if words is not None:
                yield Command(words, tuple(output))
            words, output = line[2:], []
        else:
            output.append(line)


def headings(text: str, level: int) -> list[str]:
    """Give the headings of a level, without the back-quotes around code."""
    prose = _BLOCK.sub("", text)
    return [line.strip("`") for line in re.findall(rf"^{'#' * level} (.+)$", prose, re.MULTILINE)]


def section(text: str, heading: str) -> str:
    """Give what stands under a heading, up to the next one of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    start = text.index(f"\n{heading}\n") + len(heading) + 2
    end = re.search(rf"^#{{1,{level}}} ", text[start:], re.MULTILINE)
    return text[start : start + end.start()] if end else text[start:]


def table(text: str) -> list[list[str]]:
    """Give the cells of the first table, its head left out."""
    rows = re.search(r"^\|.*\|\n\|[-| :]+\|\n((?:\|.*\|\n)+)", text, re.MULTILINE)
    assert rows, "there is no table"
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in rows[1].splitlines()]
