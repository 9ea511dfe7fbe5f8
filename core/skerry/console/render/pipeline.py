"""One repository and one pipeline, in full."""

from __future__ import annotations

from rich.text import Text

from skerry.console.render.config import render_config_schema
from skerry.console.render.definitions import definition_place, render_description, render_repository
from skerry.console.render.graph import render_graph
from skerry.console.render.layout import facts
from skerry.console.render.page import QUIET, STRONG, Page, Piece, indented, line
from skerry.console.text import counted
from skerry.model import LocationState, PipelineSnapshot, RepositorySnapshot


def render_repository_view(location: LocationState, repository: RepositorySnapshot, page: Page) -> list[Text]:
    """Give a repository with its description, and each of its definitions."""
    title, *rows = render_repository(repository, page)
    lines = [line((f"{location.name} / ", QUIET)) + title]
    lines += indented(render_description(repository.description, _inside(page)))
    return [*lines, *_space(page), *rows]


def render_pipeline(
    location: LocationState, repository: RepositorySnapshot, pipeline: PipelineSnapshot, page: Page
) -> list[Text]:
    """Give a pipeline: description, tags, where it is defined, what runs it, its graph and its config schema."""
    title = line((f"{location.name} / {repository.name} / ", QUIET), ("pipeline ", QUIET), (pipeline.name, STRONG))
    inside = _inside(page)
    lines = [title, *indented(render_description(pipeline.description, inside))]
    place = definition_place(pipeline.file, pipeline.line, page)
    tags = [f"{key}: {value}" for key, value in pipeline.tags.items()]
    rows: list[tuple[str, Piece | None]] = [("defined at", (place, "") if place else None), *_listed("tags", tags)]
    rows += _listed("run by", _runs(repository, pipeline))
    lines += indented(facts(rows, page, indent=2))
    lines += _section(counted(len(pipeline.solids), "solid"), render_graph(pipeline, inside), page)
    if pipeline.config_schema:
        lines += _section("config schema", render_config_schema(pipeline.config_schema, inside), page)
    return lines


def _runs(repository: RepositorySnapshot, pipeline: PipelineSnapshot) -> list[str]:
    """Say what runs the pipeline: its schedules and sensors."""
    schedules = [one for one in repository.schedules if one.pipeline == pipeline.name]
    sensors = [one for one in repository.sensors if one.pipeline == pipeline.name]
    return [
        *(f"schedule {one.name}  {one.cron_schedule} {one.timezone or 'UTC'}" for one in schedules),
        *(f"sensor {one.name}" for one in sensors),
    ]


def _listed(label: str, values: list[str]) -> list[tuple[str, Piece | None]]:
    return [("" if number else label, (value, "")) for number, value in enumerate(values)]


def _section(title: str, body: list[Text], page: Page) -> list[Text]:
    return [*_space(page), line("  ", (title, QUIET)), *indented(body)] if body else []


def _space(page: Page) -> list[Text]:
    return [line()] if page.drawing else []


def _inside(page: Page) -> Page:
    return Page(page.narrower(2), page.drawing, page.verbose, page.folder)
