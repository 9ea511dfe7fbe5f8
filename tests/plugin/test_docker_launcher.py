"""The run launcher ``docker``: runs in containers are told as all others are, whatever becomes of engine and host."""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from support.commands import skerry
from support.docker_engine import Asked, FakeContainer, FakeEngine
from support.servers import alive, serving, short_folder
from support.waiting import wait_until

from skerry import ErrorKind, LaunchedRun, Location, LocationError, RunError, RunStatus, State, Workspace
from skerry.execution import EventType
from skerry.workspace.state_folder import StateFolder
from skerry_docker_launcher import follower

Load = Callable[[str], Workspace]

#: The SDK leaves a socket to the collector where nobody listens.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

RUNS = Path(__file__).parents[1] / "children" / "runs.py"
IMAGE = "registry.example.com/team/code:1.4.2"
ENTRY = f"load_from: [python_file: {{relative_path: runs.py, env: {{SKERRY_CURRENT_IMAGE: '{IMAGE}'}}}}]\n"


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    """Give an engine that has the image; no container and nothing in its containers may be left."""
    with short_folder() as folder:
        engine = FakeEngine(folder)
        engine.images.add(IMAGE)
        engine.start()
        monkeypatch.setenv("DOCKER_HOST", engine.host)
        monkeypatch.setenv("DOCKER_CONFIG", str(folder))
        shutil.copy(RUNS, tmp_path / "runs.py")
        (tmp_path / "workspace.yaml").write_text(ENTRY)
        yield engine
        engine.close()
        gc.collect()


@pytest.fixture
def location(engine: FakeEngine, load: Load) -> Location:
    return only(load(ENTRY))


def only(workspace: Workspace) -> Location:
    (location,) = workspace
    assert location.wait(60)
    assert location.state is State.READY, location.error
    return location


def with_options(entry: str, **options: Any) -> str:
    """Give a workspace file that chooses the launcher, with options."""
    return f"{entry}\nrun_launcher: {json.dumps({'docker': options})}\n"


def config(solid: str, **values: Any) -> dict[str, Any]:
    return {"solids": {solid: {"config": values}}}


def story(run: LaunchedRun) -> list[tuple[str, str | None, dict[str, Any], Any]]:
    """Give its events but for times."""
    return [(one.type.value, one.solid, dict(one.data), one.error and one.error.message) for one in run.events()]


def error(run: LaunchedRun) -> tuple[ErrorKind, str]:
    found = run.run.error
    assert found is not None, story(run)
    return found.kind, found.message


def told(run: LaunchedRun, solid: str) -> str:
    """Give the first message that a solid logs."""
    return next(
        str(event.data["message"]) for event in run.events() if event.type is EventType.LOG and event.solid == solid
    )


def wait_until_removed(engine: FakeEngine) -> None:
    wait_until(lambda: not engine.containers, what="the removal of the container")


def test_a_run_in_a_container_is_told_as_one_of_a_process(location: Location, engine: FakeEngine) -> None:
    here = location.launch("daily", repository="runs", tags={"team": "red"})
    run = location.launch("daily", repository="runs", tags={"team": "red"}, run_id="mine", launcher="docker")
    assert run.run.elsewhere
    ended = run.wait(30)
    assert (ended.status, ended.launcher, ended.image) == (RunStatus.SUCCEEDED, "docker", IMAGE)
    assert (ended.location, ended.origin, ended.generation) == ("runs.py", location.origin, 1)
    assert story(run) == story(here)
    assert run.output() == here.output() == "printed\n"
    wait_until_removed(engine)


def test_a_served_location_tells_image_and_code(engine: FakeEngine, load: Load, tmp_path: Path) -> None:
    with serving(tmp_path, "-f", "runs.py", "-a", "others", SKERRY_CURRENT_IMAGE=IMAGE) as server:
        (location,) = load(f"load_from: [grpc_server: {{port: {server.port}, location_name: remote}}]")
        wait_until(lambda: location.state is State.READY, what="READY")
        run = location.launch("daily", launcher="docker")
        ended = run.wait(30)
        assert (ended.status, ended.image, ended.location) == (RunStatus.SUCCEEDED, IMAGE, "remote")
        assert run.output() == "printed\n"


def test_the_engine_is_told_what_the_container_is_and_nothing_private(location: Location, engine: FakeEngine) -> None:
    run = location.launch("daily", repository="runs", tags={"team": "sesame"}, run_id="mine", launcher="docker")
    assert run.wait(30).status is RunStatus.SUCCEEDED
    asked = next(asked for asked in engine.asked if asked.path == "/containers/create")
    assert asked.query["name"] == "skerry-run-mine"
    assert asked.body["Image"] == IMAGE
    assert asked.body["Labels"] == {"skerry.run_id": "mine", "skerry.location": "runs.py"}
    assert asked.body["Entrypoint"] == ["skerry", "api", "execute-run"]
    assert asked.body["Cmd"] == ["--request", "/skerry-request.json"]
    assert asked.body["Healthcheck"]["Test"] == ["NONE"]
    assert "sesame" not in json.dumps([asked.body, asked.query])


@pytest.mark.parametrize("how", ["raise", "sys.exit", "exit", "SIGKILL"])
def test_however_a_solid_ends_the_record_is_that_of_a_process(how: str, location: Location, engine: FakeEngine) -> None:
    here, run = (
        location.launch("leaving", run_config=config("leave", exit=how), launcher=launcher)
        for launcher in ("process", "docker")
    )
    assert run.wait(30).status is RunStatus.FAILED
    assert story(run) == story(here)
    assert "last words" in run.output()
    wait_until_removed(engine)


def test_a_run_config_of_a_megabyte_arrives(location: Location, engine: FakeEngine) -> None:
    large = config("wait", file="go", more="x" * 1_000_000)
    run = location.launch("waiting", run_config=large, launcher="docker")
    told(run, "wait")
    (engine.only.root / "go").touch()
    assert run.wait(30).status is RunStatus.SUCCEEDED


def test_what_the_image_does_not_have_fails_the_run_in_words(
    location: Location, engine: FakeEngine, tmp_path: Path
) -> None:
    (tmp_path / "runs.py").write_text((tmp_path / "runs.py").read_text().replace("def waiting", "def other"))
    run = location.launch("refusing", launcher="docker")
    assert run.wait(30).status is RunStatus.FAILED
    assert error(run) == (ErrorKind.EXCEPTION, "NameError: name 'waiting' is not defined")
    wait_until_removed(engine)


def test_a_cancelled_run_is_interrupted_and_torn_down(location: Location, engine: FakeEngine) -> None:
    run = location.launch("waiting", run_config=config("wait", file="/nowhere"), launcher="docker")
    told(run, "wait")
    run.cancel()
    run.cancel()
    assert run.wait(30).status is RunStatus.CANCELED
    assert "torn down" in run.output()
    assert next(asked.query["signal"] for asked in engine.asked if asked.path.endswith("/kill")) == "SIGTERM"
    wait_until_removed(engine)
    run.cancel()


def test_a_run_that_is_cancelled_at_once_is_canceled(location: Location, engine: FakeEngine) -> None:
    run = location.launch("waiting", run_config=config("wait", file="/nowhere"), launcher="docker")
    run.cancel()
    assert run.wait(30).status is RunStatus.CANCELED
    wait_until_removed(engine)


def test_a_container_that_refuses_to_end_is_killed_and_the_run_is_canceled(
    location: Location, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "KILL_AFTER", 0.1)
    run = location.launch("refusing", launcher="docker")
    pid = int(told(run, "refuse"))
    process = engine.only.process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    run.cancel()
    assert run.wait(30).status is RunStatus.CANCELED
    last = list(run.events())[-2]
    assert (last.type, last.solid, dict(last.data)) == (EventType.SOLID_FAILED, "refuse", {"canceled": True})
    wait_until(lambda: not alive(pid), what="the end of what was in the container")
    wait_until_removed(engine)


def test_closing_the_workspace_cancels_its_runs(engine: FakeEngine, load: Load) -> None:
    workspace = load(ENTRY)
    run = only(workspace).launch("waiting", run_config=config("wait", file="/nowhere"), launcher="docker")
    told(run, "wait")
    workspace.close()
    assert run.wait(0).status is RunStatus.CANCELED
    assert not engine.containers


def test_a_detached_run_is_left_and_taken_up_again(engine: FakeEngine, load: Load, tmp_path: Path) -> None:
    workspace = load(ENTRY)
    run = only(workspace).launch("waiting", run_config=config("wait", file="go"), run_id="mine", launcher="docker")
    told(run, "wait")
    run.detach()
    workspace.close()
    assert run.wait(0).status is RunStatus.RUNNING
    assert engine.only.is_running
    with Workspace.load(tmp_path / "workspace.yaml") as another:
        again = another.launched("mine")
        assert again.run.status is RunStatus.RUNNING
        (engine.only.root / "go").touch()
        assert again.wait(30).status is RunStatus.SUCCEEDED
        assert [event.sequence for event in again.events()] == list(range(1, again.run.sequence + 1))
        wait_until_removed(engine)


HOST = """
    import sys
    from skerry import Workspace
    with Workspace.load(sys.argv[1]) as workspace:
        (location,) = workspace
        location.wait()
        config = {"solids": {"wait": {"config": {"file": "go"}}}}
        run = location.launch("waiting", run_config=config, run_id="mine", launcher="docker")
        print(next(event.solid for event in run.events() if event.solid), flush=True)
        sys.stdin.read()
"""


@pytest.mark.parametrize("what", ["goes on", "has ended", "is cancelled"])
def test_a_run_whose_host_was_killed_is_taken_up_again(what: str, engine: FakeEngine, tmp_path: Path) -> None:
    (tmp_path / "host.py").write_text(textwrap.dedent(HOST))
    line = [sys.executable, "host.py", "workspace.yaml"]
    with subprocess.Popen(line, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as host:
        assert host.stdout is not None
        assert host.stdout.readline() == b"wait\n"
        host.kill()
    container = engine.only
    if what == "has ended":
        (container.root / "go").touch()
        wait_until(lambda: not container.is_running, what="the end of the container")
    with Workspace.load(tmp_path / "workspace.yaml") as workspace:
        run = workspace.launched("mine")
        if what == "goes on":
            (container.root / "go").touch()
        elif what == "is cancelled":
            run.cancel()
        assert run.wait(30).status is (RunStatus.CANCELED if what == "is cancelled" else RunStatus.SUCCEEDED)
        assert "torn down" in run.output()
        wait_until_removed(engine)


def test_a_run_whose_container_is_gone_with_its_host_is_told_so(engine: FakeEngine, load: Load, tmp_path: Path) -> None:
    workspace = load(ENTRY)
    run = only(workspace).launch(
        "waiting", run_config=config("wait", file="go"), run_id="mine", launcher="docker", detached=True
    )
    told(run, "wait")
    workspace.close()
    engine.end(engine.only)
    engine.containers.clear()
    with Workspace.load(tmp_path / "workspace.yaml") as another:
        again = another.launched("mine")
        assert again.wait(30).status is RunStatus.FAILED
        assert [event.error.kind for event in again.events() if event.error] == [ErrorKind.RUN_UNKNOWN_ELSEWHERE]


def killed(engine: FakeEngine, container: FakeContainer) -> None:
    engine.end(container)


def out_of_memory(engine: FakeEngine, container: FakeContainer) -> None:
    container.out_of_memory = True
    engine.end(container)


def removed(engine: FakeEngine, container: FakeContainer) -> None:
    engine.containers.pop(container.id)
    engine.end(container)


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (killed, "The container skerry-run-mine was ended by SIGKILL (exit code 137)."),
        (out_of_memory, "The container skerry-run-mine was out of memory, and killed (exit code 137)."),
        (removed, "The container skerry-run-mine was removed."),
    ],
)
def test_a_container_that_ends_without_a_word_fails_its_run(
    end: Callable[[FakeEngine, FakeContainer], None], words: str, location: Location, engine: FakeEngine
) -> None:
    run = location.launch("waiting", run_config=config("wait", file="/nowhere"), run_id="mine", launcher="docker")
    told(run, "wait")
    end(engine, engine.only)
    assert run.wait(30).status is RunStatus.FAILED
    failed = [event for event in run.events() if event.error is not None]
    assert [(event.type, event.solid) for event in failed] == [(EventType.SOLID_FAILED, "wait")]
    assert failed[0].error is not None
    assert failed[0].error.kind is ErrorKind.RUN_CONTAINER_ENDED
    assert failed[0].error.message.splitlines()[0] == words
    wait_until_removed(engine)


def test_an_image_with_another_skerry_fails_the_run_with_what_that_says(
    location: Location, engine: FakeEngine, tmp_path: Path
) -> None:
    old = tmp_path / "old"
    old.mkdir()
    (old / "sitecustomize.py").write_text("import sys\nprint('no such command', file=sys.stderr)\nsys.exit(2)\n")
    answered = engine.create

    def create(name: str, config: dict[str, Any]) -> FakeContainer | None:
        return answered(name, {**config, "Env": [f"PYTHONPATH={old}"]})

    engine.create = create  # type: ignore[method-assign]
    run = location.launch("waiting", run_config=config("wait", file="/nowhere"), launcher="docker")
    assert run.wait(30).status is RunStatus.FAILED
    kind, words = error(run)
    assert kind is ErrorKind.RUN_CONTAINER_ENDED
    assert "ended with exit code" in words
    assert run.run.error is not None
    assert "no such command" in run.run.error.output
    assert "no such command" in run.output()


def test_the_engine_is_restarted_and_the_run_goes_on(location: Location, engine: FakeEngine) -> None:
    run = location.launch("waiting", run_config=config("wait", file="go"), launcher="docker")
    told(run, "wait")
    engine.stop()
    (engine.only.root / "go").touch()
    wait_until(lambda: not engine.only.is_running, what="the end of the container")
    assert run.wait(0).status is RunStatus.RUNNING
    engine.start()
    assert run.wait(30).status is RunStatus.SUCCEEDED
    assert "torn down" in run.output()
    wait_until_removed(engine)


def test_a_cancellation_waits_for_the_engine(location: Location, engine: FakeEngine) -> None:
    run = location.launch("waiting", run_config=config("wait", file="/nowhere"), launcher="docker")
    told(run, "wait")
    engine.stop()
    run.cancel()
    assert run.run.status is RunStatus.RUNNING
    engine.start()
    assert run.wait(30).status is RunStatus.CANCELED
    wait_until_removed(engine)


@pytest.mark.parametrize("after", [3, 300, 900])
def test_a_log_that_is_cut_anywhere_is_read_again(after: int, location: Location, engine: FakeEngine) -> None:
    engine.cut_after = after
    run = location.launch("daily", repository="runs", launcher="docker")
    assert run.wait(30).status is RunStatus.SUCCEEDED
    assert engine.cut_after is None
    assert [event.sequence for event in run.events()] == list(range(1, 11))


@pytest.mark.parametrize("when", ["follow", "rest"])
def test_an_engine_that_errs_for_a_while_is_asked_again(when: str, location: Location, engine: FakeEngine) -> None:
    left = 2

    def err(asked: Asked) -> tuple[int, str] | None:
        nonlocal left
        wanted = asked.path.endswith("/logs") and (when == "rest" or asked.query["follow"] == "1")
        if wanted and left:
            left -= 1
            return 500, "server shutting down"
        return None

    engine.answers = err
    run = location.launch("daily", repository="runs", launcher="docker")
    assert run.wait(30).status is RunStatus.SUCCEEDED
    assert left == 0


def test_a_log_that_cannot_be_read_fails_the_run_in_words(
    location: Location, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "LAST_RETRY", 0.2)
    refused = (501, "configured logging driver does not support reading")
    engine.answers = lambda asked: refused if asked.path.endswith("/logs") else None
    run = location.launch("daily", repository="runs", launcher="docker")
    assert run.wait(30).status is RunStatus.FAILED
    kind, words = error(run)
    assert kind is ErrorKind.RUN_CONTAINER_ENDED
    assert "its log does not tell how its run did: configured logging driver does not support reading." in words
    wait_until_removed(engine)


def test_a_log_whose_beginning_is_gone_fails_the_run_once_it_is_over(location: Location, engine: FakeEngine) -> None:
    engine.cut_after = 200
    stopped = []

    def rotate(asked: Asked) -> None:
        if asked.path.endswith("/logs"):
            stopped.append(asked)
            if len(stopped) == 2:
                container = engine.only
                wait_until(lambda: not container.is_running, what="the end of the container")
                lines = b"".join(data for number, data in container.frames if number == 1).split(b"\n")
                container.frames = [(1, b"\n".join(lines[5:]))]

    engine.answers = rotate
    run = location.launch("daily", repository="runs", launcher="docker")
    assert run.wait(30).status is RunStatus.FAILED
    assert "its log does not tell how its run did: event 6 comes after event" in error(run)[1]


def test_output_is_shown_while_it_runs(location: Location, engine: FakeEngine) -> None:
    run = location.launch("refusing", launcher="docker")
    pid = int(told(run, "refuse"))
    os.kill(pid, signal.SIGINT)
    wait_until(lambda: run.output() == "refused\n", what="the output")
    os.kill(pid, signal.SIGKILL)
    assert run.wait(30).status is RunStatus.FAILED


def test_output_is_there_once_the_end_is_known_whatever_the_container_does(
    location: Location, engine: FakeEngine
) -> None:
    engine.may_end.clear()
    run = location.launch("daily", repository="runs", launcher="docker")
    assert run.wait(30).status is RunStatus.SUCCEEDED
    assert run.output() == "printed\n"
    assert engine.only.is_running
    engine.may_end.set()
    wait_until_removed(engine)


def test_a_run_is_started_once_for_each_id(
    engine: FakeEngine, load: Load, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        locations = []
        for name in ("one", "two"):
            monkeypatch.setenv("SKERRY_HOME", str(tmp_path / name))
            workspace = stack.enter_context(Workspace.load(tmp_path / "workspace.yaml"))
            locations.append(only(workspace))

        def launch(location: Location) -> LaunchedRun:
            return location.launch("waiting", run_config=config("wait", file="go"), run_id="same", launcher="docker")

        run = launch(locations[0])
        told(run, "wait")
        assert launch(locations[0]).run.id == "same"
        with pytest.raises(LocationError, match=r"A container skerry-run-same is there already: a run of this id was"):
            launch(locations[1])
        (engine.only.root / "go").touch()
        assert run.wait(30).status is RunStatus.SUCCEEDED
    assert len([path for path in engine.paths("POST") if path.endswith("/start")]) == 1


def test_the_options_of_the_workspace_file_reach_the_engine(engine: FakeEngine, load: Load) -> None:
    text = with_options(ENTRY, network="team", env={"WAREHOUSE": "here"}, volumes=["/srv/data:/data:ro"])
    assert only(load(text)).launch("daily", repository="runs").wait(30).status is RunStatus.SUCCEEDED
    body = engine.body("/containers/create")
    assert body["HostConfig"]["NetworkMode"] == "team"
    assert body["HostConfig"]["Binds"] == ["/srv/data:/data:ro"]
    assert body["Env"] == ["WAREHOUSE=here"]


@pytest.mark.parametrize("user", [None, "skerry"])
def test_an_image_that_is_not_there_is_pulled(user: str | None, engine: FakeEngine, load: Load) -> None:
    engine.images.clear()
    engine.registry[IMAGE] = user
    login = {"url": "registry.example.com", "username": "skerry", "password": "sesame"}
    location = only(load(with_options(ENTRY, registry=login) if user else ENTRY))
    assert location.launch("daily", repository="runs", launcher="docker").wait(30).status is RunStatus.SUCCEEDED
    (pulled,) = (asked for asked in engine.asked if asked.path == "/images/create")
    assert pulled.query == {"fromImage": "registry.example.com/team/code", "tag": "1.4.2"}
    assert (pulled.login or {}).get("password") == (login["password"] if user else None)


@pytest.mark.parametrize(
    ("registry", "password", "words"),
    [
        ({}, None, "pull access denied for registry.example.com/team/code:1.4.2"),
        ({IMAGE: "skerry"}, None, "unauthorized"),
        ({IMAGE: "skerry"}, "wrong", "unauthorized: incorrect username or password"),
    ],
)
def test_an_image_that_cannot_be_pulled_is_told(
    registry: dict[str, str | None],
    password: str | None,
    words: str,
    engine: FakeEngine,
    load: Load,
) -> None:
    engine.images.clear()
    engine.registry = registry
    login = {"url": "registry.example.com", "username": "skerry", "password": password}
    location = only(load(with_options(ENTRY, registry=login) if password else ENTRY))
    with pytest.raises(LocationError, match=rf"does not start a container of the image {IMAGE}: {words}"):
        location.launch("daily", repository="runs", launcher="docker")
    assert not engine.containers


def test_a_container_that_cannot_be_started_is_removed_and_told(location: Location, engine: FakeEngine) -> None:
    refused = (400, 'exec: "skerry": executable file not found in $PATH')
    engine.answers = lambda asked: refused if asked.path.endswith("/start") else None
    with pytest.raises(LocationError, match=r'(?s)skerry-run-mine: exec: "skerry".*needs `skerry` on its PATH'):
        location.launch("daily", repository="runs", run_id="mine", launcher="docker")
    assert not engine.containers


def test_an_engine_that_keeps_no_logs_is_refused(location: Location, engine: FakeEngine) -> None:
    engine.log_driver = "none"
    with pytest.raises(LocationError, match=r"keeps no logs of its containers.*\nChoose another log driver"):
        location.launch("daily", repository="runs", launcher="docker")
    assert not engine.containers


def test_an_engine_that_is_not_there_is_told_and_nothing_is_kept(
    location: Location, engine: FakeEngine, tmp_path: Path
) -> None:
    engine.stop()
    with pytest.raises(LocationError) as caught:
        location.launch("daily", repository="runs", launcher="docker")
    what, advice = str(caught.value).splitlines()
    assert what == (f"The Docker engine at {engine.host} (DOCKER_HOST) cannot be reached: No such file or directory.")
    assert "Start it" in advice
    assert list((tmp_path / ".skerry" / "runs").iterdir()) == []
    engine.start()
    assert location.launch("daily", repository="runs", launcher="docker").wait(30).status is RunStatus.SUCCEEDED


def test_a_location_without_an_image_is_refused(engine: FakeEngine, load: Load, tmp_path: Path) -> None:
    location = only(load("load_from: [python_file: runs.py]"))
    with pytest.raises(LocationError) as caught:
        location.launch("daily", repository="runs", launcher="docker")
    what, advice = str(caught.value).splitlines()
    assert what == "The location 'runs.py' has no image from which a container could be made."
    assert "Set SKERRY_CURRENT_IMAGE where its code server runs" in advice
    assert engine.asked == []
    assert list((tmp_path / ".skerry" / "runs").iterdir()) == []


def test_a_run_after_another_is_refused(location: Location, engine: FakeEngine) -> None:
    location.launch("daily", repository="runs", run_id="first").wait(30)
    with pytest.raises(LocationError, match="cannot take over the outputs of another run"):
        location.launch("daily", repository="runs", after="first", launcher="docker")


def test_a_run_config_that_does_not_fit_is_refused_before_the_engine_is_asked(
    location: Location, engine: FakeEngine
) -> None:
    with pytest.raises(RunError):
        location.launch("leaving", run_config=config("leave", exit=3), launcher="docker")
    assert engine.asked == []


def test_without_the_sdk_it_says_what_to_install(engine: FakeEngine, tmp_path: Path) -> None:
    program = """
        import sys
        sys.modules["docker"] = None
        from skerry import LocationError, Workspace
        with Workspace.load("workspace.yaml") as workspace:
            (location,) = workspace
            location.wait()
            try:
                location.launch("daily", repository="runs", launcher="docker")
            except LocationError as error:
                print(error.kind.value, error, sep="\\n")
    """
    line = [sys.executable, "-c", textwrap.dedent(program)]
    answer = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert answer.stdout.splitlines() == [
        "EXTRA_NOT_INSTALLED",
        "The run launcher docker needs docker, which is not installed.",
        "Run `pip install 'skerry[docker]'`.",
    ], answer.stderr


def test_the_sdk_is_imported_only_when_it_is_used(tmp_path: Path, engine: FakeEngine) -> None:
    program = "import sys, skerry_docker_launcher, skerry.console; print('docker' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert answer.stdout == "False\n"


def test_secrets_stand_nowhere_in_what_is_kept_of_a_run(
    engine: FakeEngine,
    load: Load,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("TEAM_TOKEN", "opensesame")
    (tmp_path / "secret.py").write_text(
        textwrap.dedent("""
            import os, time
            from skerry import pipeline, repository, solid

            @solid
            def stay(context):
                print("staying with", os.environ["TOKEN"], flush=True)
                context.log.info("here")
                time.sleep(3600)

            @pipeline
            def staying():
                stay()

            @solid
            def tell(context):
                token = os.environ["TOKEN"]
                print("with", token)
                context.log.info("with %s", token)
                raise ValueError(f"{token} was refused")

            @pipeline
            def daily():
                tell()

            @repository
            def secret():
                return [staying, daily]
        """)
    )
    entry = f"load_from: [python_file: {{relative_path: secret.py, env: {{SKERRY_CURRENT_IMAGE: '{IMAGE}'}}}}]"
    location = only(load(with_options(entry, env={"TOKEN": "${TEAM_TOKEN}"})))
    run = location.launch("daily", launcher="docker")
    assert run.wait(30).status is RunStatus.FAILED
    assert run.output() == "with ***\n"
    assert told(run, "tell") == "with ***"
    wait_until_removed(engine)
    dying = location.launch("staying", launcher="docker")
    told(dying, "stay")
    wait_until(lambda: "staying" in dying.output(), what="what it prints")
    engine.end(engine.only)
    assert dying.wait(30).status is RunStatus.FAILED
    assert [event.error.output for event in dying.events() if event.error] == ["staying with ***"]
    kept = [path for path in (tmp_path / ".skerry" / "runs").rglob("*") if path.is_file()]
    assert len(kept) >= 4
    assert not any(b"opensesame" in path.read_bytes() for path in kept)
    assert "opensesame" not in caplog.text


def test_the_command_line_has_a_run_executed_in_a_container(engine: FakeEngine, tmp_path: Path) -> None:
    answer = skerry(tmp_path, "run", "runs.py/runs/daily", "--launcher", "docker")
    assert answer.returncode == 0, answer.stderr
    assert "one  INFO  one of blue" in answer.stdout
    assert "runs.py/runs/daily  SUCCEEDED" in answer.stdout
    assert answer.stderr == ""
    assert not engine.containers


def test_the_command_line_leaves_a_detached_run_and_cancels_it(engine: FakeEngine, tmp_path: Path) -> None:
    wait = ["waiting", "--config-json", json.dumps(config("wait", file="/nowhere")), "--run-id", "mine"]
    answer = skerry(tmp_path, "run", *wait, "--launcher", "docker", "--detach")
    assert (answer.returncode, answer.stdout) == (0, "mine\n"), answer.stderr
    assert engine.only.is_running
    answer = skerry(tmp_path, "cancel", "mine")
    assert (answer.returncode, answer.stdout) == (0, "mine  CANCELED\n"), answer.stderr
    assert not engine.containers


def test_nothing_is_left_behind(engine: FakeEngine, nothing_left: None, tmp_path: Path) -> None:
    with Workspace.load(tmp_path / "workspace.yaml") as workspace:
        run = only(workspace).launch("daily", repository="runs", launcher="docker")
        assert run.wait(30).status is RunStatus.SUCCEEDED
        root = engine.only.root if engine.containers else None
    assert root is None or list((root / "tmp").iterdir()) == []
    assert not engine.containers
    engine.stop()
    engine.start()  # so that no connection of the SDK's is alive on its side
    assert not any(alive(one.process.pid) for one in engine.containers.values() if one.process)
    assert StateFolder.of(tmp_path).places("runs")[0].exists()
