"""Each location in its own process: what goes wrong in one is a value there, and reaches no other."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from support.waiting import wait_until

from skerry import ErrorKind, State, UnknownLocationError, Workspace
from skerry.model import ErrorInfo

Write = Callable[[str, str], Path]
Load = Callable[[str], Workspace]

CHILDREN = Path(__file__).parent.parent / "children"


def error_of(load: Load, child: str, options: str = "") -> ErrorInfo:
    """Load one misbehaving child beside a good one; gives its error when the good one is READY."""
    workspace = load(f"""
        load_from:
          - python_file:
              relative_path: {CHILDREN / child}
              location_name: bad
              {options}
          - python_file: {CHILDREN / "good.py"}
    """)
    assert workspace.wait(30)
    assert workspace["good.py"].state is State.READY
    assert workspace["bad"].state is State.FAILED
    error = workspace["bad"].error
    assert error is not None
    for word in ("grpc", "StatusCode", "skerry/user_process"):
        assert word not in error.message
    return error


def last_user_frame(error: ErrorInfo) -> tuple[str, int | None, str]:
    frame = [frame for frame in error.frames if frame.user][-1]
    return Path(frame.file).name, frame.line, frame.source


def test_a_syntax_error_is_shown_at_its_line(load: Load) -> None:
    error = error_of(load, "syntax_error.py")
    assert error.kind is ErrorKind.SYNTAX_ERROR
    assert error.message.startswith("SyntaxError: ")
    file, line, source = last_user_frame(error)
    assert (file, line) == ("syntax_error.py", 4)
    assert source.splitlines()[0] == "def broken(:"
    assert source.splitlines()[1].strip() == "^"


def test_a_missing_import_names_the_working_directory_that_would_find_it(load: Load) -> None:
    error = error_of(load, "missing_import.py")
    assert error.kind is ErrorKind.MISSING_IMPORT
    assert "No module named 'beside'" in error.message
    assert f"  working_directory: {CHILDREN}" in error.message
    assert last_user_frame(error) == ("missing_import.py", 1, "import beside")


def test_the_line_that_a_missing_import_proposes_mends_it(load: Load, write: Write) -> None:
    write("team/helpers.py", "VALUE = 1")
    write("team/code.py", "import helpers\nfrom skerry import job, op\n@op\ndef a(): ...\n@job\ndef b(): a()")
    workspace = load("load_from: [{python_file: {relative_path: team/code.py}}]")
    workspace.wait(30)
    error = workspace["code.py"].error
    assert error is not None
    lines = [line.strip() for line in error.message.splitlines()[-2:]]
    assert lines == ["relative_path: team/code.py", "working_directory: team"]
    mended = load(f"load_from: [{{python_file: {{{', '.join(lines)}}}}}]")
    mended.wait(30)
    assert mended["code.py"].state is State.READY


def test_a_missing_package_says_in_which_interpreter(load: Load) -> None:
    error = error_of(load, "missing_package.py")
    assert error.kind is ErrorKind.MISSING_IMPORT
    assert "'a_package_that_nobody_has' is installed for /" in error.message


def test_an_exception_comes_with_the_users_frames_and_its_causes(load: Load) -> None:
    error = error_of(load, "raises.py")
    assert error.kind is ErrorKind.EXCEPTION
    assert error.message == "RuntimeError: the settings cannot be used"
    assert [(Path(f.file).name, f.line, f.function) for f in error.frames] == [
        ("raises.py", 12, "<module>"),
        ("raises.py", 9, "settings"),
    ]
    assert error.cause is not None
    assert error.cause.message == "KeyError: 'horizon'"
    assert last_user_frame(error.cause) == ("raises.py", 7, 'return {}["horizon"]')
    assert "reading the settings" in error.output


def test_an_exception_whose_message_cannot_be_made_is_an_exception_still(load: Load) -> None:
    error = error_of(load, "raises_unprintable.py")
    assert error.kind is ErrorKind.EXCEPTION
    assert error.message.startswith("raises_unprintable.Unprintable: ")


def test_of_a_group_of_exceptions_each_is_named_and_the_first_is_shown_whole(load: Load, write: Write) -> None:
    write(
        "group.py",
        "def fail():\n    {}['day']\n\ntry:\n    fail()\nexcept KeyError as error:\n    first = error\n"
        "raise ExceptionGroup('two went wrong', [first, ValueError('no\\nrows')])\n",
    )
    (location,) = load("load_from: [python_file: group.py]")
    assert location.wait(60)
    error = location.error
    assert error is not None
    assert error.message == (
        "ExceptionGroup: two went wrong (2 sub-exceptions)\n- KeyError: 'day'\n- ValueError: no\nrows"
    )
    assert error.cause is not None
    assert last_user_frame(error.cause) == ("group.py", 2, "{}['day']")


def test_an_exception_that_is_no_group_may_call_anything_exceptions(load: Load, write: Write) -> None:
    write("odd.py", "class Odd(Exception):\n    exceptions = {'a': 1}\n\nraise Odd('odd')\n")
    (location,) = load("load_from: [python_file: odd.py]")
    assert location.wait(60)
    error = location.error
    assert error is not None
    assert error.message == "odd.Odd: odd"


def test_sys_exit_at_import_is_an_error_of_that_location(load: Load) -> None:
    error = error_of(load, "sys_exit.py")
    assert error.kind is ErrorKind.SYSTEM_EXIT
    assert "sys.exit('no licence')" in error.message
    assert last_user_frame(error)[:2] == ("sys_exit.py", 3)


def test_os_exit_is_told_with_its_code_and_the_last_line_before_it(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    error = error_of(load, "os_exit.py")
    assert error.kind is ErrorKind.PROCESS_EXITED
    assert "exit code 3" in error.message
    assert error.output.splitlines()[-1] == "the last line before the end"


def test_the_last_fifty_lines_of_output_come_with_an_error(load: Load) -> None:
    error = error_of(load, "prints_then_raises.py")
    assert error.output.splitlines() == [f"line {number}" for number in range(151, 201)]


def test_a_segfault_is_told_with_the_line_that_python_was_in(load: Load) -> None:
    error = error_of(load, "segfault.py")
    assert error.kind is ErrorKind.PROCESS_SIGNALED
    assert "SIGSEGV" in error.message
    assert last_user_frame(error) == ("segfault.py", 5, "ctypes.string_at(0)")


def test_a_process_that_is_killed_says_which_signal_and_what_it_may_mean(load: Load) -> None:
    error = error_of(load, "killed.py")
    assert error.kind is ErrorKind.PROCESS_SIGNALED
    assert "SIGKILL" in error.message
    assert "out of memory" in error.message


def test_a_start_up_limit_tells_the_setting_the_time_and_the_stack(load: Load, tmp_path: Path) -> None:
    error = error_of(load, "import_never_ends.py", "startup_timeout: 2")
    assert error.kind is ErrorKind.STARTUP_TIMEOUT
    assert "2 s" in error.message
    assert f"`startup_timeout` at {tmp_path}/workspace.yaml:5:" in error.message
    assert [f.function for f in error.frames if f.user] == ["<module>", "forever"]
    assert last_user_frame(error)[1] in (2, 3)


def test_a_start_up_limit_shows_the_stack_while_native_code_holds_the_interpreter(load: Load) -> None:
    error = error_of(load, "holds_the_gil.py", "startup_timeout: 2")
    assert error.kind is ErrorKind.STARTUP_TIMEOUT
    assert last_user_frame(error) == ("holds_the_gil.py", 5, "ctypes.PyDLL(None).sleep(3600)")


def test_code_that_uses_up_its_memory_says_so(load: Load) -> None:
    error = error_of(load, "leaks_memory.py")
    assert (error.kind, error.message) == (ErrorKind.EXCEPTION, "MemoryError")
    assert last_user_frame(error)[0] == "leaks_memory.py"


def test_a_process_that_ignores_sigterm_is_ended_all_the_same(load: Load) -> None:
    error = error_of(load, "ignores_sigterm.py", "startup_timeout: 2")
    assert error.kind is ErrorKind.STARTUP_TIMEOUT
    wait_until(lambda: not _alive(int(error.output)), 10, "the end of the process, with the workspace still open")


def test_binary_output_and_a_megabyte_of_it_neither_block_nor_break(load: Load) -> None:
    workspace = load(f"load_from: [{{python_file: {CHILDREN / 'prints_binary.py'}}}]")
    assert workspace.wait(30)
    location = workspace["prints_binary.py"]
    assert location.state is State.READY, location.error
    output = location.output()
    assert output.count("y") == 1024 * 1024
    assert "\\xff\\xfe" in output
    assert output.rstrip().endswith("done")


def test_endless_output_costs_bounded_memory(load: Load) -> None:
    workspace = load(f"load_from: [{{python_file: {CHILDREN / 'prints_without_end.py'}}}]")
    workspace.wait(60)
    location = workspace["prints_without_end.py"]
    assert location.state is State.READY, location.error
    assert len(location.output()) <= 2 * 1024 * 1024
    assert location.output().rstrip().endswith("the end")


def test_code_that_imports_for_long_is_loading_and_delays_nobody(load: Load) -> None:
    hanging = "".join(
        f"  - python_file: {{relative_path: {CHILDREN / 'import_never_ends.py'}, location_name: hangs {number}}}\n"
        for number in range(20)
    )
    good = "".join(
        f"  - python_file: {{relative_path: {CHILDREN / 'good.py'}, location_name: good {number}}}\n"
        for number in range(10)
    )
    workspace = load(f"load_from:\n{hanging}{good}")
    assert all(workspace[f"good {number}"].wait(30) for number in range(10))
    assert workspace["good 9"].state is State.READY
    assert {workspace[f"hangs {number}"].state for number in range(20)} == {State.LOADING}
    assert not workspace.wait(0.01)


def test_one_process_for_each_location_even_of_the_same_file(load: Load, hello: Path) -> None:
    workspace = load("""
        load_from:
          - python_file: {relative_path: hello.py, location_name: one}
          - python_file: {relative_path: hello.py, location_name: two}
    """)
    assert workspace.wait(30)
    pids = {location.server.pid for location in workspace if location.server}
    assert len(pids) == 2
    assert os.getpid() not in pids
    assert [location.repositories[0].name for location in workspace] == ["hello_repository"] * 2


def test_closing_ends_what_is_loading_and_what_user_code_started(load: Load, nothing_left: None) -> None:
    workspace = load(f"""
        load_from:
          - python_file: {CHILDREN / "import_never_ends.py"}
          - python_file: {CHILDREN / "starts_grandchildren.py"}
    """)
    assert workspace["starts_grandchildren.py"].wait(30)
    assert workspace["starts_grandchildren.py"].state is State.READY
    pids = [int(line) for line in workspace["starts_grandchildren.py"].output().split()]
    assert len(pids) == 2
    assert all(psutil.pid_exists(pid) for pid in pids)
    workspace.close()
    wait_until(lambda: not any(_alive(pid) for pid in pids), 5, "the end of the grandchildren")
    assert {location.state for location in workspace} == {State.CLOSED}
    workspace.close()


def test_what_user_code_started_ends_with_its_process_while_others_go_on(load: Load) -> None:
    workspace = load(f"load_from: [{{python_file: {CHILDREN / 'starts_grandchildren.py'}}}]")
    location = workspace["starts_grandchildren.py"]
    assert location.wait(30)
    pids = [int(line) for line in location.output().split()]
    assert location.server is not None
    assert location.server.pid is not None
    psutil.Process(location.server.pid).kill()
    wait_until(lambda: not any(_alive(pid) for pid in pids), 5, "the end of the grandchildren")


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_an_unknown_location_is_named_with_those_there_are(load: Load, hello: Path) -> None:
    workspace = load("load_from: [{python_file: hello.py}]")
    with pytest.raises(UnknownLocationError, match=r"hello\.py"):
        workspace["other"]
    assert "hello.py" in workspace
    assert len(workspace) == 1


def test_observers_hear_of_every_move_in_order(load: Load, write: Write) -> None:
    release = write("release/.keep", "").parent / "now"
    write("waits.py", f"import os, time\nwhile not os.path.exists({str(release)!r}): time.sleep(0.01)\n" + HELLO)
    workspace = load("load_from: [{python_file: waits.py}]")
    heard: list[State] = []
    workspace.subscribe(lambda name, old, new: heard.append(new.state))
    release.touch()
    assert workspace.wait(30)
    wait_until(lambda: State.READY in heard)
    workspace.close()
    assert heard[-1] is State.CLOSED
    assert heard.index(State.READY) < heard.index(State.CLOSED)


def test_loading_returns_while_user_code_is_still_being_imported(load: Load) -> None:
    started = time.monotonic()
    workspace = load(f"load_from: [{{python_file: {CHILDREN / 'import_never_ends.py'}}}]")
    assert workspace["import_never_ends.py"].state is State.LOADING
    assert time.monotonic() - started < 30
    wait_until(lambda: "importing" in workspace["import_never_ends.py"].snapshot.progress)


HELLO = """
from skerry import job, op
@op
def a(): ...
@job
def b(): a()
"""
