"""``skerry reload``: code servers that somebody else runs load their code again."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import click

from skerry.console.options import WorkspaceSource, workspace_file_option
from skerry.console.printing import open_page, show_why_unusable, write_json

if TYPE_CHECKING:
    from skerry.model import ReloadResult
    from skerry.workspace import Location, Workspace


@click.command("reload", short_help="Have served locations load their code again.")
@click.argument("names", nargs=-1, metavar="[LOCATION...]")
@workspace_file_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON, in the shape that docs/cli.md describes.")
@click.option("-v", "--verbose", is_flag=True, help="Leave nothing out: frames in libraries, all kept output.")
def reload(names: tuple[str, ...], source: WorkspaceSource, *, as_json: bool, verbose: bool) -> None:
    """Ask the code servers behind locations to load their code again, and wait until they have.

    Without a LOCATION every served one of the workspace is asked. What a server served goes on until its new code is
    loaded, and stays when that fails; its clients are not interrupted. Locations whose processes belong to whoever
    loads them cannot be asked: nobody else's process would be reached.

    Exit code: 0 when every one has loaded its new code; 1 when one has not; 2 when the workspace file or the command
    line cannot be used.
    """
    from skerry.errors import WorkspaceFileError

    try:
        workspace = source.load(lazy=bool(names))
    except WorkspaceFileError as error:
        show_why_unusable(source, error.problems, as_json=as_json, verbose=verbose)
        sys.exit(2)
    with workspace:
        results = _reload(_chosen(workspace, names))
    if as_json:
        write_json([{"location": name, **result.to_json()} for name, result in results.items()])
    else:
        from skerry.console.render.page import put
        from skerry.console.render.reload import render_reloads

        console, page = open_page(verbose=verbose)
        put(console, page, render_reloads(results, page))
    sys.exit(0 if all(result.error is None for result in results.values()) else 1)


def _chosen(workspace: Workspace, names: tuple[str, ...]) -> list[Location]:
    """Give the locations to ask. Raises click.ClickException."""
    from skerry.console.selectors import UnknownNameError, split_location

    known = [location.name for location in workspace]
    found = []
    for selector in names:
        name, rest = split_location(selector, known)
        if rest:
            raise UnknownNameError("location", selector, known)
        found.append(workspace[name])
    if found:
        return found
    workspace.wait()
    served = [location for location in workspace if not location.owned]
    if not served:
        raise click.UsageError(
            "No location of this workspace is served by a code server of others: there is nothing to reload."
        )
    return served


def _reload(locations: list[Location]) -> dict[str, ReloadResult]:
    results: dict[str, ReloadResult] = {}

    def ask(location: Location) -> None:
        results[location.name] = _ask(location)

    threads = [threading.Thread(target=ask, args=(location,), daemon=True) for location in locations]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {location.name: results[location.name] for location in locations}


def _ask(location: Location) -> ReloadResult:
    from skerry.errors import ErrorKind, LocationError
    from skerry.model import ErrorInfo, ReloadResult

    location.load()
    location.wait()
    try:
        if location.owned and location.error is None:
            raise LocationError(ErrorKind.NOT_SERVED, name=location.name)
        if location.owned:
            return ReloadResult(error=location.error)
        return location.reload()
    except LocationError as error:
        return ReloadResult(error=ErrorInfo(error.kind, str(error)))
