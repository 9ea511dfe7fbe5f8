from __future__ import annotations

from support.workspace_states import FOLDER, IMPORT_ERROR, frames, location, page, shown, workspace

from skerry.console.render.errors import render_error
from skerry.console.render.workspace import render_workspace
from skerry.errors import ErrorKind
from skerry.model import ErrorInfo, Frame, State


def test_the_users_own_line_comes_first_and_libraries_are_folded() -> None:
    lines = shown(render_error(IMPORT_ERROR, page()), page())
    assert lines[0] == "ModuleNotFoundError: No module named 'pandas'"
    assert lines[2] == "  at reports/weekly.py:7 in <module>"
    assert lines[3] == "      import pandas as pd"
    assert lines[-1] == "  … 2 frames in libraries (-v shows them)"
    assert not any("importlib" in text for text in lines)


def test_verbose_shows_every_frame_in_the_order_of_the_calls() -> None:
    on = page(verbose=True)
    places = [
        text.split()[1] for text in shown(render_error(IMPORT_ERROR, on), on) if text.startswith(("  at ", "  from "))
    ]
    assert places == [
        "reports/weekly.py:7",
        "reports/__init__.py:1",
        "<frozen",
        "/usr/lib/python3.11/importlib/__init__.py:126",
        "team.py:3",
    ]


def test_an_import_error_three_modules_deep_fits_in_fifteen_lines() -> None:
    state = workspace(location(state=State.FAILED, error=IMPORT_ERROR))
    on = page()
    lines = shown(render_workspace(state, on), on)
    row = next(number for number, text in enumerate(lines) if "FAILED" in text)
    block = lines[row : lines.index("", row)]
    assert len(block) <= 15
    for place in ("team.py:3", "reports/__init__.py:1", "reports/weekly.py:7"):
        assert any(place in text for text in block)


def test_a_syntax_error_shows_its_line_with_the_mark_below() -> None:
    frame = Frame(f"{FOLDER}/team.py", 4, "", "def broken(:\n           ^", True)
    lines = shown(
        render_error(ErrorInfo(ErrorKind.SYNTAX_ERROR, "SyntaxError: invalid syntax", (frame,)), page()), page()
    )
    assert lines[1:] == ["  at team.py:4", "      def broken(:", "                 ^"]


def test_causes_are_shown() -> None:
    cause = ErrorInfo(
        ErrorKind.EXCEPTION, "KeyError: 'region'", frames((f"{FOLDER}/config.py", 5, "read", "regions['x']", True))
    )
    error = ErrorInfo(
        ErrorKind.EXCEPTION,
        "RuntimeError: no configuration",
        frames((f"{FOLDER}/team.py", 9, "<module>", "read()", True)),
        cause,
    )
    lines = shown(render_error(error, page()), page())
    assert lines.index("caused by") < lines.index("KeyError: 'region'")
    assert "  at config.py:5 in read" in lines


def test_frames_in_installed_code_are_shown_where_there_are_no_others() -> None:
    error = ErrorInfo(ErrorKind.EXCEPTION, "ValueError: x", frames(("/venv/lib/pkg/a.py", 5, "<module>", "f()", False)))
    assert "  at /venv/lib/pkg/a.py:5 in <module>" in shown(render_error(error, page()), page())


def test_a_deep_recursion_is_short() -> None:
    calls = [(f"{FOLDER}/deep.py", number, "again", "again()", True) for number in range(1, 901)]
    error = ErrorInfo(ErrorKind.EXCEPTION, "RecursionError: too deep", frames(*calls))
    lines = shown(render_error(error, page()), page())
    assert len(lines) < 20
    assert "  … 892 more calls (-v shows them)" in lines
    assert "  at deep.py:900 in again" in lines
    assert "  from deep.py:1 in again" in lines


def test_the_last_output_explains_an_error_without_frames() -> None:
    output = "".join(f"line {number}\n" for number in range(1, 51))
    error = ErrorInfo(ErrorKind.PROCESS_EXITED, "The process ended with exit code 3.", output=output)
    lines = shown(render_error(error, page()), page())
    assert lines[-1] == "│ line 50"
    assert "│ line 40" not in lines
    assert any("40 lines above (-v shows them)" in text for text in lines)
    on = page(verbose=True)
    assert "│ line 1" in shown(render_error(error, on), on)


def test_a_line_without_end_is_cut() -> None:
    on = page()
    error = ErrorInfo(ErrorKind.PROCESS_EXITED, f"It said {'y' * 90_000}.\nLook.", output=f"{'x' * 90_000}\nlast")
    lines = shown(render_error(error, on), on)
    assert sum(map(len, lines)) < 5_000
    assert "Look." in lines
    assert lines[-1].endswith("last")
