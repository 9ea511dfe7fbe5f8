"""examples/deploy/docker-compose.yaml: the specification's schema, Compose itself, and the workspace file beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from support.deploy_tools import DEPLOY, compose, run, succeed

FILE = DEPLOY / "docker-compose.yaml"


def test_it_is_what_the_compose_specification_allows() -> None:
    succeed("check-jsonschema", "--builtin-schema", "vendor.compose-spec", FILE)


def test_compose_accepts_it() -> None:
    succeed("docker-compose", "--profile", "tools", "config", "--quiet")


@pytest.mark.parametrize(
    ("right", "wrong", "schema_sees_it"),
    [("stop_grace_period", "stop_grace_time", True), ("secrets: [tides_token]", "secrets: [tide_token]", False)],
)
def test_the_tools_are_awake(tmp_path: Path, right: str, wrong: str, schema_sees_it: bool) -> None:
    broken = tmp_path / "docker-compose.yaml"
    broken.write_text(FILE.read_text().replace(right, wrong))
    schema = run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", broken)
    assert (schema.returncode != 0) == schema_sees_it, schema.stdout
    assert run("docker-compose", "--file", broken, "config", "--quiet").returncode != 0


def test_the_image_and_the_variable_are_one_whatever_the_name() -> None:
    text = succeed("docker-compose", "--profile", "tools", "config", HARBOUR_IMAGE="registry.example.com/harbour:2.0")
    services = yaml.safe_load(text)["services"]
    assert len(services) == 3
    for service in services.values():
        assert service["image"] == "registry.example.com/harbour:2.0"
        assert service["environment"]["SKERRY_CURRENT_IMAGE"] == service["image"]


def test_the_workspace_file_names_the_code_servers_and_the_mounted_tokens() -> None:
    services = compose()["services"]
    entries = [entry["grpc_server"] for entry in yaml.safe_load((DEPLOY / "workspace.yaml").read_text())["load_from"]]
    servers = {name for name, service in services.items() if service["command"][:2] == ["api", "grpc"]}
    assert {entry["host"] for entry in entries} == servers
    mounted = {secret["target"] for secret in services["inspect"]["secrets"]}
    for entry in entries:
        command = services[entry["host"]]["command"]
        assert str(entry["port"]) == command[command.index("--port") + 1]
        assert entry["token_file"] == command[command.index("--token-file") + 1]
        assert entry["token_file"] in mounted


def test_a_code_server_is_reached_by_no_other_and_has_a_token_of_its_own() -> None:
    services = compose()["services"]
    tokens = [[secret["source"] for secret in services[name]["secrets"]] for name in ("tides", "berths")]
    assert tokens == [["tides_token"], ["berths_token"]]
    assert not any("ports" in service for service in services.values())
