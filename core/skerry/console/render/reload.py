"""What came of reloads: generations, and what has changed in the definitions."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text

from skerry.console.render.errors import render_error
from skerry.console.render.page import BAD, GOOD, LOOK, QUIET, STRONG, Page, indented, line
from skerry.model import DefinitionChanges, ReloadResult


def render_reloads(results: Mapping[str, ReloadResult], page: Page) -> list[Text]:
    """Give a line for each location, and below it what has changed, or why it has failed."""
    width = max((len(name) for name in results), default=0)
    lines: list[Text] = []
    for name, result in results.items():
        lines.append(line((name.ljust(width), STRONG), "  ") + _outcome(result, page))
        if result.error is not None:
            lines += indented(
                render_error(result.error, Page(page.narrower(4), page.drawing, page.verbose, page.folder))
            )
        lines += indented(render_changes(result.changes))
    return lines


def render_changes(changes: DefinitionChanges) -> list[Text]:
    """Give a line for each definition that is another than before."""
    signs = (("+", changes.added, GOOD), ("-", changes.removed, BAD), ("~", changes.changed, LOOK))
    return [line((f"{sign} {name}", style)) for sign, names, style in signs for name in names]


def _outcome(result: ReloadResult, page: Page) -> Text:
    old = result.old_generation
    if result.new_generation is None:
        stays = f", generation {old} goes on" if old is not None else ""
        return line(("failed", BAD), stays)
    before = f"{old} {page.arrow} " if old is not None else ""
    same = "" if result.changes else ", the same definitions"
    return line((f"generation {before}{result.new_generation}", GOOD), (same, QUIET))
