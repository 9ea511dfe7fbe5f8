"""Code servers that are served over gRPC, ours and the peers', and clients that call them in processes of their own."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.certificates import write_certificates
from benchmarks.measure import BenchmarkError
from benchmarks.peers import Installation
from benchmarks.processes import RUN_LIMIT, script, server
from benchmarks.setting import SKERRY, Setting
from benchmarks.workspaces import REPOSITORY

TRANSPORTS = (UNIX, TCP, MUTUAL_TLS) = ("unix socket", "TCP", "mutual TLS")

_SCRIPTS = Path(__file__).parent / "client_scripts"
# Not "localhost": it sends an old grpcio into name look-ups that are slow on some machines.
_HOST = "127.0.0.1"
_FILE = "location_000.py"


@dataclass(frozen=True)
class Served:
    """A server that runs. ``python``, ``module``, ``target``: who calls it and where, as ``closed_loop`` wants it."""

    process: psutil.Process
    folder: Path
    python: str
    module: str
    target: Mapping[str, Any]
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Load:
    """What clients do: ``what`` is called by so many, for ``seconds`` or until so many ``calls`` are made in all."""

    what: str
    clients: int
    seconds: float | None = None
    calls: int | None = None

    @property
    def processes(self) -> int:
        """The number of processes that the clients are in."""
        return min(self.clients, 4)

    def plan(self, served: Served) -> str:
        """Write it for ``closed_loop``."""
        length = {"seconds": self.seconds} if self.calls is None else {"calls": self.calls}
        plan = {"module": served.module, "target": served.target, "what": self.what, **length}
        return json.dumps({**plan, "clients": self.clients, "processes": self.processes})


@contextlib.contextmanager
def serve(setting: Setting, transport: str) -> Iterator[Served]:
    """Serve a hello world with Skerry. Raises BenchmarkError."""
    folder = setting.workspace(1).parent
    line = [SKERRY, "api", "grpc", "--python-file", _FILE, "--host", _HOST]
    if transport == UNIX:
        path = str(setting.folder / "server.sock")
        line += ["--socket", path]
        address, answers = f"unix:{path}", lambda: _connects(socket.AF_UNIX, path)
    else:
        port = _free_port()
        line += ["--port", str(port)]
        address, answers = f"{_HOST}:{port}", lambda: _connects(socket.AF_INET, (_HOST, port))
    tls = None
    if transport == MUTUAL_TLS:
        files = setting.folder / "certificates"
        write_certificates(files)
        tls = {"ca": f"{files}/ca.pem", "cert": f"{files}/client.pem", "key": f"{files}/client.key"}
        line += ["--tls-cert", f"{files}/server.pem", "--tls-key", f"{files}/server.key", "--client-ca", tls["ca"]]
    with server(line, folder, answers=answers) as process:
        yield Served(process, folder, sys.executable, "skerry_client", {"address": address, "tls": tls})


@contextlib.contextmanager
def serve_with(setting: Setting, installation: Installation) -> Iterator[Served]:
    """Serve the same with a peer, over TCP. Raises BenchmarkError."""
    python = installation.python
    folder, port = setting.peer_workspace(installation, 1).parent, _free_port()
    line = [python, str(installation.folder / "bin" / "dagster"), "api", "grpc", "--python-file", _FILE]
    line += ["--host", _HOST, "--port", str(port)]
    target = {"host": _HOST, "port": port, "location": "hello", "repository": REPOSITORY}
    variables = installation.variables
    with server(line, folder, variables, answers=lambda: _connects(socket.AF_INET, (_HOST, port))) as process:
        yield Served(process, folder, python, "dagster_client", target, variables)


@contextlib.contextmanager
def calling(served: Served, load: Load, limit: float = RUN_LIMIT) -> Iterator[dict[str, Any]]:
    """Call a server; gives the answer of ``closed_loop`` while the clients are still connected.

    Raises BenchmarkError, also when one call failed.
    """
    line = [served.python, str(_SCRIPTS / "closed_loop.py"), load.plan(served)]
    with script(line, served.folder, served.variables, limit=limit) as (answer, _):
        if answer["failed"]:
            raise BenchmarkError(f"{answer['failed']} calls failed: {answer['failure']}")
        yield answer


def reload_under(served: Served, load: Load) -> dict[str, Any]:
    """Reload a server of ours again and again under a load; gives the answer of ``reload_under_load``."""
    line = [served.python, str(_SCRIPTS / "reload_under_load.py"), load.plan(served)]
    with script(line, served.folder, served.variables) as (answer, _):
        return answer


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind((_HOST, 0))
        port: int = trial.getsockname()[1]
        return port


def _connects(family: socket.AddressFamily, address: str | tuple[str, int]) -> bool:
    with socket.socket(family) as trial:
        try:
            trial.connect(address)
        except OSError:
            return False
    return True


Serve = Callable[[], contextlib.AbstractContextManager[Served]]
