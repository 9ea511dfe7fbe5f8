"""Errors of user code: what happened, the user's own lines first, what libraries did folded away."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import dedent

from rich.text import Text

from skerry.console.render.layout import middle, paragraph
from skerry.console.render.page import BAD, CODE, QUIET, STRONG, Page, indented, line
from skerry.console.text import counted, safe, short_path
from skerry.model import ErrorInfo, Frame

#: Of a deep recursion the first calls and the last ones tell all.
INNERMOST_SHOWN = 6
OUTERMOST_SHOWN = 2
OUTPUT_SHOWN = 10
#: Characters of a line of somebody else's text. It comes whole, so that secrets in it are known, and is cut here.
COLUMNS_SHOWN = 2000


def render_error(error: ErrorInfo, page: Page, place: str = "") -> list[Text]:
    """Give an error, then what caused it, then what its process wrote last. ``place``: where to mend it."""
    lines = _one(error, page, f"{place}: error: " if place else "")
    cause = error.cause
    while cause is not None:
        lines.append(line(("caused by", QUIET)))
        lines.extend(_one(cause, page))
        cause = cause.cause
    lines.extend(_output(error, page))
    return lines


def _one(error: ErrorInfo, page: Page, head: str = "") -> list[Text]:
    message = "\n".join(_cut(text, page) for text in error.message.split("\n"))
    what, _, advice = message.partition("\n")
    lines = paragraph(head + what, page, BAD)
    lines.extend(paragraph(advice, page))
    lines.extend(indented(_frames(error.frames, page)))
    return lines


def _frames(frames: Sequence[Frame], page: Page) -> list[Text]:
    """Give the frames, the one that raised first."""
    calls = list(reversed(frames))
    shown = [frame for frame in calls if frame.user]
    # Code that is installed as a package is the library and the user's own at once.
    if page.verbose or not shown:
        shown = calls
    lines: list[Text] = []
    for number, frame in enumerate(shown):
        left_out = len(shown) - INNERMOST_SHOWN - OUTERMOST_SHOWN
        if not page.verbose and left_out > 1 and INNERMOST_SHOWN <= number < INNERMOST_SHOWN + left_out:
            if number == INNERMOST_SHOWN:
                lines.append(_folded(counted(left_out, "more call"), page))
            continue
        lines.extend(_frame(frame, page, first=number == 0))
    folded = len(calls) - len(shown)
    if folded:
        lines.append(_folded(f"{counted(folded, 'frame')} in libraries", page))
    return lines


def _folded(words: str, page: Page) -> Text:
    return line((f"{page.ellipsis} {words} (-v shows them)", QUIET))


def _frame(frame: Frame, page: Page, *, first: bool) -> list[Text]:
    relation = "at" if first else "from"
    number = "" if frame.line is None else f":{frame.line}"
    # A syntax error has a place, and was in no call.
    function = f"in {safe(frame.function)}" if frame.function else ""
    place = safe(short_path(frame.file, page.folder)) + number
    if page.width is not None:
        place = middle(place, max(page.width - len(relation) - len(function) - 6, 20))
    style = STRONG if frame.user else QUIET
    lines = [line((f"{relation} ", QUIET), (place, style), (f" {function}" if function else "", QUIET))]
    # Of a syntax error the second line is the mark below the first.
    lines.extend(line("    ", (source, CODE if frame.user else QUIET)) for source in dedent(frame.source).splitlines())
    return lines


def _output(error: ErrorInfo, page: Page) -> list[Text]:
    """Give the last lines of output: they explain an error that has no frames, and may be anything beside one."""
    written = error.output.rstrip("\n").splitlines() if error.output.strip() else []
    if not written:
        return []
    shown = written
    if not page.verbose:
        shown = written[-OUTPUT_SHOWN:] if not error.frames else []
    hidden = len(written) - len(shown)
    title = "last output" if shown else "output"
    note = f" {page.ellipsis} {counted(hidden, 'line')} above (-v shows them)" if hidden and shown else ""
    if not shown:
        return [_folded(counted(hidden, "line") + " of output", page)]
    bar = "│ " if page.drawing else "| "
    return [line((title + note, QUIET)), *indented((line(_cut(text, page)) for text in shown), bar, QUIET)]


def _cut(text: str, page: Page) -> str:
    return text if len(text) <= COLUMNS_SHOWN else f"{text[:COLUMNS_SHOWN]}{page.ellipsis}"
