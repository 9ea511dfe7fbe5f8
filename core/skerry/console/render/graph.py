"""A pipeline's dependency graph: a line for each solid, in an order it may run in, joined by rails."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from skerry.console.render.layout import fold
from skerry.console.render.page import CODE, MOVING, QUIET, STRONG, Page, Piece, indented, line
from skerry.console.render.rails import Row, draw, in_order
from skerry.console.text import safe
from skerry.model import InputSnapshot, PipelineSnapshot, SolidSnapshot

#: Beside more rails than this the words have no room: then the inputs of each line tell the graph alone.
WIDEST_PART = 3
#: Names are padded to the longest, up to this; a longer one pushes only its own inputs.
LONGEST_ALIGNED = 30
USUAL_OUTPUTS = ("result",)


def render_graph(pipeline: PipelineSnapshot, page: Page) -> list[Text]:
    """Give each solid with its inputs ``x <- add.result``, fan-in as ``x <- [a.result, b.result]``."""
    solids = {solid.name: solid for solid in pipeline.solids}
    feeds = {name: _sources(solid) for name, solid in solids.items()}
    order = in_order(feeds)
    if not page.drawing:
        return [line(*_label(solids[name], page, 0)) for name in order]
    named = min(max(map(len, order), default=0), LONGEST_ALIGNED)
    rows = draw(order, feeds)
    width = max((len(row.rails) for row in rows), default=0) + 2
    if page.width is not None and width > page.width // WIDEST_PART:
        return [text for name in order for text in _words(solids[name], page, named, indent=0)]
    return [text for row in rows for text in _lines(row, solids, named, width, page)]


def _sources(solid: SolidSnapshot) -> list[str]:
    return [source.rpartition(".")[0] for given in solid.inputs for source in given.from_]


def _lines(row: Row, solids: dict[str, SolidSnapshot], named: int, width: int, page: Page) -> list[Text]:
    first, *rest = _words(solids[row.name], page, named, indent=width) if row.name else [line()]
    lines = [_rails(row.rails, width) + first]
    # Words that need more lines than one leave room for the rails to pass by.
    return lines + [_rails(row.below, width) + text for text in rest]


def _rails(rails: str, width: int) -> Text:
    text = line()
    for character in rails.ljust(width):
        text.append(character, MOVING if character == "●" else QUIET)
    return text


def _words(solid: SolidSnapshot, page: Page, named: int, *, indent: int) -> list[Text]:
    label = line(*_label(solid, page, named))
    limit = page.narrower(indent)
    if limit is None or label.cell_len <= limit:
        return [label]
    lines = [line((part, STRONG)) for part in fold(solid.name, limit)]
    for words in _details(solid, page):
        lines += indented([line((part, QUIET)) for part in fold(words[0], page.narrower(indent + 2))])
    return lines


def _label(solid: SolidSnapshot, page: Page, named: int) -> Sequence[str | Piece]:
    pieces: list[str | Piece] = [(solid.name, STRONG)]
    details = _details(solid, page)
    if details:
        pieces.append(" " * (named - len(safe(solid.name))))
    for words, style in details:
        pieces += ["  ", (words, style)]
    return pieces


def _details(solid: SolidSnapshot, page: Page) -> list[Piece]:
    details: list[Piece] = []
    if solid.definition != solid.name:
        details.append((f"({solid.definition})", QUIET))
    details += [(_input(given, page), QUIET) for given in solid.inputs if given.from_]
    if solid.outputs and solid.outputs != USUAL_OUTPUTS:
        details.append((f"{page.arrow} {', '.join(solid.outputs)}", CODE))
    return details


def _input(given: InputSnapshot, page: Page) -> str:
    sources = ", ".join(given.from_)
    return f"{given.name} {page.from_arrow} " + (f"[{sources}]" if len(given.from_) > 1 else sources)
