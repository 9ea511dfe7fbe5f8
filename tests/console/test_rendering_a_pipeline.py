from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len
from support.workspace_states import DIAMOND, REPOSITORY, location, page, pipeline, shown

from skerry.console.render.graph import render_graph
from skerry.console.render.pipeline import render_pipeline, render_repository_view
from skerry.console.render.rails import draw, in_order
from skerry.model import InputSnapshot, PipelineSnapshot, SolidSnapshot


def drawn(feeds: dict[str, list[str]]) -> list[str]:
    return [row.rails for row in draw(in_order(feeds), feeds)]


def test_a_chain_is_one_column() -> None:
    assert drawn({"a": [], "b": ["a"], "c": ["b"]}) == ["●", "●", "●"]


def test_a_diamond_branches_and_joins() -> None:
    assert drawn({"load": [], "left": ["load"], "right": ["load"], "join": ["left", "right"]}) == [
        "●",
        "├─●",
        "● │",
        "●─╯",
    ]


def test_a_rail_that_is_crossed_is_not_joined() -> None:
    # c takes from a alone: b's rail, between them, is passed by.
    assert drawn({"a": [], "b": [], "c": ["a"], "d": ["a", "b", "c"]}) == ["●", "│ ●", "├─│─●", "●─┴─╯"]


def test_solids_stand_below_what_feeds_them_however_they_are_defined() -> None:
    assert in_order({"c": ["b"], "b": ["a"], "a": []}) == ["a", "b", "c"]


def test_every_row_takes_in_exactly_what_feeds_its_solid() -> None:
    # Read the drawing back: follow each rail from the row it begins at to the rows that take it in.
    feeds = {"a": [], "b": [], "c": ["a"], "d": ["a", "b"], "e": ["c", "d", "b"], "f": ["b"], "g": ["a", "e"]}
    begun: dict[int, str] = {}
    for row in draw(in_order(feeds), feeds):
        place = row.rails.index("●") // 2
        taken = {index for index in begun if index < (len(row.rails) + 1) // 2 and row.rails[2 * index] in "├┤┼╰╯┴"}
        if place in begun:
            taken.add(place)
        assert {begun[index] for index in taken} == set(feeds[row.name])
        ended = {index for index in taken if row.rails[2 * index] in "╰╯┴"}
        begun = {index: name for index, name in begun.items() if index not in ended}
        begun[place] = row.name
        begun = {index: name for index, name in begun.items() if row.below[2 * index : 2 * index + 1] == "│"}


@pytest.mark.parametrize("width", [80, 160])
def test_thirty_solids_fed_by_one_and_feeding_one_fit(width: int) -> None:
    names = [f"part_{number}" for number in range(28)]
    many = pipeline("many", {"source": [], **{name: ["source"] for name in names}, "sink": names})
    on = page(width)
    lines = shown(render_graph(many, on), on)
    assert max(map(cell_len, lines)) <= width
    for name in ("source", "sink", *names):
        assert sum("●" in text and f" {name} " in f"{text} " for text in lines) == 1
    for name in names:
        assert any(f"← {name}.result" in text for text in lines)


def test_more_rails_than_fit_give_way_to_the_words() -> None:
    sources: dict[str, list[str]] = {f"s{number}": [] for number in range(30)}
    sinks = {f"t{number}": [f"s{number}"] for number in range(30)}
    on = page(80)
    lines = shown(render_graph(pipeline("wide", {**sources, **sinks}), on), on)
    assert not any("│" in text for text in lines)
    assert [text.split() for text in lines][-1] == ["t29", "x0", "←", "s29.result"]


def test_aliases_fan_in_and_named_outputs_are_told() -> None:
    solids = (
        SolidSnapshot("split", "split", (), ("odd", "even")),
        SolidSnapshot(
            "add_all",
            "add",
            (InputSnapshot("numbers", ("split.odd", "split.even")), InputSnapshot("start", ())),
            ("result",),
        ),
    )
    on = page(80)
    lines = shown(render_graph(PipelineSnapshot("p", solids=solids), on), on)
    assert lines == ["●  split    → odd, even", "●  add_all  (add)  numbers ← [split.odd, split.even]"]


def test_without_drawing_each_solid_is_one_line_with_its_inputs() -> None:
    on = page(None, drawing=False)
    lines = shown(render_graph(DIAMOND, on), on)
    assert lines[-1] == "join  x0 <- left.result  x1 <- right.result"
    assert len(lines) == 4


def test_a_pipeline_shows_where_it_is_defined_its_tags_triggers_and_config() -> None:
    schema = {
        "type": "object",
        "required": ["path"],
        "properties": {
            "path": {"type": "string", "description": "Where the orders are."},
            "limit": {"type": "integer", "default": 10},
            "mode": {"enum": ["full", "partial"]},
        },
    }
    shown_pipeline = replace(REPOSITORY.pipelines[0], config_schema=schema)
    on = page(80)
    lines = shown(render_pipeline(location(), REPOSITORY, shown_pipeline, on), on)
    text = "\n".join(lines)
    assert lines[0] == "sales.py / sales / pipeline diamond"
    assert "Loads yesterday's orders" in text
    assert "team.py:12" in text
    assert "owner: sales" in text
    assert "schedule every_morning  0 6 * * * Europe/Berlin" in text
    assert "  path: string  required" in lines
    assert "    Where the orders are." in lines
    assert "  limit: integer  default 10" in lines
    assert '  mode: "full" | "partial"' in lines


def test_a_repository_shows_its_description() -> None:
    on = page(80)
    lines = shown(render_repository_view(location(), REPOSITORY, on), on)
    assert lines[0] == "sales.py / repository sales"
    assert "  What the sales team runs." in lines
    assert any("every_morning" in text for text in lines)
