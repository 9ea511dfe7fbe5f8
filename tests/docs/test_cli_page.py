"""docs/cli.md: the options and the fields of --json, all of them and no other."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest
from support.pages import ROOT, read, section, table

from skerry import State, Workspace, model
from skerry.console import COMMANDS, catalogue, cli

PAGE = read("docs/cli.md")
DOCUMENTED = re.findall(r"^<!-- record: (\w+) -->$", PAGE, re.MULTILINE)


def _told(record: str) -> list[str]:
    return [row[0].strip("`") for row in table(PAGE[PAGE.index(f"<!-- record: {record} -->") :])]


@pytest.mark.parametrize("record", DOCUMENTED)
def test_the_fields_of_a_record_are_those_of_its_json(record: str) -> None:
    cls = getattr(model, record)
    empty = cls(**{field.name: None for field in fields(cls)})
    assert _told(record) == list(empty.to_json())


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


# `skerry plugin` is for authors of plugins: docs/plugin-guide.md.
@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "plugin"])
def test_every_option_of_a_command_is_in_its_table_and_no_other(name: str) -> None:
    told = [re.findall(r"`([^`]+)`", row[0]) for row in table(section(PAGE, f"## skerry {name}"))]
    context = click.Context(cli, help_option_names=["-h", "--help"])
    command = cli.get_command(context, name)
    assert command is not None
    options = [one for one in command.get_params(context) if isinstance(one, click.Option)]
    assert told == [one.opts for one in options]


@pytest.mark.parametrize("record", [catalogue.TypeInfo, catalogue.OptionInfo])
def test_the_fields_of_the_catalogue_are_those_of_its_json(record: type[Any]) -> None:
    empty = record(**{field.name: None for field in fields(record)})
    told = table(PAGE[PAGE.index(f"<!-- catalogue: {record.__name__} -->") :])
    assert [row[0].strip("`") for row in told] == list(empty.to_json())
