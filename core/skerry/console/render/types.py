"""The installed location types and run launchers: where each comes from, and what may stand under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from skerry.console.catalogue import LauncherInfo, TypeInfo
from skerry.console.render.config import render_config_schema
from skerry.console.render.layout import columns, paragraph
from skerry.console.render.page import BAD, LOOK, QUIET, STRONG, Page, indented, line

MARGIN = "  "
#: Keywords of an option's schema that say more than most people ask.
DETAILS = ("description", "minLength", "maxLength", "pattern", "format", "minimum", "maximum")


def render_types(types: Sequence[TypeInfo], launchers: Sequence[LauncherInfo], page: Page) -> list[Text]:
    """Give a row for each type, and below it its keys or its error; then likewise for each run launcher."""
    if not types:
        return [line("No location type is installed. Install skerry again: it brings some.")]
    lines = _rows(types, page)
    if launchers:
        lines += [line(), line(("run launchers", QUIET)), *_rows(launchers, page)]
    return lines


def _rows(listed: Sequence[TypeInfo | LauncherInfo], page: Page) -> list[Text]:
    rows = [[(one.key, STRONG), (one.summary, ""), (one.distribution, QUIET)] for one in listed]
    lines: list[Text] = []
    for row, one in zip(columns(rows, page, flexible=(1, 2), prose=(1,)), listed, strict=True):
        space = [line()] if lines and page.drawing else []
        lines += [*space, row, *indented(_body(one, page), MARGIN)]
    return lines


def _body(one: TypeInfo | LauncherInfo, page: Page) -> list[Text]:
    inside = Page(page.narrower(len(MARGIN)), page.drawing, page.verbose, page.folder)
    if one.error is not None:
        return paragraph(one.error, inside, BAD)
    deprecated = one.deprecated if isinstance(one, TypeInfo) else None
    lines = paragraph(f"deprecated: {deprecated}", inside, LOOK) if deprecated else []
    if page.verbose and one.description:
        lines += paragraph(one.description, inside, QUIET)
    return [*lines, *(render_config_schema(_outline(one, verbose=page.verbose), inside) if one.options else [])]


def _outline(one: TypeInfo | LauncherInfo, *, verbose: bool) -> Mapping[str, Any]:
    """Give the options as a schema, with descriptions and limits only where those are wanted."""
    options = {
        option.name: {name: value for name, value in option.schema.items() if verbose or name not in DETAILS}
        for option in one.options
    }
    return {"properties": options, "required": [option.name for option in one.options if option.required]}
