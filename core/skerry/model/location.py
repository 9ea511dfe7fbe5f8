"""A location from the outside: its recipe, its server, its state."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Mapping, Optional, Tuple

from skerry.model.changes import DefinitionChanges
from skerry.model.errors import ErrorInfo, Problem
from skerry.model.explanation import Explanation
from skerry.model.records import Record, not_in_json
from skerry.model.snapshot import RepositorySnapshot


class State(str, Enum):
    """Where a location is in its life. The moves between them stand in ``skerry.workspace.states``."""

    LOADING = "LOADING"
    READY = "READY"
    FAILED = "FAILED"
    UNREACHABLE = "UNREACHABLE"
    IDLE = "IDLE"
    CLOSED = "CLOSED"


class Cause(str, Enum):
    """Why a location has moved. The values are stable: they stand in ``--json``."""

    OPENED = "OPENED"
    LOADED = "LOADED"
    LOAD_FAILED = "LOAD_FAILED"
    # Why it was loaded again; what came of that is in the move.
    RELOAD_ASKED = "RELOAD_ASKED"
    FILES_CHANGED = "FILES_CHANGED"
    ENTRY_CHANGED = "ENTRY_CHANGED"
    PROCESS_ENDED = "PROCESS_ENDED"
    # What a code server that somebody else runs has told, or its silence.
    SERVER_RELOADED = "SERVER_RELOADED"
    CONNECTION_LOST = "CONNECTION_LOST"
    CONNECTED = "CONNECTED"
    # `lazy` and `idle_timeout`.
    USED = "USED"
    NOT_USED = "NOT_USED"
    CLOSED = "CLOSED"


@dataclass(frozen=True)
class Move(Record):
    """One move of a location; progress within LOADING is none.

    ``at``: seconds since the epoch. ``old``: None for the first state. ``detail``: more about the cause, such as the
    files that have changed. ``generation``: of the code that serves from now on, None where there is none. ``stale``:
    that is older than the load that has failed now.
    """

    at: float
    old: Optional[State]
    new: State
    cause: Cause
    detail: str = ""
    generation: Optional[int] = None
    stale: bool = False


@dataclass(frozen=True)
class Origin(Record):
    """The recipe of a location: plain JSON, paths absolute, enough to load it again on this machine.

    It may be stored: secrets stand in it as references, as they are written (``${TOKEN}``), or as ``${*1}`` when the
    file itself holds them; a literal ``${`` is ``$${``. ``open`` is given a copy that holds the values instead.

    ``type``: the key under ``load_from``. ``options``: what the type's ``normalize`` gave. ``folder``: the folder of
    the workspace file, absolute. ``startup_timeout``: seconds. ``env``: variables for the user process; ``env_file``:
    absolute paths of files with more of them, which give way to ``env``; a later file overrides an earlier one.
    ``lazy``: it is loaded when first used; ``idle_timeout``: seconds without use after which its process is ended.
    ``watch``: absolute globs of data files whose change reloads it where the workspace watches.
    """

    location_name: str
    type: str
    options: Mapping[str, Any]
    folder: str
    startup_timeout: float = 180.0
    env: Mapping[str, str] = field(default_factory=dict)
    env_file: Tuple[str, ...] = ()
    lazy: bool = False
    idle_timeout: Optional[float] = None
    watch: Tuple[str, ...] = ()


@dataclass(frozen=True)
class ServerInfo(Record):
    """One life of a code server.

    ``id`` is new with each life; ``address`` is ``pipe`` for a local one, and where a remote one is reached; ``pid``
    counts on its own machine; ``python`` and ``skerry`` are versions in the user's environment; ``generation`` counts
    loads from 1; ``load_seconds`` is the load of the user's code. ``entry``: an item of
    ``load_from`` that loads the same code where the code server runs; None where that is not known. Of a remote server
    whose code has failed, ``id`` and ``pid`` are its own, ``python`` and ``executable`` are empty, and ``generation``
    is 0.
    """

    id: str
    pid: Optional[int]
    address: str
    python: str
    executable: str
    skerry: str
    image: Optional[str]
    generation: int
    load_seconds: Optional[float]
    entry: Optional[Mapping[str, Any]] = not_in_json(None)


@dataclass(frozen=True)
class ReloadResult(Record):
    """What came of a reload.

    ``old_generation``: None where nothing was loaded before. ``new_generation``: None when it failed; then ``error``
    says why, and what was loaded before goes on. ``changes``: between what the two define, none when it failed.
    """

    old_generation: Optional[int] = None
    new_generation: Optional[int] = None
    error: Optional[ErrorInfo] = None
    changes: DefinitionChanges = field(default_factory=DefinitionChanges)


@dataclass(frozen=True)
class WorkspaceReloadResult(Record):
    """What came of reading the workspace files again: the names of the locations that are touched, in their order.

    ``added``: they load now. ``removed``: they are closed. ``changed``: loaded again, with what came of that; None for
    one that is loaded when it is first used.
    """

    added: Tuple[str, ...] = ()
    removed: Tuple[str, ...] = ()
    changed: Mapping[str, Optional[ReloadResult]] = field(default_factory=dict)


@dataclass(frozen=True)
class LocationState(Record):
    """All that is known of a location at one moment. JSON: an item of ``locations`` in the ``--json`` contract.

    ``stale``: what is served is older than the last, failed, reload. ``busy_since`` and ``retry_at``: seconds since
    the epoch. ``progress``: what is being done while LOADING. ``last_move``: how it came to be so. ``warnings``: what
    is not as its entry wants it, although its code loads.
    """

    name: str
    type: str
    line: Optional[int]
    state: State = State.LOADING
    stale: bool = False
    busy_since: Optional[float] = None
    retry_at: Optional[float] = None
    error: Optional[ErrorInfo] = None
    server: Optional[ServerInfo] = None
    repositories: Tuple[RepositorySnapshot, ...] = ()
    last_move: Optional[Move] = None
    warnings: Tuple[str, ...] = ()
    progress: str = not_in_json("")
    explanation: Optional[Explanation] = not_in_json(None)


@dataclass(frozen=True)
class WorkspaceState(Record):
    """The whole workspace at one moment. JSON: the ``--json`` contract (docs/cli.md).

    ``workspace``: the absolute paths of the workspace files; empty when the target came from the command line.
    """

    workspace: Tuple[str, ...]
    problems: Tuple[Problem, ...] = ()
    locations: Tuple[LocationState, ...] = field(default=())
