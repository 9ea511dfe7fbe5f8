"""Runs: on a terminal a row for each solid with its bar and time, elsewhere a line for each event."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.text import Text

from skerry.console.render.errors import render_error
from skerry.console.render.layout import columns, paragraph
from skerry.console.render.moves import ago
from skerry.console.render.page import BAD, GOOD, LOOK, MOVING, QUIET, STRONG, Page, Piece, indented, line
from skerry.console.text import counted, safe
from skerry.execution import EventType
from skerry.model import ErrorInfo, PipelineSnapshot, Run, RunEvent, RunStatus

#: Cells of a bar.
BAR = 12
#: Lines of the log that are shown below the rows.
LOG_LINES = 5

STATUS_STYLES = {
    RunStatus.QUEUED: QUIET,
    RunStatus.STARTING: MOVING,
    RunStatus.RUNNING: MOVING,
    RunStatus.SUCCEEDED: GOOD,
    RunStatus.FAILED: BAD,
    RunStatus.CANCELED: LOOK,
}
_MARKS = {
    "waits": "·",
    "runs": "◌",
    "succeeded": "●",
    "failed": "✗",
    "skipped": "◦",
    "canceled": "✗",
    "retries": "↻",
    "not run": "◦",
}
SOLID_STYLES = {
    "waits": QUIET,
    "runs": MOVING,
    "succeeded": GOOD,
    "failed": BAD,
    "skipped": QUIET,
    "canceled": LOOK,
    "retries": LOOK,
    "not run": QUIET,
}
_LEVELS = {"WARNING": LOOK, "ERROR": BAD, "CRITICAL": BAD}


@dataclass
class SolidRow:
    """What is known of one solid. ``state``: a word for people."""

    name: str
    state: str = "waits"
    began: float | None = None
    ended: float | None = None
    fraction: float | None = None
    text: str = ""
    retries: int = 0
    error: ErrorInfo | None = None


@dataclass
class RunView:
    """What events have told of a run."""

    rows: dict[str, SolidRow] = field(default_factory=dict)
    log: list[RunEvent] = field(default_factory=list)

    @classmethod
    def of(cls, pipeline: PipelineSnapshot) -> RunView:
        """Begin with all solids of a pipeline, waiting."""
        return cls({solid.name: SolidRow(solid.name) for solid in pipeline.solids})

    def take(self, event: RunEvent) -> None:
        """Take an event."""
        if event.type is EventType.LOG:
            self.log.append(event)
        if event.type is EventType.RUN_STARTED:
            for name in self.rows.keys() - set(event.data["solids"]):
                del self.rows[name]
            for name in event.data["solids"]:
                self.rows.setdefault(name, SolidRow(name))
        if event.is_end:
            for row in self.rows.values():
                row.state = "not run" if row.state == "waits" else row.state
        if event.solid is None:
            return
        row = self.rows.setdefault(event.solid, SolidRow(event.solid))
        if event.type is EventType.SOLID_STARTED:
            row.state, row.began, row.fraction, row.text = "runs", row.began or event.at, None, ""
        elif event.type is EventType.PROGRESS:
            row.fraction, row.text = event.data["fraction"], event.data["text"]
        elif event.type is EventType.SOLID_RETRIED:
            row.state, row.text, row.retries = "retries", _reason(event), row.retries + 1
        elif event.type is EventType.SOLID_SKIPPED:
            row.state, row.text = "skipped", event.data["reason"]
        elif event.type is EventType.SOLID_SUCCEEDED:
            row.state, row.ended, row.fraction, row.text = "succeeded", event.at, None, after_retries(row)
        elif event.type is EventType.SOLID_FAILED:
            canceled = bool(event.data.get("canceled"))
            row.state, row.ended, row.fraction = "canceled" if canceled else "failed", event.at, None
            row.text, row.error = "" if canceled else _reason(event), None if canceled else event.error


def render_run(run: Run, view: RunView, page: Page, now: float, height: int | None = None) -> list[Text]:
    """Give the head, a row for each solid, and the last lines of the log; at most ``height`` lines."""
    rows = list(view.rows.values())
    tail = view.log[-LOG_LINES:]
    room = None if height is None else max(height - 2 - len(tail), 3)
    left_out = 0
    if room is not None and len(rows) > room:
        # What moves is looked at; what is over, and what waits, counts.
        moving = [row for row in rows if row.state in ("runs", "retries", "failed")]
        shown = (moving + [row for row in rows if row not in moving])[: room - 1]
        left_out = len(rows) - len(shown)
        rows = [row for row in rows if row in shown]
    lines = [head(run, page, now), *_rows(rows, page, now)]
    if left_out:
        lines.append(line((f"  {page.ellipsis} {counted(left_out, 'solid')} more", QUIET)))
    return [*lines, *(log_line(event, page) for event in tail)]


def render_end(run: Run, view: RunView, page: Page) -> list[Text]:
    """Give why a run has failed."""
    lines: list[Text] = []
    for row in view.rows.values():
        if row.error is not None:
            lines += [line(), line((row.name, STRONG), (" has failed", BAD)), *indented(render_error(row.error, page))]
    if run.error is not None:
        lines += [line(), *render_error(run.error, page)]
    return lines


def render_runs(runs: Sequence[Run], page: Page, now: float) -> list[Text]:
    """Give a line for each of several runs."""
    if not runs:
        return [line(("no runs", QUIET))]
    return columns([_listed(run, now) for run in runs], page, flexible=(1,))


def render_event(event: RunEvent, page: Page) -> list[Text]:
    """Give an event as a line, and what went wrong below it."""
    at = time.strftime("%H:%M:%S", time.localtime(event.at))
    words, style = _words(event)
    first = words.partition("\n")[0]
    lines = [line((at, QUIET), "  ", (event.solid or "the run", STRONG), "  ", (first, style))]
    return lines + more_of(event, page, "  ")


def render_cancelling(page: Page) -> list[Text]:
    """Say what Ctrl-C has begun, and what another one would do."""
    return paragraph("Cancelling the run. Ctrl-C once more leaves it to itself.", page, LOOK)


def render_away(run: Run, page: Page) -> list[Text]:
    """Say that nothing is heard of a run that goes on."""
    words = (
        f"The connection to {safe(run.location)} is lost. The run goes on there; what it tells comes once it is back."
    )
    return paragraph(words, page, LOOK)


def render_last_heard(run: Run, page: Page) -> list[Text]:
    """Say that more may have happened than is known."""
    words = f"It is executed elsewhere, and {who_knows(run)} cannot be asked: this is what was heard last."
    return paragraph(words, page, LOOK)


def who_knows(run: Run) -> str:
    """Name what can tell of a run that is executed elsewhere."""
    if run.launcher == "process":
        return f"its location {safe(run.location)!r}"
    return f"the run launcher {safe(run.launcher)!r}"


def _words(event: RunEvent) -> tuple[str, str]:
    data = event.data
    if event.type is EventType.LOG:
        return f"{data['level']}  {data['message']}", _LEVELS.get(str(data["level"]), "")
    if event.type is EventType.PROGRESS:
        return f"{data['fraction']:.0%}  {data['text']}".rstrip(), MOVING
    if event.type is EventType.OUTPUT:
        size = f" ({data['size']} bytes)" if "size" in data else ""
        return f"gave {data['output']}{size}", QUIET
    if event.type is EventType.SOLID_SKIPPED:
        return f"skipped: {data['reason']}", QUIET
    if event.type is EventType.SOLID_RETRIED:
        return f"runs again in {data['seconds']:g} s (retry {data['retry']})", LOOK
    if event.type is EventType.SOLID_FAILED and data.get("canceled"):
        return "canceled", LOOK
    return {
        EventType.RUN_STARTED: ("started", MOVING),
        EventType.RUN_SUCCEEDED: ("succeeded", GOOD),
        EventType.RUN_FAILED: ("failed", BAD),
        EventType.RUN_CANCELED: ("canceled", LOOK),
        EventType.SOLID_STARTED: ("started", MOVING),
        EventType.SOLID_SUCCEEDED: ("succeeded", GOOD),
        EventType.SOLID_FAILED: ("failed", BAD),
    }.get(event.type, (event.type.value, ""))


def head(run: Run, page: Page, now: float) -> Text:
    """Give what was run, how it is, for how long, and its id."""
    took = f"  {seconds_of(run.started_at, run.ended_at, now)}" if run.started_at is not None else ""
    name = f"{run.location}/{run.options.repository}/{run.options.pipeline}"
    return line((name, STRONG), "  ", (run.status.value, STATUS_STYLES[run.status]), (f"{took}  run {run.id}", QUIET))


def _rows(rows: Sequence[SolidRow], page: Page, now: float) -> list[Text]:
    made = columns([_cells(row, page, now) for row in rows], page, indent=4, flexible=(0, 3))
    marks = (line("  ", (_MARKS[row.state] if page.drawing else " ", SOLID_STYLES[row.state]), " ") for row in rows)
    return [mark + text for mark, text in zip(marks, made, strict=True)]


def _cells(row: SolidRow, page: Page, now: float) -> list[Piece]:
    took = seconds_of(row.began, row.ended, now) if row.began is not None else ""
    return [(row.name, ""), _bar(row, page), (took, QUIET), (row.text, SOLID_STYLES[row.state])]


def _bar(row: SolidRow, page: Page) -> Piece:
    if row.state != "runs" or row.fraction is None or not page.drawing:
        return row.state, SOLID_STYLES[row.state]
    full = round(row.fraction * BAR)
    return "━" * full + "─" * (BAR - full) + f" {row.fraction:4.0%}", MOVING


def _listed(run: Run, now: float) -> list[Piece]:
    took = seconds_of(run.started_at, run.ended_at, now) if run.started_at is not None else ""
    name = f"{run.location}/{run.options.repository}/{run.options.pipeline}"
    status = (run.status.value, STATUS_STYLES.get(run.status, ""))
    return [status, (name, STRONG), (ago(run.created_at), QUIET), (took, QUIET), (run.id, QUIET)]


def log_line(event: RunEvent, page: Page) -> Text:
    """Give the first line of what was logged."""
    level = str(event.data["level"])
    message = str(event.data["message"]).partition("\n")[0]
    words = f"{level}  {message}" if level in _LEVELS else message
    return line("    ", (f"{event.solid}: " if event.solid else "", QUIET), (words, _LEVELS.get(level, QUIET)))


def more_of(event: RunEvent, page: Page, by: str) -> list[Text]:
    """Give what does not stand in the line of an event: the rest of a message, and what went wrong."""
    message = str(event.data["message"]) if event.type is EventType.LOG else ""
    lines = [line(by, (text, QUIET)) for text in message.split("\n")[1:]]
    if event.error is not None and not event.data.get("canceled"):
        lines += indented(render_error(event.error, page), by)
    return lines


def seconds_of(began: float | None, ended: float | None, now: float) -> str:
    """Say how long it took, or takes."""
    seconds = max((ended or now) - (began or now), 0.0)
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def after_retries(row: SolidRow) -> str:
    """Say how often it has failed before: whoever looks only at the end would not know."""
    return f"after {counted(row.retries, 'retry')}" if row.retries else ""


def _reason(event: RunEvent) -> str:
    return event.error.message.partition("\n")[0] if event.error is not None else ""
