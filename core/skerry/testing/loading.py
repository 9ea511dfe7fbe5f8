"""A location type at work: real loads in real processes, refusals, endings."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skerry.code_server import Processes
from skerry.errors import ErrorKind
from skerry.model import LocationState, Origin, Severity, State
from skerry.plugin import CodeServer, LocationType
from skerry.testing.clauses import Clause, ContractError, words_of
from skerry.testing.keeping import check_kept, nothing_kept
from skerry.testing.leftovers import held, left_behind
from skerry.testing.observed import ObservedCodeServer, ObservedRegistry, ObservedType
from skerry.testing.recording import RecordingRuntime
from skerry.workspace import Location, Workspace
from skerry.workspace_file import Code, read_entries

#: How many locations of the type are opened at once.
AT_ONCE = 8
#: Seconds: the deadline of an open that is given a code server that never loads, and how late it may be.
SHORT_DEADLINE = 0.5
LATE = 3.0
#: Seconds after which a location that is opening is closed: at once, and in the midst of it.
MOMENTS = (0.0, 0.02, 0.1)
#: Seconds that the workspace itself may need on top of a location's startup_timeout.
_SETTLING = 30.0


@dataclass(frozen=True)
class Loads:
    """How to load entries of one location type.

    ``startup_timeout``: seconds for each location. ``home``: where they keep what they keep; one place for all loads,
    since a snapshot tells where the code lies.
    """

    location_type: LocationType
    folder: Path
    startup_timeout: float
    home: Path

    @property
    def key(self) -> str:
        """The type's key."""
        return self.location_type.key

    @contextlib.contextmanager
    def load(self, entries: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Workspace, ObservedType]]:
        """Load one location for each mapping of options, called ``0``, ``1``, and close them."""
        observed = ObservedType(self.location_type)
        registry = ObservedRegistry(observed)
        common = {"startup_timeout": self.startup_timeout}
        written: list[Mapping[str, Any]] = [
            {self.key: {**options, "location_name": str(number), **common}} for number, options in enumerate(entries)
        ]
        description = read_entries(written, self.folder, registry, source="options")
        with Workspace(lambda: description, registry, Processes()) as workspace:
            yield workspace, observed

    def settle(self, workspace: Workspace) -> tuple[Location, ...]:
        """Wait until every location is what it comes to be."""
        workspace.wait(self.startup_timeout + _SETTLING)
        return workspace.locations


def check_deadline(location_type: LocationType, origin: Origin) -> None:
    """Check that ``open`` does not wait for code that never loads. Raises ContractError."""
    with tempfile.TemporaryDirectory() as folder:
        runtime = RecordingRuntime(Path(folder), SHORT_DEADLINE)
        opened: list[CodeServer] = []

        def open_it() -> None:
            # What it makes of a runtime that does nothing is its own affair; only that it comes back counts.
            with contextlib.suppress(BaseException):
                opened.append(location_type.open(origin, runtime))

        thread = threading.Thread(target=open_it, name="open", daemon=True)
        thread.start()
        thread.join(SHORT_DEADLINE + LATE)
        if thread.is_alive():
            raise ContractError(Clause.DEADLINE, location_type.key, seconds=LATE)
        for server in opened:
            with contextlib.suppress(Exception):  # close() has a clause of its own
                server.close()


def check_lives(loads: Loads, options: Mapping[str, Any]) -> LocationState:
    """Check two loads, the second with what the first has kept; gives the first when READY. Raises ContractError."""
    with nothing_kept(loads.home):
        first, second = (_check_life(loads, options) for _ in range(2))
    ids = [state.server.id if state.server else None for state in (first, second)]
    if None in ids:
        raise ContractError(Clause.SERVER_ID, loads.key, found="It is READY, and its code server tells no ServerInfo")
    if ids[0] == ids[1]:
        raise ContractError(Clause.SERVER_ID, loads.key, found=f"Two loads have the server id {ids[0]!r}")
    return first


def _check_life(loads: Loads, options: Mapping[str, Any]) -> LocationState:
    with loads.load([options]) as (workspace, observed):
        (location,) = loads.settle(workspace)
        state = location.snapshot
        check_kept(loads.key, observed.filled)
        if state.state is not State.READY or not state.repositories:
            raise ContractError(Clause.READY, loads.key, state=state.state.value, reason=_reason(location))
        (server,) = observed.servers
        _check_output(loads.key, server)
        for _ in range(2):
            server.close()
    # The workspace has closed it once more, after it was closed already.
    if server.close_error is not None:
        error = server.close_error
        raise ContractError(Clause.CLOSE, loads.key, error=words_of(error)) from error
    return state


def _check_output(key: str, server: ObservedCodeServer) -> None:
    try:
        written = server.output()
    except BaseException as error:  # SystemExit too: a plugin is somebody else's code
        raise ContractError(Clause.OUTPUT, key, found=f"raised {words_of(error)}") from error
    if not isinstance(written, str):
        raise ContractError(Clause.OUTPUT, key, found=f"gave {written!r}")


def check_at_once(loads: Loads, options: Mapping[str, Any], alone: LocationState) -> None:
    """Check that locations opened at once come to be what one ``alone`` is. Raises ContractError."""
    with nothing_kept(loads.home), loads.load([options] * AT_ONCE) as (workspace, _):
        for location in loads.settle(workspace):
            if location.state is not State.READY:
                reason = f"one location is {location.state.value}{_reason(location)}"
            elif location.repositories != alone.repositories:
                reason = "one location has other repositories than a location that is opened alone"
            else:
                continue
            raise ContractError(Clause.AT_ONCE, loads.key, count=AT_ONCE, reason=reason)


def check_refusals(loads: Loads, spoiled: Sequence[Mapping[str, Any]], refused: Sequence[Mapping[str, Any]]) -> None:
    """Check that wrong options cost a LocationError and nothing worse; ``refused`` must. Raises ContractError."""
    with nothing_kept(loads.home), loads.load([*spoiled, *refused]) as (workspace, _):
        locations = loads.settle(workspace)
        for location, options in zip(locations, [*spoiled, *refused], strict=True):
            failure = _failure(location)
            if failure:
                raise ContractError(Clause.REFUSAL, loads.key, options=options, reason=failure)
        for location, options in zip(locations[len(spoiled) :], refused, strict=True):
            if location.state is not State.FAILED:
                raise ContractError(Clause.REFUSED, loads.key, options=options, state=location.state.value)


def _failure(location: Location) -> str:
    """Say what the plugin raised that it should not have; empty when it did not."""
    for problem in location.problems:
        if problem.code == Code.PLUGIN_FAILED.value:
            return problem.message
    error = location.error
    return error.message if error is not None and error.kind is ErrorKind.LOCATION_TYPE_FAILED else ""


def check_closing_while_opening(loads: Loads, options: Mapping[str, Any]) -> None:
    """Close a workspace whose location has only begun, at several moments, with nothing kept from before.

    Raises ContractError.
    """
    for moment in MOMENTS:
        with nothing_kept(loads.home):
            before = held()
            with loads.load([options]) as (workspace, _):
                workspace.wait(moment)
            left = left_behind(before)
        if left:
            raise ContractError(Clause.CLOSE_WHILE_OPENING, loads.key, left=", ".join(left))


def _reason(location: Location) -> str:
    wrong = [problem.message for problem in location.problems if problem.severity is Severity.ERROR]
    if location.error is not None and not wrong:
        wrong = [location.error.message]
    return f": {' '.join(wrong)}".rstrip(".") if wrong else ""
