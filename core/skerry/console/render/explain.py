"""How a location finds its code."""

from __future__ import annotations

from rich.text import Text

from skerry.console.render.errors import render_error
from skerry.console.render.layout import facts, fold
from skerry.console.render.location import render_title
from skerry.console.render.page import LOOK, QUIET, Page, indented, line
from skerry.console.text import safe
from skerry.model import Explanation, LocationState


def render_explanation(location: LocationState, page: Page) -> list[Text]:
    """Give interpreter, current folder, what the target resolves to and where imports look; and the error, if any."""
    inside = Page(page.narrower(2), page.drawing, page.verbose, page.folder)
    if location.explanation is None:
        body = [line(("Not known: no process of it has told how it finds its code.", LOOK))]
    else:
        body = _explanation(location.explanation, inside)
    if location.error is not None:
        body += [*([line()] if page.drawing else []), *render_error(location.error, inside)]
    return [render_title(location, page), *indented(body)]


def _explanation(explanation: Explanation, page: Page) -> list[Text]:
    # Paths stand in full here: they are what this view is for.
    lines = facts(
        [
            ("interpreter", (explanation.executable, "")),
            ("python", (explanation.python, "")),
            ("working directory", (explanation.working_directory, "")),
            ("module", (explanation.module, "")),
            ("file", (explanation.file, "") if explanation.file else ("not found", LOOK)),
        ],
        page,
    )
    lines.append(line(("sys.path", QUIET)))
    lines.extend(indented(_path_entries(explanation, page)))
    return lines


def _path_entries(explanation: Explanation, page: Page) -> list[Text]:
    """Give each entry with its reason beside it, or below it where that is too wide."""
    paths = [safe(entry.path) or "''" for entry in explanation.path]
    reasons = [safe(entry.reason) for entry in explanation.path]
    width = max(map(len, paths), default=0)
    beside = page.width is None or width + 2 + max(map(len, reasons), default=0) + 2 <= page.width
    if beside:
        return [line(path.ljust(width + 2), (reason, QUIET)) for path, reason in zip(paths, reasons, strict=True)]
    lines = []
    for path, reason in zip(paths, reasons, strict=True):
        lines += [line(part) for part in fold(path, page.narrower(2))]
        lines += [line("  ", (part, QUIET)) for part in fold(reason, page.narrower(4))]
    return lines
