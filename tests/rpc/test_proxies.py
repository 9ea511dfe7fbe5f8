"""A proxy for the outside world is not asked for the way to a code server, whatever the variables say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.authority import Authority
from support.commands import skerry
from support.remote import inspect
from support.servers import serving, short_folder
from support.waiting import wait_until

from skerry import State, Workspace

Load = Callable[[str], Workspace]

#: Where nothing listens; each in both spellings, as libraries differ in which they read.
PROXY = "http://127.0.0.1:9"
NAMES = ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy")
EXCEPTIONS = ("no_proxy", "NO_PROXY", "no_grpc_proxy")


@pytest.fixture(autouse=True)
def proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, PROXY)
        monkeypatch.setenv(name.upper(), PROXY)
    for name in EXCEPTIONS:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_a_plain_connection_takes_no_proxy(host: str, hello: Path) -> None:
    with serving(hello.parent, "--python-file", "hello.py", "--host", host) as server:
        where = f'host: "{host}", port: {server.port}'
        shown = inspect(hello.parent, where)
        assert shown.state == "READY", shown.error
        probe = ("api", "grpc-health-check", "--host", host, "--port", str(server.port))
        assert skerry(hello.parent, *probe).stdout == "SERVING\n"


def test_a_connection_over_tls_takes_no_proxy(hello: Path, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "certificates", "ours")
    pair, own = authority.issue("server"), authority.issue("client", "client.example.com")
    options = (*pair.server, "--client-ca", str(authority.ca))
    with serving(hello.parent, "--python-file", "hello.py", *options) as server:
        where = f"port: {server.port}, ssl: {{ca: {authority.ca}, {own.client}}}"
        shown = inspect(tmp_path, where)
        assert shown.state == "READY", shown.error
        files = ("--ca", str(authority.ca), "--cert", str(own.cert), "--key", str(own.key))
        probe = ("api", "grpc-health-check", "--port", str(server.port), *files)
        assert skerry(tmp_path, *probe).stdout == "SERVING\n"
        wrong = inspect(tmp_path, f"port: {server.port}")
        assert "the server wants TLS" in wrong.error, "the reason is looked for without a proxy, too"


def test_a_socket_takes_no_proxy(hello: Path) -> None:
    with short_folder() as folder:
        where = folder / "sock"
        with serving(hello.parent, "--python-file", "hello.py", "--socket", str(where)):
            assert inspect(hello.parent, f"socket: {where}").state == "READY"


def test_a_server_that_is_gone_and_comes_back_is_found_without_a_proxy(hello: Path, load: Load) -> None:
    with serving(hello.parent, "--python-file", "hello.py") as server:
        port = server.port
        (remote,) = load(f"load_from: [grpc_server: {{port: {port}}}]").locations
        assert remote.wait(30)
        first = remote.server
    with serving(hello.parent, "--python-file", "hello.py", "--port", str(port)):
        assert first is not None
        wait_until(
            lambda: remote.state is State.READY and remote.server is not None and remote.server.id != first.id,
            what="READY on the new one",
        )
        assert remote.reload().error is None
