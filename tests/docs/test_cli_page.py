"""docs/cli.md: the options and the fields of --json, all of them and no other."""

from __future__ import annotations

import json
import re
import shutil
import signal
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest
from support.pages import ROOT, blocks, read, section, table
from support.servers import serving

from skerry import State, Workspace, model
from skerry.console import catalogue, cli, proposals
from skerry.console.serving import WAITING
from skerry.rpc.server import DRAIN_TIMEOUT

PAGE = read("docs/cli.md")
DOCUMENTED = re.findall(r"^<!-- record: (\w+) -->$", PAGE, re.MULTILINE)


def _told(record: str) -> list[str]:
    return [row[0].strip("`") for row in table(PAGE[PAGE.index(f"<!-- record: {record} -->") :])]


@pytest.mark.parametrize("record", DOCUMENTED)
def test_the_fields_of_a_record_are_those_of_its_json(record: str) -> None:
    cls = getattr(model, record)
    empty = cls(**{field.name: None for field in fields(cls)})
    assert _told(record) == list(empty.to_json())


def test_the_figures_of_explain_are_those_of_the_code() -> None:
    words = " ".join(section(PAGE, "### --explain").split())
    limits = f"less than {proposals.WORTH_SECONDS:g} s and less than {proposals.WORTH_SIZE / 1e6:g} MB"
    assert f"Packages that cost each location {limits} are not worth a line" in words


def test_everything_in_a_real_answer_is_documented(tmp_path: Path) -> None:
    folder = tmp_path / "examples"
    shutil.copytree(ROOT / "examples", folder, ignore=shutil.ignore_patterns("venvs", "__pycache__"))
    with Workspace.load(folder / "tour" / "workspace.yaml") as workspace:
        assert workspace.wait(60)
        answer: Any = json.loads(json.dumps(workspace.snapshot.to_json()))
    shapes = {tuple(_told(record)) for record in DOCUMENTED}
    seen = set()

    def look(value: Any) -> None:
        if isinstance(value, dict):
            assert tuple(value) in shapes, value
            seen.add(tuple(value))
            for key, inner in value.items():
                # Of the user's shape, not of ours.
                if key not in ("tags", "config_schema"):
                    look(inner)
        elif isinstance(value, list):
            for inner in value:
                look(inner)

    look(answer)
    # The tour has no problem in its file; all else is in it.
    assert seen == shapes - {tuple(_told("Problem"))}


def test_the_states_are_all_named() -> None:
    (row,) = (row for row in table(section(PAGE, "### Locations")) if row[0] == "`state`")
    assert all(f"`{state.value}`" in row[1] for state in State)


def _commands(group: click.Group, *path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group, help_option_names=["-h", "--help"])
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield " ".join([*path, name]), command
        if isinstance(command, click.Group):
            yield from _commands(command, *path, name)


ALL = dict(_commands(cli))


@pytest.mark.parametrize("name", ALL)
def test_every_option_of_a_command_is_in_its_table_and_no_other(name: str) -> None:
    rows = table(section(PAGE, f"{'#' * (2 + name.count(' '))} skerry {name}"))
    context = click.Context(ALL[name], help_option_names=["-h", "--help"])
    options = [one for one in ALL[name].get_params(context) if isinstance(one, click.Option)]
    assert [re.findall(r"`([^`]+)`", row[0]) for row in rows] == [one.opts for one in options]
    variables = [row[1].strip("`") if len(row) > 2 else "" for row in rows]
    assert variables == [one.envvar or "" for one in options]


def test_the_fields_of_a_reload_are_those_of_its_json() -> None:
    rows = section(PAGE, "## skerry reload").partition("| field |")[2]
    assert [row[0].strip("`") for row in table("| field |" + rows)] == list(model.ReloadResult().to_json())


def test_the_figures_of_a_server_are_those_of_the_code() -> None:
    told = section(PAGE, "### skerry api grpc")
    assert f"at most for {DRAIN_TIMEOUT:g} seconds" in told
    assert f"beyond\n{WAITING // 1024**2} MiB" in told


def test_the_log_of_a_server_in_json_has_the_fields_that_the_page_shows(hello: Path) -> None:
    hello.write_text(f"print('what the code printed')\n{hello.read_text()}")
    with serving(hello.parent, "--python-file", "hello.py", "--log-format", "json") as server:
        server.wait_for("is READY")
        server.signal(signal.SIGHUP)
        server.wait_for("reloaded")
    shown = [json.loads(line) for line in blocks(section(PAGE, "### skerry api grpc"), "json")[0].text.splitlines()]
    written = [json.loads(line) for line in [*server.log.splitlines(), *server.printed.splitlines()]]
    assert {tuple(one) for one in written} == {("time", "level", "logger", "message")}
    told = [{**one, "time": ""} for one in written]
    assert [one for one in shown if {**one, "time": ""} not in told] == []


@pytest.mark.parametrize("record", [catalogue.TypeInfo, catalogue.LauncherInfo, catalogue.OptionInfo])
def test_the_fields_of_the_catalogue_are_those_of_its_json(record: type[Any]) -> None:
    empty = record(**{field.name: None for field in fields(record)})
    told = table(PAGE[PAGE.index(f"<!-- catalogue: {record.__name__} -->") :])
    assert [row[0].strip("`") for row in told] == list(empty.to_json())
