"""Launching runs: what is asked for is checked here, and a run launcher has them executed."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from skerry.errors import ErrorKind, LocationError, RunError, UnknownRunError
from skerry.model import ErrorInfo, LocationState, PipelineSnapshot, Run, RunEvent, RunOptions, RunStatus
from skerry.plugin import RunLaunch, RunLauncher, RunStart
from skerry.user_process.journal import JOURNAL, Tail
from skerry.user_process.run_output import OUTPUT, OUTPUT_BEFORE
from skerry.workspace.launchers import Launchers, MadeLauncher
from skerry.workspace.life import Life
from skerry.workspace.opened import OpenedCodeServer
from skerry.workspace.run_folder import RunFolder, lost
from skerry.workspace.run_report import Report
from skerry.workspace.state_folder import StateFolder
from skerry.workspace_file.nearest import nearest
from skerry.workspace_file.quick import surely_valid

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
        elif self._following is not None:
            self._following.launcher.update_output(self._following.launch)
        parts = (self._folder.path / name for name in (OUTPUT_BEFORE, OUTPUT))
        return "".join(part.read_text("utf-8", "backslashreplace") for part in parts if part.is_file())

    def events(self, after: int = 0) -> Iterator[RunEvent]:
        """Give its events as they come, those that were before included, until it is over.

        ``after``: the sequence number of the last one that is known already.
        """
        position = after
        while True:
            with self._changed:
                self._read()
                new = self._events[position:]
                over = self._is_over()
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
        """Wait until it is over, at most ``timeout`` seconds; gives what is known then."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while True:
                self._read()
                left = None if deadline is None else deadline - time.monotonic()
                if self._is_over() or (left is not None and left <= 0):
                    return self._known
                self._changed.wait(_LOOK if left is None else min(left, _LOOK))

    def cancel(self) -> None:
        """Ask for its cancellation: user code is interrupted, resources are torn down. Returns at once.

        Raises RunError where others keep it and its folder cannot be written.
        """
        try:
            self._folder.cancel()  # for whoever keeps it or follows it, now or later
        except RunError:
            if self._following is None:
                raise
        if self._following is not None:
            self._following.launcher.cancel(self._following.launch)

    def detach(self) -> None:
        """Let it go on when the workspace is closed, or its process ends."""
        if self._following is not None:
            self._following.launcher.detach(self._following.launch)

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

    def _is_ended(self) -> bool:
        """Tell whether nothing is told to this process any more."""
        report = self._following.report if self._following is not None else None
        return report is None or report.is_ended or report.is_left

    def _is_over(self) -> bool:
        return self._known.status.is_over


@dataclass(frozen=True)
class Following:
    """How a process follows a run."""

    launcher: RunLauncher
    launch: RunLaunch
    report: Report


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
        chosen = self._launchers.get(launcher)
        runs = self._state_folder.make(self._runs, 0o700)
        folder = RunFolder.of(runs, run_id or uuid.uuid4().hex)
        if options.parent_id is not None:
            find(self._state_folder, options.parent_id, self._runs)
        with life.hold(READY_LIMIT) as (server, state):
            pipeline, options = _chosen(state, options)
            _check(pipeline, options)
            following = _following(life, folder, chosen, server, state, options, detached=detached)
            secrets = following.launch.start.secrets
            with chosen.guarding(secrets):
                chosen.launcher.check(following.launch)
                elsewhere = chosen.launcher.is_elsewhere(following.launch)
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
                server.end_run()
                return self._resumed(life, LaunchedRun(folder, folder.run()))
            try:
                if elsewhere:
                    following.report.hold()
                with chosen.guarding(secrets):
                    chosen.launcher.start(following.launch)
            except LocationError as error:
                following.report.give_up()
                folder.give_up(ErrorInfo(error.kind, str(error)))
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
            with chosen.guarding(following.launch.start.secrets):
                is_there = chosen.launcher.resume(following.launch)
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
    secrets = life.masker().secrets | chosen.secrets
    report = Report(folder, secrets, server.end_run)
    start = RunStart(folder.path.name, options, detached, secrets)
    return Following(chosen.launcher, RunLaunch(start, report, server, state, life.entry.origin), report)


def _followed(life: Life, launched: LaunchedRun) -> LaunchedRun:
    """See to it that a run elsewhere is cancelled when its folder asks for that, as the keeper does of one here."""
    following, folder = launched._following, launched._folder
    if following is None or not launched._known.elsewhere:
        return launched

    def look() -> None:
        if following.report.is_ended or following.report.is_left:
            return
        if folder.asks_to_cancel():
            life.soon(lambda: following.launcher.cancel(following.launch))
        else:
            life.later(_LOOK_FOR_CANCEL, look)

    life.later(_LOOK_FOR_CANCEL, look)
    return launched


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
    return pipeline, replace(options, repository=repository, max_concurrency=max(1, options.max_concurrency))


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


def options_of(
    pipeline: str,
    repository: str | None,
    run_config: Mapping[str, Any] | None,
    tags: Mapping[str, str] | None,
    solids: Sequence[str],
    max_concurrency: int,
    parent_id: str | None,
) -> RunOptions:
    """Put together what to run."""
    return RunOptions(
        repository=repository or "",
        pipeline=pipeline,
        run_config=dict(run_config or {}),
        tags=dict(tags or {}),
        solids=tuple(solids),
        max_concurrency=max_concurrency,
        parent_id=parent_id,
    )
