"""What run launchers share that have containers execute runs: ``skerry api execute-run`` and what it tells."""

from __future__ import annotations

import json

from skerry.errors import LocationError
from skerry.model import RunEvent
from skerry.plugin.runs import RunLaunch

#: What such a container runs; behind it ``--request`` and the file that has ``request_of``.
COMMAND = ("skerry", "api", "execute-run")


def image_of(launch: RunLaunch) -> str:
    """Give the image of the location. Raises LocationError where a container of it cannot execute the run."""
    name, server = launch.location.name, launch.location.server
    _refuse_outputs_of_others(launch)
    if server is None or server.image is None:
        raise LocationError(
            reason=f"The location {name!r} has no image from which a container could be made.\n"
            "Set SKERRY_CURRENT_IMAGE where its code server runs, to the name of the image that has its code."
        )
    if server.entry is None:
        raise LocationError(
            reason=f"It is not known how the code of {name!r} is loaded in its image {server.image}.\n"
            "Serve it with `skerry api grpc`, of this version of Skerry or a newer one."
        )
    return server.image


def _refuse_outputs_of_others(launch: RunLaunch) -> None:
    if launch.start.options.parent_id is not None:
        raise LocationError(
            reason=f"A run of {launch.location.name!r} in a container cannot take over the outputs of another run.\n"
            "Those are where the other was executed: run all of it, or choose the run launcher `process`."
        )


def request_of(launch: RunLaunch) -> bytes:
    """Give what ``skerry api execute-run`` is to read: JSON. It may be large, and hold what is private.

    Raises LocationError for a run after another, whose outputs are not where this one is executed.
    """
    _refuse_outputs_of_others(launch)
    server = launch.location.server
    assert server is not None
    request = {"run_id": launch.start.run_id, "options": launch.start.options.to_json(), "entry": server.entry}
    return json.dumps(request).encode("ascii")


class EventLines:
    """Makes events of what ``skerry api execute-run`` writes to stdout, which comes in parts of any size."""

    def __init__(self) -> None:
        self._rest = b""
        #: How many lines were no events; they are left out.
        self.left_out = 0

    def put(self, data: bytes) -> list[RunEvent]:
        """Take the next part; gives the events that are whole with it."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        events = []
        for line in lines:
            try:
                events.append(RunEvent.from_json(json.loads(line)))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                self.left_out += 1
        return events
