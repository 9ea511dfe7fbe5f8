"""``skerry runs``: what was run, how it went, and once more."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from skerry.console.options import OPTIONS, WorkspaceSource, workspace_folder, workspace_options
from skerry.console.printing import open_page, show_why_unusable, write_json
from skerry.console.refusing import refusing
from skerry.console.run import DETACH, LAUNCHER, follow
from skerry.console.text import safe

if TYPE_CHECKING:
    from skerry.model import Run, RunEvent
    from skerry.runs import RunRecords

#: The statuses of a run, for the command line alone: the model is not imported for ``--help``.
STATUSES = ("QUEUED", "STARTING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600}


@click.group("runs", invoke_without_command=True, short_help="Show what was run, and run it again.")
@OPTIONS[0]
@click.option("--location", metavar="NAME", help="Only runs of this location.")
@click.option("--pipeline", metavar="NAME", help="Only runs of this pipeline.")
@click.option("--status", type=click.Choice(STATUSES), multiple=True, help="Only runs that are so; repeat it.")
@click.option("--limit", type=click.IntRange(min=1), default=20, metavar="N", help="At most so many. Default: 20.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of records in JSON.")
@click.pass_context
def runs(
    ctx: click.Context,
    files: tuple[str, ...],
    location: str | None,
    pipeline: str | None,
    status: tuple[str, ...],
    limit: int,
    as_json: bool,
) -> None:
    """Show the runs of a workspace, the newest first.

    They are found by an index in the state folder, or in the database that SKERRY_DATABASE_URL names, which is made
    from the journals. Nothing is loaded for that. It needs `pip install 'skerry[runs]'`.

    Exit code: 0; 1 when the index cannot be used; 2 when the command line cannot be used.
    """
    if ctx.invoked_subcommand is not None:
        return
    from skerry.model import RunStatus

    wanted = [RunStatus(one) for one in status] or None
    with _records(files) as records:
        found = records.find(location=location, pipeline=pipeline, status=wanted, limit=limit)
    if as_json:
        write_json([_summary(run) for run in found])
        return
    from skerry.console.render.page import put
    from skerry.console.render.run import render_runs

    console, page = open_page(verbose=False)
    put(console, page, render_runs(found, page, time.time()))


@runs.command("show", short_help="Show one run.")
@click.argument("run_id", metavar="RUN")
@OPTIONS[0]
@click.option("--json", "as_json", is_flag=True, help="Print its record in JSON, with its events and its output.")
@click.option("-v", "--verbose", is_flag=True, help="Leave nothing out: frames in libraries, the whole log.")
def show(run_id: str, files: tuple[str, ...], as_json: bool, verbose: bool) -> None:
    """Show one run: its solids on a time line, what was asked for, its log, its errors, and what it has printed.

    Of a run that is executed elsewhere, and that nobody on this machine follows, its location is asked first.

    Exit code: 0; 2 when no run of the workspace has that id.
    """
    from skerry.console.runs_elsewhere import looked_up

    with looked_up(run_id, files) as found:
        known, events = found.run, found.events_so_far()
        if as_json:
            write_json(_details(known, events, found.output()))
            return
        from skerry.console.render.page import put
        from skerry.console.render.run import RunView, render_last_heard
        from skerry.console.render.run_story import render_story

        view = RunView()
        for event in events:
            view.take(event)
        console, page = open_page(verbose=verbose)
        put(console, page, render_story(known, view, found.output(), page, time.time()))
        if known.elsewhere and not known.status.is_over and not found.is_followed:
            put(console, page, render_last_heard(known, page))


@runs.command("rerun", short_help="Run it again.")
@click.argument("run_id", metavar="RUN")
@workspace_options
@click.option("--from-failure", is_flag=True, help="Take over what its solids have given, and run the others.")
@LAUNCHER
@DETACH
@click.option("--json", "as_json", is_flag=True, help="Print each event as a line of JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Leave nothing out: frames in libraries.")
def rerun(
    run_id: str,
    source: WorkspaceSource,
    from_failure: bool,
    launcher: str | None,
    detach: bool,
    as_json: bool,
    verbose: bool,
) -> None:
    """Run a pipeline again, with the run config, the tags and the solids of a run before, in the code as it is now.

    Exit code: that of `skerry run`.
    """
    from skerry.errors import WorkspaceFileError
    from skerry.model import RunStatus

    try:
        workspace = source.load(lazy=True)
    except WorkspaceFileError as error:
        show_why_unusable(source, error.problems, as_json=False, verbose=verbose)
        sys.exit(2)
    with workspace:
        with refusing():
            before = workspace.launched(run_id).run
            if from_failure and before.status is RunStatus.SUCCEEDED:
                raise click.UsageError(f"The run {before.id} has succeeded: there is nothing left to run.")
            if before.location not in workspace:
                raise click.UsageError(
                    f"The run {before.id} is of the location {safe(before.location)!r}, which is not in this workspace."
                    "\nName the file that has it with -w, or its Python file with -f."
                )
            location = workspace[before.location]
            options = replace(before.options, parent_id=before.id if from_failure else None)
            launched = location.launch_as(options, detached=detach, launcher=launcher)
        if detach:
            click.echo(launched.id)
            return
        sys.exit(follow(launched, location, as_json=as_json, verbose=verbose))


@runs.command("delete", short_help="Remove runs.")
@click.argument("run_ids", metavar="RUN...", nargs=-1, required=True)
@click.option("--force", is_flag=True, help="Also one that is executed elsewhere, and of which nobody can be asked.")
@OPTIONS[0]
def delete(run_ids: tuple[str, ...], force: bool, files: tuple[str, ...]) -> None:
    """Remove runs that are over, with all that is kept of them.

    Exit code: 0; 2 when one of them is not there, or not over: then those after it stay.
    """
    with _records(files) as records:
        for run_id in run_ids:
            records.delete(run_id, force=force)


@runs.command("prune", short_help="Remove old runs.")
@click.option("--older-than", default="30d", metavar="AGE", help="Such as 12h. Default: 30d.")
@click.option("--keep", type=click.IntRange(min=0), default=100, metavar="N", help="The newest stay. Default: 100.")
@OPTIONS[0]
def prune(older_than: str, keep: int, files: tuple[str, ...]) -> None:
    """Remove runs that ended long ago, with all that is kept of them, and print their ids."""
    match = re.fullmatch(r"(\d+)([smhd])", older_than)
    if match is None:
        raise click.UsageError(f"--older-than {safe(older_than)}: write a number and s, m, h or d, such as 30d.")
    seconds = int(match[1]) * _UNITS[match[2]]
    with _records(files) as records:
        for run_id in records.prune(time.time() - seconds, keep):
            click.echo(run_id)


@runs.command("rebuild", short_help="Make the index anew.")
@OPTIONS[0]
def rebuild(files: tuple[str, ...]) -> None:
    """Make the index anew from the journals, such as after the database was lost."""
    with _records(files) as records:
        records.rebuild()


@contextmanager
def _records(files: tuple[str, ...]) -> Iterator[RunRecords]:
    from skerry.runs import RunRecords

    with refusing(), RunRecords(workspace_folder(files)) as records:
        yield records


def _summary(run: Run) -> Mapping[str, object]:
    """Give what ``--json`` tells of a run."""
    return {
        "id": run.id,
        "status": run.status.value,
        "location": run.location,
        "repository": run.options.repository,
        "pipeline": run.options.pipeline,
        "generation": run.generation,
        "image": run.image,
        "tags": dict(run.options.tags),
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "parent_id": run.options.parent_id,
        "error": run.error.to_json() if run.error is not None else None,
    }


def _details(run: Run, events: Iterable[RunEvent], output: str) -> Mapping[str, object]:
    """Give what ``--json`` tells of a run that is looked at alone."""
    return {
        **_summary(run),
        "run_config": run.options.run_config,
        "solids": list(run.options.solids),
        "max_concurrency": run.options.max_concurrency,
        "launcher": run.launcher,
        "events": [event.to_json() for event in events],
        "output": output,
    }
