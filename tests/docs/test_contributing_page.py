"""CONTRIBUTING.md: its folders and rooms are those that there are."""

from __future__ import annotations

import tomllib

from support.pages import ROOT, read, section, table

LAYOUT = section(read("CONTRIBUTING.md"), "## Layout")


def _first(text: str) -> list[str]:
    return [row[0].strip("`") for row in table(text)]


def test_every_folder_is_there() -> None:
    assert all((ROOT / folder).is_dir() for folder in _first(LAYOUT))


def test_the_rooms_are_those_that_the_linter_keeps_apart_in_their_order() -> None:
    settings = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]
    layers = next(contract["layers"] for contract in settings["contracts"] if contract["type"] == "layers")
    rooms = [room for room in layers if not room.startswith("(")]
    assert _first(LAYOUT[LAYOUT.index("| room |") - 1 :]) == rooms
    assert all(
        (ROOT / "core" / "skerry" / room).exists() or (ROOT / "core" / "skerry" / f"{room}.py").exists()
        for room in rooms
    )
