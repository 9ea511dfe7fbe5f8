from __future__ import annotations

import pytest
from rich.cells import cell_len
from support.workspace_states import location, page, shown, workspace

from skerry.console.render.explain import render_explanation
from skerry.console.render.location import render_location
from skerry.console.render.page import state_style
from skerry.console.render.progress import render_progress
from skerry.model import Explanation, PathEntry, State

EXPLANATION = Explanation(
    "/srv/venvs/sales/bin/python",
    "3.11.7",
    "/srv/workspace",
    (
        PathEntry("/srv/workspace/lib", "working_directory of the entry"),
        PathEntry("/srv/venvs/sales/lib/python3.11/" + "deep/" * 20 + "site-packages", "the environment's packages"),
    ),
    "sales",
    "/srv/workspace/sales.py",
)


def test_a_location_tells_of_its_entry_and_its_server() -> None:
    on = page(80)
    state = workspace(location())
    text = "\n".join(shown(render_location(state.locations[0], state, on), on))
    for expected in ("workspace.yaml:3", "3.11.7", "/srv/venvs/sales/bin/python", "4711", "pipe", "31 ms", "diamond"):
        assert expected in text


@pytest.mark.parametrize("width", [80, 160])
def test_an_explanation_tells_every_path_in_full(width: int) -> None:
    on = page(width)
    lines = shown(render_explanation(location(explanation=EXPLANATION), on), on)
    assert max(map(cell_len, lines)) <= width
    words = "".join(text.strip() for text in lines)
    assert EXPLANATION.executable in words
    assert EXPLANATION.file is not None
    assert EXPLANATION.file in words
    for entry in EXPLANATION.path:
        assert entry.path in words
        assert entry.reason in words


def test_an_explanation_that_nobody_gave_is_missed() -> None:
    lines = shown(render_explanation(location(state=State.FAILED), page()), page())
    assert any("Not known" in text for text in lines)


def test_what_is_loading_is_seen_with_its_time_and_what_it_does() -> None:
    states = [location("fast"), location("slow", State.LOADING, progress="importing pandas")]
    lines = shown(render_progress(states, 1.25, {"fast": 0.1}, 20, page()), page())
    assert lines[0].split() == ["●", "fast", "0.1", "s", "READY"]
    assert lines[1].split()[1:] == ["slow", "1.2", "s", "importing", "pandas"]


def test_more_locations_than_lines_show_those_that_still_load() -> None:
    states = [location(f"fast_{number}") for number in range(59)]
    states.append(location("slow", State.LOADING, progress="importing"))
    lines = shown(render_progress(states, 1.0, {}, 10, page()), page())
    assert len(lines) == 10
    assert "slow" in lines[0]
    assert lines[-1].strip() == "… and 51 more locations, 0 of them loading"


def test_a_warning_stands_before_the_definitions_and_wants_a_look() -> None:
    on = page(80)
    warned = location(warnings=("pandas is not preloaded: it is not installed.\nInstall it.",))
    lines = [text.strip() for text in shown(render_location(warned, workspace(warned), on), on)]
    assert lines.index("warning: pandas is not preloaded: it is not installed.") + 1 == lines.index("Install it.")
    assert lines.index("Install it.") < next(number for number, text in enumerate(lines) if "diamond" in text)
    assert state_style(warned) != state_style(location())
