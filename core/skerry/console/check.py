"""``skerry check``: load everything once, and say by the exit code whether all is well."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skerry.console.options import WorkspaceSource, workspace_options
from skerry.console.printing import open_page, show_why_unusable, write_json

if TYPE_CHECKING:
    from skerry.errors import WorkspaceFileError
    from skerry.model import WorkspaceState


@click.command("check", short_help="Load everything once, and fail if something is wrong.")
@workspace_options
@click.option("--schema-only", is_flag=True, help="Check the workspace file alone: start no process, load no code.")
@click.option("--strict", is_flag=True, help="Fail on warnings, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, in the shape that docs/cli.md describes.")
@click.option("--github", "as_annotations", is_flag=True, help="Print annotations for GitHub Actions.")
@click.option("-v", "--verbose", is_flag=True, help="Leave nothing out: frames in libraries, all kept output.")
def check(
    source: WorkspaceSource,
    schema_only: bool,
    strict: bool,
    as_json: bool,
    as_annotations: bool,
    verbose: bool,
) -> None:
    """Load every location once, in its own interpreter, and fail if something is wrong.

    Nothing keeps running.

    Exit code: 0 when all is well; 1 when an entry has an error, a location fails, a definition had to be left out or
    the run launcher of the file cannot be used; 2 when the workspace file or the command line cannot be used.
    """
    from skerry.errors import WorkspaceFileError

    if as_json and as_annotations:
        raise click.UsageError("--json and --github exclude each other: give one of them.")
    quiet = as_json or as_annotations
    try:
        state, entries = _read(source) if schema_only else _load(source, quiet=quiet, verbose=verbose)
    except WorkspaceFileError as error:
        if as_annotations:
            _print_annotations(_nothing_but(error, source))
        else:
            show_why_unusable(source, error.problems, as_json=as_json, verbose=verbose)
        sys.exit(2)
    if as_json:
        write_json(state.to_json())
    else:
        _print(state, entries, as_annotations=as_annotations, verbose=verbose)
    from skerry.console.verdict import is_well

    sys.exit(0 if is_well(state, strict=strict) else 1)


def _read(source: WorkspaceSource) -> tuple[WorkspaceState, int | None]:
    """Give what is wrong in the files, without locations, and the number of entries. Works where no process can."""
    from skerry.model import WorkspaceState
    from skerry.plugin.registry import Registry
    from skerry.workspace_file import read_entries, read_workspace_files

    registry = Registry()
    if source.entries:
        found = read_entries(list(source.entries), Path.cwd(), registry)
    else:
        found = read_workspace_files([Path(file) for file in source.files], registry)
    return WorkspaceState(found.paths, found.problems), len(found.entries)


def _load(source: WorkspaceSource, *, quiet: bool, verbose: bool) -> tuple[WorkspaceState, int | None]:
    """Load every location, showing on a terminal what each does, and give what came of it."""
    from skerry.console.live import wait, wait_and_show

    with source.load() as workspace:
        for location in workspace:
            location.load()
        if quiet:
            wait(workspace, None, None)
        else:
            console, page = open_page(verbose=verbose)
            if page.drawing:
                wait_and_show(workspace, None, None, console, page)
            else:
                wait(workspace, None, None)
        problem, state = workspace.check_run_launcher(), workspace.snapshot
        return (replace(state, problems=(*state.problems, problem)) if problem is not None else state), None


def _print(state: WorkspaceState, entries: int | None, *, as_annotations: bool, verbose: bool) -> None:
    from skerry.console.render.check import render_check, render_count
    from skerry.console.render.page import put

    console, page = open_page(verbose=verbose)
    if as_annotations:
        _print_annotations(state)
        put(console, page, [render_count(state, entries)])
    else:
        put(console, page, render_check(state, entries, page))


def _print_annotations(state: WorkspaceState) -> None:
    from skerry.console.annotations import annotate

    for annotation in annotate(state, Path.cwd()):
        click.echo(annotation)


def _nothing_but(error: WorkspaceFileError, source: WorkspaceSource) -> WorkspaceState:
    from skerry.model import WorkspaceState

    return WorkspaceState(source.files, error.problems)
