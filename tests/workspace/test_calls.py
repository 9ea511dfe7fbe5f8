"""Calls into user code: each in a process of its own, ended at its deadline, whole, and alone."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from support.interpreters import VERSIONS, interpreter
from support.servers import alive
from support.waiting import wait_until

from skerry import ErrorKind, Evaluation, EvaluationResult, Location, LocationError, State, Workspace
from skerry.code_server import calls
from skerry.workspace import retired

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]
#: Begins an evaluation of a sensor in another thread.
Begin = Callable[..., "Future[EvaluationResult]"]

CHILDREN = Path(__file__).parent.parent / "children"

#: For what is to come to its end by itself.
LONG = 60.0
#: For what never does.
SHORT = 0.5


def only(workspace: Workspace) -> Location:
    (location,) = workspace
    assert location.wait(60)
    assert location.state is State.READY, location.error
    return location


@pytest.fixture
def location(load: Load) -> Location:
    return only(load(f"load_from: [python_file: {CHILDREN / 'evaluations.py'}]"))


@pytest.fixture
def begin() -> Iterator[Begin]:
    with ThreadPoolExecutor(8) as pool:

        def submit(location: Location, name: str, timeout: float = LONG) -> Future[EvaluationResult]:
            return pool.submit(location.evaluate, sensor(location, name), timeout)

        yield submit


def sensor(location: Location, name: str) -> Evaluation:
    repository = next(one for one in location.repositories if name in [sensor.name for sensor in one.sensors])
    return Evaluation(repository.name, name, "sensor")


def evaluate(location: Location, name: str, timeout: float = LONG) -> EvaluationResult:
    return location.evaluate(sensor(location, name), timeout)


def kind(result: EvaluationResult) -> ErrorKind | None:
    return result.error.kind if result.error is not None else None


def run_keys(result: EvaluationResult) -> list[str | None]:
    assert result.error is None, result.error
    return [run.run_key for run in result.run_requests]


def pid_of(location: Location) -> int:
    assert location.server is not None
    assert location.server.pid is not None
    return location.server.pid


def waiting(folder: Path) -> list[int]:
    """Give the processes that wait for the file ``released``."""
    return [int(path.name.rpartition("-")[2]) for path in folder.glob("waiting-*")]


# -- deadlines ---------------------------------------------------------------------------------------------------------


def test_a_call_that_never_returns_is_ended_at_its_deadline_whole_and_alone(
    location: Location, begin: Begin, tmp_path: Path
) -> None:
    other = begin(location, "waits")
    wait_until(lambda: bool(waiting(tmp_path)), what="the other call")
    process = psutil.Process(pid_of(location))
    before = set(process.children(recursive=True))
    stubborn = begin(location, "stubborn", 3.0)
    wait_until((tmp_path / "stubborn").exists, what="the stubborn call")
    names: dict[int, str] = {}

    def started() -> bool:
        names.update({one.pid: one.name() for one in set(process.children(recursive=True)) - before})
        return list(names.values()).count("sleep") == 2

    wait_until(started, what="its processes, in its group and outside")
    result = stubborn.result(LONG)
    assert kind(result) is ErrorKind.EVALUATION_TIMEOUT
    assert result.error is not None
    assert result.error.message.splitlines()[0] == "The sensor 'stubborn' was not evaluated within 3 s, and was ended."
    assert not [pid for pid, name in names.items() if name == "sleep" and alive(pid)]
    wait_until(lambda: not [pid for pid in names if alive(pid)], what="the end of all that there was of it")
    assert not other.done()
    (tmp_path / "released").touch()
    assert run_keys(other.result(LONG)) == ["released"]
    assert location.state is State.READY
    assert pid_of(location) == process.pid


def test_what_was_too_slow_is_told_with_the_line_that_it_was_at(location: Location) -> None:
    result = evaluate(location, "waits", 3.0)
    assert result.error is not None
    assert [(frame.function, frame.source) for frame in result.error.frames] == [
        ("waits", 'wait_for("released")'),
        ("wait_for", "time.sleep(0.005)"),
    ]
    assert result.error.output.endswith("waits for its file")
    assert evaluate(location, "waits", 0.0).error is not None


def test_what_is_said_after_the_deadline_is_no_answer(location: Location) -> None:
    result = evaluate(location, "wakes_up", 2.0)
    assert kind(result) is ErrorKind.EVALUATION_TIMEOUT
    assert result.run_requests == ()


def test_what_an_evaluation_leaves_running_ends_with_it(location: Location) -> None:
    left = evaluate(location, "leaves_a_process").skip_reason
    assert left is not None
    assert not alive(int(left))


def test_user_code_that_crashes_costs_its_call_alone(location: Location, begin: Begin, tmp_path: Path) -> None:
    before = pid_of(location)
    other = begin(location, "waits")
    wait_until(lambda: bool(waiting(tmp_path)), what="the other call")
    segfault = evaluate(location, "segfaults")
    assert kind(segfault) is ErrorKind.PROCESS_SIGNALED
    assert segfault.error is not None
    assert segfault.error.message.startswith(
        "The process was ended by SIGSEGV while evaluating the sensor 'segfaults'.\n"
    )
    assert [frame.function for frame in segfault.error.frames if frame.user] == ["segfaults"]
    ended = evaluate(location, "ends")
    assert ended.error is not None
    assert (ended.error.kind, ended.error.message.splitlines()[0]) == (
        ErrorKind.PROCESS_EXITED,
        "The process ended with exit code 3 while evaluating the sensor 'ends'.",
    )
    assert kind(evaluate(location, "closes_everything")) is ErrorKind.PROCESS_EXITED
    os.kill(waiting(tmp_path)[0], signal.SIGKILL)
    killed = other.result(LONG)
    assert killed.error is not None
    assert killed.error.message.startswith("The process was ended by SIGKILL while evaluating the sensor 'waits'.\n")
    assert pid_of(location) == before
    assert run_keys(evaluate(location, "result")) == ["a", "b"]


def test_many_evaluations_run_at_once_and_nothing_of_them_is_left(
    location: Location, begin: Begin, tmp_path: Path
) -> None:
    futures = [begin(location, "waits") for _ in range(8)]
    wait_until(lambda: len(set(waiting(tmp_path))) == 8, what="eight processes")
    (tmp_path / "released").touch()
    assert [run_keys(future.result(LONG)) for future in futures] == [["released"]] * 8
    wait_until(lambda: not psutil.Process(pid_of(location)).children(), what="the template without children")


def test_evaluations_may_import_and_use_pools(location: Location) -> None:
    assert evaluate(location, "imports").skip_reason == "<class 'queue.Queue'>"
    assert evaluate(location, "uses_pools").skip_reason == "6"


@pytest.mark.parametrize("version", VERSIONS)
def test_calls_work_in_every_interpreter(version: str, load: Load) -> None:
    entry = f"{{relative_path: {CHILDREN / 'evaluations.py'}, executable_path: {interpreter(version)}}}"
    location = only(load(f"load_from: [python_file: {entry}]"))
    due = Evaluation("everything", "daily", "schedule", scheduled_execution_time=1_700_000_000.5)
    zone = "22:13:20.500000+00:00" if version == "3.8" else "23:13:20.500000+01:00"
    assert run_keys(location.evaluate(due)) == [f"2023-11-14T{zone}"]
    late = evaluate(location, "waits", 3.0)
    assert late.error is not None
    assert [frame.function for frame in late.error.frames] == ["waits", "wait_for"]
    assert kind(evaluate(location, "segfaults")) is ErrorKind.PROCESS_SIGNALED
    assert evaluate(location, "uses_pools").skip_reason == "6"


# -- busy --------------------------------------------------------------------------------------------------------------


def test_a_location_is_busy_since_its_oldest_call(
    load: Load, begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "BUSY_AFTER", 0.01)
    workspace = load(f"load_from: [python_file: {CHILDREN / 'evaluations.py'}]")
    location = only(workspace)
    told: list[float | None] = []
    workspace.subscribe(lambda name, old, new: told.append(new.busy_since))
    assert location.snapshot.busy_since is None
    began = time.time()
    future = begin(location, "waits")
    wait_until(lambda: location.snapshot.busy_since is not None, what="busy")
    since = location.snapshot.busy_since
    assert since is not None
    assert began <= since <= time.time()
    assert location.snapshot.to_json()["busy_since"] == since
    assert location.state is State.READY
    evaluate(location, "skips")
    assert location.snapshot.busy_since == since
    (tmp_path / "released").touch()
    future.result(LONG)
    wait_until(lambda: location.snapshot.busy_since is None, what="no longer busy")
    assert set(told) == {since, None}


def test_code_that_holds_its_process_is_ready_and_busy_and_callers_go_at_their_deadline(
    load: Load, begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "BUSY_AFTER", 0.01)
    location = only(load(f"load_from: [python_file: {CHILDREN / 'holds_the_gil_later.py'}]"))
    before = pid_of(location)
    (tmp_path / "hold").touch()
    wait_until((tmp_path / "held").exists, what="the interpreter held")
    future = begin(location, "held_up", 2.0)
    wait_until(lambda: location.snapshot.busy_since is not None, what="busy")
    assert location.state is State.READY
    result = future.result(LONG)
    assert kind(result) is ErrorKind.EVALUATION_TIMEOUT
    assert location.state is State.READY
    assert pid_of(location) == before


def test_a_process_that_is_stopped_costs_callers_their_deadline_and_no_more(location: Location) -> None:
    process = psutil.Process(pid_of(location))
    process.suspend()
    try:
        result = evaluate(location, "skips", SHORT)
    finally:
        process.resume()
    assert result.error is not None
    assert result.error.message.splitlines()[0] == (
        "The sensor 'skips' was not evaluated within 0.5 s: the process of its code did not get to it."
    )
    assert evaluate(location, "skips").skip_reason is not None


# -- code that must not be forked --------------------------------------------------------------------------------------


def test_code_whose_import_starts_threads_is_evaluated_in_a_fresh_process(load: Load) -> None:
    location = only(load(f"load_from: [python_file: {CHILDREN / 'starts_threads.py'}]"))
    result = location.evaluate(Evaluation("threaded", "threads", "sensor", cursor="here"))
    assert run_keys(result) == ["here"]
    assert result.run_requests[0].run_config == {"threads": 2}
    assert (result.cursor, result.generation) == ("here", 1)
    assert location.output() == "imported\nimported\n"
    held = location.evaluate(Evaluation("threaded", "waits_for_the_lock", "sensor"), 2.0)
    assert held.error is not None
    assert held.error.kind is ErrorKind.EVALUATION_TIMEOUT
    assert [frame.function for frame in held.error.frames if frame.user] == ["waits_for_the_lock"]
    assert location.state is State.READY


def test_a_fresh_process_runs_the_code_of_the_generation_or_none(load: Load, write: Write) -> None:
    file = write("threaded.py", (CHILDREN / "starts_threads.py").read_text())
    before = file.read_text()
    location = only(load("load_from: [python_file: threaded.py]"))
    # Of what was saved in the moment before a load nobody knows whether it was loaded.
    assert location.reload().new_generation == 2
    file.write_text(before + "\n# another line\n")
    refused = evaluate(location, "threads")
    assert refused.error is not None
    assert (refused.error.kind, refused.error.message.splitlines()[0]) == (
        ErrorKind.CODE_CHANGED,
        f"The code is no longer that of generation 2: {file} changed since.",
    )
    assert location.state is State.READY
    file.write_text("import os\nos._exit(5)\n")
    assert kind(evaluate(location, "threads")) is ErrorKind.PROCESS_EXITED
    file.write_text("raise ValueError('no')\n")
    assert kind(evaluate(location, "threads")) is ErrorKind.EXCEPTION
    file.write_text(before)
    wait_until(lambda: kind(evaluate(location, "threads")) is None, what="the code that was loaded")
    file.write_text(before + "\n# another line\n")
    assert location.reload().new_generation == 3
    assert run_keys(evaluate(location, "threads")) == [None]


# -- reloads -----------------------------------------------------------------------------------------------------------

GENERATION = """
    import os, time
    from skerry import RunRequest, pipeline, repository, sensor

    @pipeline
    def work():
        pass

    @sensor(pipeline=work)
    def waits():
        open("begun", "w").close()
        while not os.path.exists("released"):
            time.sleep(0.005)
        return RunRequest("{word}")

    @sensor(pipeline=work)
    def tells():
        return RunRequest("{word}")

    @repository
    def team():
        return [waits, tells]
"""


def test_a_call_that_began_before_a_reload_finishes_in_its_generation(
    write: Write, load: Load, begin: Begin, tmp_path: Path
) -> None:
    write("team.py", GENERATION.format(word="old"))
    location = only(load("load_from: [python_file: team.py]"))
    before = pid_of(location)
    future = begin(location, "waits")
    wait_until((tmp_path / "begun").exists, what="the call")
    write("team.py", GENERATION.format(word="new"))
    assert location.reload().new_generation == 2
    assert not future.done()
    assert run_keys(evaluate(location, "tells")) == ["new"]
    assert alive(before)
    (tmp_path / "released").touch()
    result = future.result(LONG)
    assert run_keys(result) == ["old"]
    assert result.generation == 1
    wait_until(lambda: not alive(before), 10, "the end of the old process")
    assert location.state is State.READY


def test_a_reload_waits_for_no_call_and_the_drain_limit_ends_it(
    write: Write, load: Load, begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retired, "DRAIN_LIMIT", 0.2)
    write("team.py", GENERATION.format(word="old"))
    location = only(load("load_from: [python_file: team.py]"))
    before = pid_of(location)
    future = begin(location, "waits")
    wait_until((tmp_path / "begun").exists, what="the call")
    assert location.reload().new_generation == 2
    result = future.result(LONG)
    assert result.error is not None
    assert (result.error.kind, result.error.message) == (
        ErrorKind.EVALUATION_CUT_OFF,
        "The evaluation of the sensor 'waits' was cut off: the process of its code has ended.\n"
        "What it would have asked for is not known: evaluate it again.",
    )
    wait_until(lambda: not alive(before), 10, "the end of the old process")


def test_closing_the_workspace_waits_for_no_call_and_leaves_none(
    write: Write, load: Load, begin: Begin, tmp_path: Path
) -> None:
    write("team.py", GENERATION.format(word="old"))
    workspace = load("load_from: [python_file: team.py]")
    location = only(workspace)
    old = begin(location, "waits")
    wait_until((tmp_path / "begun").exists, what="the call")
    assert location.reload().new_generation == 2
    (tmp_path / "begun").unlink()
    new = begin(location, "waits")
    wait_until((tmp_path / "begun").exists, what="the other call")
    closing = threading.Thread(target=workspace.close)
    closing.start()
    closing.join(30)
    assert not closing.is_alive()
    assert [kind(future.result(LONG)) for future in (old, new)] == [ErrorKind.EVALUATION_CUT_OFF] * 2
    with pytest.raises(LocationError, match="is closed"):
        location.evaluate(Evaluation("team", "tells", "sensor"))


# -- endings and states ------------------------------------------------------------------------------------------------


def test_a_user_process_killed_in_the_middle_of_a_call_is_an_error_there_and_the_location_heals(
    location: Location, begin: Begin, tmp_path: Path
) -> None:
    before = pid_of(location)
    future = begin(location, "waits")
    wait_until(lambda: bool(waiting(tmp_path)), what="the call")
    (evaluation,) = waiting(tmp_path)
    os.kill(before, signal.SIGKILL)
    assert kind(future.result(LONG)) is ErrorKind.EVALUATION_CUT_OFF
    wait_until(lambda: location.state is State.READY and pid_of(location) != before, what="READY again")
    wait_until(lambda: not alive(evaluation), what="the end of the evaluation")
    assert run_keys(evaluate(location, "result")) == ["a", "b"]


def test_a_call_waits_while_its_location_is_loading_and_no_longer_than_its_limit(
    write: Write, load: Load, begin: Begin, tmp_path: Path
) -> None:
    gate = 'import os, time\nwhile not os.path.exists("open"):\n    time.sleep(0.005)\n'
    write("team.py", gate + "\n".join(line[4:] for line in GENERATION.format(word="late").splitlines()))
    (location,) = load("load_from: [python_file: team.py]")
    evaluation = Evaluation("team", "tells", "sensor")
    late = location.evaluate(evaluation, SHORT)
    assert late.error is not None
    assert late.error.message.splitlines()[0] == (
        "The sensor 'tells' was not evaluated within 0.5 s: the location 'team.py' was still LOADING."
    )
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(location.evaluate, evaluation, LONG)
        (tmp_path / "open").touch()
        assert run_keys(future.result(LONG)) == ["late"]


def test_a_failed_location_answers_with_its_error(write: Write, load: Load) -> None:
    write("team.py", "raise ValueError('no')")
    (location,) = load("load_from: [python_file: team.py]")
    result = location.evaluate(Evaluation("team", "tells", "sensor"))
    assert result == EvaluationResult(error=location.error)


def test_a_lazy_location_is_loaded_by_a_call_and_not_ended_during_one(write: Write, load: Load, tmp_path: Path) -> None:
    write("team.py", GENERATION.format(word="lazy"))
    write("other.py", GENERATION.format(word="other"))
    lazy, other = load("""
        load_from:
          - python_file: {relative_path: team.py, lazy: true, idle_timeout: 0.2}
          - python_file: {relative_path: other.py, lazy: true, idle_timeout: 0.2}
    """)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(lazy.evaluate, Evaluation("team", "waits", "sensor"), LONG)
        wait_until((tmp_path / "begun").exists, what="the call")
        other.load()
        wait_until(lambda: other.state is State.READY, what="the other one")
        wait_until(lambda: other.state is State.IDLE, what="the other one IDLE again, which was used later")
        assert lazy.snapshot.state is State.READY
        (tmp_path / "released").touch()
        assert run_keys(future.result(LONG)) == ["lazy"]
    wait_until(lambda: lazy.state is State.IDLE, what="IDLE again")


def test_secrets_are_masked_in_errors_and_kept_in_runs(
    write: Write, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "open-sesame")
    write(
        "team.py",
        """
        import os
        from skerry import RunRequest, pipeline, repository, sensor

        @pipeline
        def work():
            pass

        @sensor(pipeline=work)
        def good():
            return RunRequest(run_config={"token": os.environ["TOKEN_OF_TEAM"]})

        @sensor(pipeline=work)
        def bad():
            raise ValueError(os.environ["TOKEN_OF_TEAM"])

        @repository
        def team():
            return [good, bad]
        """,
    )
    location = only(load('load_from: [python_file: {relative_path: team.py, env: {TOKEN_OF_TEAM: "${TOKEN}"}}]'))
    assert evaluate(location, "good").run_requests[0].run_config == {"token": "open-sesame"}
    error = evaluate(location, "bad").error
    assert error is not None
    assert error.message == "ValueError: ***"


# -- libraries with threads of their own -------------------------------------------------------------------------------


def test_a_library_that_computes_with_its_own_threads_does_so_in_every_fork_and_every_generation(load: Load) -> None:
    location = only(load(f"load_from: [python_file: {CHILDREN / 'computes_with_threads.py'}]"))
    assert location.state is State.READY, location.error
    for _ in range(2):
        for _ in range(3):
            assert run_keys(evaluate(location, "computes")) == [str(400 * 400)]
        assert location.reload().error is None
