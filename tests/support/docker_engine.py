"""A Docker engine at its HTTP boundary: it speaks the Engine API as far as the SDK is used, over a unix socket.

Its containers are processes of this machine: all is real but the isolation. ``skerry`` in them is this environment's,
and their root is a folder of their own, in which the paths of the command are looked for.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import queue
import re
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

VERSION = "1.47"
#: Bytes of one frame of a log at most, so that lines are in several.
FRAME = 100

STDOUT, STDERR = 1, 2


@dataclass
class Asked:
    """A request. ``body``: of JSON; ``login``: what X-Registry-Auth says."""

    method: str
    path: str
    query: dict[str, str]
    body: Any = None
    login: Any = None


@dataclass
class FakeContainer:
    """A container. ``root``: its file system; ``frames``: its log."""

    id: str
    name: str
    config: dict[str, Any]
    root: Path
    log_driver: str
    status: str = "created"
    exit_code: int = 0
    out_of_memory: bool = False
    frames: list[tuple[int, bytes]] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None
    changed: threading.Condition = field(default_factory=threading.Condition)
    threads: list[threading.Thread] = field(default_factory=list)
    may_end: threading.Event = field(default_factory=threading.Event)

    @property
    def labels(self) -> dict[str, str]:
        labels: dict[str, str] = self.config.get("Labels") or {}
        return labels

    @property
    def is_running(self) -> bool:
        return self.status == "running"

    def start(self) -> None:
        line = [*(self.config.get("Entrypoint") or []), *(self.config.get("Cmd") or [])]
        line = [f"{self.root}{part}" if part.startswith("/") else part for part in line]
        line[:1] = [sys.executable, "-m", "skerry"] if line[0] == "skerry" else line[:1]
        variables = dict(variable.split("=", 1) for variable in self.config.get("Env") or [])
        (self.root / "tmp").mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            line,
            cwd=self.root,
            env={"PATH": os.environ["PATH"], "TMPDIR": str(self.root / "tmp"), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.status = "running"
        readers = [
            threading.Thread(target=self._read, args=(number, stream))
            for number, stream in ((STDOUT, self.process.stdout), (STDERR, self.process.stderr))
        ]
        self.threads = [*readers, threading.Thread(target=self._wait, args=(self.process, readers))]
        for thread in self.threads:
            thread.start()

    def kill(self, number: signal.Signals) -> None:
        assert self.process is not None
        if number is signal.SIGKILL:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)  # what it has forked notices, and ends as well
        self.process.send_signal(number)

    def _read(self, number: int, stream: Any) -> None:
        with stream:
            while data := os.read(stream.fileno(), FRAME):
                with self.changed:
                    self.frames.append((number, data))
                    self.changed.notify_all()

    def _wait(self, process: subprocess.Popen[bytes], readers: list[threading.Thread]) -> None:
        code = process.wait()
        for reader in readers:
            reader.join()
        self.may_end.wait()
        with self.changed:
            self.exit_code = 128 - code if code < 0 else code
            self.status = "exited"
            self.changed.notify_all()


class FakeEngine:
    """The engine. What it was asked is in ``asked``; how it is to misbehave is set by the test."""

    def __init__(self, folder: Path) -> None:
        """``folder``: for its socket, whose path must be short, and its containers."""
        self._folder = folder
        self.socket = folder / "docker.sock"
        self.asked: list[Asked] = []
        self.images: set[str] = set()
        #: What can be pulled, and who may: a user name, or nobody in particular.
        self.registry: dict[str, str | None] = {}
        self.containers: dict[str, FakeContainer] = {}
        self.log_driver = "json-file"
        #: Containers whose process has ended are running until this is set.
        self.may_end = threading.Event()
        self.may_end.set()
        #: Called for each request; what it gives is the answer: a status and a message.
        self.answers: Callable[[Asked], tuple[int, str] | None] = lambda asked: None
        #: Bytes after which the next log that is followed is cut.
        self.cut_after: int | None = None
        self._server: _Server | None = None
        #: One thread for all that it serves, restarted or not: a test looks for those that are left.
        self._servers: queue.SimpleQueue[_Server | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        self._made = 0

    @property
    def host(self) -> str:
        """What DOCKER_HOST is to be."""
        return f"unix://{self.socket}"

    @property
    def only(self) -> FakeContainer:
        """The container that there is."""
        (container,) = self.containers.values()
        return container

    def paths(self, method: str) -> list[str]:
        """Give the paths that it was asked with a method."""
        return [asked.path for asked in self.asked if asked.method == method]

    def body(self, path: str) -> Any:
        """Give the JSON of the one request for a path."""
        (body,) = (asked.body for asked in self.asked if asked.path == path)
        return body

    def start(self) -> None:
        self.stopping.clear()
        self.socket.unlink(missing_ok=True)
        self._server = _Server(str(self.socket), self)
        self._servers.put(self._server)

    def stop(self) -> None:
        """End it; its containers go on."""
        if self._server is None:
            return
        self.stopping.set()
        self._server.shutdown()
        self._server.cut_all()
        self._server.server_close()
        self.socket.unlink(missing_ok=True)
        self._server = None

    def close(self) -> None:
        """End it and its containers."""
        self.may_end.set()
        for container in list(self.containers.values()):
            self.end(container)
        self.stop()
        self._servers.put(None)
        self._thread.join()

    def _serve(self) -> None:
        while (server := self._servers.get()) is not None:
            server.serve_forever(0.02)

    def end(self, container: FakeContainer) -> None:
        """Kill a container, and wait for that."""
        if container.process is not None:
            container.kill(signal.SIGKILL)
            for thread in container.threads:
                thread.join()

    # -- what it answers ---------------------------------------------------------------------------------------------

    def create(self, name: str, config: dict[str, Any]) -> FakeContainer | None:
        """Make a container; None where there is one of that name."""
        with self._lock:
            if any(one.name == name for one in self.containers.values()):
                return None
            self._made += 1
            made = f"{self._made:064x}"
            root = self._folder / f"container-{self._made}"
            root.mkdir()
            self.containers[made] = FakeContainer(made, name, config, root, self.log_driver, may_end=self.may_end)
            return self.containers[made]

    def find(self, name: str) -> FakeContainer | None:
        return next((one for one in self.containers.values() if name in (one.id, one.name)), None)


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    def __init__(self, path: str, engine: FakeEngine) -> None:
        self.engine = engine
        self.connections: set[socket.socket] = set()
        super().__init__(path, _Handler)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        self.connections.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.connections.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # the client has gone
            super().handle_error(request, client_address)

    def cut_all(self) -> None:
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *arguments: Any) -> None:
        pass

    def address_string(self) -> str:
        return "a client"

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815

    def _answer(self) -> None:
        engine = self.server.engine
        parts = urlsplit(self.path)
        path = unquote(re.sub(r"^/v[\d.]+", "", parts.path))
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_json = self.headers.get("Content-Type") == "application/json"
        login = self.headers.get("X-Registry-Auth")
        asked = Asked(
            self.command,
            path,
            {name: values[0] for name, values in parse_qs(parts.query).items()},
            json.loads(data) if is_json and data else None,
            json.loads(base64.urlsafe_b64decode(login)) if login else None,
        )
        engine.asked.append(asked)
        answer = engine.answers(asked)
        if answer is not None:
            self._refuse(*answer)
            return
        for pattern, method in _ROUTES:
            found = re.fullmatch(pattern, f"{self.command} {path}")
            if found:
                arguments = list(found.groups())
                if "/containers/(" in pattern:
                    container = engine.find(arguments[0])
                    if container is None:
                        self._refuse(404, f"No such container: {arguments[0]}")
                        return
                    arguments[0] = container
                getattr(self, method)(asked, data, *arguments)
                return
        self._refuse(404, "page not found")

    def _version(self, asked: Asked, data: bytes) -> None:
        self._send(200, {"Version": "27.3.1", "ApiVersion": VERSION, "MinAPIVersion": "1.24"})

    def _ping(self, asked: Asked, data: bytes) -> None:
        self._send(200, "OK")

    def _log_in(self, asked: Asked, data: bytes) -> None:
        if asked.body["password"] == "wrong":
            self._refuse(401, "unauthorized: incorrect username or password")
        else:
            self._send(200, {"IdentityToken": "", "Status": "Login Succeeded"})

    def _image(self, asked: Asked, data: bytes, name: str) -> None:
        if name in self.server.engine.images:
            self._send(200, {"Id": "sha256:" + "1" * 64, "RepoTags": [name]})
        else:
            self._refuse(404, f"No such image: {name}")

    def _pull(self, asked: Asked, data: bytes) -> None:
        engine = self.server.engine
        separator = "@" if asked.query["tag"].startswith("sha256:") else ":"
        name = asked.query["fromImage"] + separator + asked.query["tag"]
        if name not in engine.registry:
            self._refuse(404, f"pull access denied for {name}, repository does not exist or may require 'docker login'")
            return
        with self._chunks("application/json") as send:
            send(json.dumps({"status": f"Pulling from {name}"}).encode() + b"\r\n")
            user = (asked.login or {}).get("username")
            if engine.registry[name] in (None, user):
                engine.images.add(name)
                send(b'{"status": "Status: Downloaded newer image"}\r\n')
            else:
                send(b'{"errorDetail": {"message": "unauthorized"}, "error": "unauthorized"}\r\n')

    def _create(self, asked: Asked, data: bytes) -> None:
        engine = self.server.engine
        if asked.body["Image"] not in engine.images:
            self._refuse(404, f"No such image: {asked.body['Image']}")
            return
        container = engine.create(asked.query["name"], asked.body)
        if container is None:
            self._refuse(
                409, f'Conflict. The container name "/{asked.query["name"]}" is already in use by container x.'
            )
        else:
            self._send(201, {"Id": container.id, "Warnings": []})

    def _list(self, asked: Asked, data: bytes) -> None:
        wanted = json.loads(asked.query.get("filters", "{}")).get("label", [])
        shown = [
            {"Id": one.id, "Names": [f"/{one.name}"], "Labels": one.labels, "State": one.status}
            for one in self.server.engine.containers.values()
            if asked.query.get("all") == "1" or one.is_running
            if {f"{key}={value}" for key, value in one.labels.items()} >= set(wanted)
        ]
        self._send(200, shown)

    def _inspect(self, asked: Asked, data: bytes, container: FakeContainer) -> None:
        state = {
            "Status": container.status,
            "Running": container.is_running,
            "Paused": False,
            "Restarting": False,
            "OOMKilled": container.out_of_memory,
            "Dead": False,
            "Pid": container.process.pid if container.process is not None and container.is_running else 0,
            "ExitCode": container.exit_code,
            "Error": "",
        }
        answer = {
            "Id": container.id,
            "Name": f"/{container.name}",
            "Config": {**container.config, "Tty": False},
            "HostConfig": {"LogConfig": {"Type": container.log_driver, "Config": {}}},
            "State": state,
        }
        self._send(200, answer)

    def _put(self, asked: Asked, data: bytes, container: FakeContainer) -> None:
        folder = container.root / asked.query["path"].lstrip("/")
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            archive.extractall(folder, filter="data")
        self._send(200, "")

    def _start(self, asked: Asked, data: bytes, container: FakeContainer) -> None:
        container.start()
        self._send(204, None)

    def _kill(self, asked: Asked, data: bytes, container: FakeContainer) -> None:
        if not container.is_running:
            self._refuse(409, f"Cannot kill container: {container.name}: Container {container.id} is not running")
            return
        container.kill(signal.Signals[asked.query["signal"]])
        self._send(204, None)

    def _remove(self, asked: Asked, data: bytes, container: FakeContainer) -> None:
        if container.is_running and asked.query.get("force") != "True":
            self._refuse(409, f"You cannot remove a running container {container.id}.")
            return
        self.server.engine.end(container)
        self.server.engine.containers.pop(container.id, None)
        with container.changed:
            container.changed.notify_all()
        self._send(204, None)

    def _logs(self, asked: Asked, data: bytes, container: FakeContainer) -> None:
        wanted = {number for name, number in (("stdout", STDOUT), ("stderr", STDERR)) if asked.query[name] == "1"}
        follows = asked.query["follow"] == "1"
        with self._chunks("application/vnd.docker.multiplexed-stream") as send:
            for number, frame in self._frames(container, follows=follows):
                if number in wanted:
                    self._send_frame(send, number, frame, follows=follows)

    def _frames(self, container: FakeContainer, *, follows: bool) -> Iterator[tuple[int, bytes]]:
        position = 0
        while not self.server.engine.stopping.is_set():
            with container.changed:
                new = container.frames[position:]
                over = not follows or not container.is_running
                if not new and not over:
                    container.changed.wait(0.02)
            yield from new
            position += len(new)
            if over and not new:
                return
        raise ConnectionAbortedError

    def _send_frame(self, send: Callable[[bytes], None], number: int, frame: bytes, *, follows: bool) -> None:
        engine = self.server.engine
        message = struct.pack(">BxxxL", number, len(frame)) + frame
        if follows and engine.cut_after is not None:
            engine.cut_after -= len(message)
            if engine.cut_after <= 0:
                send(message[: engine.cut_after - 1])
                engine.cut_after = None
                raise ConnectionAbortedError
        send(message)

    # -- how it answers ----------------------------------------------------------------------------------------------

    def _send(self, status: int, answer: Any) -> None:
        data = b"" if answer is None else answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if isinstance(answer, str) else "application/json")
        self.send_header("Api-Version", VERSION)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _refuse(self, status: int, message: str) -> None:
        self._send(status, {"message": message})

    @contextlib.contextmanager
    def _chunks(self, kind: str) -> Iterator[Callable[[bytes], None]]:
        """Answer in chunks; what is raised inside cuts the connection."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

        def send(data: bytes) -> None:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

        try:
            yield send
        except ConnectionAbortedError:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.wfile.write(b"0\r\n\r\n")


_ROUTES = (
    (r"GET /version", "_version"),
    (r"(?:GET|HEAD) /_ping", "_ping"),
    (r"POST /auth", "_log_in"),
    (r"GET /images/(.+)/json", "_image"),
    (r"POST /images/create", "_pull"),
    (r"POST /containers/create", "_create"),
    (r"GET /containers/json", "_list"),
    (r"GET /containers/([^/]+)/json", "_inspect"),
    (r"PUT /containers/([^/]+)/archive", "_put"),
    (r"POST /containers/([^/]+)/start", "_start"),
    (r"POST /containers/([^/]+)/kill", "_kill"),
    (r"DELETE /containers/([^/]+)", "_remove"),
    (r"GET /containers/([^/]+)/logs", "_logs"),
)
