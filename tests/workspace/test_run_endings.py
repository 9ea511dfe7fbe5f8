"""How runs end: by themselves, cancelled, killed; the record is true."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from support.runs import RUNS, config, failures, only, told, types
from support.servers import alive
from support.waiting import wait_until

from skerry import ErrorKind, Location, RunStatus, State, Workspace
from skerry.code_server import runs
from skerry.execution import EventType

Load = Callable[[str], Workspace]

Write = Callable[[str, str], Path]


@pytest.fixture
def location(load: Load) -> Location:
    return only(load(f"load_from: [python_file: {RUNS}]"))


@pytest.mark.parametrize(
    ("how", "kind", "words"),
    [
        ("raise", ErrorKind.EXCEPTION, "ValueError: no"),
        ("sys.exit", ErrorKind.SYSTEM_EXIT, "sys.exit('enough') was called while the pipeline ran."),
        ("exit", ErrorKind.PROCESS_EXITED, "The process ended with exit code 7 while the pipeline ran."),
        ("SIGKILL", ErrorKind.PROCESS_SIGNALED, "The process was ended by SIGKILL while the pipeline ran."),
        ("SIGSEGV", ErrorKind.PROCESS_SIGNALED, "The process was ended by SIGSEGV while the pipeline ran."),
    ],
)
@pytest.mark.parametrize("together", [1, 2])
def test_however_a_solid_ends_the_record_is_true(
    together: int, how: str, kind: ErrorKind, words: str, location: Location
) -> None:
    run = location.launch("leaving", run_config=config("leave", exit=how), max_concurrency=together)
    ended = run.wait(30)
    assert ended.status is RunStatus.FAILED
    (failed,) = failures(run)
    assert (failed.type, failed.solid) == (EventType.SOLID_FAILED, "leave")
    assert failed.error is not None
    if kind in (ErrorKind.PROCESS_EXITED, ErrorKind.PROCESS_SIGNALED) and together == 2:
        assert failed.error.kind is ErrorKind.SOLID_PROCESS_ENDED
    else:
        assert (failed.error.kind, failed.error.message.splitlines()[0]) == (kind, words)
    last = list(run.events())[-1]
    assert (last.type, dict(last.data)) == (EventType.RUN_FAILED, {"failed": ["leave"]})
    assert ("SOLID_SUCCEEDED", "spared") in types(run)
    assert "last words" in run.output()
    assert location.state is State.READY
    assert location.launch("daily", repository="runs").wait(30).status is RunStatus.SUCCEEDED


def test_what_user_code_starts_ends_with_its_run(location: Location) -> None:
    run = location.launch("parent")
    child = int(told(run, "leave_children"))
    assert run.wait(30).status is RunStatus.SUCCEEDED
    wait_until(lambda: not alive(child), what="the end of what the run has started")


@pytest.mark.parametrize("together", [1, 2])
def test_a_cancelled_run_is_interrupted_and_torn_down(together: int, location: Location) -> None:
    run = location.launch("waiting", run_config=config("wait", file="/nowhere"), max_concurrency=together)
    told(run, "wait")
    run.cancel()
    ended = run.wait(30)
    assert ended.status is RunStatus.CANCELED
    (failed,) = failures(run)
    assert (failed.type, failed.solid, dict(failed.data)) == (EventType.SOLID_FAILED, "wait", {"canceled": True})
    assert "torn down" in run.output()
    run.cancel()  # once more changes nothing
    assert run.run == ended


STUBBORN = """
    import time
    from skerry import RetryPolicy, pipeline, repository, solid

    @solid
    def swallow(context):
        context.log.info("waits")
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            return "all the same"

    @solid(retry_policy=RetryPolicy(max_retries=3, delay=30.0))
    def wrap(context):
        context.log.info("waits")
        try:
            time.sleep(60)
        except BaseException:
            raise RuntimeError("something else")

    @solid(retry_policy=RetryPolicy(max_retries=3, delay=30.0))
    def fail(context):
        context.log.info("waits")
        raise RuntimeError("the far side has hung up")

    @solid
    def follow(before):
        time.sleep(60)

    @pipeline
    def swallows():
        follow(swallow())

    @pipeline
    def wraps():
        follow(wrap())

    @pipeline
    def fails():
        follow(fail())

    @repository
    def stubborn():
        return [swallows, wraps, fails]
"""


@pytest.mark.parametrize("together", [1, 2])
@pytest.mark.parametrize("solid", ["swallow", "wrap", "fail"])
def test_nothing_begins_once_a_run_is_cancelled(solid: str, together: int, load: Load, write: Write) -> None:
    write("stubborn.py", STUBBORN)
    run = only(load("load_from: [python_file: stubborn.py]")).launch(f"{solid}s", max_concurrency=together)
    told(run, solid)
    if solid == "fail":
        wait_until(lambda: ("SOLID_RETRIED", solid) in [(e.type.value, e.solid) for e in run.events_so_far()])
    run.cancel()
    assert run.wait(9).status is RunStatus.CANCELED
    assert [name for type_, name in types(run) if type_ == "SOLID_STARTED"] == [solid]
    assert types(run)[-1] == ("RUN_CANCELED", None)
    if solid != "swallow":
        assert types(run)[-2] == ("SOLID_FAILED", solid)


@pytest.mark.parametrize("together", [1, 2])
def test_an_interrupt_that_does_not_end_what_the_code_waits_in_is_acted_on(
    together: int, load: Load, write: Write
) -> None:
    # As it happens by chance to one that comes just before the code begins to wait.
    write(
        "sleeps.py",
        """
        import signal, threading, time
        from skerry import pipeline, solid

        @solid
        def sleep_on(context):
            threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # so that the other thread gets it
            context.log.info("asleep")
            try:
                time.sleep(3600)
            finally:
                print("tidied up")

        @pipeline
        def sleeping():
            sleep_on()
        """,
    )
    run = only(load("load_from: [python_file: sleeps.py]")).launch("sleeping", max_concurrency=together)
    assert told(run, "sleep_on") == "asleep"
    run.cancel()
    assert run.wait(30).status is RunStatus.CANCELED
    assert run.output() == "tidied up\n"


def test_a_crash_in_native_code_names_the_line(load: Load, write: Write) -> None:
    write(
        "crashes.py",
        """
        import ctypes
        from skerry import pipeline, solid

        @solid
        def crash():
            return ctypes.string_at(0)

        @pipeline
        def crashes():
            crash()
        """,
    )
    run = only(load("load_from: [python_file: crashes.py]")).launch("crashes")
    assert run.wait(30).status is RunStatus.FAILED
    error = failures(run)[0].error
    assert error is not None
    assert "Native code crashed" in error.message
    assert [(Path(frame.file).name, frame.line) for frame in error.frames if frame.user] == [("crashes.py", 6)]


def test_a_run_that_refuses_is_killed_after_the_grace_time(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "CANCEL_GRACE", 0.3)
    run = location.launch("refusing")
    pid = int(told(run, "refuse"))
    run.cancel()
    assert run.wait(30).status is RunStatus.CANCELED
    assert not alive(pid)
    assert run.output() == "refused\n"


def test_a_run_whose_journal_is_refused_ends_whatever_its_code_does(
    load: Load, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "CANCEL_GRACE", 0.3)
    write(
        "stubborn.py",
        """
        import resource
        from skerry import pipeline, solid

        @solid
        def talk(context):
            resource.setrlimit(resource.RLIMIT_FSIZE, (500, resource.RLIM_INFINITY))
            while True:
                try:
                    context.log.info("as long as it takes")
                except BaseException:
                    pass

        @pipeline
        def daily():
            talk()
        """,
    )
    run = only(load("load_from: [python_file: stubborn.py]")).launch("daily", run_id="mine")
    assert run.wait(30).status is RunStatus.FAILED
    (failed,) = failures(run)
    assert failed.error is not None
    assert failed.error.kind is ErrorKind.RUN_RECORD_NOT_WRITABLE
    assert "mine/events.jsonl (File too large)" in failed.error.message
    assert types(run)[-2:] == [("SOLID_FAILED", "talk"), ("RUN_FAILED", None)]


def test_an_interrupt_at_any_moment_is_not_lost(location: Location) -> None:
    for _ in range(5):
        run = location.launch("refusing")
        run.cancel()
        assert run.wait(5).status is RunStatus.CANCELED or run.output() == "refused\n"
        if not run.run.status.is_over:
            os.kill(int(told(run, "refuse")), signal.SIGKILL)
            assert run.wait(30).status is RunStatus.CANCELED


@pytest.mark.parametrize("who", ["run", "keeper", "template", "fork server"])
def test_whoever_is_killed_the_record_is_true(who: str, location: Location) -> None:
    run = location.launch("waiting", run_config=config("wait", file="/nowhere"))
    process = psutil.Process(int(told(run, "wait")))
    line = [process, *process.parents()]
    line[["run", "keeper", "template", "fork server"].index(who)].kill()
    ended = run.wait(30)
    failed = failures(run)
    if who in ("template", "fork server"):
        # The host cancels what has lost its process, as far as it comes with that before all of it has ended.
        assert ended.status in (RunStatus.FAILED, RunStatus.CANCELED)
        assert failed[0].solid == "wait"
    else:
        assert ended.status is RunStatus.FAILED
        expected = ErrorKind.PROCESS_SIGNALED if who == "run" else ErrorKind.RUN_LOST
        assert [event.error.kind for event in failed if event.error is not None] == [expected]
    wait_until(lambda: not process.is_running(), what="the end of the run's process")
