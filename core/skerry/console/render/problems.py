"""Problems of a workspace file: where, what, what to do."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from skerry.console.render.layout import fold
from skerry.console.render.page import BAD, LOOK, STRONG, Page, indented, line
from skerry.console.text import safe, short_path
from skerry.model import Problem, Severity


def render_problems(problems: Iterable[Problem], page: Page) -> list[Text]:
    """Give each problem as ``file:line:column: severity: message``, its hint below."""
    return [text for problem in problems for text in render_problem(problem, page)]


def render_problem(problem: Problem, page: Page) -> list[Text]:
    """Give one problem."""
    style = BAD if problem.severity is Severity.ERROR else LOOK
    place = short_path(problem.place, page.folder)
    head = f"{safe(place)}: {problem.severity.value}: "
    first, *rest = problem.message.splitlines() or [""]
    lines = []
    for number, part in enumerate(fold(head + first, page.narrower(2))):
        if number == 0 and part.startswith(head):
            lines.append(line((place, STRONG), ": ", (problem.severity.value, style), ": ", part[len(head) :]))
        else:
            lines.append(line("  " * (number > 0), part))
    for written in (*rest, *problem.hint.splitlines()):
        lines.extend(indented(line(part) for part in fold(written, page.narrower(2))))
    return lines
