"""What repositories hold, as a tree of aligned rows."""

from __future__ import annotations

from rich.text import Text

from skerry.console.render.errors import render_error
from skerry.console.render.layout import columns, paragraph
from skerry.console.render.page import BAD, MOVING, QUIET, STRONG, Page, Piece, indented, line
from skerry.console.text import counted, safe, short_path
from skerry.model import DefinitionFailure, PipelineSnapshot, RepositorySnapshot, ScheduleSnapshot

#: Cells that the branches of the tree take.
BRANCH = 3


def render_repository(repository: RepositorySnapshot, page: Page) -> list[Text]:
    """Give a repository's name, and a row for each definition; those that had to be left out come first."""
    lines = [line(*_title(repository))]
    rows = [_failure_row(failure, page) for failure in repository.errors]
    rows += [_pipeline_row(pipeline) for pipeline in repository.pipelines]
    rows += [_schedule_row(schedule, page) for schedule in repository.schedules]
    rows += [
        [("sensor", QUIET), (sensor.name, ""), ("", ""), _runs(sensor.pipeline, page)] for sensor in repository.sensors
    ]
    aligned = columns(rows, page, indent=BRANCH, flexible=(1, 2, 3), prose=(3,))
    for number, row in enumerate(aligned):
        last = number == len(aligned) - 1
        lines.extend(indented([row], _branch(page, last=last), QUIET))
        if number < len(repository.errors):
            detail = render_error(repository.errors[number].error, _inside(page))
            lines.extend(indented(detail, _trunk(page, last=last), QUIET))
    return lines


def _title(repository: RepositorySnapshot) -> list[str | Piece]:
    pieces: list[str | Piece] = [("repository ", QUIET), (repository.name, STRONG)]
    if not (repository.pipelines or repository.errors or repository.schedules or repository.sensors):
        pieces.append(("  empty", QUIET))
    if repository.errors:
        pieces.append((f"  {counted(len(repository.errors), 'definition')} left out", BAD))
    return pieces


def _branch(page: Page, *, last: bool) -> str:
    if not page.drawing:
        return "  "
    return "└─ " if last else "├─ "


def _trunk(page: Page, *, last: bool) -> str:
    if not page.drawing:
        return "    "
    return "     " if last else "│    "


def _inside(page: Page) -> Page:
    return Page(page.narrower(BRANCH + 2), page.drawing, page.verbose, page.folder)


def _pipeline_row(pipeline: PipelineSnapshot) -> list[Piece]:
    summary = (pipeline.description or "").strip().split("\n")[0]
    return [("pipeline", QUIET), (pipeline.name, ""), (counted(len(pipeline.solids), "solid"), QUIET), (summary, QUIET)]


def _schedule_row(schedule: ScheduleSnapshot, page: Page) -> list[Piece]:
    timing = f"{schedule.cron_schedule} {schedule.timezone or 'UTC'}"
    return [("schedule", QUIET), (schedule.name, ""), (timing, MOVING), _runs(schedule.pipeline, page)]


def _runs(pipeline: str, page: Page) -> Piece:
    return (f"{page.arrow} {pipeline}", QUIET)


def _failure_row(failure: DefinitionFailure, page: Page) -> list[Piece]:
    return [
        (failure.type, BAD),
        (failure.name, BAD),
        (definition_place(failure.file, failure.line, page), BAD),
        ("", ""),
    ]


def definition_place(file: str | None, number: int | None, page: Page) -> str:
    """Give ``file:line`` as far as it is known."""
    if file is None:
        return ""
    place = safe(short_path(file, page.folder))
    return place if number is None else f"{place}:{number}"


def render_description(description: str | None, page: Page) -> list[Text]:
    """Give a description as it was written, its common indentation taken away."""
    if not description or not description.strip():
        return []
    # Of the standard library's modules only a few runs need this one.
    from inspect import cleandoc

    return paragraph(cleandoc(description), page)
