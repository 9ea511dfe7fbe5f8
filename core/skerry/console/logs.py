"""``skerry logs``: what a location's code has written, from the log files."""

from __future__ import annotations

import codecs
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skerry.console.options import DEFAULT_FILE, OPTIONS, WorkspaceSource
from skerry.console.printing import show_why_unusable
from skerry.console.text import safe

if TYPE_CHECKING:
    from skerry.code_server.log_folder import LoggedLoad
    from skerry.workspace.logs import Logs

#: Seconds between two looks at the files.
INTERVAL = 0.2


@click.command("logs", short_help="Print what a location's code has written.")
@click.argument("location")
@OPTIONS[0]
@click.option("-f", "--follow", is_flag=True, help="Go on, also with later loads, until Ctrl-C.")
@click.option("--generation", type=click.IntRange(min=1), metavar="N", help="Default: that of the newest load.")
def logs(location: str, files: tuple[str, ...], *, follow: bool, generation: int | None) -> None:
    """Print what a location's code wrote to stdout and stderr in its newest load, as far as it is kept.

    It is read from files: nothing is loaded, and nothing need be running. They are written by what holds a workspace
    open, such as `skerry dev` and `skerry api grpc`.

    Exit code: 0; 1 when nothing is kept of the location; 2 when the workspace file cannot be used, or the command line
    names what does not exist; 130 after Ctrl-C.
    """
    from skerry.console.selectors import UnknownNameError, split_location

    names, kept = _known(files)
    name, rest = split_location(location, names)
    if rest:
        raise UnknownNameError("location", location, names)
    try:
        loads = _chosen(kept, name, generation)
        if not loads:
            _say_that_nothing_is_kept(kept, name, generation, follow=follow)
        _print(kept, name, generation, loads[-1] if loads else None, follow=follow)
    except PermissionError as error:
        raise click.ClickException(f"{safe(str(error.filename))} cannot be read: {error.strerror}.") from None


def _known(files: tuple[str, ...]) -> tuple[list[str], Logs]:
    """Name the locations that are in the workspace files or in log files. Raises click.ClickException."""
    from skerry.workspace.logs import Logs
    from skerry.workspace.state_folder import StateFolder

    if not files and not Path(DEFAULT_FILE).exists():
        logs = Logs(StateFolder.of(Path.cwd()))
        if not (names := logs.locations()):
            raise click.UsageError(
                f"There is no {DEFAULT_FILE} in {safe(str(Path.cwd()))}, and no log file: "
                "name a workspace file with -w, or go to the folder in which the code is served."
            )
        return names, logs
    from skerry.errors import WorkspaceFileError
    from skerry.plugin.registry import Registry
    from skerry.workspace_file import read_workspace_files

    files = files or (DEFAULT_FILE,)
    try:
        description = read_workspace_files([Path(file) for file in files], Registry())
    except WorkspaceFileError as error:
        show_why_unusable(WorkspaceSource(files=files), error.problems, as_json=False, verbose=False)
        sys.exit(2)
    logs = Logs(StateFolder.of(description.folder))
    return list(dict.fromkeys([entry.name for entry in description.entries] + logs.locations())), logs


def _chosen(logs: Logs, name: str, generation: int | None) -> list[LoggedLoad]:
    return [load for load in logs.loads(name) if generation in (None, load.generation)]


def _say_that_nothing_is_kept(logs: Logs, name: str, generation: int | None, *, follow: bool) -> None:
    """Say it, and exit unless something may come."""
    kept = sorted({load.generation for load in logs.loads(name)})
    if kept:
        there_are = ", ".join(map(str, kept))
        words = f"Nothing is kept of generation {generation} of {safe(name)!r}.\nThere are: {there_are}."
    else:
        words = (
            f"Nothing is kept of what {safe(name)!r} has written, in {safe(' or '.join(map(str, logs.places)))}.\n"
            "Log files are written while `skerry dev` or `skerry api grpc` holds a location open, where its code runs."
        )
    click.echo(words, err=True)
    if not follow:
        sys.exit(2 if kept else 1)


def _print(logs: Logs, name: str, generation: int | None, first: LoggedLoad | None, *, follow: bool) -> None:
    """Print the load ``first``, and where that is wanted what comes to it, and later ones."""
    from skerry.code_server.log_reader import LogReader

    printer = _Printer()
    readers: dict[str, LogReader] = {}
    while True:
        for load in _chosen(logs, name, generation):
            if first is None or load.stem >= first.stem:
                if load.stem not in readers:
                    readers[load.stem] = LogReader()
                    printer.begin(load)
                if readers[load.stem].is_too_late(load):
                    click.echo("Some output was removed before it was read.", err=True)
                for data in readers[load.stem].read(load):
                    printer.write(load, data)
        if not follow:
            break
        sys.stdout.flush()
        time.sleep(INTERVAL)
    printer.end()


class _Printer:
    """Bytes as they are into a pipe or a file; on a terminal with nothing in them that could disturb it.

    Whose they are is said on stderr.
    """

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        if self._terminal and hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="backslashreplace")
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._shown: str | None = None
        self._in_a_line = False
        self._empty = True

    def begin(self, load: LoggedLoad) -> None:
        """Say whose output begins here."""
        self._end_line()
        missing = "" if load.parts[0] == 1 else "; its beginning is not kept"
        begun = load.begun.astimezone().strftime("%Y-%m-%dT%H:%M:%S%z")
        click.echo(f"generation {load.generation}, begun {begun}{missing}", err=True)
        self._shown = load.stem

    def write(self, load: LoggedLoad, data: bytes) -> None:
        """Print some more of a load."""
        if load.stem != self._shown:
            self.begin(load)
        self._empty = False
        if not self._terminal:
            sys.stdout.buffer.write(data)
            return
        self._show(self._decoder.decode(data))

    def end(self) -> None:
        """End the last line."""
        self._end_line()
        if self._empty:
            click.echo("It has written nothing.", err=True)

    def _end_line(self) -> None:
        if self._terminal:
            self._show(self._decoder.decode(b"", final=True))
            if self._in_a_line:
                self._show("\n")
        sys.stdout.flush()

    def _show(self, text: str) -> None:
        if text:
            sys.stdout.write("\n".join(safe(line.removesuffix("\r")) for line in text.split("\n")))
            self._in_a_line = not text.endswith("\n")
