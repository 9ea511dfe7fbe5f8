"""Waits until locations have settled, and shows on a terminal what they do meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from skerry.model import LocationState, State

if TYPE_CHECKING:
    from rich.console import Console

    from skerry.console.render.page import Page
    from skerry.workspace import Workspace

#: Seconds between two looks at a workspace that is loading.
INTERVAL = 0.1


def wait(workspace: Workspace, name: str | None, seconds: float | None) -> None:
    """Wait until the location ``name``, or every one, has settled, at most ``seconds``."""
    if name is None:
        workspace.wait(seconds)
    else:
        workspace[name].wait(seconds)


def wait_and_show(workspace: Workspace, name: str | None, seconds: float | None, console: Console, page: Page) -> None:
    """Wait likewise, and show a line for each location, which is gone in the end."""
    # Most workspaces have loaded before anybody could read it.
    begun = time.monotonic()
    first = INTERVAL if seconds is None else min(INTERVAL, seconds)
    if workspace.wait(first) or seconds == first or not _loading(workspace, name):
        return
    from rich.live import Live
    from rich.text import Text

    from skerry.console.render.progress import render_progress

    settled: dict[str, float] = {}
    with Live(
        console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as live:

        def show(elapsed: float) -> None:
            locations = _chosen(workspace, name)
            for location in locations:
                if location.state is not State.LOADING:
                    settled.setdefault(location.name, elapsed)
            lines = render_progress(locations, elapsed, settled, max(console.height - 2, 3), page)
            live.update(Text("\n", no_wrap=True).join(lines), refresh=True)

        _until_settled(workspace, name, seconds, show, begun)


def _until_settled(
    workspace: Workspace,
    name: str | None,
    seconds: float | None,
    show: Callable[[float], None],
    begun: float,
) -> None:
    while _loading(workspace, name):
        elapsed = time.monotonic() - begun
        if seconds is not None and elapsed >= seconds:
            return
        show(elapsed)
        workspace.wait(INTERVAL if seconds is None else min(INTERVAL, seconds - elapsed))


def _chosen(workspace: Workspace, name: str | None) -> tuple[LocationState, ...]:
    return tuple(one for one in workspace.snapshot.locations if name is None or one.name == name)


def _loading(workspace: Workspace, name: str | None) -> bool:
    return any(location.state is State.LOADING for location in _chosen(workspace, name))
