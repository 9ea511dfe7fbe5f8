"""The run launcher ``docker``: a run is executed in a container of the location's image."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from skerry.errors import ErrorKind, LocationError
from skerry.plugin import RunLaunch, RunLauncher
from skerry.plugin.containers import image_of

if TYPE_CHECKING:
    from skerry_docker_launcher.engine import Container, Engine
    from skerry_docker_launcher.follower import Follower

#: Seconds that a close waits for the runs that it has cancelled, beyond the time after which they are killed.
_END_WAIT = 10.0
#: Seconds that it waits for the threads of those that it leaves.
_LEAVE_WAIT = 5.0


class DockerLauncher(RunLauncher):
    """Has the Docker engine that DOCKER_HOST names execute each run in a container of its own."""

    key = "docker"
    summary = "A container of the location's image"
    schema = {
        "type": "object",
        "description": "Execute runs in containers of the images of their locations, made by a Docker engine.",
        "properties": {
            "network": {
                "type": "string",
                "writeOnly": False,
                "minLength": 1,
                "description": "The network that the containers are in. Default: the engine's.",
                "examples": ["code-servers"],
            },
            "env": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": "Variables for the containers, beside those of the image.",
                "examples": [{"WAREHOUSE": "warehouse.example.com"}],
            },
            "volumes": {
                "type": "array",
                "items": {"type": "string", "writeOnly": False, "minLength": 1},
                "description": "What is mounted into the containers: HOST:CONTAINER, or HOST:CONTAINER:ro.",
                "examples": [["/srv/data:/data:ro"]],
            },
            "registry": {
                "type": "object",
                "properties": {
                    "url": {
                        "type": "string",
                        "writeOnly": False,
                        "minLength": 1,
                        "description": "The registry that asks for credentials.",
                        "examples": ["registry.example.com"],
                    },
                    "username": {
                        "type": "string",
                        "writeOnly": False,
                        "description": "The user there.",
                        "examples": ["skerry"],
                    },
                    "password": {
                        "type": "string",
                        "writeOnly": True,
                        "description": "The user's password or token.",
                        "examples": ["${REGISTRY_PASSWORD}"],
                    },
                },
                "required": ["url", "username", "password"],
                "additionalProperties": False,
                "description": "Credentials for images that the engine does not have yet.",
            },
        },
        "additionalProperties": False,
    }

    def __init__(self, options: Mapping[str, Any]) -> None:
        """See ``RunLauncher``; without the Docker SDK there is none."""
        super().__init__(options)
        self._sdk = _sdk()
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._followers: dict[str, Follower] = {}
        self._closed = False

    def check(self, launch: RunLaunch) -> None:
        """See ``RunLauncher``: it needs an image, and the engine."""
        image_of(launch)
        self._connected().check()

    def start(self, launch: RunLaunch) -> None:
        """See ``RunLauncher``."""
        engine = self._connected()
        from skerry_docker_launcher.engine import remove

        container = engine.create(launch, self.options)
        try:
            engine.start(container, launch)
        except BaseException:
            remove(container)
            raise
        self._follow(container, launch, detached=launch.start.detached)

    def resume(self, launch: RunLaunch) -> bool:
        """See ``RunLauncher``: the container is found by its label."""
        container = self._connected().find(launch)
        if container is None:
            return False
        self._follow(container, launch, detached=True)
        return True

    def cancel(self, launch: RunLaunch) -> None:
        """See ``RunLauncher``; perhaps called by a signal's handler, so that it waits for nothing."""
        follower = self._followers.get(launch.start.run_id)
        if follower is not None:
            follower.cancel()

    def detach(self, launch: RunLaunch) -> None:
        """See ``RunLauncher``."""
        follower = self._followers.get(launch.start.run_id)
        if follower is not None:
            follower.detached = True

    def update_output(self, launch: RunLaunch) -> None:
        """See ``RunLauncher``."""
        follower = self._followers.get(launch.start.run_id)
        if follower is not None:
            follower.update_output()

    def close(self) -> None:
        """See ``RunLauncher``."""
        from skerry_docker_launcher import follower

        with self._lock:
            self._closed = True
            followers = list(self._followers.values())
        ending = [one for one in followers if one.is_ending or not one.detached]
        for one in ending:
            one.cancel()
        deadline = time.monotonic() + follower.KILL_AFTER + _END_WAIT
        for one in ending:
            one.join(max(0.0, deadline - time.monotonic()))
        for one in followers:
            one.leave()
        for one in followers:
            one.join(_LEAVE_WAIT)
        with self._lock:
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()

    def _connected(self) -> Engine:
        """Give the engine. Raises LocationError."""
        with self._lock:
            if self._engine is None:
                self._engine = self._sdk.connect()
            return self._engine

    def _follow(self, container: Container, launch: RunLaunch, *, detached: bool) -> None:
        from skerry_docker_launcher.follower import Follower

        follower = Follower(container, launch, detached=detached, over=self._over)
        with self._lock:
            self._followers[launch.start.run_id] = follower
            closed = self._closed
        follower.begin()
        if closed and not detached:
            follower.cancel()

    def _over(self, follower: Follower) -> None:
        with self._lock:
            self._followers.pop(follower.run_id, None)


def _sdk() -> type[Engine]:
    """Import what speaks to an engine. Raises LocationError."""
    try:
        from skerry_docker_launcher.engine import Engine
    except ModuleNotFoundError as error:
        raise LocationError(
            ErrorKind.EXTRA_NOT_INSTALLED,
            what="The run launcher docker",
            module=error.name,
            requirement="skerry[docker]",
        ) from error
    return Engine
