"""Launching runs: what is asked for is checked here, and a run launcher has them executed."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from skerry.errors import ErrorKind, LocationError, RunError, UnknownRunError
from skerry.model import ErrorInfo, LocationState, PipelineSnapshot, Run, RunEvent, RunOptions, RunStatus
from skerry.plugin import RunLaunch, RunLauncher, RunStart
from skerry.user_process.journal import JOURNAL, Tail
from skerry.user_process.run_output import OUTPUT, OUTPUT_BEFORE
from skerry.workspace.launchers import Launchers, MadeLauncher
from skerry.workspace.life import Life
from skerry.workspace.opened import OpenedCodeServer
from skerry.workspace.run_folder import RunFolder, lost
from skerry.workspace.run_options import checked
from skerry.workspace.run_report import Report
from skerry.workspace.state_folder import StateFolder
from skerry.workspace_file.nearest import nearest
from skerry.workspace_file.quick import surely_valid

logger = logging.getLogger("skerry")

#: The part of the state folder in which runs are kept.
RUNS = "runs"
#: Seconds to wait for a location that is LOADING.
READY_LIMIT = 60.0
#: Seconds between two looks at a journal whose run somebody else keeps.
_LOOK = 0.2
#: Seconds between two looks whether a run elsewhere is to be cancelled.
_LOOK_FOR_CANCEL = 0.5
#: Seconds within which its keeper has written the last output of a run that is over.
_LAST_OUTPUT = 2.0


class LaunchedRun:
    """A run that was launched. All methods may be called by any thread."""

    def __init__(self, folder: RunFolder, run: Run, following: Following | None = None) -> None:
        """``following``: how this process follows it; None where somebody else does, or nobody."""
        self._folder = folder
        self._following = following
        self._known = run
        self._events: list[RunEvent] = []
        self._tail = Tail(str(folder.path / JOURNAL))
        self._changed = following.report.changed if following is not None else threading.Condition()

    @property
    def id(self) -> str:
        """Its id."""
        return self._known.id

    @property
    def run(self) -> Run:
        """What is known of it at this moment."""
        with self._changed:
            self._read()
            return self._known

    @property
    def is_followed(self) -> bool:
        """Whether somebody on this machine executes it or follows it, so that what is known of it is no older."""
        return self._folder.is_alive()

    def output(self) -> str:
        """Give what it has written to stdout and stderr, as far as it is kept; of a run that is over, all of that."""
        if self.run.status.is_over:
            with self._changed:
                self._changed.wait_for(lambda: self._is_ended() or not self._folder.is_alive(), _LAST_OUTPUT)
        if self._following is not None and not self._is_ended():
            self._following.update_output()
        parts = (self._folder.path / name for name in (OUTPUT_BEFORE, OUTPUT))
        return "".join(part.read_text("utf-8", "backslashreplace") for part in parts if part.is_file())

    def events(self, after: int = 0) -> Iterator[RunEvent]:
        """Give its events as they come, those that were before included, until it is over.

        They end before that where nothing more can become known here: the run is executed elsewhere, and nobody on this
        machine follows it any more. ``after``: the sequence number of the last one that is known already.
        """
        position = after
        while True:
            with self._changed:
                told = self._is_told()  # before what there is: the last of it comes first
                self._read()
                new = self._events[position:]
                over = self._is_over() or not told
                if not new and not over:
                    self._changed.wait(_LOOK)
            yield from new
            position += len(new)
            if over and not new:
                return

    def events_so_far(self, after: int = 0) -> tuple[RunEvent, ...]:
        """Give the events that there are now, those behind the sequence number ``after``."""
        with self._changed:
            self._read()
            return tuple(self._events[after:])

    def wait(self, timeout: float | None = None) -> Run:
        """Wait until it is over, at most ``timeout`` seconds; gives what is known then.

        Like ``events`` it does not wait for what cannot become known here.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while True:
                told = self._is_told()
                self._read()
                left = None if deadline is None else deadline - time.monotonic()
                if self._is_over() or not told or (left is not None and left <= 0):
                    return self._known
                self._changed.wait(_LOOK if left is None else min(left, _LOOK))

    def cancel(self) -> None:
        """Ask for its cancellation: user code is interrupted, resources are torn down. Returns at once.

        Raises RunError where others keep it and its folder cannot be written, LocationError where the run launcher
        fails.
        """
        try:
            self._folder.cancel()  # for whoever keeps it or follows it, now or later
        except RunError:
            if self._following is None:
                raise
        if self._following is not None:
            self._following.cancel()

    def detach(self) -> None:
        """Let it go on when the workspace is closed, or its process ends. Raises LocationError as ``cancel`` does."""
        if self._following is not None:
            self._following.detach()

    def _observe(self, news: Callable[[], None]) -> Callable[[], None] | None:
        """Call ``news`` whenever something may have happened; gives what ends that, None where that is not known."""
        return self._following.report.observe(news) if self._following is not None else None

    # -- under the lock ----------------------------------------------------------------------------------------------

    def _read(self) -> None:
        self._take()
        if self._is_over():
            return
        try:
            if self._mend():
                self._take()
        except OSError:  # such as on a full disk
            self._known = lost(self._known)

    def _mend(self) -> bool:
        """Write the end of a run that nobody executes any more, unless it is there; tells whether it is now.

        Raises OSError.
        """
        if self._known.elsewhere or not self._is_ended() or self._folder.is_alive():
            return False  # how a run elsewhere ends, only who follows it can know
        self._folder.lose()
        return True

    def _take(self) -> None:
        for event in self._tail.read():
            self._known = self._known.after(event)
            self._events.append(event)

    def _is_told(self) -> bool:
        """Tell whether more of it may become known here."""
        return not (self._known.elsewhere and self._is_ended()) or self._folder.is_alive()

    def _is_ended(self) -> bool:
        """Tell whether nothing is told to this process any more."""
        report = self._following.report if self._following is not None else None
        return report is None or report.is_ended or report.is_left

    def _is_over(self) -> bool:
        return self._known.status.is_over


@dataclass(frozen=True)
class Following:
    """How a process follows a run."""

    made: MadeLauncher
    launch: RunLaunch
    report: Report

    def start(self) -> None:
        """Have the run executed. Raises LocationError; like all that follows, also for what should not be raised."""
        with self._guarding() as launcher:
            launcher.start(self.launch)

    def resume(self) -> bool:
        """Take the run up again; tells whether there is such a run. Raises LocationError."""
        with self._guarding() as launcher:
            return launcher.resume(self.launch)

    def cancel(self) -> None:
        """Ask for the cancellation of the run. Raises LocationError."""
        with self._guarding() as launcher:
            launcher.cancel(self.launch)

    def detach(self) -> None:
        """Let the run go on by itself. Raises LocationError."""
        with self._guarding() as launcher:
            launcher.detach(self.launch)

    def update_output(self) -> None:
        """Have its output brought here. Raises LocationError."""
        with self._guarding() as launcher:
            launcher.update_output(self.launch)

    def is_elsewhere(self) -> bool:
        """Tell whether the launcher takes the run, and has its journal written elsewhere. Raises LocationError."""
        with self._guarding() as launcher:
            launcher.check(self.launch)
            return launcher.is_elsewhere(self.launch)

    @contextlib.contextmanager
    def _guarding(self) -> Iterator[RunLauncher]:
        with self.made.guarding(self.launch.start.secrets):
            yield self.made.launcher


class Launching:
    """Launches runs of the locations of one workspace, and finds those that were launched."""

    def __init__(self, state_folder: StateFolder, launchers: Launchers, runs: str = RUNS) -> None:
        """``runs``: the part of the state folder in which the runs are kept."""
        self._state_folder = state_folder
        self._launchers = launchers
        self._runs = runs

    def launch(
        self, life: Life, options: RunOptions, *, run_id: str | None, detached: bool, launcher: str | None
    ) -> LaunchedRun:
        """See ``Location.launch``; in ``options`` an empty ``repository`` means the one that has the pipeline."""
        options = checked(options)
        chosen = self._launchers.get(launcher)
        runs = self._state_folder.make(self._runs, 0o700)
        folder = RunFolder.of(runs, secrets.token_hex(8) if run_id is None else run_id)
        if options.parent_id is not None:
            find(self._state_folder, options.parent_id, self._runs)
        with life.hold(READY_LIMIT) as (server, state):
            pipeline, options = _chosen(state, options)
            _check(pipeline, options)
            following = _following(life, folder, chosen, server, state, options, detached=detached)
            elsewhere = following.is_elsewhere()
            run = Run(
                id=folder.path.name,
                location=state.name,
                options=options,
                created_at=time.time(),
                origin=life.entry.origin,
                generation=state.server.generation if state.server is not None else None,
                image=state.server.image if state.server is not None else None,
                status=RunStatus.STARTING,
                launcher=chosen.key,
                elsewhere=elsewhere,
            )
            if not folder.make(run):
                there = folder.run()
                _check_same(there, run)
                server.end_run()
                return self._resumed(life, LaunchedRun(folder, there))
            try:
                if elsewhere:
                    following.report.hold()
                following.start()
            except LocationError as error:
                following.report.give_up()
                folder.give_up(ErrorInfo(error.kind, str(error)))
                raise
            except BaseException:  # Ctrl-C: it may have begun
                _interrupted(folder, following, elsewhere=elsewhere)
                raise
        return _followed(life, LaunchedRun(folder, run, following))

    def launched(self, run_id: str, lives: Mapping[str, Life]) -> LaunchedRun:
        """See ``Workspace.launched``. ``lives``: the locations by their names."""
        found = find(self._state_folder, run_id, self._runs)
        life = lives.get(found.run.location)
        return self._resumed(life, found) if life is not None else found

    def forget(self, before: float) -> None:
        """Remove what is kept of runs of which nothing was heard since then, in seconds since the epoch."""
        for runs in self._state_folder.places(self._runs):
            with contextlib.suppress(OSError, RunError):
                for name in os.listdir(runs):
                    folder = RunFolder(runs / name)
                    if folder.last_heard() < before and not folder.is_alive():
                        folder.remove()

    def close(self) -> None:
        """Cancel what is not detached, and wait for its end. Idempotent."""
        self._launchers.close()

    def _resumed(self, life: Life, found: LaunchedRun) -> LaunchedRun:
        """Follow a run elsewhere that nobody follows, if that can be; else give it as it is known."""
        run = found.run
        if run.status.is_over or not run.elsewhere or found.is_followed:
            return found
        try:
            chosen = self._launchers.get(run.launcher)
            with life.hold(READY_LIMIT) as (server, state):
                return self._follow(life, found, chosen, server, state)
        except (LocationError, RunError):
            return found  # it cannot be asked now

    def _follow(
        self, life: Life, found: LaunchedRun, chosen: MadeLauncher, server: OpenedCodeServer, state: LocationState
    ) -> LaunchedRun:
        folder, run = found._folder, found.run
        following = _following(life, folder, chosen, server, state, run.options, detached=True)
        if not following.report.hold():
            following.report.left()
            return found
        try:
            is_there = following.resume()
        except LocationError:
            following.report.give_up()
            raise
        if not is_there:
            lost = RunError(ErrorKind.RUN_UNKNOWN_ELSEWHERE, where=f"The location {state.name!r}", run_id=run.id)
            following.report.ended(ErrorInfo(lost.kind, str(lost)))
        return _followed(life, LaunchedRun(folder, run, following))


def find(state_folder: StateFolder, run_id: str, part: str = RUNS) -> LaunchedRun:
    """Give a run of the workspace by its id, as it is known on this machine. Raises UnknownRunError, RunError."""
    known: list[str] = []
    for runs in state_folder.places(part):
        folder = RunFolder.of(runs, run_id)
        try:
            return LaunchedRun(folder, folder.run())
        except PermissionError as error:
            fields = {"run_id": run_id, "path": error.filename, "reason": error.strerror}
            raise RunError(ErrorKind.RUN_RECORD_NOT_READABLE, **fields) from error
        except OSError:
            with contextlib.suppress(OSError):
                known += (name for name in os.listdir(runs) if not name.startswith("."))
    raise UnknownRunError(run_id, sorted(known))


def _following(
    life: Life,
    folder: RunFolder,
    chosen: MadeLauncher,
    server: OpenedCodeServer,
    state: LocationState,
    options: RunOptions,
    *,
    detached: bool,
) -> Following:
    assert life.entry.origin is not None
    hidden = life.masker().secrets | chosen.secrets
    report = Report(folder, hidden, server.end_run)
    start = RunStart(folder.path.name, options, detached, hidden)
    return Following(chosen, RunLaunch(start, report, server, state, life.entry.origin), report)


def _interrupted(folder: RunFolder, following: Following, *, elsewhere: bool) -> None:
    """See to it that a run ends whose start was interrupted, and that its record has an end."""
    with contextlib.suppress(RunError):
        folder.cancel()  # for the one who keeps it, if there is one
    with contextlib.suppress(LocationError):
        following.cancel()
    following.report.give_up()
    if elsewhere:  # else its keeper writes that
        folder.give_up(None, canceled=True)


def _followed(life: Life, launched: LaunchedRun) -> LaunchedRun:
    """See to it that a run elsewhere is cancelled when its folder asks for that, as the keeper does of one here."""
    following, folder = launched._following, launched._folder
    if following is None or not launched._known.elsewhere:
        return launched

    def cancel() -> None:
        try:
            following.cancel()
        except LocationError as error:
            logger.warning("%s", error)

    def look() -> None:
        if following.report.is_ended or following.report.is_left:
            return
        if folder.asks_to_cancel():
            life.soon(cancel)
        else:
            life.later(_LOOK_FOR_CANCEL, look)

    life.later(_LOOK_FOR_CANCEL, look)
    return launched


def _check_same(there: Run, run: Run) -> None:
    """Raise RunError where the run of that id that is there is not the one that is asked for."""
    if (there.location, there.options) != (run.location, Run.from_json(run.to_json()).options):
        what = f"{there.location}/{there.options.repository}/{there.options.pipeline}"
        raise RunError(ErrorKind.RUN_ID_TAKEN, run_id=run.id, what=what)


def _chosen(state: LocationState, options: RunOptions) -> tuple[PipelineSnapshot, RunOptions]:
    """Find the pipeline, and say in which repository it is, and how it is run. Raises RunError."""
    found = [
        (repository.name, pipeline)
        for repository in state.repositories
        for pipeline in repository.pipelines
        if pipeline.name == options.pipeline and options.repository in ("", repository.name)
    ]
    if not found:
        raise _unknown(state, options)
    if len(found) > 1:
        found.sort(key=lambda one: one[0])
        names = ", ".join(name for name, _ in found)
        example = f"{state.name}/{found[0][0]}/{options.pipeline}"
        raise RunError(
            ErrorKind.PIPELINE_AMBIGUOUS,
            location=state.name,
            pipeline=options.pipeline,
            repositories=names,
            example=example,
        )
    repository, pipeline = found[0]
    return pipeline, replace(options, repository=repository)


def _unknown(state: LocationState, options: RunOptions) -> RunError:
    known = [pipeline.name for repository in state.repositories for pipeline in repository.pipelines]
    near = nearest(options.pipeline, known)
    listed = ", ".join(sorted(set(known))) or "none"
    advice = f"Did you mean {near}?" if near is not None else f"Its pipelines are: {listed}."
    if near == options.pipeline:
        names = ", ".join(one.name for one in state.repositories if any(p.name == near for p in one.pipelines))
        advice = f"It is in the repository {names}, not in {options.repository}."
    return RunError(ErrorKind.PIPELINE_NOT_FOUND, location=state.name, pipeline=options.pipeline, advice=advice)


def _check(pipeline: PipelineSnapshot, options: RunOptions) -> None:
    """Raise RunError for a run config that does not fit, and for solids that the pipeline does not have."""
    if not surely_valid(pipeline.config_schema, options.run_config):
        from skerry.execution.config import validate  # with what it stands on, it takes its time

        validate(pipeline.name, pipeline.config_schema, options.run_config)
    known = [solid.name for solid in pipeline.solids]
    for name in options.solids:
        if name not in known:
            listed = ", ".join(known) or "none"
            raise RunError(ErrorKind.SOLID_NOT_FOUND, pipeline=pipeline.name, solid=name, known=listed)
