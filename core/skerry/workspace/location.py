"""A live member of a workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skerry.model import (
    Cause,
    ErrorInfo,
    Evaluation,
    EvaluationResult,
    LocationState,
    Move,
    Origin,
    Problem,
    ReloadResult,
    RepositorySnapshot,
    RunOptions,
    ServerInfo,
    State,
)
from skerry.workspace.launched_run import LaunchedRun
from skerry.workspace.launching import Launching
from skerry.workspace.life import Life
from skerry.workspace.run_options import options_of

#: Seconds that an evaluation may take, where nobody says otherwise.
EVALUATION_TIMEOUT = 60.0
#: Seconds that it may be given at most: a day.
LONGEST_EVALUATION = 24 * 3600.0


class Location:
    """A thread-safe handle over one frozen ``LocationState``.

    ``state``, ``error``, ``server`` and ``repositories`` each read the newest; to read several that belong together,
    take ``snapshot`` once.
    """

    def __init__(self, life: Life, launching: Launching) -> None:
        """Made by the workspace. ``launching``: launches its runs."""
        self._life = life
        self._launching = launching

    @property
    def name(self) -> str:
        """The location's name, unique in its workspace."""
        return self._life.state.name

    @property
    def origin(self) -> Origin | None:
        """The recipe that it is loaded from; None when its entry has an error."""
        return self._life.entry.origin

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with its entry in the workspace file."""
        return self._life.entry.problems

    @property
    def snapshot(self) -> LocationState:
        """All that is known of it at one moment."""
        return self._life.state

    @property
    def state(self) -> State:
        """Where it is in its life."""
        return self._life.state.state

    @property
    def error(self) -> ErrorInfo | None:
        """What went wrong last; None while all is well."""
        return self._life.state.error

    @property
    def server(self) -> ServerInfo | None:
        """The code server that answers for it; None when there is none."""
        return self._life.state.server

    @property
    def repositories(self) -> tuple[RepositorySnapshot, ...]:
        """What its code defines; empty unless it is READY, or IDLE after it was."""
        return self._life.state.repositories

    @property
    def owned(self) -> bool:
        """Whether its code runs in a process of this workspace, and not in a code server of others."""
        return self._life.is_owned()

    @property
    def history(self) -> tuple[Move, ...]:
        """Its last moves, the newest last; a hundred at most."""
        return self._life.moves()

    def output(self) -> str:
        """Give what its code wrote to stdout and stderr in its present life, as far as it is kept."""
        return self._life.output()

    def load(self) -> None:
        """Begin to load it if it is IDLE, since it is about to be used. Returns at once; ``wait`` waits."""
        self._life.use()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is no longer LOADING, at most ``timeout`` seconds; tells whether that came to be."""
        return self._life.wait(timeout)

    def evaluate(self, evaluation: Evaluation, timeout: float = EVALUATION_TIMEOUT) -> EvaluationResult:
        """Evaluate one of its schedules or sensors, in a process of its own, and wait for that; ``timeout``: seconds.

        Loads the location if it is IDLE, and waits while it is LOADING; what takes longer is ended, alone. The present
        generation answers, to the end, also when another takes its place meanwhile. Gives runs, a reason why there are
        none, or an error: an exception in user code, the end of its process, a limit that has passed, a location that
        is FAILED or UNREACHABLE. Raises LocationError when it is closed, or its code server does not offer this.
        """
        return self._life.evaluate(evaluation, min(timeout, LONGEST_EVALUATION) if timeout > 0 else 0.0)

    def launch(
        self,
        pipeline: str,
        *,
        repository: str | None = None,
        run_config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        solids: Sequence[str] = (),
        max_concurrency: int = 1,
        run_id: str | None = None,
        detached: bool = False,
        after: str | None = None,
        launcher: str | None = None,
    ) -> LaunchedRun:
        """Launch a run of one of its pipelines; returns once that has begun.

        ``repository``: needed where several have a pipeline of that name. ``solids``: the names of those to run, all by
        default; ``max_concurrency``: how many at the same time, each in a process of its own if several. ``run_id``: a
        run of this id that is there is not started again, but given. A run ends with the workspace, unless it is
        ``detached``. ``after``: the id of a run of the same pipeline; what its solids have given is taken over, as far
        as that was kept, and only the others are run. ``launcher``: the key of the run launcher; by default the one
        that the workspace file chooses, else ``process``, which has it executed by a process forked from the code, of
        this machine or of the one that serves the location. The generation that is READY now is what it runs, to the
        end, whatever is reloaded meanwhile.

        Loads the location if it is IDLE, and waits while it is LOADING. Raises RunError when it is not READY, and for
        what is wrong with what was asked for; LocationError when it is closed, no process is to be had, the launcher is
        not there, is wrong in the workspace file or refuses the run, or its code server does not offer this;
        UnknownRunError when there is no run ``after``. What goes wrong later is told by the run.
        """
        options = options_of(pipeline, repository, run_config, tags, solids, max_concurrency, after)
        return self.launch_as(options, run_id=run_id, detached=detached, launcher=launcher)

    def launch_as(
        self, options: RunOptions, *, run_id: str | None = None, detached: bool = False, launcher: str | None = None
    ) -> LaunchedRun:
        """Launch what ``options`` say, such as those of a run before. See ``launch``."""
        return self._launching.launch(self._life, options, run_id=run_id, detached=detached, launcher=launcher)

    def reload(self) -> ReloadResult:
        """Load its code anew, and wait for that; reloads of one location follow each other.

        What it served goes on until the new code is READY, and stays, stale, when the new code fails. A remote code
        server is asked to reload. Gives the old and the new generation and what has changed in the definitions, or the
        error. Raises LocationError when there is nothing to reload: its entry is wrong, it is closed, or its server
        cannot be asked.
        """
        return self._reload(Cause.RELOAD_ASKED)

    def _reload(self, cause: Cause, detail: str = "") -> ReloadResult:
        return self._life.reload(cause, detail)

    def __repr__(self) -> str:
        return f"<Location {self.name!r} {self.state.value}>"
