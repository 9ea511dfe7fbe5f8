"""What answers at the address is not a code server: each is told apart, in words that say nothing of the wire."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.commands import skerry
from support.peers import peer

from skerry import ErrorKind, State, Workspace

#: The server, the kind of the location's error, and what its message says.
EXPECTED = [
    ("another service", "WRONG_SERVER", "it is another program, which offers no code"),
    ("agrees to everything", "WRONG_SERVER", "it answers as no code server does"),
    ("answers with junk", "WRONG_SERVER", "it answers as no code server does"),
    ("fails", "WRONG_SERVER", "it answers as no code server does"),
    ("web", "WRONG_SERVER", "it is a web server"),
    ("stricter web", "WRONG_SERVER", "it speaks HTTP/1.1"),
    ("newer web", "WRONG_SERVER", "it answers as no code server does"),
    ("newer web without the page", "WRONG_SERVER", "it is another program, which offers no code"),
    ("ssh", "WRONG_SERVER", 'it says "SSH-2.0-OpenSSH_9.2p1 Debian-2"'),
    ("mail", "WRONG_SERVER", 'it says "220 mail.example.com ESMTP"'),
    ("binary", "WRONG_SERVER", "it says something that is no text"),
    ("hangs up", "SERVER_UNREACHABLE", "it ends the connection without a word"),
    ("listens and hangs up", "SERVER_UNREACHABLE", "it ends the connection without a word"),
]


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Any]]]:
    """Give, by name, the location of each of these servers as one `skerry check` tells of them."""
    # Whoever says nothing is waited for; that one has a test of its own.
    folder = tmp_path_factory.mktemp("wrong")
    with peer("wrong_servers.py") as line:
        ports = {name: port for name, port in json.loads(line).items() if name != "says nothing"}
        entries = [{"grpc_server": {"port": port, "location_name": name}} for name, port in ports.items()]
        (folder / "workspace.yaml").write_text(json.dumps({"load_from": entries}))
        told = skerry(folder, "check", "--json")
        assert told.returncode == 1, told.stderr
        found = {
            location["name"]: {**location, "port": ports[location["name"]]} for location in _locations(told.stdout)
        }
        assert set(found) == {name for name, _, _ in EXPECTED}
        yield found


def _locations(text: str) -> list[dict[str, Any]]:
    locations: list[dict[str, Any]] = json.loads(text)["locations"]
    return locations


@pytest.mark.parametrize(("server", "kind", "words"), EXPECTED, ids=[name for name, _, _ in EXPECTED])
def test_each_wrong_server_is_told_apart(
    server: str, kind: str, words: str, checked: dict[str, dict[str, Any]]
) -> None:
    location = checked[server]
    assert location["state"] == "UNREACHABLE"
    assert location["error"]["kind"] == kind
    what, advice = location["error"]["message"].split("\n")
    assert f"localhost:{location['port']} " in what
    assert what.endswith(f": {words}.")
    assert advice


def test_no_word_of_the_wire_reaches_the_user(checked: dict[str, dict[str, Any]]) -> None:
    for name, location in checked.items():
        message = location["error"]["message"].replace("`skerry api grpc`", "")
        assert not any(word in message.lower() for word in ("grpc", "statuscode", "http/2", "errno")), name


def test_without_json_check_says_the_same_and_fails(hello: Path) -> None:
    with peer("wrong_servers.py") as line:
        port = json.loads(line)["another service"]
        text = f"load_from:\n  - python_file: hello.py\n  - grpc_server: {{port: {port}}}\n"
        (hello.parent / "workspace.yaml").write_text(text)
        told = skerry(hello.parent, "check")
    assert told.returncode == 1
    assert f"What answers at localhost:{port} is not a Skerry code server" in told.stdout
    assert "start `skerry api grpc` there" in told.stdout


def test_a_server_that_says_nothing_is_given_up(load: Callable[[str], Workspace]) -> None:
    with peer("wrong_servers.py") as line:
        port = json.loads(line)["says nothing"]
        (location,) = load(f"load_from: [grpc_server: {{port: {port}}}]").locations
        assert location.wait(40)
        assert location.state is State.UNREACHABLE
        assert location.error is not None
        assert location.error.kind is ErrorKind.SERVER_UNREACHABLE
        assert "it takes the connection and says nothing" in location.error.message
