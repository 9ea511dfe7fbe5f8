"""``skerry check`` as a pipeline of CI meets it: exit codes, what is printed, and nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from support.commands import environment, skerry
from support.plugins import NOTEBOOK, QUEUE, install, install_launcher
from support.waiting import wait_until

from skerry.model import WorkspaceState

Write = Callable[[str, str], Path]

GOOD = "load_from:\n  - python_file: hello.py\n"
WARNED = "load_from:\n  - python_file: hello.py\n  - python_module: hello\n"
PARTIAL = """
from skerry import pipeline, repository, solid

@solid
def load():
    return 1

@solid
def publish(orders):
    pass

def broken():
    @pipeline
    def invoices():
        publish(sales=load())
    return invoices

def reminders():
    @pipeline
    def reminders():
        pass
    return reminders

@repository
def billing():
    return {"pipelines": {"invoices": broken, "reminders": reminders}}
"""


def check(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return skerry(folder, "check", *arguments, **{"PYTHONPATH": str(folder), **variables})


@pytest.fixture
def folder(hello: Path, write: Write) -> Path:
    """Give a folder with files to load, good and bad ones."""
    write("partial.py", PARTIAL)
    write("broken.py", "region = 'north'\nraise ValueError('100% wrong:\\nno such region, ' + region)\n")
    return hello.parent


def workspace(folder: Path, text: str) -> Path:
    (folder / "workspace.yaml").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ("  - python_file: hello.py", 0),
        ("  - python_file: broken.py", 1),
        ("  - python_file: partial.py", 1),
        ("  - python_file: {relative_paht: hello.py}", 1),
        ("  - python_file: hello.py\nlaod_from: []", 1),
        ("  - notebook: a.ipynb", 1),
        ("  - python_module: hello", 0),
        ("  - [python_file: hello.py", 2),
    ],
)
def test_the_exit_code_says_what_is_wrong(folder: Path, entries: str, code: int) -> None:
    result = check(workspace(folder, f"load_from:\n{entries}\n"))
    assert result.returncode == code, result.stdout + result.stderr
    assert "Traceback" not in result.stderr


def test_each_location_has_a_line_with_what_is_wrong_below_it(folder: Path) -> None:
    text = (
        f"{WARNED}  - python_file: partial.py\n  - python_file: broken.py\n  - python_file: {{relative_paht: a.py}}\n"
    )
    result = check(workspace(folder, text))
    assert (result.returncode, result.stderr) == (1, "")
    lines = result.stdout.splitlines()
    assert [line.split()[:2] for line in lines if line[:1] in "RF"] == [
        ["READY", "hello.py"],
        ["READY", "hello"],
        ["READY", "partial.py"],
        ["FAILED", "broken.py"],
        ["FAILED", "load_from[4]"],
    ]
    assert "    pipeline  invoices  partial.py:14" in result.stdout
    assert "'publish' has no input 'sales'." in result.stdout
    assert "reminders" not in result.stdout  # what is well needs no words
    assert "at broken.py:2 in <module>" in result.stdout
    assert "  workspace.yaml:3:5: warning: " in result.stdout
    assert "workspace.yaml:6:19: error: Unknown key `relative_paht` under `python_file`." in result.stdout
    assert "needs the key" not in result.stdout  # a mistyped key is one mistake
    assert lines[-1] == (
        "5 locations: 3 READY, 2 FAILED; 1 definition left out; 1 error, 1 warning in the workspace file"
    )


def test_what_an_entry_names_and_is_not_there_is_told_at_the_line_of_the_entry(folder: Path) -> None:
    text = """
load_from:
  - python_file: missing.py
  - python_file: {relative_path: hello.py, location_name: interpreter, executable_path: venvs/none/bin/python}
  - python_file: {relative_path: hello.py, location_name: folder, working_directory: nowhere}
  - python_file: {relative_path: hello.py, location_name: attribute, attribute: sales}
  - python_file: {relative_path: hello.py, location_name: variables, env_file: missing.env}
  - python_package: no_such_package
  - python_file: broken.py
""".lstrip("\n")
    result = check(workspace(folder, text))
    assert (result.returncode, result.stderr) == (1, "")
    assert [line.strip() for line in result.stdout.splitlines() if ": error: " in line] == [
        f"workspace.yaml:2: error: No such file: {folder}/missing.py",
        f"workspace.yaml:3: error: No such Python interpreter: {folder}/venvs/none/bin/python",
        f"workspace.yaml:4: error: No such folder: {folder}/nowhere",
        "workspace.yaml:5: error: hello.py has no attribute and no repository called 'sales'.",
        f"workspace.yaml:6: error: The environment file {folder}/missing.env cannot be read: {os.strerror(2)}.",
        f"workspace.yaml:7: error: No module named 'no_such_package' in {sys.executable}.",
    ]
    assert "  ValueError: 100% wrong:" in result.stdout  # it has a line of its own, in the user's file
    again = skerry(folder, "inspect", PYTHONPATH=str(folder)).stdout
    assert "workspace.yaml:2: error: No such file" in again


def test_a_check_listens_on_no_port(folder: Path, write: Write) -> None:
    write(
        "ports.py",
        """
        from pathlib import Path

        import psutil
        from hello import hello_repository

        mine = psutil.Process()
        ours = [mine, *mine.parents()[: [one.pid for one in mine.parents()].index(int(Path("shell.pid").read_text()))]]
        sockets = [socket for one in ours for socket in one.net_connections("inet")]
        Path("seen").write_text(f"{len(ours)} {[socket.laddr for socket in sockets]}")
        """,
    )
    (folder / "shell.pid").write_text(str(psutil.Process().pid))
    entry = "  - python_file: {relative_path: ports.py, working_directory: .}\n"
    assert check(workspace(folder, f"load_from:\n{entry}")).returncode == 0
    count, _, sockets = (folder / "seen").read_text().partition(" ")
    assert (int(count) >= 3, sockets) == (True, "[]")  # the user process, the fork server, the command


def test_warnings_fail_only_under_strict(folder: Path) -> None:
    workspace(folder, WARNED)
    relaxed, strict = check(folder), check(folder, "--strict")
    assert (relaxed.returncode, strict.returncode) == (0, 1)
    assert relaxed.stdout.splitlines()[-1].endswith("2 READY; 1 warning in the workspace file")
    assert check(workspace(folder, GOOD), "--strict").returncode == 0


def test_warnings_of_a_location_that_loads_fail_only_under_strict(folder: Path) -> None:
    workspace(folder, "load_from:\n  - python_file: {relative_path: hello.py, preload: surely_not_there}\n")
    relaxed, strict = check(folder), check(folder, "--strict")
    assert (relaxed.returncode, strict.returncode) == (0, 1)
    assert "warning: surely_not_there is not preloaded: it is not installed" in relaxed.stdout
    assert relaxed.stdout.splitlines()[-1] == "1 location: 1 READY; 1 warning"
    (state,) = WorkspaceState.from_json(json.loads(check(folder, "--json").stdout)).locations
    assert [words.split(":")[0] for words in state.warnings] == ["surely_not_there is not preloaded"]
    annotation, _ = check(folder, "--github").stdout.splitlines()
    assert annotation.startswith("::warning file=workspace.yaml,line=2,title=hello.py::surely_not_there is not")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-w", "missing.yaml"), "missing.yaml"),
        (("--json", "--github"), "--json and --github exclude each other"),
        (("--lenient",), "No such option"),
        (("-w", "workspace.yaml", "-f", "hello.py"), "exclude each other"),
    ],
)
def test_what_cannot_be_used_ends_with_2_and_a_sentence(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    result = check(workspace(folder, GOOD), *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert words in result.stderr


def test_entries_may_come_from_the_command_line(folder: Path) -> None:
    assert check(folder, "-f", "hello.py").returncode == 0
    assert check(folder, "-f", "broken.py").returncode == 1
    assert check(folder, "-m", "hello", "-d", ".").returncode == 0
    only_file = check(folder, "-f", "broken.py", "--schema-only")
    assert (only_file.returncode, only_file.stdout) == (0, "1 entry: nothing is wrong\n")


def test_json_is_what_inspect_prints(folder: Path) -> None:
    workspace(folder, f"{WARNED}  - python_file: partial.py\n  - python_file: broken.py\n")
    result = check(folder, "--json")
    assert (result.returncode, result.stderr) == (1, "")
    answer = json.loads(result.stdout)
    inspected = json.loads(skerry(folder, "inspect", "--json", PYTHONPATH=str(folder)).stdout)
    assert WorkspaceState.from_json(answer).to_json() == answer
    for one in (answer, inspected):
        for location in one["locations"]:
            location["server"] = location["last_move"]["at"] = None
    assert answer == inspected
    failed = check(folder, "--json", "-w", "missing.yaml")
    assert failed.returncode == 2
    assert [problem["code"] for problem in json.loads(failed.stdout)["problems"]] == ["FILE_NOT_FOUND"]


def test_github_gets_an_annotation_at_each_place(folder: Path) -> None:
    text = (
        f"{WARNED}  - python_file: partial.py\n  - python_file: {{relative_path: broken.py, location_name: 'a,b:c'}}\n"
    )
    result = check(workspace(folder, f"{text}  - python_file: {{relative_paht: a.py}}\n"), "--github")
    assert (result.returncode, result.stderr) == (1, "")
    warning, *wrong_entry, left_out, failed, last = result.stdout.splitlines()
    assert warning.startswith("::warning file=workspace.yaml,line=3,col=5,title=DEPRECATED_TYPE::")
    assert sorted(one.partition("::Unknown")[0] for one in wrong_entry if "UNKNOWN_KEY" in one) == [
        "::error file=workspace.yaml,line=6,col=19,title=UNKNOWN_KEY"
    ]
    assert all(one.startswith("::error file=workspace.yaml,line=6,") for one in wrong_entry)
    assert left_out == (
        "::error file=partial.py,line=14,title=partial.py%3A pipeline invoices was left out::"
        "'publish' has no input 'sales'.%0AIts inputs are: orders."
    )
    assert failed == (
        "::error file=broken.py,line=2,title=a%2Cb%3Ac%3A EXCEPTION::ValueError: 100%25 wrong:%0Ano such region, north"
    )
    assert last.startswith("5 locations: 3 READY, 2 FAILED;")


def test_annotations_have_paths_relative_to_the_current_folder(folder: Path, write: Write) -> None:
    workspace(folder, "load_from:\n  - python_file: broken.py\n  - python_file: {}\n")
    elsewhere = write("ci/empty", "").parent
    result = check(elsewhere, "--github", "-w", "../workspace.yaml")
    places = [line.split(",")[0] for line in result.stdout.splitlines()[:-1]]
    assert places == ["::error file=../workspace.yaml", "::error file=../broken.py"]
    absolute = check(elsewhere, "--github", "--schema-only", "-w", str(folder / "workspace.yaml"))
    assert absolute.stdout.startswith("::error file=../workspace.yaml,line=3,")


def test_a_file_that_fails_whole_is_annotated_too(folder: Path) -> None:
    result = check(workspace(folder, "load_from: [\n"), "--github")
    assert (result.returncode, result.stderr) == (2, "")
    assert result.stdout.startswith("::error file=workspace.yaml,line=1,col=12,title=YAML_UNCLOSED_BRACKET::")


NO_PROCESSES = """
import sys

def refuse(event, arguments):
    if event in ("os.fork", "os.forkpty", "os.posix_spawn", "subprocess.Popen"):
        raise RuntimeError(f"there are no processes here: {event}")

sys.addaudithook(refuse)
from skerry.console import main
main(sys.argv[1:])
"""


def test_schema_only_works_where_no_process_can_be_started(folder: Path) -> None:
    workspace(folder, "load_from:\n  - python_file: broken.py\n  - python_file: {strat: fork}\n")

    def without_processes(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", NO_PROCESSES, "check", *arguments]
        return subprocess.run(
            command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=60, check=False
        )

    result = without_processes("--schema-only")
    assert (result.returncode, result.stderr) == (1, "")
    assert "workspace.yaml:3:19: error: Unknown key `strat`" in result.stdout
    assert "no such region" not in result.stdout
    assert result.stdout.splitlines()[-1] == "2 entries: 2 errors"
    answer = json.loads(without_processes("--schema-only", "--json").stdout)
    assert (len(answer["problems"]), answer["locations"]) == (2, [])
    assert "there are no processes here" in without_processes().stderr  # what the others would have met


def test_locations_load_at_the_same_time_and_leave_nothing_behind(folder: Path, write: Write) -> None:
    for name, other in (("one", "two"), ("two", "one")):
        code = f"""
            import os, time
            from pathlib import Path
            from hello import hello_repository

            Path("{name}.pid").write_text(str(os.getpid()))
            while not Path("{other}.pid").exists():
                time.sleep(0.01)
        """
        write(f"{name}.py", code)
    entry = "  - python_file: {{relative_path: {}.py, working_directory: ., startup_timeout: 30}}\n"
    result = check(workspace(folder, "load_from:\n" + entry.format("one") + entry.format("two")))
    assert result.returncode == 0, result.stdout
    for name in ("one", "two"):
        pid = int((folder / f"{name}.pid").read_text())
        wait_until(lambda pid=pid: not _lives(pid), what=f"the end of {name}")  # type: ignore[misc]


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_one_interrupt_ends_it_without_a_traceback(folder: Path, write: Write) -> None:
    write(
        "endless.py",
        "import os, time\nopen('endless.pid', 'w').write(f'{os.getpid()}\\n')\nwhile True: time.sleep(1)\n",
    )
    workspace(folder, "load_from:\n  - python_file: endless.py\n")
    command = [sys.executable, "-m", "skerry", "check"]
    process = subprocess.Popen(
        command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    pid = folder / "endless.pid"
    wait_until(lambda: pid.exists() and pid.read_text().endswith("\n"), what="the start of the location")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode in (130, -signal.SIGINT)  # to a shell both are 130
    assert "Traceback" not in errors
    wait_until(lambda: not _lives(int(pid.read_text())), what="the end of the location")


def test_a_broken_plugin_fails_the_check_of_those_who_use_it(folder: Path) -> None:
    install(folder / "site", "notebook", "raise SystemExit('no kernel')")
    site = str(folder / "site")
    assert check(workspace(folder, GOOD), PYTHONPATH=site).returncode == 0
    result = check(workspace(folder, f"{GOOD}  - notebook: a.ipynb\n"), PYTHONPATH=site)
    assert result.returncode == 1
    assert "no kernel" in result.stdout
    assert result.stdout.splitlines()[-1] == "2 locations: 1 READY, 1 FAILED; 1 error in the workspace file"


def test_a_plugin_that_is_installed_twice_fails_only_under_strict(folder: Path) -> None:
    site = folder / "site"
    install(site, "notebook", NOTEBOOK)
    left_over = shutil.copytree(site / "skerry_notebook-1.5.dist-info", site / "skerry_notebook-1.4.dist-info")
    (left_over / "METADATA").write_text("Metadata-Version: 2.1\nName: skerry-notebook\nVersion: 1.4\n")
    workspace(folder, "load_from:\n  - notebook: a.ipynb\n")
    relaxed = check(folder, PYTHONPATH=str(site))
    assert (relaxed.returncode, relaxed.stderr) == (0, "")
    assert f"workspace.yaml:2:5: warning: skerry-notebook is installed twice in {site}: " in relaxed.stdout
    assert check(folder, "--strict", PYTHONPATH=str(site)).returncode == 1
    assert check(folder, "--strict", "--schema-only", PYTHONPATH=str(site)).returncode == 1


def test_a_selector_does_not_belong_to_a_check(folder: Path) -> None:
    assert check(workspace(folder, GOOD), "hello.py").returncode == 2


@pytest.mark.parametrize(
    ("launcher", "place", "message", "hint"),
    [
        ("queue: {name: none}", "4:3", "There is no such queue: {'name': 'none'}", ""),
        (
            "docker: {network: jobs}",
            "4:3",
            "The run launcher docker needs docker, which is not installed.",
            "Run `pip install 'skerry[docker]'`.",
        ),
    ],
)
def test_a_run_launcher_that_cannot_be_used_fails_it_where_the_file_chooses_it(
    launcher: str, place: str, message: str, hint: str, folder: Path, write: Write
) -> None:
    install_launcher(folder, "queue", QUEUE, "Queue")
    write("sitecustomize.py", "import sys\nsys.modules['docker'] = None\n")
    write("workspace.yaml", f"{GOOD}run_launcher:\n  {launcher}\n")
    answer = check(folder)
    assert answer.returncode == 1, answer.stderr
    assert f"workspace.yaml:{place}: error: {message}\n" in answer.stdout
    assert hint in answer.stdout
    assert answer.stdout.endswith("1 location: 1 READY; 1 error in the workspace file\n")
    (problem,) = json.loads(check(folder, "--json").stdout)["problems"]
    assert (problem["message"], problem["hint"], problem["location"]) == (message, hint, None)
    # Which locations there are, and how they are, does not depend on it.
    assert check(folder, "--schema-only").returncode == 0


def test_a_run_launcher_that_can_be_used_costs_nothing(folder: Path, write: Write) -> None:
    install_launcher(folder, "queue", QUEUE, "Queue")
    write("workspace.yaml", f"{GOOD}run_launcher: {{queue: {{name: jobs}}}}\n")
    answer = check(folder)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.endswith("1 location: 1 READY\n")
