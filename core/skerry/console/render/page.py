"""What is drawn on, and in which colours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from skerry.console.text import safe
from skerry.model import LocationState, State

if TYPE_CHECKING:
    from rich.console import Console

#: A piece of a line: words and their style.
Piece = tuple[str, str]

# Colour has meaning: green works, red does not, yellow wants a look, cyan is moving; dim is said once and understood.
QUIET = "dim"
STRONG = "bold"
GOOD = "green"
BAD = "red"
LOOK = "yellow"
MOVING = "cyan"
CODE = "cyan"

STATE_STYLES = {
    State.LOADING: MOVING,
    State.READY: GOOD,
    State.FAILED: "bold red",
    State.UNREACHABLE: "bold yellow",
    State.IDLE: QUIET,
    State.CLOSED: QUIET,
}
STATE_MARKS = {
    State.LOADING: "◌",
    State.READY: "●",
    State.FAILED: "✗",
    State.UNREACHABLE: "○",
    State.IDLE: "◦",
    State.CLOSED: "·",
}


@dataclass(frozen=True)
class Page:
    """The surface that lines are made for.

    ``width``: in cells, or None where nothing must be folded. ``drawing``: whether lines and marks beyond ASCII may
    be used; without it every line stands for itself, so that a pipe can search and cut it. ``verbose``: nothing is
    left out. ``folder``: paths inside it are shown relative to it.
    """

    width: int | None
    drawing: bool
    verbose: bool
    folder: Path

    def narrower(self, by: int) -> int | None:
        """Give the width that is left beside ``by`` cells, at least 20."""
        return None if self.width is None else max(self.width - by, 20)

    @property
    def arrow(self) -> str:
        """Point from a schedule to its pipeline."""
        return "→" if self.drawing else "->"

    @property
    def from_arrow(self) -> str:
        """Point from an input to what feeds it."""
        return "←" if self.drawing else "<-"

    @property
    def ellipsis(self) -> str:
        """Stand for what is left out."""
        return "…" if self.drawing else "..."


def line(*pieces: str | Piece) -> Text:
    """Make one line. The only way from outside text to the screen: every piece is made safe, none is markup."""
    text = Text(no_wrap=True)
    for piece in pieces:
        words, style = (piece, "") if isinstance(piece, str) else piece
        text.append(safe(words), style)
    return text


def indented(lines: Iterable[Text], by: str = "  ", style: str = "") -> list[Text]:
    """Put ``by`` before each line."""
    return [line((by, style)) + text for text in lines]


def state_style(location: LocationState) -> str:
    """Give the style of a location's state: one that is ready, but not with all that was meant, wants a look."""
    partial = location.stale or location.warnings or any(repository.errors for repository in location.repositories)
    return LOOK if partial and location.state is State.READY else STATE_STYLES[location.state]


def put(console: Console, page: Page, lines: Iterable[Text]) -> None:
    """Print lines, each on a line of its own whatever its length."""
    fitted = []
    for text in lines:
        text.rstrip()
        if page.width is not None:
            text.truncate(page.width, overflow="ellipsis")
        fitted.append(text)
    console.print(Text("\n").join(fitted), soft_wrap=True, highlight=False)
