"""Columns, folding and cutting, by the cells that a terminal needs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from skerry.console.render.page import Page, Piece, line
from skerry.console.text import safe

GAP = 2
#: A column that must give way keeps this much: a few letters of both ends.
NARROWEST = 9


def columns(
    rows: Sequence[Sequence[Piece]],
    page: Page,
    *,
    indent: int = 0,
    flexible: Sequence[int] = (),
    prose: Sequence[int] = (),
) -> list[Text]:
    """Align rows of cells in columns, all on ``page`` less ``indent``.

    Where the page is too narrow the widest of the ``flexible`` columns give way first, and their cells are cut: in
    the middle, because both ends of a name or path tell most, or, in the ``prose`` columns, at the end.
    """
    if not rows:
        return []
    shown = [[(safe(text), style) for text, style in row] for row in rows]
    widths = [max(cell_len(row[index][0]) for row in shown) for index in range(len(shown[0]))]
    _give_way(widths, page.narrower(indent), flexible)
    return [_row(row, widths, page, prose) for row in shown]


def _give_way(widths: list[int], limit: int | None, flexible: Sequence[int]) -> None:
    def excess() -> int:
        used = [width for width in widths if width]
        return sum(used) + GAP * (len(used) - 1) - (limit or 0)

    while limit is not None and excess() > 0:
        widest = max(flexible, key=lambda index: widths[index], default=None)
        if widest is None or widths[widest] <= NARROWEST:
            return
        widths[widest] -= 1


def _row(row: Sequence[Piece], widths: Sequence[int], page: Page, prose: Sequence[int]) -> Text:
    text = line()
    for index, ((words, style), width) in enumerate(zip(row, widths, strict=True)):
        if not width:
            continue
        cut = (end if index in prose else middle)(words, width, page.ellipsis)
        text.append(cut, style)
        text.append(" " * (width - cell_len(cut) + GAP))
    text.rstrip()
    return text


def middle(text: str, width: int, ellipsis: str = "…") -> str:
    """Cut ``text`` in the middle where it is wider than ``width`` cells."""
    if cell_len(text) <= width:
        return text
    keep = width - cell_len(ellipsis)
    head = _prefix(text, keep // 2)
    tail = _prefix(text[::-1], keep - cell_len(head))[::-1]
    return head + ellipsis + tail


def end(text: str, width: int, ellipsis: str = "…") -> str:
    """Cut ``text`` at its end where it is wider than ``width`` cells."""
    return text if cell_len(text) <= width else _prefix(text, width - cell_len(ellipsis)) + ellipsis


def _prefix(text: str, width: int) -> str:
    end = used = 0
    for character in text:
        used += cell_len(character)
        if used > width:
            break
        end += 1
    return text[:end]


def fold(text: str, width: int | None) -> list[str]:
    """Break one line at its spaces, and inside words wider than ``width`` cells. Indentation is kept."""
    text = safe(text).rstrip()
    if width is None or cell_len(text) <= width:
        return [text]
    margin = text[: len(text) - len(text.lstrip())][: width // 2]
    lines = [margin]
    for word in re.findall(r"\S+\s*", text):
        if lines[-1].strip() and cell_len(lines[-1] + word.rstrip()) > width:
            lines.append(margin)
        while cell_len(lines[-1] + word.rstrip()) > width:
            part = _prefix(word, width - cell_len(lines[-1]))
            lines[-1] += part
            word = word[len(part) :]
            lines.append(margin)
        lines[-1] += word
    return [folded.rstrip() for folded in lines]


def paragraph(text: str, page: Page, style: str = "", *, indent: int = 0) -> list[Text]:
    """Fold each line of ``text`` into what is left of the page beside ``indent``."""
    return [
        line((part, style)) for written in text.splitlines() for part in fold(written, page.narrower(indent)) or [""]
    ]


def facts(rows: Sequence[tuple[str, Piece | None]], page: Page, *, indent: int = 0) -> list[Text]:
    """Lay out labels with their values, which are folded and never cut; those with no value are left out."""
    given = [(label, value) for label, value in rows if value is not None]
    width = max((len(label) for label, _ in given), default=0) + GAP
    lines = []
    for label, (text, style) in given:
        for number, part in enumerate(fold(text, page.narrower(indent + width))):
            lines.append(line((("" if number else label).ljust(width), "dim"), (part, style)))
    return lines
