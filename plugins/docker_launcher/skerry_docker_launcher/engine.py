"""A Docker engine, reached by the Docker SDK: what is asked of it, and what it says in words."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import socket
import struct
import tarfile
import time
from collections.abc import Iterator, Mapping
from typing import Any

import docker
import requests.adapters
import urllib3
from docker import DockerClient
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container
from docker.utils import parse_repository_tag

from skerry.errors import LocationError
from skerry.plugin import RunLaunch
from skerry.plugin.containers import COMMAND, image_of, request_of

__all__ = ["FAULTS", "APIError", "Container", "Engine", "NotFound", "reason_of", "remove"]

logger = logging.getLogger("skerry.docker")

#: What the SDK raises when the engine cannot be reached, is lost in the middle of an answer, or refuses.
FAULTS = (DockerException, OSError, urllib3.exceptions.HTTPError, struct.error)

#: Labels of the containers that execute runs.
RUN_ID = "skerry.run_id"
LOCATION = "skerry.location"

#: Where the request is in a container. In the root, over which no volume is mounted.
_FOLDER, _REQUEST = "/", "skerry-request.json"

#: A connection on which nothing comes for long, as while a solid computes, must not be lost unseen on the way.
_KEEP_ALIVE = (
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 60),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 15),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 4),
)


class Engine:
    """One engine. Thread-safe, as far as it is used here."""

    def __init__(self, client: DockerClient) -> None:
        self._client = client

    @classmethod
    def connect(cls) -> Engine:
        """Reach the engine that DOCKER_HOST and the variables beside it name. Raises LocationError."""
        with _reaching():
            client = docker.from_env()
        if client.api.base_url.startswith(("http://", "https://")):
            for scheme in ("http://", "https://"):
                client.api.mount(scheme, _KeptAlive())
        return cls(client)

    def check(self) -> None:
        """Raise LocationError when it cannot be reached."""
        with _reaching():
            self._client.ping()

    def create(self, launch: RunLaunch, options: Mapping[str, Any]) -> Container:
        """Make a container for a run, with the image pulled if that is not there. Raises LocationError."""
        image = image_of(launch)
        name = f"skerry-run-{launch.start.run_id}"
        with _refusing(f"a container of the image {image}"):
            self._pull(image, options.get("registry"))
            try:
                return self._client.containers.create(
                    image,
                    entrypoint=list(COMMAND),
                    command=["--request", f"{_FOLDER}{_REQUEST}"],
                    name=name,
                    labels={RUN_ID: launch.start.run_id, LOCATION: launch.location.name},
                    environment=dict(options.get("env", {})),
                    volumes=list(options.get("volumes", [])),
                    network=options.get("network"),
                    # That of the image asks for a code server.
                    healthcheck={"test": ["NONE"]},
                )
            except APIError as error:
                if error.status_code != 409:
                    raise
                raise LocationError(
                    reason=f"A container {name} is there already: a run of this id was started by another host.\n"
                    f"Choose another id, or look at it with `docker logs {name}`."
                ) from error

    def start(self, container: Container, launch: RunLaunch) -> None:
        """Give a container its request, and start it. Raises LocationError."""
        with _refusing(f"the container {container.name}"):
            if container.attrs["HostConfig"].get("LogConfig", {}).get("Type") == "none":
                raise LocationError(
                    reason="The Docker engine keeps no logs of its containers, and runs are told by them.\n"
                    "Choose another log driver for it than `none`, such as `local`."
                )
            container.put_archive(_FOLDER, _archive(request_of(launch)))
            container.start()

    def find(self, launch: RunLaunch) -> Container | None:
        """Give the container of a run that was started. Raises LocationError."""
        labels = [f"{RUN_ID}={launch.start.run_id}", f"{LOCATION}={launch.location.name}"]
        with _reaching():
            for container in self._client.containers.list(all=True, filters={"label": labels}):
                if container.status != "created":
                    return container
                remove(container)  # whoever has made it ended before it was started
        return None

    def close(self) -> None:
        """Give up the connections."""
        self._client.close()

    def _pull(self, image: str, registry: Mapping[str, str] | None) -> None:
        with contextlib.suppress(ImageNotFound):
            self._client.images.get(image)
            return
        if registry is not None:
            self._client.login(registry["username"], registry["password"], registry=registry["url"])
        repository, tag = parse_repository_tag(image)
        for told in self._client.api.pull(repository, tag or "latest", stream=True, decode=True):
            if "error" in told:
                raise DockerException(told["error"])


def remove(container: Container) -> None:
    """Remove a container, whatever it does. Raises nothing."""
    try:
        container.remove(force=True, v=True)
    except NotFound:
        pass
    except FAULTS as error:
        logger.warning("the container %s cannot be removed: %s", container.name, reason_of(error))


class _KeptAlive(requests.adapters.HTTPAdapter):
    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        kept = [(level, getattr(socket, name), value) for level, name, value in _KEEP_ALIVE if hasattr(socket, name)]
        default = urllib3.connection.HTTPConnection.default_socket_options
        super().init_poolmanager(*arguments, socket_options=[*default, *kept], **options)


def reason_of(error: BaseException) -> str:
    """Give what was wrong in a few words: the engine's own, or those of the system."""
    if isinstance(error, APIError):
        return str(error.explanation or error).strip().rstrip(".")
    words = str(error)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            words = cause.strerror
        cause = cause.__cause__ or cause.__context__
    return words.strip().rstrip(".")


@contextlib.contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except FAULTS as error:
        host = os.environ.get("DOCKER_HOST")
        where = f"at {host} (DOCKER_HOST)" if host else "of this machine"
        raise LocationError(
            reason=f"The Docker engine {where} cannot be reached: {reason_of(error)}.\n"
            "Start it, let this user use it, or name another one with DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH."
        ) from error


@contextlib.contextmanager
def _refusing(what: str) -> Iterator[None]:
    """``what``: is to be made or started."""
    try:
        yield
    except APIError as error:
        raise LocationError(
            reason=f"The Docker engine does not start {what}: {reason_of(error)}.\n"
            "The image needs `skerry` on its PATH, and the engine access to the image's registry."
        ) from error
    except DockerException as error:
        raise LocationError(reason=f"The Docker engine does not start {what}: {reason_of(error)}.") from error
    except FAULTS:
        with _reaching():
            raise


def _archive(request: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo(_REQUEST)
        member.size, member.mode, member.mtime = len(request), 0o444, int(time.time())
        archive.addfile(member, io.BytesIO(request))
    return buffer.getvalue()
