"""Clients of code servers that are not ours, in processes and environments of their own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.authority import Pair
from support.commands import environment

ROOT = Path(__file__).parents[2]
HANDSHAKE = "/skerry.v1.CodeServer/Handshake"
HEALTH_CHECK = "/grpc.health.v1.Health/Check"
SECONDS = 30.0


@dataclass(frozen=True)
class Answer:
    """What came of a call. ``code``: the name of grpc's status."""

    code: str
    details: str
    reply: bytes


class Client:
    """A running ``independent_client.py``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def call(
        self,
        target: str,
        method: str = HANDSHAKE,
        request: bytes = b"",
        *,
        token: str | None = None,
        metadata: Mapping[str, str] | None = None,
        ca: Path | None = None,
        pair: Pair | None = None,
        server_name: str = "",
        kept: bool = False,
    ) -> Answer:
        """Make a call, on a connection of its own unless it is ``kept``; over TLS if ``ca`` is given."""
        sent = dict(metadata or {})
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        tls = {"ca": str(ca)} if ca is not None else None
        if tls is not None and pair is not None:
            tls |= {"cert": str(pair.cert), "key": str(pair.key)}
        call = {"target": target, "method": method, "request": request.hex(), "metadata": list(sent.items())}
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps({**call, "tls": tls, "server_name": server_name, "kept": kept}) + "\n")
        stdin.flush()
        answer = json.loads(stdout.readline())
        return Answer(answer["code"], answer["details"], bytes.fromhex(answer["reply"]))


@contextlib.contextmanager
def client(python: str = sys.executable, command: tuple[str, ...] = ()) -> Iterator[Client]:
    """Run a client; ``command`` goes before it, as for another network."""
    process = subprocess.Popen(
        [*command, python, str(Path(__file__).with_name("independent_client.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(GRPC_VERBOSITY="NONE"),
    )
    try:
        yield Client(process)
    finally:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.close()
        try:
            process.wait(SECONDS)
        finally:
            process.kill()
            process.wait(SECONDS)
            stdout.close()


def python_with(package: str) -> str:
    """Give the interpreter that has ``package`` and nothing of ours; skip by name where it is missing (CI: fail)."""
    python = ROOT / "build" / "clients" / package / "bin" / "python"
    if not (ROOT / "build" / "clients" / "ready").exists():
        missing = f"the environment with {package} is not there: `make build/clients/ready` makes it"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return str(python)
