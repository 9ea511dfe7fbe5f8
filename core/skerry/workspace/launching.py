"""Launching runs: what is asked for is checked here, and a run launcher has them executed."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import time
from collections.abc import Mapping

from skerry.errors import ErrorKind, LocationError, RunError
from skerry.model import ErrorInfo, LocationState, Run, RunOptions, RunStatus
from skerry.plugin import RunLaunch, RunStart
from skerry.workspace.following import Following
from skerry.workspace.launched_run import RUNS, LaunchedRun, find
from skerry.workspace.launchers import Launchers, MadeLauncher
from skerry.workspace.life import Life
from skerry.workspace.opened import OpenedCodeServer
from skerry.workspace.run_folder import RunFolder
from skerry.workspace.run_options import checked
from skerry.workspace.run_report import Report
from skerry.workspace.run_request import check, check_same, pipeline_of
from skerry.workspace.state_folder import StateFolder

logger = logging.getLogger("skerry")

#: Seconds to wait for a location that is LOADING.
READY_LIMIT = 60.0
#: Seconds between two looks whether a run elsewhere is to be cancelled.
_LOOK_FOR_CANCEL = 0.5


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
            pipeline, options = pipeline_of(state, options)
            check(pipeline, options)
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
                check_same(there, run)
                server.end_run()
                before = self._resumed(life, LaunchedRun(folder, there))
                before.was_there = True
                return before
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


def _interrupted(folder: RunFolder, following: Following, *, elsewhere: bool) -> None:
    """See to it that a run ends whose start was interrupted, and that its record has an end."""
    with contextlib.suppress(RunError):
        folder.cancel()  # for the one who keeps it, if there is one
    with contextlib.suppress(LocationError):
        following.cancel()
    following.report.give_up()
    if elsewhere:  # else its keeper writes that
        folder.give_up(None, canceled=True)


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
