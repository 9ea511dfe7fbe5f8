"""``skerry run``: a pipeline is run, and what it does is shown while it does it."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from skerry.console.options import WorkspaceSource, workspace_options
from skerry.console.printing import open_page, show_why_unusable
from skerry.console.refusing import refusing
from skerry.console.text import safe

if TYPE_CHECKING:
    from skerry.model import PipelineSnapshot, Run, RunEvent
    from skerry.workspace import LaunchedRun, Location, Workspace

#: Seconds between two frames of the live view.
_FRAME = 0.1
#: Seconds after which a run elsewhere that was to be canceled is left: its grace time, and time to tell of that.
CANCEL_LIMIT = 30.0


#: How a run is launched, also one that is made again.
LAUNCHER = click.option(
    "--launcher", metavar="NAME", help="What has it executed. Default: as the workspace file says, else process."
)
DETACH = click.option("--detach", is_flag=True, help="Print the id once it has started, and leave it to itself.")


@click.command("run", short_help="Run a pipeline.")
@click.argument("selector", metavar="[LOCATION/[REPOSITORY/]]PIPELINE")
@workspace_options
@click.option("-c", "--config", "config_file", metavar="FILE", help="The run config: a YAML or JSON file, - for stdin.")
@click.option("--config-json", metavar="JSON", help="The run config itself.")
@click.option("--tag", "tags", multiple=True, metavar="NAME=VALUE", help="A tag of the run; repeat it for several.")
@click.option("--solid", "solids", multiple=True, metavar="NAME", help="Run this solid; repeat it. Default: all.")
@click.option(
    "--max-concurrency",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="Solids at the same time, each in a process of its own if several. Default: 1.",
)
@click.option("--run-id", metavar="ID", help="Its id. A run of this id that is there is shown, and not started again.")
@LAUNCHER
@DETACH
@click.option("--json", "as_json", is_flag=True, help="Print each event as a line of JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Leave nothing out: frames in libraries.")
def run(
    selector: str,
    source: WorkspaceSource,
    config_file: str | None,
    config_json: str | None,
    tags: tuple[str, ...],
    solids: tuple[str, ...],
    max_concurrency: int,
    run_id: str | None,
    launcher: str | None,
    detach: bool,
    as_json: bool,
    verbose: bool,
) -> None:
    """Run a pipeline in the environment of its location, and show what it does.

    LOCATION and REPOSITORY may be left out where the pipeline's name says enough. The run goes on with the code that it
    began with, in a process of its own. Ctrl-C cancels it: user code is interrupted, resources are torn down. A second
    Ctrl-C leaves it to itself.

    Exit code: 0 when it has succeeded, or was detached; 1 when it has failed or was canceled; 2 when nothing could be
    run: the workspace file or the command line cannot be used, the location is not READY, the run config does not fit.
    """
    from skerry.errors import WorkspaceFileError

    with refusing():
        run_config = _config(config_file, config_json)
    try:
        workspace = source.load(lazy=True)
    except WorkspaceFileError as error:
        show_why_unusable(source, error.problems, as_json=False, verbose=verbose)
        sys.exit(2)
    with workspace:
        location, repository, pipeline = _chosen(workspace, selector)
        with refusing():
            launched = location.launch(
                pipeline,
                repository=repository,
                run_config=run_config,
                tags=dict(_tag(text) for text in tags),
                solids=solids,
                max_concurrency=max_concurrency,
                run_id=run_id,
                detached=detach,
                launcher=launcher,
            )
        if launched.was_there:
            click.echo(
                f"There is a run {launched.id} of the same already: it is shown, and nothing was started.", err=True
            )
        if detach:
            click.echo(launched.id)
            return
        sys.exit(follow(launched, location, as_json=as_json, verbose=verbose))


def _config(file: str | None, text: str | None) -> dict[str, Any]:
    """Read the run config. Raises RunError and click.UsageError."""
    if file is not None and text is not None:
        raise click.UsageError("--config and --config-json exclude each other: give one of them.")
    if file is None and text is None:
        return {}
    from skerry.workspace_file.run_config import read_run_config

    if text is not None:
        return read_run_config(text, "--config-json")
    assert file is not None
    try:
        with click.open_file(file, encoding="utf-8") as stream:
            return read_run_config(stream.read(), "stdin" if file == "-" else file)
    except OSError as error:
        raise click.UsageError(f"--config {safe(file)}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise click.UsageError(f"--config {safe(file)}: it is not UTF-8 text.") from None


def _tag(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise click.UsageError(f"--tag {safe(text)}: write NAME=VALUE.")
    return name, value


def _chosen(workspace: Workspace, selector: str) -> tuple[Location, str | None, str]:
    """Find the location, and perhaps the repository, that are meant. Raises UnknownNameError, click.UsageError."""
    from skerry.console.selectors import UnknownNameError, split_location

    names = [location.name for location in workspace.locations]
    try:
        name, rest = split_location(selector, names)
    except UnknownNameError:
        return _found_anywhere(workspace, selector)
    location = workspace[name]
    location.load()
    location.wait()
    repository, _, pipeline = rest.rpartition("/")
    if rest:
        return location, repository or None, pipeline
    pipelines = [(one.name, each.name) for one in location.repositories for each in one.pipelines]
    if len(pipelines) == 1:
        return location, *pipelines[0]
    listed = ", ".join(f"{safe(name)}/{one}" for _, one in pipelines) or "none"
    raise click.UsageError(f"{safe(selector)!r} is a location: say which of its pipelines. There are: {listed}.")


def _found_anywhere(workspace: Workspace, selector: str) -> tuple[Location, str | None, str]:
    """Find a pipeline by its name, and perhaps that of its repository, in all locations."""
    from skerry.console.selectors import UnknownNameError
    from skerry.model import State

    for location in workspace:
        location.load()
    workspace.wait()
    repository, _, pipeline = selector.rpartition("/")
    everything = [
        (location, one.name, each.name)
        for location in workspace
        for one in location.repositories
        for each in one.pipelines
    ]
    found = [one for one in everything if one[2] == pipeline and repository in ("", one[1])]
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(safe("/".join((location.name, *rest))) for location, *rest in found)
        raise click.UsageError(f"{safe(selector)!r} is the name of several pipelines: say which. There are: {listed}.")
    absent = [location for location in workspace if location.state not in (State.READY, State.IDLE)]
    words = "".join(f"\n  {safe(location.name)}: {_why(location)}" for location in absent)
    advice = f"Not READY, and so not searched (`skerry inspect` tells more):{words}" if absent else ""
    raise UnknownNameError("pipeline", selector, dict.fromkeys(name for *_, name in everything), advice=advice)


def _why(location: Location) -> str:
    """Give the first line of a location's error, behind its state."""
    error = location.error
    return f"{location.state.value}: {safe(error.message.partition(chr(10))[0])}" if error else location.state.value


def _snapshot(location: Location, launched: LaunchedRun) -> PipelineSnapshot | None:
    options = launched.run.options
    repository = next((one for one in location.repositories if one.name == options.repository), None)
    pipelines = repository.pipelines if repository is not None else ()
    return next((one for one in pipelines if one.name == options.pipeline), None)


def follow(launched: LaunchedRun, location: Location, *, as_json: bool, verbose: bool) -> int:
    """Show the run until it is over, or left to itself; gives the exit code."""
    from skerry.console import INTERRUPTED
    from skerry.model import RunStatus

    interrupts = _Interrupts(launched)
    try:
        if as_json:
            for _, new in _frames(launched, interrupts):
                for event in new:
                    click.echo(json.dumps({**event.to_json(), "run_id": launched.id}))
        else:
            _show(launched, location, _snapshot(location, launched), interrupts, verbose=verbose)
    except KeyboardInterrupt:
        click.echo(f"The run {launched.id} goes on by itself until it has ended.", err=True)
        return INTERRUPTED
    if not launched.run.status.is_over:
        from skerry.console.render.run import who_knows

        told = f"\n{interrupts.failure}" if interrupts.failure else ""
        click.echo(
            f"Nothing more is heard of the run {launched.id}: {who_knows(launched.run)} cannot be asked.{told}\n"
            f"Look at it later: skerry runs show {launched.id}.",
            err=True,
        )
    return 0 if launched.run.status is RunStatus.SUCCEEDED else 1


class _Interrupts:
    """Ctrl-C and SIGTERM: the first cancels the run, the second leaves it to itself."""

    def __init__(self, launched: LaunchedRun) -> None:
        self._launched = launched
        self.canceling = False
        #: When that was asked for, and why it could not be.
        self.asked_at = 0.0
        self.failure = ""
        self.heard: Callable[[], None] = lambda: None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._interrupted)

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        if self.canceling:
            for each in (signal.SIGINT, signal.SIGTERM):
                signal.signal(each, signal.SIG_IGN)
            self._ask(self._launched.detach)
            raise KeyboardInterrupt
        self.canceling, self.asked_at = True, time.monotonic()
        self._ask(self._launched.cancel)
        self.heard()

    def _ask(self, what: Callable[[], None]) -> None:
        from skerry.errors import LocationError, RunError

        try:
            what()
        except (LocationError, RunError) as error:
            self.failure = "\n".join(safe(line) for line in str(error).split("\n"))

    def waits_in_vain(self, run: Run) -> bool:
        """Tell whether a run elsewhere should have been canceled by now."""
        return self.canceling and run.elsewhere and time.monotonic() - self.asked_at > CANCEL_LIMIT


def _frames(launched: LaunchedRun, interrupts: _Interrupts) -> Iterator[tuple[Run, tuple[RunEvent, ...]]]:
    """Give what is known of a run and the events since, from time to time, until it is over or nothing more comes."""
    after = 0
    while True:
        is_told = not launched.run.elsewhere or launched.is_followed
        known = launched.wait(_FRAME if after else 0.01)
        new = launched.events_so_far(after)
        after = new[-1].sequence if new else after
        yield known, new
        if known.status.is_over and after >= known.sequence:
            return
        if not known.status.is_over and (not is_told or interrupts.waits_in_vain(known)):
            return


def _show(
    launched: LaunchedRun,
    location: Location,
    pipeline: PipelineSnapshot | None,
    interrupts: _Interrupts,
    *,
    verbose: bool,
) -> None:
    from skerry.console.render.page import put
    from skerry.console.render.run import RunView, render_away, render_cancelling, render_end, render_event, render_run

    console, page = open_page(verbose=verbose)
    view = RunView.of(pipeline) if pipeline is not None else RunView()
    if not page.drawing:
        interrupts.heard = lambda: put(console, page, render_cancelling(page))
        was_away = False
        for known, new in _frames(launched, interrupts):
            for event in new:
                view.take(event)
                put(console, page, render_event(event, page))
            away = _is_away(known, location)
            if away and not was_away:
                put(console, page, render_away(known, page))
            was_away = away
            sys.stdout.flush()
        known = launched.run
        told = known.ended_at is not None
        head = render_run(known, RunView(), page, time.time())[0]
        put(console, page, [head, *([] if told else render_end(known, RunView(), page))])
        return
    from rich.live import Live
    from rich.text import Text

    with Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False) as live:
        for known, new in _frames(launched, interrupts):
            for event in new:
                view.take(event)
            lines = render_run(known, view, page, time.time(), max(console.height - 2, 5))
            if _is_away(known, location):
                lines += render_away(known, page)
            if interrupts.canceling:
                lines += render_cancelling(page)
            live.update(Text("\n", no_wrap=True).join(lines), refresh=True)
    lines = [*render_run(known, view, page, time.time()), *render_end(known, view, page)]
    if len(lines) >= console.height:  # its head has left the screen
        lines.append(lines[0])
    put(console, page, lines)


def _is_away(run: Run, location: Location) -> bool:
    """Tell whether a run goes on where it cannot be reached just now."""
    from skerry.model import State

    return run.elsewhere and not run.status.is_over and location.state is State.UNREACHABLE
