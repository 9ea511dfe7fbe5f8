"""``skerry dev``: a live view that obeys keys on a terminal, a line for each move elsewhere."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from support.commands import environment, skerry
from support.screen import Screen, screen
from support.waiting import wait_until

Write = Callable[[str, str], Path]

GOOD = "from skerry import pipeline\n\n@pipeline\ndef {name}():\n    pass\n\nprint('loaded {name}')\n"


@pytest.fixture
def folder(write: Write, tmp_path: Path) -> Path:
    write("daily.py", GOOD.format(name="daily"))
    write("weekly.py", GOOD.format(name="weekly"))
    write("broken.py", "1 / 0\n")
    write("workspace.yaml", "load_from: [python_file: daily.py, python_file: weekly.py, python_file: broken.py]")
    return tmp_path


def shown_loaded(terminal: Screen) -> None:
    terminal.wait_for("3 locations: 2 READY, 1 FAILED", "q quit")


def test_all_locations_are_seen_and_the_chosen_one_in_full(folder: Path) -> None:
    with screen(folder, "dev") as terminal:
        shown_loaded(terminal)
        assert terminal.line("daily.py").startswith("▸ ● daily.py")
        assert "generation 1  loaded" in terminal.line("weekly.py")
        assert "could not be loaded" in terminal.line("✗ broken.py")
        assert terminal.lines[-1].startswith("↑↓ choose   r reload")
        terminal.wait_for("pipeline  daily")
        terminal.press("\x1b[B")
        terminal.wait_for("▸ ● weekly.py", "pipeline  weekly")
        terminal.press("jjjj")
        terminal.wait_for("▸ ✗ broken.py", "ZeroDivisionError: division by zero", "at broken.py:1")
        terminal.press("\x1b[Ak")
        terminal.wait_for("▸ ● daily.py")


def test_a_key_reloads_the_chosen_location_and_another_all(folder: Path, write: Write) -> None:
    with screen(folder, "dev") as terminal:
        shown_loaded(terminal)
        write("daily.py", GOOD.format(name="hourly"))
        terminal.press("r")
        terminal.wait_for("daily.py: generation 2, + repository hourly", "reload asked for")
        assert "generation 1" in terminal.line("weekly.py")
        write("broken.py", GOOD.format(name="mended"))
        terminal.press("a")
        terminal.wait_for("3 locations: 3 READY")
        wait_for_generations(terminal, {"daily.py": 3, "weekly.py": 2, "broken.py": 1})


def wait_for_generations(terminal: Screen, wanted: dict[str, int]) -> None:
    terminal.wait_for(*(f"generation {number}" for number in wanted.values()))
    for name, number in wanted.items():
        assert f"generation {number}" in terminal.line(f"● {name}")


def test_a_key_shows_the_output(folder: Path) -> None:
    with screen(folder, "dev") as terminal:
        shown_loaded(terminal)
        terminal.press("l")
        terminal.wait_for("output of daily.py", "loaded daily", without="pipeline  daily")
        terminal.press("j")
        terminal.wait_for("output of weekly.py", "loaded weekly")
        terminal.press("l")
        terminal.wait_for("pipeline  weekly")


def test_with_many_locations_the_chosen_one_is_in_sight_whatever_the_size(folder: Path) -> None:
    entries = "".join(f"- python_file: {{relative_path: daily.py, location_name: l{n}}}\n" for n in range(40))
    (folder / "workspace.yaml").write_text(f"load_from:\n{entries}")
    with screen(folder, "dev", rows=16) as terminal:
        terminal.wait_for("40 locations: 40 READY")
        terminal.press("j" * 30)
        terminal.wait_for("▸ ● l30 ")
        terminal.resize(10, 60)
        terminal.wait_for("▸ ● l30 ", "q quit")
        assert len(terminal.lines) == 10


@pytest.mark.parametrize("how", ["q", "\x03", signal.SIGTERM])
def test_it_ends_at_once_leaves_nothing_and_gives_the_terminal_back(
    folder: Path, how: str | signal.Signals, nothing_left: None
) -> None:
    with screen(folder, "dev") as terminal:
        before = termios.tcgetattr(terminal.terminal)
        shown_loaded(terminal)
        assert termios.tcgetattr(terminal.terminal) != before
        started = psutil.Process(terminal.process.pid).children(recursive=True)
        assert len(started) >= 3
        if how == "\x03":
            os.killpg(terminal.process.pid, signal.SIGINT)  # as a terminal does: to everybody in the foreground
        elif isinstance(how, str):
            terminal.press(how)
        else:
            terminal.process.send_signal(how)
        assert terminal.wait_for_end() == 0
        assert "Traceback" not in "\n".join(terminal.lines)
        assert termios.tcgetattr(terminal.terminal) == before
        wait_until(lambda: not any(process.is_running() for process in started), what="the end of its processes")


def test_elsewhere_each_move_is_a_line_with_its_error_below(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "skerry", "dev"],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines: list[str] = []
    try:
        assert process.stdout is not None
        while sum("READY" in line or "ZeroDivisionError" in line for line in lines) < 3:
            lines.append(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()
    text = "".join(lines) + rest
    assert (process.returncode, errors) == (0, "")
    assert "  daily.py  READY  generation 1  loaded\n" in text
    assert "  broken.py  FAILED  could not be loaded\n  ZeroDivisionError: division by zero\n" in text


def test_a_workspace_that_cannot_be_used_is_told(folder: Path) -> None:
    result = skerry(folder, "dev", "-w", "missing.yaml")
    assert (result.returncode, result.stdout) == (2, "")
    assert "missing.yaml" in result.stderr


def test_a_saved_file_reloads_its_location_alone(folder: Path, write: Write) -> None:
    with screen(folder, "dev") as terminal:
        shown_loaded(terminal)
        write("daily.py", GOOD.format(name="hourly"))
        terminal.wait_for("generation 2  daily.py changed", "pipeline  hourly")
        assert "generation 1" in terminal.line("weekly.py")
        write("daily.py", "1 / 0\n")
        terminal.wait_for("READY (stale)", "ZeroDivisionError", "the reload failed")
        write("broken.py", GOOD.format(name="mended"))
        terminal.wait_for("● broken.py")


def test_an_edited_workspace_file_touches_its_entries_and_a_wrong_one_is_told(folder: Path, write: Write) -> None:
    with screen(folder, "dev") as terminal:
        shown_loaded(terminal)
        write("workspace.yaml", "load_from: [python_file: weekly.py")
        terminal.wait_for("workspace.yaml:", "weekly.py", "daily.py")
        write("workspace.yaml", "load_from: [python_file: weekly.py]")
        terminal.wait_for("1 location: 1 READY", without="daily.py")
        assert "generation 1" in terminal.line("weekly.py")


def test_elsewhere_a_saved_file_is_a_line_too(folder: Path, write: Write) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "skerry", "dev", "-f", "daily.py"],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert any("daily.py  READY  generation 1  loaded" in line for line in process.stdout)
        write("daily.py", GOOD.format(name="hourly"))
        assert any("daily.py  READY  generation 2  daily.py changed" in line for line in process.stdout)
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0
