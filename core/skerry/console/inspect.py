"""``skerry inspect``: what a workspace holds, and what is wrong with it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skerry.console.options import WorkspaceSource, workspace_options

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from skerry.console.render.page import Page
    from skerry.model import Problem, WorkspaceState
    from skerry.workspace import Workspace


@click.command("inspect", short_help="Show locations, what they define, and what is wrong.")
@click.argument("selector", required=False, metavar="[LOCATION[/REPOSITORY[/PIPELINE]]]")
@workspace_options
@click.option("--wait", "seconds", type=click.FloatRange(min=0), metavar="SECONDS", help="Print what is known then.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, in the shape that docs/cli.md describes.")
@click.option("--explain", is_flag=True, help="Show interpreter, current folder and each sys.path entry's reason.")
@click.option("-v", "--verbose", is_flag=True, help="Leave nothing out: frames in libraries, all kept output.")
def inspect(
    selector: str | None,
    source: WorkspaceSource,
    seconds: float | None,
    as_json: bool,
    explain: bool,
    verbose: bool,
) -> None:
    """Show the locations of a workspace, what they define, and what is wrong.

    Waits until every location has loaded or failed. A LOCATION, a REPOSITORY in it or a PIPELINE in that is shown in
    full, with the pipeline's graph and config schema.

    Exit code: 0 when the workspace file could be read, whatever its locations do; 2 when it cannot be used, or the
    command line names what does not exist.
    """
    from skerry.errors import WorkspaceFileError

    if as_json and explain:
        raise click.UsageError("--json and --explain exclude each other: give one of them.")
    try:
        workspace = source.load()
    except WorkspaceFileError as error:
        _show_problems(source, error.problems, as_json, verbose)
        sys.exit(2)
    with workspace:
        if as_json:
            _print_json(workspace, selector, seconds)
        else:
            _print(workspace, selector, seconds, explain=explain, verbose=verbose)


def _print_json(workspace: Workspace, selector: str | None, seconds: float | None) -> None:
    from skerry.console.live import wait
    from skerry.console.selectors import select, split_location

    if selector is None:
        wait(workspace, None, seconds)
        _write_json(workspace.snapshot)
        return
    name, rest = split_location(selector, [location.name for location in workspace.locations])
    wait(workspace, name, seconds)
    state = workspace.snapshot
    location = next(one for one in state.locations if one.name == name)
    _write_json(replace(state, locations=(select(location, rest).narrowed(),)))


def _write_json(state: WorkspaceState) -> None:
    import json

    # A lone surrogate (a file name that is not UTF-8) has no encoding, but it has an escape, in JSON too.
    text = json.dumps(state.to_json(), indent=2, ensure_ascii=False)
    click.echo("".join(f"\\u{ord(one):04x}" if "\ud800" <= one <= "\udfff" else one for one in text))


def _print(workspace: Workspace, selector: str | None, seconds: float | None, *, explain: bool, verbose: bool) -> None:
    # The locations load while rich is imported.
    from skerry.console.live import wait, wait_and_show
    from skerry.console.render.page import put
    from skerry.console.selectors import split_location

    name, rest = None, ""
    if selector is not None:
        name, rest = split_location(selector, [location.name for location in workspace.locations])
    console, page = open_page(verbose=verbose)
    if page.drawing:
        wait_and_show(workspace, name, seconds, console, page)
    else:
        wait(workspace, name, seconds)
    put(console, page, _lines(workspace.snapshot, name, rest, page, explain=explain))


def _lines(state: WorkspaceState, name: str | None, rest: str, page: Page, *, explain: bool) -> list[Text]:
    chosen = [location for location in state.locations if name is None or location.name == name]
    if explain:
        from skerry.console.render.explain import render_explanation

        return [text for location in chosen for text in render_explanation(location, page)]
    if name is None:
        from skerry.console.render.workspace import render_workspace

        return render_workspace(state, page)
    from skerry.console.selectors import select

    selection = select(chosen[0], rest)
    if selection.repository is None:
        from skerry.console.render.location import render_location

        return render_location(selection.location, state, page)
    from skerry.console.render.pipeline import render_pipeline, render_repository_view

    if selection.pipeline is None:
        return render_repository_view(selection.location, selection.repository, page)
    return render_pipeline(selection.location, selection.repository, selection.pipeline, page)


def _show_problems(source: WorkspaceSource, problems: tuple[Problem, ...], as_json: bool, verbose: bool) -> None:
    """Show why the file fails whole: on stderr, or in the shape of ``--json`` for whoever reads that."""
    if as_json:
        from skerry.model import WorkspaceState

        _write_json(WorkspaceState(tuple(str(Path(file).absolute()) for file in source.files), problems))
        return
    from skerry.console.render.page import put
    from skerry.console.render.problems import render_problems

    console, page = open_page(verbose=verbose, stderr=True)
    put(console, page, render_problems(problems, page))


def open_page(*, verbose: bool, stderr: bool = False) -> tuple[Console, Page]:
    """Give the console, and the page that suits it: drawn on a terminal, plain lines of any length elsewhere.

    Where COLUMNS is set in the environment, plain lines keep to it too.
    """
    import os

    from rich.console import Console

    from skerry.console.render.page import Page

    stream = sys.stderr if stderr else sys.stdout
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    terminal = console.is_terminal and not console.is_dumb_terminal
    drawing = terminal and console.encoding.lower().startswith("utf")
    width = console.width if terminal or os.environ.get("COLUMNS") else None
    return console, Page(width, drawing, verbose, Path.cwd())
