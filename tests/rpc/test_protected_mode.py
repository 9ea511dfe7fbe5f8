"""Without credentials a server serves its own machine alone: seen from another one, at the end of a real cable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from support.authority import Authority
from support.clients import HEALTH_CHECK, client
from support.networks import Machine, two_machines
from support.remote import Shown, inspect
from support.servers import Server, serving, short_folder
from support.waiting import wait_until

from skerry.rpc.guard import is_local

SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"
PROTECTED = "protected mode: only clients on this machine are served"
OPEN = "--insecure: everybody who reaches"


@pytest.fixture
def machines() -> Iterator[tuple[Machine, Machine]]:
    with two_machines() as both:
        yield both


@pytest.fixture(params=["IPv4", "IPv6"])
def everywhere(request: pytest.FixtureRequest) -> str:
    """Give what a server listens on to be reached from everywhere."""
    return {"IPv4": "0.0.0.0", "IPv6": "::"}[request.param]


def reached_from(machine: Machine, other: Machine, server: Server, everywhere: str, folder: Path) -> Shown:
    """Give what somebody at ``machine`` sees of a server at ``other``."""
    host = other.ipv4 if everywhere == "0.0.0.0" else other.ipv6
    return inspect(folder, f'host: "{host}", port: {server.port}', machine.enter)


def test_a_peer_on_another_machine_is_refused_in_words_that_open_it(
    hello: Path, machines: tuple[Machine, Machine], everywhere: str
) -> None:
    east, west = machines
    with serving(
        hello.parent, "--python-file", "hello.py", "--host", everywhere, "--port", "4266", command=east.enter
    ) as server:
        shown = reached_from(west, east, server, everywhere, hello.parent)
        assert (shown.state, shown.kind) == ("UNREACHABLE", "ACCESS_DENIED")
        assert "protected mode" in shown.error
        assert all(option in shown.error for option in ("--client-ca", "--token-file", "--insecure"))
        assert "hello_pipeline" not in shown.text
        assert "grpc" not in shown.error.replace("skerry api grpc", "").lower()
        assert PROTECTED in server.log
        assert inspect(hello.parent, "host: localhost, port: 4266", east.enter).state == "READY"


def test_a_machines_own_name_on_the_network_is_not_loopback_and_the_refusal_says_so(
    hello: Path, machines: tuple[Machine, Machine]
) -> None:
    east, _ = machines
    with serving(
        hello.parent, "--python-file", "hello.py", "--host", "0.0.0.0", "--port", "4266", command=east.enter
    ) as server:
        shown = reached_from(east, east, server, "0.0.0.0", hello.parent)
        assert shown.kind == "ACCESS_DENIED"
        assert "localhost" in shown.error


def test_no_method_is_open_to_another_machine_but_the_health_check(
    hello: Path, machines: tuple[Machine, Machine]
) -> None:
    east, west = machines
    with (
        serving(
            hello.parent, "--python-file", "hello.py", "--host", "0.0.0.0", "--port", "4266", command=east.enter
        ) as server,
        client(command=west.enter) as stranger,
        client(command=east.enter) as neighbour,
    ):
        server.wait_for("READY")
        target = f"{east.ipv4}:4266"
        methods = ("Handshake", "Watch", "Snapshot", "Output", "Reload", "ShutDown")
        answers = {name: stranger.call(target, f"/skerry.v1.CodeServer/{name}") for name in methods}
        assert {name: answer.code for name, answer in answers.items()} == dict.fromkeys(methods, "PERMISSION_DENIED")
        for request in (b"", b"\x0a\x04code"):
            answer = stranger.call(target, HEALTH_CHECK, request)
            assert (answer.code, answer.reply) == ("OK", SERVING)
        assert stranger.call(target, HEALTH_CHECK, b"\x0a\x08hello.py").code == "NOT_FOUND"
        assert neighbour.call("127.0.0.1:4266").code == "OK", "neither reloaded nor shut down"
        assert "reloading" not in server.log


def test_insecure_opens_it_and_says_so_at_every_start(
    hello: Path, machines: tuple[Machine, Machine], everywhere: str
) -> None:
    east, west = machines
    arguments = ("--python-file", "hello.py", "--host", everywhere, "--port", "4266", "--insecure")
    for _ in range(2):
        with serving(hello.parent, *arguments, command=east.enter) as server:
            assert OPEN in server.log
            assert PROTECTED not in server.log
            assert reached_from(west, east, server, everywhere, hello.parent).state == "READY"


def test_tls_and_tokens_take_the_place_of_protected_mode(
    hello: Path, machines: tuple[Machine, Machine], tmp_path: Path
) -> None:
    east, west = machines
    authority = Authority(tmp_path / "certificates", "ours")
    pair, own = authority.issue("server", east.ipv4), authority.issue("client", "client.example.com")
    (tmp_path / "tokens").write_text("correct-horse\n")
    where = f"host: {east.ipv4}, port: 4266"
    arguments = ("--python-file", "hello.py", "--host", "0.0.0.0", "--port", "4266")
    with serving(hello.parent, *arguments, "--token-file", str(tmp_path / "tokens"), command=east.enter) as server:
        assert PROTECTED not in server.log
        assert "tokens travel in plain text" in server.log
        assert inspect(tmp_path, f"{where}, token: correct-horse", west.enter).state == "READY"
        assert inspect(tmp_path, where, west.enter).kind == "ACCESS_DENIED"
    with serving(hello.parent, *arguments, *pair.server, "--client-ca", str(authority.ca), command=east.enter):
        ssl = f"ssl: {{ca: {authority.ca}, {own.client}}}"
        assert inspect(tmp_path, f"{where}, {ssl}", west.enter).state == "READY"
        assert inspect(tmp_path, f"{where}, ssl: {{ca: {authority.ca}}}", west.enter).kind == "TLS_FAILED"


def test_tls_that_asks_for_no_certificate_says_at_the_start_that_it_lets_everybody_in(
    hello: Path, machines: tuple[Machine, Machine], tmp_path: Path
) -> None:
    east, west = machines
    authority = Authority(tmp_path / "certificates", "ours")
    pair = authority.issue("server", east.ipv4)
    arguments = ("--python-file", "hello.py", "--host", "0.0.0.0", "--port", "4266", *pair.server)
    with serving(hello.parent, *arguments, command=east.enter) as server:
        assert "everybody who reaches 0.0.0.0:4266 can run code here" in server.log
        assert "--client-ca" in server.log
        ssl = f"ssl: {{ca: {authority.ca}}}"
        assert inspect(tmp_path, f"host: {east.ipv4}, port: 4266, {ssl}", west.enter).state == "READY"


def test_credentials_apply_to_this_machine_too(hello: Path, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "certificates", "ours")
    (tmp_path / "tokens").write_text("correct-horse\n")
    tls = (*authority.issue("server").server, "--client-ca", str(authority.ca))
    for options in (("--token-file", str(tmp_path / "tokens")), tls):
        # Also where --insecure was left on the command line: it opens what has no credentials, and nothing else.
        for insecure in ((), ("--insecure",)):
            with (
                serving(hello.parent, "--python-file", "hello.py", *options, *insecure) as server,
                client() as neighbour,
            ):
                ca = authority.ca if options is tls else None
                expected = "UNAVAILABLE" if options is tls else "UNAUTHENTICATED"
                assert neighbour.call(f"localhost:{server.port}", ca=ca).code == expected
                assert OPEN not in server.log


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.9", "127.0.0.9"),
        ("::1", "[::1]"),
        ("0.0.0.0", "127.0.0.1"),
        ("::", "[::1]"),
        ("::", "127.0.0.1"),
        ("::", "[::ffff:127.0.0.1]"),
    ],
)
def test_every_loopback_address_is_this_machine(hello: Path, host: str, reached: str) -> None:
    with (
        serving(hello.parent, "--python-file", "hello.py", "--host", host) as server,
        client() as neighbour,
    ):
        assert neighbour.call(f"{reached}:{server.port}").code == "OK"


def test_a_unix_socket_is_this_machine(hello: Path) -> None:
    with (
        short_folder() as folder,
        serving(hello.parent, "--python-file", "hello.py", "--socket", str(folder / "sock")) as server,
        client() as neighbour,
    ):
        assert neighbour.call(f"unix:{folder}/sock").code == "OK"
        assert inspect(hello.parent, f"socket: {folder}/sock").state == "READY"
        assert PROTECTED in server.log


@pytest.mark.parametrize(
    ("peer", "local"),
    [
        ("ipv4:127.0.0.1:52102", True),
        ("ipv4:127.255.0.3:52102", True),
        ("ipv6:%5B::1%5D:52102", True),
        ("ipv6:[::1]:52102", True),
        ("ipv6:%5B::ffff:127.0.0.1%5D:52102", True),
        ("unix:", True),
        ("unix:/run/skerry.sock", True),
        ("ipv4:10.77.0.2:52102", False),
        ("ipv4:0.0.0.0:52102", False),
        ("ipv4:128.0.0.1:52102", False),
        ("ipv6:%5B::ffff:10.77.0.2%5D:52102", False),
        ("ipv6:%5Bfe80::1%25eth0%5D:52102", False),
        ("ipv6:%5Bfd77::2%5D:52102", False),
        ("ipv6:%5B::%5D:52102", False),
        ("vsock:1:52102", False),
        ("unknown", False),
        ("", False),
    ],
)
def test_what_is_no_loopback_address_is_another_machine(peer: str, local: bool) -> None:
    assert is_local(peer) is local


def test_the_machines_of_a_test_are_gone_after_it() -> None:
    with two_machines():
        holders = [child for child in psutil.Process().children() if child.name() in ("cat", "sh")]
        inodes = {os.stat(f"/proc/{one.pid}/ns/net").st_ino for one in holders}
        assert len(inodes) == 2
        assert os.stat("/proc/self/ns/net").st_ino not in inodes
    assert not [one for one in holders if one.is_running()]

    def held() -> set[int]:
        found = set()
        for process in psutil.pids():
            try:
                found.add(os.stat(f"/proc/{process}/ns/net").st_ino)
            except OSError:
                continue
        return found

    wait_until(lambda: not inodes & held(), what="the end of the namespaces")
    assert "cable" not in psutil.net_if_stats()
