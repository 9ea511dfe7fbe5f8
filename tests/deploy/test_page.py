"""docs/deploying.md: what it says of the examples is so."""

from __future__ import annotations

from pathlib import Path

import yaml
from support.deploy_tools import CHART, DEPLOY, of_kind, render, succeed
from support.pages import blocks, read, section, table

PAGE = read("docs/deploying.md")


def test_every_example_is_in_the_table_and_no_other() -> None:
    named = {row[0].strip("`") for row in table(PAGE)}
    beside = {"wheels", "workspace.yaml"}
    assert named == {path.name for path in DEPLOY.iterdir() if not path.name.startswith(".")} - beside - {"secrets"}


def test_the_values_of_a_code_server_are_all_there() -> None:
    schema = yaml.safe_load((CHART / "values.schema.json").read_text())["definitions"]["codeServer"]["properties"]
    rows = {row[0].strip("`"): row[1] for row in table(section(PAGE, "## Helm"))}
    assert set(rows) == set(schema)
    definitions = yaml.safe_load((CHART / "values.schema.json").read_text())["definitions"]
    for name in ("image", "target", "token", "tls"):
        assert all(f"`{key}`" in rows[name] for key in definitions[name]["properties"]), name


def test_its_values_make_a_code_server(tmp_path: Path) -> None:
    (block,) = blocks(PAGE, "yaml")
    values = tmp_path / "values.yaml"
    values.write_text(block.text)
    succeed("helm", "lint", "--strict", CHART, "--values", values)
    (deployment,) = of_kind(render(values), "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example.com/harbour:1.4.2"


def test_every_example_allows_the_seconds_that_it_says() -> None:
    assert "every example allows 60" in PAGE
    allowed = {
        "docker-compose.yaml": "stop_grace_period: 60s",
        "systemd/skerry-code-server@.service": "TimeoutStopSec=60",
        "kubernetes/token/code-server.yaml": "terminationGracePeriodSeconds: 60",
        "kubernetes/mutual-tls/code-server.yaml": "terminationGracePeriodSeconds: 60",
        "helm/skerry-code-servers/values.yaml": "terminationGracePeriod: 60",
    }
    for file, words in allowed.items():
        assert words in (DEPLOY / file).read_text(), file
