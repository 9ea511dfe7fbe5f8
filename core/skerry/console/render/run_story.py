"""The story of one run: all that is known of it, for who looks at it alone."""

from __future__ import annotations

import time

from rich.text import Text

from skerry.console.render.layout import columns, facts
from skerry.console.render.page import QUIET, STRONG, Page, indented, line
from skerry.console.render.run import (
    SOLID_STYLES,
    RunView,
    SolidRow,
    after_retries,
    head,
    log_line,
    more_of,
    render_end,
    seconds_of,
)
from skerry.console.text import counted
from skerry.model import Run
from skerry.workspace_file.run_config import write_run_config

#: Lines of the run config, of the log, and of what was printed.
_LINES = 20
#: Cells of a time line.
_TIMELINE = 40


def render_story(run: Run, view: RunView, output: str, page: Page, now: float) -> list[Text]:
    """Give a run as it went: its solids on a time line, what was asked for, its log, its errors, what it printed."""
    lines = [head(run, page, now), *_timeline(run, view, page, now), *_asked_for(run, page)]
    log = view.log if page.verbose else view.log[-_LINES:]
    if log:
        lines += [line(), line(("log", STRONG))]
        for event in log:
            lines += [log_line(event, page), *more_of(event, page, "      ")]
    lines += render_end(run, view, page)
    if output:
        written = output.splitlines()
        shown = written if page.verbose else written[-_LINES:]
        lines += [line(), line(("printed", STRONG)), *(line("    ", text) for text in shown)]
    return lines


def _asked_for(run: Run, page: Page) -> list[Text]:
    """Give when it was launched and how, as far as that is not the usual, and its run config."""
    options = run.options

    def fact(value: object) -> tuple[str, str] | None:
        return (str(value), "") if value else None

    rows = (
        ("launched", (time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run.created_at)), "")),
        ("generation", fact(run.generation)),
        ("image", fact(run.image)),
        ("launcher", fact(run.launcher if run.launcher != "process" else None)),
        ("solids", fact(", ".join(options.solids))),
        ("at a time", fact(counted(options.max_concurrency, "solid") if options.max_concurrency > 1 else None)),
        ("tags", fact(", ".join(f"{name}={value}" for name, value in options.tags.items()))),
        ("after run", fact(options.parent_id)),
    )
    lines = [line(), *indented(facts(rows, page, indent=2))]
    if options.run_config:
        written = write_run_config(options.run_config).splitlines()
        shown = written if page.verbose else written[:_LINES]
        lines += [line(), line(("run config", STRONG)), *(line("    ", text) for text in shown)]
        if len(shown) < len(written):
            lines.append(line((f"    {page.ellipsis} {counted(len(written) - len(shown), 'line')} more", QUIET)))
    return lines


def _timeline(run: Run, view: RunView, page: Page, now: float) -> list[Text]:
    """Give a row for each solid, with a bar from its start to its end."""
    began = run.started_at or run.created_at
    whole = max((run.ended_at or now) - began, 0.001)
    rows = []
    for row in view.rows.values():
        took = seconds_of(row.began, row.ended or run.ended_at, now) if row.began is not None else ""
        bar = _span(row, began, whole, run.ended_at or now) if page.drawing else ""
        rows.append(
            [
                (row.name, ""),
                (row.state, SOLID_STYLES[row.state]),
                (bar, SOLID_STYLES[row.state]),
                (took, QUIET),
                (after_retries(row), QUIET),
            ]
        )
    return indented(columns(rows, page, flexible=(0,)))


def _span(row: SolidRow, began: float, whole: float, end: float) -> str:
    if row.began is None:
        return ""
    first = int((row.began - began) / whole * _TIMELINE)
    last = max(first + 1, round(((row.ended or end) - began) / whole * _TIMELINE))
    return " " * min(first, _TIMELINE - 1) + "━" * (min(last, _TIMELINE) - min(first, _TIMELINE - 1))
