"""``skerry dev``: the workspace held open while its code is written."""

from __future__ import annotations

import queue
import signal
import sys
import threading
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING

import click

from skerry.console.options import WorkspaceSource, workspace_options
from skerry.console.printing import open_page, show_why_unusable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live

    from skerry.console.keys import Keyboard
    from skerry.console.render.dev import View
    from skerry.console.render.page import Page
    from skerry.model import LocationState, Move, ReloadResult
    from skerry.workspace import Location, Workspace

#: Seconds between two looks, for what changes by itself: how long ago something was, output, and signals.
INTERVAL = 1.0


@click.command("dev", short_help="Hold the workspace open, and reload what is saved.")
@workspace_options
@click.option("-v", "--verbose", is_flag=True, help="Leave nothing out: frames in libraries, all kept output.")
def dev(source: WorkspaceSource, *, verbose: bool) -> None:
    """Hold a workspace open while its code is written: a saved file reloads the locations that have imported it.

    On a terminal it shows all locations, and obeys keys; elsewhere it prints a line for each move. It ends with q,
    Ctrl-C or SIGTERM, and leaves nothing running.

    Exit code: 0 when it was ended; 2 when the workspace file or the command line cannot be used.
    """
    from skerry.errors import WorkspaceFileError

    signal.signal(signal.SIGTERM, _interrupt)
    try:
        workspace = source.load(log_output=True)
    except WorkspaceFileError as error:
        show_why_unusable(source, error.problems, as_json=False, verbose=verbose)
        sys.exit(2)
    console, page = open_page(verbose=verbose)
    with workspace, suppress(KeyboardInterrupt):
        if page.drawing and sys.stdin.isatty():
            _show(workspace, console, page)
        else:
            _print(workspace, console, page)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _print(workspace: Workspace, console: Console, page: Page) -> None:
    """Print a line for each move, and below it the error that it has brought."""
    from skerry.console.render.errors import render_error
    from skerry.console.render.layout import paragraph
    from skerry.console.render.moves import render_move
    from skerry.console.render.page import LOOK, indented, put

    news: queue.SimpleQueue[tuple[LocationState, Move] | str] = queue.SimpleQueue()
    told: dict[str, Move] = {}
    telling = threading.Lock()

    def tell(new: LocationState) -> None:
        # One thread at a time: what has not moved since we subscribed is told below, beside what moves meanwhile.
        if new.last_move is not None and told.get(new.name) is not new.last_move:
            told[new.name] = new.last_move
            news.put((new, new.last_move))

    def moved(name: str, old: LocationState | None, new: LocationState) -> None:
        with telling:
            tell(new)

    workspace.subscribe(moved)
    for location in workspace:
        with telling:
            if location.name not in told:
                tell(location.snapshot)
    workspace.watch(news.put)
    while True:
        # A signal that comes just before a wait does not end it: its handler runs after the next wait at the latest.
        try:
            new = news.get(timeout=INTERVAL)
        except queue.Empty:
            continue
        if isinstance(new, str):
            lines = paragraph(new, page, LOOK)
        else:
            state, move = new
            lines = [render_move(state, move, page)]
            if state.error is not None:
                lines += indented(render_error(state.error, page))
        put(console, page, lines)
        sys.stdout.flush()


def _show(workspace: Workspace, console: Console, page: Page) -> None:
    """Draw all locations, and do what the keys say."""
    from rich.live import Live

    from skerry.console.keys import Keyboard

    with Keyboard() as keyboard, Live(console=console, screen=True, auto_refresh=False) as live:
        session = Session(workspace, keyboard, page)
        workspace.subscribe(lambda name, old, new: keyboard.wake())
        workspace.watch(session.tell)
        with suppress(EOFError):
            session.run(live, console)


class Session:
    """One person at one terminal."""

    def __init__(self, workspace: Workspace, keyboard: Keyboard, page: Page) -> None:
        self._workspace = workspace
        self._keyboard = keyboard
        self._page = page
        self._chosen = ""
        self._logs = False
        self._message = ""

    def run(self, live: Live, console: Console) -> None:
        """Draw and obey until the person has had enough. Raises EOFError when the terminal is gone."""
        from dataclasses import replace

        from rich.text import Text

        from skerry.console.render.dev import render_dev

        while True:
            width, height = console.size
            lines = render_dev(self._workspace.snapshot, self._view(), replace(self._page, width=width), height)
            for text in lines:
                text.truncate(width, overflow="ellipsis")
            live.update(Text("\n", no_wrap=True).join(lines), refresh=True)
            key = self._keyboard.wait(INTERVAL)
            if key == "q":
                return
            self._obey(key)

    def tell(self, message: str) -> None:
        """Show what was done last, or what is wrong with the watching. From any thread."""
        self._message = message
        self._keyboard.wake()

    def _view(self) -> View:
        from skerry.console.render.dev import View

        location = self._location()
        logs = location.output() if self._logs and location is not None else None
        return View(self._chosen, logs, self._message)

    def _location(self) -> Location | None:
        """Give the chosen location; the first one where that is gone."""
        locations = self._workspace.locations
        if self._chosen not in self._workspace:
            self._chosen = locations[0].name if locations else ""
        return self._workspace[self._chosen] if locations else None

    def _obey(self, key: str | None) -> None:
        location = self._location()
        if key in ("up", "k", "down", "j") and location is not None:
            names = [one.name for one in self._workspace.locations]
            step = -1 if key in ("up", "k") else 1
            self._chosen = names[min(max(names.index(self._chosen) + step, 0), len(names) - 1)]
        elif key == "l":
            self._logs = not self._logs
        elif key == "r" and location is not None:
            self._reload([location])
        elif key == "a":
            self._reload(list(self._workspace.locations))

    def _reload(self, locations: list[Location]) -> None:
        """Reload in other threads; the message tells what came of the last of them."""
        names = locations[0].name if len(locations) == 1 else f"{len(locations)} locations"
        self._message = f"reloading {names}"
        for location in locations:
            threading.Thread(target=self._reload_one, args=(location,), daemon=True).start()

    def _reload_one(self, location: Location) -> None:
        from skerry.errors import LocationError

        try:
            told = _told(location.reload())
        except LocationError as error:
            told = str(error).splitlines()[0]
        self.tell(f"{location.name}: {told}")


def _told(result: ReloadResult) -> str:
    if result.new_generation is None:
        return "the reload failed"
    signs = (("+", result.changes.added), ("-", result.changes.removed), ("~", result.changes.changed))
    changed = ", ".join(f"{sign} {name}" for sign, names in signs for name in names)
    return f"generation {result.new_generation}, {changed or 'the same definitions'}"
