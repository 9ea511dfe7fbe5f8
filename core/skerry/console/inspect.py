"""``skerry inspect``: what a workspace holds, and what is wrong with it."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from skerry.console.options import WorkspaceSource, workspace_options
from skerry.console.printing import open_page, show_why_unusable, write_json

if TYPE_CHECKING:
    from rich.text import Text

    from skerry.console.render.page import Page
    from skerry.model import WorkspaceState
    from skerry.workspace import Workspace


@click.command("inspect", short_help="Show locations, what they define, and what is wrong.")
@click.argument("selector", required=False, metavar="[LOCATION[/REPOSITORY[/PIPELINE]]]")
@workspace_options
@click.option("--wait", "seconds", type=click.FloatRange(min=0), metavar="SECONDS", help="Print what is known then.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, in the shape that docs/cli.md describes.")
@click.option("--explain", is_flag=True, help="Show how code is found, and what to preload.")
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
        workspace = source.load(measure_imports=explain, lazy=selector is not None)
    except WorkspaceFileError as error:
        show_why_unusable(source, error.problems, as_json=as_json, verbose=verbose)
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
        write_json(workspace.snapshot.to_json())
        return
    name, rest = split_location(selector, [location.name for location in workspace.locations])
    workspace[name].load()
    wait(workspace, name, seconds)
    state = workspace.snapshot
    location = next(one for one in state.locations if one.name == name)
    write_json(replace(state, locations=(select(location, rest).narrowed(),)).to_json())


def _print(workspace: Workspace, selector: str | None, seconds: float | None, *, explain: bool, verbose: bool) -> None:
    # The locations load while rich is imported.
    from skerry.console.live import wait, wait_and_show
    from skerry.console.render.page import put
    from skerry.console.selectors import split_location

    name, rest = None, ""
    if selector is not None:
        name, rest = split_location(selector, [location.name for location in workspace.locations])
        workspace[name].load()
    console, page = open_page(verbose=verbose)
    if page.drawing:
        wait_and_show(workspace, name, seconds, console, page)
    else:
        wait(workspace, name, seconds)
    put(console, page, _lines(workspace.snapshot, name, rest, page, explain=explain))


def _lines(state: WorkspaceState, name: str | None, rest: str, page: Page, *, explain: bool) -> list[Text]:
    chosen = [location for location in state.locations if name is None or location.name == name]
    if explain:
        from skerry.console.proposals import propose
        from skerry.console.render.explain import render_explanation, render_proposals

        # Of all locations: one that was chosen alone is the only one that has loaded for sure.
        proposals = propose(chosen) if name is None else []
        explained = [text for location in chosen for text in render_explanation(location, page)]
        return explained + render_proposals(proposals, page)
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
