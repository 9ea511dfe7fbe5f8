"""How a location finds its code."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from skerry.console.proposals import Proposal
from skerry.console.render.errors import render_error
from skerry.console.render.layout import facts, fold, paragraph
from skerry.console.render.location import render_title, render_warnings
from skerry.console.render.page import LOOK, QUIET, Page, indented, line
from skerry.console.text import duration, safe, short_path
from skerry.model import Explanation, LocationState


def render_explanation(location: LocationState, page: Page) -> list[Text]:
    """Give interpreter, current folder, what the target resolves to and where imports look; and the error, if any."""
    inside = Page(page.narrower(2), page.drawing, page.verbose, page.folder)
    if location.explanation is None:
        body = [line(("Not known: no process of it has told how it finds its code.", LOOK))]
    else:
        body = _explanation(location.explanation, inside)
    body += render_warnings(location, inside)
    if location.error is not None:
        body += [*([line()] if page.drawing else []), *render_error(location.error, inside)]
    return [render_title(location, page), *indented(body)]


def render_proposals(proposals: Sequence[Proposal], page: Page) -> list[Text]:
    """Give what to add to the workspace file, and what that saves."""
    lines: list[Text] = []
    for proposal in proposals:
        count, modules = len(proposal.locations), ", ".join(proposal.modules)
        executable = short_path(proposal.executable, page.folder)
        each = _amount(proposal.seconds, proposal.size)
        saved = _amount(proposal.saved_seconds, proposal.saved_size)
        add = f"add {modules} to their `preload`" if proposal.more else f"add `preload: [{modules}]` to them"
        said = f"{count} locations of {executable} each spend about {each} importing {modules}: {add}"
        lines += [*([line()] if page.drawing else []), *paragraph(said, page, LOOK)]
        names = ", ".join(proposal.locations)
        lines += indented(paragraph(f"It would save about {saved}. They are {names}.", page, indent=2))
    return lines


def _amount(seconds: float, size: int) -> str:
    spent = f"{seconds:.1f} s" if seconds >= 0.1 else duration(seconds)
    return f"{spent} and {size / 1e6:.0f} MB" if size else spent


def _explanation(explanation: Explanation, page: Page) -> list[Text]:
    # Paths stand in full here: they are what this view is for.
    lines = facts(
        [
            ("interpreter", (explanation.executable, "")),
            ("python", (explanation.python, "")),
            ("working directory", (explanation.working_directory, "")),
            ("module", (explanation.module, "")),
            ("file", (explanation.file, "") if explanation.file else ("not found", LOOK)),
            ("preloaded", (", ".join(explanation.preloaded), "") if explanation.preloaded else None),
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
