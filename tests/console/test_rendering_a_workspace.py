from __future__ import annotations

import pytest
from rich.cells import cell_len
from support.workspace_states import DEFINITION_FAILURE, IMPORT_ERROR, REPOSITORY, location, page, shown, workspace

from skerry.console.render.workspace import render_workspace
from skerry.errors import ErrorKind
from skerry.model import ErrorInfo, LocationState, PipelineSnapshot, Problem, RepositorySnapshot, Severity, State

DRAWN = "●✗◌○·├└│─→…"


def many(count: int) -> list[LocationState]:
    long = "dataengineering/" + "very_" * 30 + "long_{}"
    names = [long.format(number) if number % 7 == 3 else f"team_{number}" for number in range(count)]
    return [
        location(name, State.FAILED, error=IMPORT_ERROR) if number % 10 == 9 else location(name)
        for number, name in enumerate(names)
    ]


@pytest.mark.parametrize("width", [80, 160])
@pytest.mark.parametrize("count", [1, 60])
def test_no_line_is_wider_than_the_terminal_and_states_stand_in_one_column(width: int, count: int) -> None:
    on = page(width)
    lines = shown(render_workspace(workspace(*many(count)), on), on)
    assert max(map(cell_len, lines)) <= width
    rows = [text for text in lines if text.startswith(("● ", "✗ "))]
    assert len(rows) == count
    types = {text.index("python_file") for text in rows}
    assert len(types) == 1
    assert {text[2:].split()[0] for text in rows} <= {"READY", "FAILED"}
    for number, row in enumerate(rows):
        end = f"long_{number}" if number % 7 == 3 else f"team_{number}"
        assert f"{end} " in row


def test_very_long_names_of_everything_keep_the_layout() -> None:
    long = "x" * 300
    repository = RepositorySnapshot(
        long, pipelines=(PipelineSnapshot(long, description=long),), errors=(DEFINITION_FAILURE,)
    )
    error = ErrorInfo(ErrorKind.EXCEPTION, f"ValueError: {long}\n{long}")
    state = workspace(location(long, repositories=(repository,)), location(long + "y", State.FAILED, error=error))
    on = page(80)
    lines = shown(render_workspace(state, on), on)
    assert max(map(cell_len, lines)) <= 80
    assert sum(text.count("x") for text in lines) > 600, "messages are folded and never cut"


def test_where_it_is_no_terminal_lines_are_plain_and_complete() -> None:
    on = page(None, drawing=False)
    lines = shown(render_workspace(workspace(*many(60)), on), on)
    text = "\n".join(lines)
    assert "\x1b" not in text
    assert not set(DRAWN) & set(text)
    for one in many(60):
        assert sum(row.split()[1:2] == [one.name] for row in lines) == 1
    assert all(lines), "no empty lines to stumble over"


def test_definitions_stand_below_their_location() -> None:
    on = page(100)
    text = "\n".join(shown(render_workspace(workspace(location()), on), on))
    for expected in ("repository sales", "diamond", "4 solids", "0 6 * * * Europe/Berlin", "→ diamond", "new_orders"):
        assert expected in text
    assert "1 location: 1 READY" in text


def test_the_image_has_a_column_when_a_location_has_one() -> None:
    from dataclasses import replace

    plain = location()
    assert plain.server is not None
    in_image = location("other", server=replace(plain.server, image="registry/sales:7"))
    on = page(100)
    with_image = shown(render_workspace(workspace(plain, in_image), on), on)
    without = shown(render_workspace(workspace(plain), on), on)
    assert any("IMAGE" in text for text in with_image)
    assert any("registry/sales:7" in text for text in with_image)
    assert not any("IMAGE" in text for text in without)


def test_a_definition_that_was_left_out_is_loud() -> None:
    from dataclasses import replace

    state = workspace(location(repositories=(replace(REPOSITORY, errors=(DEFINITION_FAILURE,)),)))
    on = page(80)
    lines = shown(render_workspace(state, on), on)
    text = "\n".join(lines)
    assert "monthly" in text
    assert "team.py:40" in text
    assert "no input called 'lfet'" in text
    assert "diamond" in text, "the others are there"
    assert "1 definition left out" in lines[-1]


def test_a_problem_of_an_entry_stands_with_its_location_and_once() -> None:
    problem = Problem(
        Severity.ERROR, "unknown-key", "sales.py", "/srv/workspace/workspace.yaml", 3, 7, "Unknown key.", "Remove it."
    )
    loose = Problem(Severity.WARNING, "x", None, "/srv/workspace/workspace.yaml", 1, 1, "Unknown top-level key.")
    error = ErrorInfo(ErrorKind.INVALID_ENTRY, "Unknown key.")
    state = workspace(location(state=State.FAILED, error=error), problems=(problem, loose))
    on = page(80)
    lines = shown(render_workspace(state, on), on)
    text = "\n".join(lines)
    assert text.count("Unknown key.") == 1
    assert "    workspace.yaml:3:7: error: Unknown key." in lines
    assert "      Remove it." in lines
    assert "workspace.yaml:1:1: warning: Unknown top-level key." in lines


def test_what_a_location_does_or_waits_for_is_said() -> None:
    stale = location("old", stale=True, error=IMPORT_ERROR)
    on = page(80)
    state = workspace(location("slow", State.LOADING, progress="installing"), stale)
    text = "\n".join(shown(render_workspace(state, on), on))
    assert "installing" in text
    assert "stale: generation 1 answers, because the last reload failed:" in text
    assert "No module named 'pandas'" in text
    assert "diamond" in text


def test_names_and_messages_cannot_reach_the_terminal() -> None:
    nasty = "\x1b[2J[red]a\u202eb\r\n\x07[/red]\ud800"
    error = ErrorInfo(ErrorKind.EXCEPTION, f"ValueError: {nasty}", output=f"{nasty}\n")
    repository = RepositorySnapshot(nasty, pipelines=(PipelineSnapshot(nasty, description=nasty, tags={nasty: nasty}),))
    state = workspace(location(nasty, repositories=(repository,)), location("b", State.FAILED, error=error))
    on = page(160, drawing=False)
    lines = shown(render_workspace(state, on), on)
    text = "\n".join(lines)
    assert all(character.isprintable() or character == "\n" for character in text)
    assert any("\\x1b[2J[red]a\\u202eb\\r\\n\\x07[/red]\\ud800" in line for line in lines)
