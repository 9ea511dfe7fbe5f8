"""``skerry inspect`` as a person meets it: real processes, exit codes, streams, a real terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from skerry.model import WorkspaceState

SALES = """
from skerry import pipeline, repository, schedule, sensor, solid

@solid
def load():
    return 1

@solid
def publish(orders):
    pass

@pipeline(description="Publishes the orders.", tags={"owner": "sales"})
def daily():
    publish(load())

@schedule(cron_schedule="0 6 * * *", pipeline=daily)
def every_morning(context):
    return {}

@repository
def sales():
    return [daily, every_morning]
"""
BROKEN = "import os\nraise ValueError('no such region')\n"
WORKSPACE = """\
load_from:
  - python_file: sales.py
  - python_file: {relative_path: broken.py, location_name: team/broken}
"""
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sales.py").write_text(SALES)
    (tmp_path / "broken.py").write_text(BROKEN)
    (tmp_path / "workspace.yaml").write_text(WORKSPACE)
    return tmp_path


def environment() -> dict[str, str]:
    ours = {"COLUMNS", "NO_COLOR", "FORCE_COLOR", "TERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}
    return {**{name: value for name, value in os.environ.items() if name not in ours}, "TERM": "xterm-256color"}


def skerry(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "skerry", *arguments],
        cwd=folder,
        env={**environment(), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


class Terminal:
    """A command on a terminal of its own, 80 columns wide unless said otherwise."""

    def __init__(self, folder: Path, *arguments: str, width: int = 80, **variables: str) -> None:
        self.reader, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))

        def own_terminal() -> None:
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [sys.executable, "-m", "skerry", *arguments],
            cwd=folder,
            env={**environment(), **variables},
            stdin=other,
            stdout=other,
            stderr=other,
            preexec_fn=own_terminal,
        )
        os.close(other)
        self.text = ""

    def read_until(self, enough: Callable[[str], bool]) -> str:
        """Read until there is enough, or the command has closed the terminal."""
        while not enough(self.text):
            try:
                part = os.read(self.reader, 65536)
            except OSError:  # Linux says so when the last writer is gone.
                break
            if not part:
                break
            self.text += part.decode(errors="replace")
        return self.text

    def finish(self) -> str:
        text = self.read_until(lambda _: False)
        self.process.wait(timeout=60)
        os.close(self.reader)
        return text


def test_locations_and_what_they_define_are_listed_beside_one_that_is_broken(folder: Path) -> None:
    result = skerry(folder, "inspect")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert any(line.split()[:3] == ["READY", "sales.py", "python_file"] for line in lines)
    assert any(line.split()[:3] == ["FAILED", "team/broken", "python_file"] for line in lines)
    assert "0 6 * * * UTC" in result.stdout
    assert "ValueError: no such region" in result.stdout
    assert "at broken.py:2 in <module>" in result.stdout
    assert lines[-1] == "2 locations: 1 READY, 1 FAILED"
    assert "\x1b" not in result.stdout
    assert result.stderr == ""


def test_parts_are_shown_by_their_names(folder: Path) -> None:
    location = skerry(folder, "inspect", "sales.py")
    assert "entry       workspace.yaml:2" in location.stdout
    assert "team/broken" not in location.stdout
    repository = skerry(folder, "inspect", "sales.py/sales")
    assert "sales.py / repository sales" in repository.stdout
    pipeline = skerry(folder, "inspect", "sales.py/sales/daily")
    assert "defined at  sales.py:13" in pipeline.stdout
    assert "publish  orders <- load.result" in pipeline.stdout
    assert "owner: sales" in pipeline.stdout
    with_slash = skerry(folder, "inspect", "team/broken")
    assert with_slash.stdout.startswith("FAILED  team/broken")
    assert {one.returncode for one in (location, repository, pipeline, with_slash)} == {0}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("sale.py", "Did you mean 'sales.py'?"),
        ("sales.py/nothing", "There are: sales."),
        ("sales.py/sales/dayly", "Did you mean 'daily'?"),
        ("team/broken/any", "'team/broken' is FAILED"),
    ],
)
@pytest.mark.parametrize("form", ["words", "json"])
def test_an_unknown_name_is_an_error_of_the_command_line(folder: Path, selector: str, expected: str, form: str) -> None:
    result = skerry(folder, "inspect", selector, *(["--json"] if form == "json" else []))
    assert result.returncode == 2
    assert result.stdout == ""
    assert expected in result.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-w", "workspace.yaml", "-f", "sales.py"], "exclude each other"),
        (["-f", "sales.py", "-m", "sales"], "exclude each other"),
        (["-a", "sales"], "--attribute says more about"),
        (["--json", "--explain"], "exclude each other"),
        (["--wait", "-1"], "--wait"),
        (["-w", "nothing.yaml"], "nothing.yaml"),
    ],
)
def test_a_wrong_command_line_exits_with_2(folder: Path, arguments: list[str], expected: str) -> None:
    result = skerry(folder, "inspect", *arguments)
    assert result.returncode == 2
    assert expected in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_without_a_workspace_file_the_ways_to_name_one_are_told(tmp_path: Path) -> None:
    result = skerry(tmp_path, "inspect")
    assert result.returncode == 2
    assert "workspace.yaml" in result.stderr
    assert "-w" in result.stderr
    assert "-f" in result.stderr


def test_a_file_that_fails_whole_is_an_error_with_its_place(folder: Path) -> None:
    (folder / "workspace.yaml").write_text("load_from:\n  - python_file: [\n")
    result = skerry(folder, "inspect")
    assert result.returncode == 2
    assert re.search(r"^workspace\.yaml:\d+:\d+: error: ", result.stderr)
    as_json = skerry(folder, "inspect", "--json")
    assert as_json.returncode == 2
    assert json.loads(as_json.stdout)["problems"][0]["line"]


def test_a_target_can_be_named_without_a_workspace_file(folder: Path) -> None:
    by_file = skerry(folder, "inspect", "-f", "sales.py", "-a", "daily")
    assert by_file.returncode == 0
    assert "sales.py:daily" in by_file.stdout
    by_module = skerry(folder, "inspect", "-m", "sales", "-d", ".", "--json")
    assert json.loads(by_module.stdout)["locations"][0]["repositories"][0]["name"] == "sales"
    assert json.loads(by_module.stdout)["workspace"] == []


def test_json_is_the_contract_and_nothing_else(folder: Path) -> None:
    result = skerry(folder, "inspect", "--json")
    assert result.returncode == 0
    assert result.stderr == ""
    document = json.loads(result.stdout)
    assert WorkspaceState.from_json(document).to_json() == document
    assert [(one["name"], one["state"]) for one in document["locations"]] == [
        ("sales.py", "READY"),
        ("team/broken", "FAILED"),
    ]
    selected = json.loads(skerry(folder, "inspect", "team/broken", "--json").stdout)
    assert [one["name"] for one in selected["locations"]] == ["team/broken"]


def test_json_needs_no_drawing_library(folder: Path) -> None:
    result = skerry(folder, "inspect", "--json", PYTHONPROFILEIMPORTTIME="1")
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "skerry.workspace" in imported, "the list of imports can be read"
    assert not {name for name in imported if name.split(".")[0] == "rich"}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["inspect", "--help"], ["logs", "--help"]])
def test_help_costs_little_more_than_importing_click(tmp_path: Path, arguments: list[str]) -> None:
    result = skerry(tmp_path, *arguments, PYTHONPROFILEIMPORTTIME="1")
    assert result.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "click" in imported
    assert not imported & {"rich", "yaml", "jsonschema", "pluggy", "skerry.workspace", "skerry.model"}


def test_an_explanation_tells_why_each_folder_is_searched(folder: Path) -> None:
    result = skerry(folder, "inspect", "sales.py", "--explain")
    assert result.returncode == 0
    assert str(folder / "sales.py") in result.stdout
    assert re.search(r"working directory +" + re.escape(str(folder)), result.stdout)
    assert re.search(r"site-packages +\S", result.stdout)


def test_what_is_known_by_then_is_printed_when_the_wait_is_over(folder: Path) -> None:
    (folder / "hangs.py").write_text("while True: pass\n")
    (folder / "workspace.yaml").write_text(WORKSPACE + "  - python_file: hangs.py\n")
    result = skerry(folder, "inspect", "--wait", "1")
    assert result.returncode == 0
    assert any(line.split()[:2] == ["LOADING", "hangs.py"] for line in result.stdout.splitlines())
    assert "1 LOADING, 1 READY, 1 FAILED" in result.stdout
    # One that hangs is not waited for by who asks about another.
    other = skerry(folder, "inspect", "sales.py")
    assert other.stdout.startswith("READY  sales.py")


@pytest.mark.parametrize("width", [80, 160])
def test_on_a_terminal_it_is_drawn_in_colour_and_no_wider(folder: Path, width: int) -> None:
    terminal = Terminal(folder, "inspect", width=width)
    text = terminal.finish()
    assert terminal.process.returncode == 0
    assert "\x1b[" in text
    lines = ESCAPE.sub("", text).replace("\r", "").splitlines()
    assert max(map(len, lines)) <= width
    assert any(line.startswith("● READY") for line in lines)
    assert any("└─ schedule" in line for line in lines)


def test_no_color_is_respected(folder: Path) -> None:
    text = Terminal(folder, "inspect", NO_COLOR="1").finish()
    assert "READY" in text
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", text)


def test_a_terminal_shows_what_is_loading_all_along(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")
    (folder / "slow.py").write_text(f"open({str(tmp_path / 'gate')!r}).read()\n" + SALES)
    (folder / "workspace.yaml").write_text(WORKSPACE + "  - python_file: slow.py\n")
    terminal = Terminal(folder, "inspect")
    live = ESCAPE.sub("", terminal.read_until(lambda text: "slow.py" in text and "0.3 s" in text))
    assert "sales.py" in live
    assert "1 LOADING" not in live
    (tmp_path / "gate").write_text("go")
    rest = ESCAPE.sub("", terminal.finish())
    assert "3 locations: 2 READY, 1 FAILED" in rest
    assert terminal.process.returncode == 0


@pytest.mark.parametrize("where", ["terminal", "pipe"])
def test_ctrl_c_ends_it_at_once_without_a_traceback(folder: Path, where: str) -> None:
    os.mkfifo(folder / "started")
    (folder / "hangs.py").write_text("open('started', 'w').write('x')\nwhile True: pass\n")
    (folder / "workspace.yaml").write_text(WORKSPACE + "  - python_file: hangs.py\n")
    if where == "terminal":
        terminal = Terminal(folder, "inspect")
        (folder / "started").read_text()
        terminal.read_until(lambda text: "hangs.py" in text)
        os.write(terminal.reader, b"\x03")
        words, code = terminal.finish(), terminal.process.returncode
        # The live lines are erased: what stays on the screen comes after the last erasure.
        words = words.rpartition("\x1b[2K")[2]
    else:
        process = subprocess.Popen(
            [sys.executable, "-m", "skerry", "inspect"],
            cwd=folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        (folder / "started").read_text()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        words, code = out + err, process.returncode
    # To a shell both are 130; Python ends itself by the signal where it came while the text of some class was executed.
    assert code in (130, -signal.SIGINT), words
    assert "Traceback" not in words
    assert len([line for line in ESCAPE.sub("", words).split("\n") if line.strip()]) <= 1


def test_sixty_locations_are_listed_in_one_column(tmp_path: Path) -> None:
    (tmp_path / "sales.py").write_text(SALES)
    entries = [
        f"  - python_file: {{relative_path: sales.py, location_name: 'team {number}'}}\n" for number in range(60)
    ]
    (tmp_path / "workspace.yaml").write_text("load_from:\n" + "".join(entries))
    result = skerry(tmp_path, "inspect", COLUMNS="80")
    rows = [line for line in result.stdout.splitlines() if line.startswith("READY")]
    assert len(rows) == 60
    assert len({line.index("python_file") for line in rows}) == 1
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_a_name_that_would_move_the_cursor_is_shown_and_can_be_selected(folder: Path) -> None:
    (folder / "workspace.yaml").write_text(
        'load_from:\n  - python_file: {relative_path: sales.py, location_name: "a\\u202e[red]b"}\n'
    )
    result = skerry(folder, "inspect")
    assert "a\\u202e[red]b" in result.stdout
    assert "\u202e" not in result.stdout
    for name in ("a\u202e[red]b", "a\\u202e[red]b"):
        assert skerry(folder, "inspect", f"{name}/sales/daily").returncode == 0


def test_an_output_that_knows_only_ascii_gets_ascii(folder: Path) -> None:
    (folder / "workspace.yaml").write_text(
        "load_from:\n  - python_file: {relative_path: sales.py, location_name: Müller}\n", encoding="utf-8"
    )
    result = skerry(folder, "inspect", PYTHONIOENCODING="ascii")
    assert result.returncode == 0, result.stderr
    assert "M\\xfcller" in result.stdout


def test_a_package_may_be_found_in_a_working_directory(hello: Path) -> None:
    shown = skerry(hello.parent, "inspect", "--package-name", "hello", "-d", ".", "--json")
    assert json.loads(shown.stdout)["locations"][0]["state"] == "READY"
