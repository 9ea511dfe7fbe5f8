"""The deployment examples really run: their own command lines, on loopback, probed and looked at as they say."""

from __future__ import annotations

import contextlib
import re
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from support.deployments import EXAMPLES, UNIT
from support.servers import short_folder
from support.stage import Stage, mount
from support.waiting import wait_until

Play = Callable[[str], Stage]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def play(authority: trustme.CA, nothing_left: None) -> Iterator[Play]:
    """Give a function that sets the stage for an example; its servers are ended with the test."""
    with contextlib.ExitStack() as after:

        def make(name: str) -> Stage:
            stage = Stage(after.enter_context(short_folder()), EXAMPLES[name](), authority)
            after.callback(stage.close)
            return stage

        yield make


def without_credentials(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take away what lets the entries in: the token, and the client's certificate."""
    found = []
    for options in (entry["grpc_server"] for entry in entries if "grpc_server" in entry):
        kept = {key: value for key, value in options.items() if key != "token_file"}
        if "ssl" in kept:
            kept["ssl"] = {key: kept["ssl"][key] for key in ("ca", "server_name")}
        found.append({"grpc_server": kept})
    return found


def states(stage: Stage, entries: list[dict[str, Any]]) -> set[str]:
    return {location["state"] for location in stage.look(entries).values()}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs_lets_in_who_has_credentials_and_ends(play: Play, name: str) -> None:
    stage = play(name)
    for server in stage.servers:
        stage.start(server)
    for server in stage.servers:
        stage.wait_for(server.alive, server)
        stage.wait_for(server.ready, server)

    entries = stage.entries()
    locations = stage.look(entries)
    assert {location["state"] for location in locations.values()} == {"READY"}, locations
    assert len(locations) == len(entries)
    served = [location["server"] for location in locations.values() if location["type"] == "grpc_server"]
    assert [server["image"] for server in served] == [
        one.environment.get("SKERRY_CURRENT_IMAGE") for one in stage.servers
    ]
    if name not in ("image", "chart-open"):
        assert states(stage, without_credentials(entries)).isdisjoint({"READY"})

    for server in stage.servers:
        stage.running[server.name].signal(signal.SIGTERM)
    assert {running.wait_for_end() for running in stage.running.values()} == {0}


def test_broken_code_is_alive_and_not_ready_until_it_is_mended_and_loaded_again(play: Play) -> None:
    stage = play("kubernetes-token")
    (server,) = stage.servers
    module = stage.project / "harbour" / "tides.py"
    whole = module.read_text()
    module.write_text(f"1 / 0\n{whole}")
    running = stage.start(server)
    stage.wait_for(server.alive, server)
    (location,) = stage.look(stage.entries()).values()
    assert location["error"]["message"] == "ZeroDivisionError: division by zero"
    assert not stage.succeeds(server.ready, server)
    module.write_text(whole)
    running.signal(signal.SIGHUP)
    stage.wait_for(server.ready, server)
    assert states(stage, stage.entries()) == {"READY"}


def test_a_new_token_is_asked_for_without_a_restart(play: Play) -> None:
    stage = play("kubernetes-token")
    (server,) = stage.servers
    stage.start(server)
    stage.wait_for(server.ready, server)
    old = stage.entries()
    old[0]["grpc_server"]["token"] = Path(old[0]["grpc_server"].pop("token_file")).read_text()
    assert states(stage, old) == {"READY"}
    ((folder, _),) = stage.secrets().items()
    mount(folder, {"token": "another"})
    wait_until(lambda: states(stage, old).isdisjoint({"READY"}), 30, "the old token's end")
    assert states(stage, stage.entries()) == {"READY"}


def test_new_certificates_of_another_authority_are_used_without_a_restart(play: Play) -> None:
    stage = play("kubernetes-mutual-tls")
    (server,) = stage.servers
    running = stage.start(server)
    stage.wait_for(server.ready, server)
    stage.use(trustme.CA())
    stage.wait_for(server.ready, server)
    assert states(stage, stage.entries()) == {"READY"}
    assert running.process.poll() is None


def test_systemctl_reload_loads_the_code_again_and_keeps_the_old_when_it_is_broken(play: Play) -> None:
    (line,) = re.findall(r"^ExecReload=.* -(\w+) \$MAINPID$", UNIT.read_text(), re.MULTILINE)
    reload = signal.Signals[f"SIG{line}"]
    stage = play("systemd")
    (server,) = stage.servers
    running = stage.start(server)
    stage.wait_for(server.ready, server)

    def repositories() -> set[str]:
        (location,) = stage.look(stage.entries()).values()
        return {repository["name"] for repository in location["repositories"]}

    assert repositories() == {"tides", "berths"}
    package = stage.project / "harbour" / "__init__.py"
    package.write_text(package.read_text().replace("def berths", "def moorings"))
    running.signal(reload)
    wait_until(lambda: repositories() == {"tides", "moorings"}, 30, "the new code")
    package.write_text("1 / 0\n")
    running.signal(reload)
    running.wait_for("the reload failed: ZeroDivisionError")
    assert repositories() == {"tides", "moorings"}
    assert stage.succeeds(server.ready, server)


def test_the_units_group_reaches_the_socket_and_others_do_not(play: Play) -> None:
    stage = play("systemd")
    (server,) = stage.servers
    stage.start(server)
    stage.wait_for(server.alive, server)
    (path,) = (stage.folder / "run").rglob("code.sock")
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0o070
