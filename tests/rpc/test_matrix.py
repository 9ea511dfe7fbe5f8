"""Hosts and user environments with old, new and no grpcio and protobuf. A few are tested always, all by `make matrix`.

docs/operations.md says which are supported; a test compares.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import trustme
from support.commands import environment
from support.environments import Environment, chosen, make_host, make_user
from support.interpreters import VERSIONS
from support.pages import ROOT, section, table
from support.peers import peer
from support.servers import serving

from skerry import State, Workspace

Load = Callable[[str], Workspace]
CHILDREN = Path(__file__).parents[1] / "children"

#: The first grpcio with wheels for an interpreter, and the newest there is; each protobuf that must work.
HOSTS = (
    Environment("3.11", "grpcio==1.49.1", "protobuf==3.20.3", everyday=True),
    Environment("3.11", "grpcio==1.49.1", "protobuf==7.36.*"),
    Environment("3.11", "grpcio==1.62.3", "protobuf==4.25.*"),
    Environment("3.11", "grpcio", "protobuf==3.20.3"),
    Environment("3.11", "grpcio", "protobuf"),
    Environment("3.12", "grpcio==1.59.0", "protobuf==3.20.3"),
    Environment("3.12", "grpcio==1.59.0", "protobuf==5.29.*"),
    Environment("3.12", "grpcio", "protobuf==4.25.*"),
    Environment("3.13", "grpcio==1.66.2", "protobuf==3.20.3"),
    Environment("3.13", "grpcio==1.66.2", "protobuf==6.33.*"),
    Environment("3.13", "grpcio", "protobuf==5.29.*"),
    Environment("3.13", "grpcio", "protobuf==7.36.*"),
    Environment("3.14", "grpcio==1.75.1", "protobuf==6.33.*"),
    Environment("3.14", "grpcio", "protobuf"),
)
#: What users may have. The newest come without a version.
USERS = (
    Environment("3.8", "grpcio==1.48.2", "protobuf==3.20.3", everyday=True),
    Environment("3.8", "grpcio", "protobuf"),
    Environment("3.9", "grpcio==1.51.3", "protobuf==4.21.12"),
    Environment("3.10", "grpcio==1.49.1", "protobuf==3.20.3"),
    Environment("3.11", "grpcio==1.62.3", "protobuf==4.25.*"),
    Environment("3.12", "grpcio", "protobuf==5.29.*"),
    Environment("3.13", "grpcio", "protobuf"),
    Environment("3.14", "grpcio", "protobuf"),
)
BARE = tuple(Environment(version, everyday=version == "3.13") for version in VERSIONS)

MANY = """
from skerry import pipeline, repository, solid

@solid
def work():
    return 1

def make(number):
    @pipeline(name=f"pipeline_{number}", description="x" * 200)
    def made():
        work()
    return made

@repository
def many():
    return [make(number) for number in range(500)]
"""

#: Run in a host: shows the location, has it reloaded, shows it again.
CLIENT = """
import json, sys
from skerry import Workspace

with Workspace.load("workspace.yaml") as workspace:
    (location,) = workspace.locations
    assert location.wait(60)
    before = location.snapshot.to_json()
    result = location.reload()
    print(json.dumps([before, location.output(), result.old_generation, result.new_generation]))
"""


def test_the_documentation_names_the_oldest_of_each_host() -> None:
    rows = table(section((ROOT / "docs" / "operations.md").read_text(encoding="utf-8"), "## Requirements"))
    tested = {version: [one for one in HOSTS if one.python == version] for version, _, _ in rows}
    assert sum(map(len, tested.values())) == len(HOSTS)
    for version, grpcio, protobuf in rows:
        assert oldest(one.grpcio for one in tested[version]) == grpcio
        assert oldest(one.protobuf for one in tested[version]) == protobuf


def oldest(requirements: Iterable[str]) -> str:
    versions = [one.partition("==")[2].removesuffix(".*") for one in requirements if "==" in one]
    return min(versions, key=lambda version: [int(part) for part in version.split(".")])


def test_the_package_wants_no_newer_ones_than_the_oldest_host_has() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    for one in (HOSTS[0].grpcio, HOSTS[0].protobuf):
        assert any(line.startswith(one.replace("==", ">=")) for line in wanted)


@pytest.fixture(scope="module", params=chosen(HOSTS), ids=str)
def host(request: pytest.FixtureRequest) -> Path:
    """Give the interpreter of a host."""
    return make_host(request.param)


@pytest.fixture(scope="module", params=chosen(USERS), ids=str)
def user(request: pytest.FixtureRequest) -> Path:
    """Give the interpreter of an environment for user code."""
    return make_user(request.param)


def run(python: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it in ``folder``; it may not write to stderr."""
    told = subprocess.run(
        [python, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=90,
        check=False,
    )
    assert told.stderr == ""
    return told


def make_certificate(folder: Path) -> None:
    """Write cert.pem and key.pem, for localhost, and ca.pem of who signed it."""
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    leaf.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    leaf.private_key_pem.write_to_path(str(folder / "key.pem"))


def entry(port: int, name: str, **options: Any) -> dict[str, Any]:
    return {"grpc_server": {"port": port, "location_name": name, **options}}


def test_a_host_serves_itself_500_pipelines_with_tls_and_a_token(host: Path, tmp_path: Path) -> None:
    make_certificate(tmp_path)
    (tmp_path / "many.py").write_text(MANY)
    (tmp_path / "token").write_text("3f9d-right")
    credentials = ("--tls-cert", "cert.pem", "--tls-key", "key.pem", "--token-file", "token")
    with serving(tmp_path, "--python-file", "many.py", *credentials, python=str(host)) as server:
        ssl = {"ca": "ca.pem"}
        port = server.port
        entries = [
            entry(port, "known", ssl=ssl, token_file="token"),
            entry(port, "stranger", ssl=ssl),
            entry(port, "plain", token_file="token"),
        ]
        (tmp_path / "workspace.yaml").write_text(json.dumps({"load_from": entries}))
        server.signal(signal.SIGHUP)
        server.wait_for("reloaded: generation 2, after 1")
        told = json.loads(run(host, tmp_path, "-m", "skerry", "inspect", "--json").stdout)
        known, stranger, plain = told["locations"]
        assert known["state"] == "READY", known["error"]
        assert len(known["repositories"][0]["pipelines"]) == 500
        assert known["server"]["generation"] == 2
        assert stranger["error"]["kind"] == "ACCESS_DENIED"
        assert plain["error"]["kind"] == "TLS_FAILED"
        probe = ("-m", "skerry", "api", "grpc-health-check", "--port", str(port), "--ca", "ca.pem")
        assert run(host, tmp_path, *probe, "--service", "code").stdout == "SERVING\n"
        server.signal(signal.SIGTERM)
        assert server.wait_for_end() == 0
        assert "Warning" not in server.log


def test_a_host_and_the_one_here_work_together_both_ways(host: Path, tmp_path: Path, load: Load) -> None:
    shutil.copy(CHILDREN / "everything.py", tmp_path / "team.py")
    with serving(tmp_path, "--python-file", "team.py", python=str(host)) as server:
        location = load(json.dumps({"load_from": [entry(server.port, "remote")]}))["remote"]
        assert location.wait(60)
        assert location.state is State.READY, location.error
        here = location.snapshot.to_json()["repositories"]
        assert location.reload().new_generation == 2
    with serving(tmp_path, "--python-file", "team.py") as server:
        (tmp_path / "workspace.yaml").write_text(json.dumps({"load_from": [entry(server.port, "remote")]}))
        before, output, *generations = json.loads(run(host, tmp_path, "-c", CLIENT).stdout)
        assert before["repositories"] == here
        assert output.startswith("loaded with")
        assert generations == [1, 2]


def test_a_host_tells_wrong_servers_apart_and_has_the_word_alone(host: Path, tmp_path: Path) -> None:
    with peer("wrong_servers.py") as line:
        entries = [entry(port, name) for name, port in json.loads(line).items() if name != "says nothing"]
        (tmp_path / "workspace.yaml").write_text(json.dumps({"load_from": entries}))
        told = json.loads(run(host, tmp_path, "-m", "skerry", "check", "--json").stdout)
    kinds = {location["name"]: location["error"]["kind"] for location in told["locations"]}
    hanging_up = {"hangs up", "listens and hangs up"}
    assert {name for name, kind in kinds.items() if kind == "SERVER_UNREACHABLE"} == hanging_up
    assert {kind for name, kind in kinds.items() if name not in hanging_up} == {"WRONG_SERVER"}


def test_user_code_keeps_its_own_grpcio_and_protobuf(user: Path, tmp_path: Path, load: Load) -> None:
    folder = CHILDREN / "own_protocols"
    options = ("--working-directory", str(folder), "--executable-path", str(user))
    with serving(tmp_path, "--python-file", str(folder / "repository.py"), *options) as server:
        local = {"relative_path": str(folder / "repository.py"), "working_directory": str(folder)}
        entries = [{"python_file": {**local, "executable_path": str(user)}}, entry(server.port, "remote")]
        workspace = load(json.dumps({"load_from": entries}))
        assert workspace.wait(60)
        for location in workspace.locations:
            assert location.state is State.READY, location.error
            assert "echo: heard" in location.output()
            assert location.reload().new_generation == 2


@pytest.mark.parametrize("bare", chosen(BARE), ids=str)
def test_an_environment_with_nothing_at_all_is_served(bare: Environment, tmp_path: Path, load: Load) -> None:
    python = make_user(bare)
    with serving(tmp_path, "-f", str(CHILDREN / "everything.py"), "--executable-path", str(python)) as server:
        location = load(json.dumps({"load_from": [entry(server.port, "remote")]}))["remote"]
        assert location.wait(60)
        assert location.state is State.READY, location.error
        assert location.server is not None
        assert location.server.python.startswith(bare.python + ".")
