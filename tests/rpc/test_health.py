"""The standard health check: asked with its official client, and with the command for probes."""

from __future__ import annotations

import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.authority import Authority
from support.clients import HANDSHAKE, client, python_with
from support.commands import environment, skerry
from support.servers import seconds_since, serving, short_folder
from support.waiting import wait_until

from skerry import ErrorKind, Evaluation, State, Workspace

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]
CHILDREN = Path(__file__).parents[1] / "children"

OFFICIAL = """
import sys, grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

try:
    with grpc.insecure_channel(sys.argv[1]) as channel:
        request = health_pb2.HealthCheckRequest(service=sys.argv[2])
        reply = health_pb2_grpc.HealthStub(channel).Check(request, timeout=20)
    print(health_pb2.HealthCheckResponse.ServingStatus.Name(reply.status))
except grpc.RpcError as error:
    print(error.code().name, error.details())
"""

#: Loads once there is a file beside it whose name is that of the generation.
WAITS = """
    import time
    from pathlib import Path
    from skerry import pipeline

    folder = Path(__file__).parent
    number = len(list(folder.glob("began-*"))) + 1
    (folder / f"began-{number}").touch()
    while not (folder / f"go-{number}").exists():
        time.sleep(0.01)

    @pipeline
    def daily():
        pass
"""


def official(target: str, service: str) -> str:
    """Ask with grpcio-health-checking, in an environment that has nothing of ours."""
    answer = subprocess.run(
        [python_with("grpcio-health-checking"), "-c", OFFICIAL, target, service],
        env=environment(GRPC_VERBOSITY="NONE"),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return answer.stdout.strip()


def probe(folder: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """Run the command; gives its exit code and what it printed, errors included."""
    answer = skerry(folder, "api", "grpc-health-check", *arguments, **variables)
    assert "Traceback" not in answer.stderr
    return answer.returncode, answer.stdout + answer.stderr


def test_the_official_client_is_told_of_the_server_and_of_the_code(hello: Path) -> None:
    with serving(hello.parent, "--python-file", "hello.py") as server:
        server.wait_for("READY")
        target = f"localhost:{server.port}"
        assert official(target, "") == "SERVING"
        assert official(target, "code") == "SERVING"
        for unknown in ("hello.py", "skerry.v1.CodeServer", "c" * 300):
            assert official(target, unknown).startswith("NOT_FOUND"), unknown


def test_the_server_is_well_while_the_code_loads(write: Write) -> None:
    folder = write("waits.py", WAITS).parent
    with serving(folder, "--python-file", "waits.py") as server:
        target = f"localhost:{server.port}"
        wait_until((folder / "began-1").exists, what="the beginning of the load")
        assert (official(target, ""), official(target, "code")) == ("SERVING", "NOT_SERVING")
        (folder / "go-1").touch()
        server.wait_for("READY")
        assert (official(target, ""), official(target, "code")) == ("SERVING", "SERVING")


def test_broken_code_is_not_serving_until_it_is_mended_and_its_last_good_generation_is(write: Write) -> None:
    broken = write("broken.py", "1 / 0")
    with serving(broken.parent, "--python-file", "broken.py") as server:
        server.wait_for("FAILED")
        target = f"localhost:{server.port}"
        assert (official(target, ""), official(target, "code")) == ("SERVING", "NOT_SERVING")
        write("broken.py", "from skerry import pipeline\n\n@pipeline\ndef daily():\n    pass\n")
        server.signal(signal.SIGHUP)
        server.wait_for("READY")
        assert official(target, "code") == "SERVING"
        write("broken.py", "1 / 0")
        server.signal(signal.SIGHUP)
        server.wait_for("the reload failed")
        assert official(target, "code") == "SERVING", "the generation before answers"


def test_a_server_that_ends_says_so_while_it_answers_its_last_call(write: Write, load: Load) -> None:
    folder = write("waits.py", WAITS).parent
    (folder / "go-1").touch()
    with serving(folder, "--python-file", "waits.py") as server, client() as caller:
        target = f"localhost:{server.port}"
        (remote,) = load(f"load_from: [grpc_server: {{port: {server.port}}}]").locations
        assert remote.wait(30)
        results: list[Any] = []
        call = threading.Thread(target=lambda: results.append(remote.reload()))
        call.start()
        wait_until((folder / "began-2").exists, what="the beginning of the reload")
        server.signal(signal.SIGTERM)
        server.wait_for("calls and runs under way come to their end first")
        for service in ("", "code"):
            assert official(target, service) == "NOT_SERVING"
        assert probe(folder, "--port", str(server.port)) == (1, "NOT_SERVING\n")
        answer = caller.call(target, HANDSHAKE)
        assert (answer.code, answer.details) == ("UNAVAILABLE", "it is ending")
        (folder / "go-2").touch()
        call.join(30)
        assert [result.new_generation for result in results] == [2]
        assert server.wait_for_end() == 0
        wait_until(lambda: remote.state is State.UNREACHABLE, what="UNREACHABLE")


def test_a_connection_that_nobody_uses_does_not_keep_a_server_from_ending(hello: Path) -> None:
    with serving(hello.parent, "--python-file", "hello.py") as server, client() as caller:
        assert caller.call(f"localhost:{server.port}", kept=True).code == "OK"
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        assert server.wait_for_end() == 0
        assert seconds_since(began) < 10, "far from the limit for calls under way"


# -- the command for probes ---------------------------------------------------------------------------------------


def test_the_command_asks_at_a_port_or_a_socket_and_for_the_server_or_the_code(hello: Path, write: Write) -> None:
    write("broken.py", "1 / 0")
    with short_folder() as folder:
        path = str(folder / "sock")
        with (
            serving(hello.parent, "--python-file", "hello.py", "--host", "127.0.0.1") as well,
            serving(hello.parent, "--python-file", "broken.py", "--socket", path) as broken,
        ):
            well.wait_for("READY")
            broken.wait_for("FAILED")
            port = ("--host", "127.0.0.1", "--port", str(well.port))
            assert probe(folder, *port) == (0, "SERVING\n")
            assert probe(folder, *port, "--service", "code") == (0, "SERVING\n")
            assert probe(folder, "--socket", path) == (0, "SERVING\n")
            assert probe(folder, "--socket", path, "--service", "code") == (1, "NOT_SERVING\n")
            for unknown in ("cood", "c" * 300, "sch\u00f6n"):
                assert probe(folder, *port, "--service", unknown) == (1, "SERVICE_UNKNOWN\n")
            # A container that is told by variables where to listen is probed there.
            variables = {"SKERRY_API_GRPC_PORT": str(well.port), "SKERRY_API_GRPC_HOST": "0.0.0.0"}
            assert probe(folder, **variables) == (0, "SERVING\n")
            assert probe(folder, SKERRY_API_GRPC_SOCKET=path) == (0, "SERVING\n")


OFFICIAL_SERVER = """
import sys
from concurrent import futures
import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

server = grpc.server(futures.ThreadPoolExecutor(1))
servicer = health.HealthServicer()
servicer.set("c" * 300, health_pb2.HealthCheckResponse.SERVING)
servicer.set("sch\\u00f6n", health_pb2.HealthCheckResponse.NOT_SERVING)
health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
print(server.add_insecure_port("localhost:0"), flush=True)
server.start()
sys.stdin.read()
server.stop(None).wait()
"""


def test_the_command_asks_any_server_that_has_the_standard_check(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [python_with("grpcio-health-checking"), "-c", OFFICIAL_SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        port = ("--port", process.stdout.readline().strip())
        assert probe(tmp_path, *port) == (0, "SERVING\n")
        assert probe(tmp_path, *port, "--service", "c" * 300) == (0, "SERVING\n")
        assert probe(tmp_path, *port, "--service", "sch\u00f6n") == (1, "NOT_SERVING\n")
        assert probe(tmp_path, *port, "--service", "code") == (1, "SERVICE_UNKNOWN\n")
    finally:
        process.communicate(timeout=30)


def test_the_command_needs_no_token(hello: Path, tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("correct-horse\n")
    with serving(hello.parent, "--python-file", "hello.py", "--token-file", str(tmp_path / "tokens")) as server:
        assert probe(tmp_path, "--port", str(server.port)) == (0, "SERVING\n")
        assert official(f"localhost:{server.port}", "") == "SERVING"


def test_the_command_speaks_tls(hello: Path, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "certificates", "ours")
    pair, named = authority.issue("server"), authority.issue("named", "sales.internal")
    own = authority.issue("probe", "probe.example.com")
    ca, cert, key = ("--ca", str(authority.ca)), ("--cert", str(own.cert)), ("--key", str(own.key))
    start = ("--python-file", "hello.py")
    with serving(hello.parent, *start, *pair.server) as server:
        port = ("--port", str(server.port))
        assert probe(tmp_path, *port, *ca) == (0, "SERVING\n")
        assert probe(tmp_path, *port, "--ssl", SSL_CERT_FILE=str(authority.ca)) == (0, "SERVING\n")
        for wrong in ((), ("--ssl",)):
            code, said = probe(tmp_path, *port, *wrong)
            assert code == 1
            assert "No secure connection" in said
    with serving(hello.parent, *start, *pair.server, "--client-ca", str(authority.ca)) as server:
        port = ("--port", str(server.port))
        assert probe(tmp_path, *port, *ca, *cert, *key) == (0, "SERVING\n")
        code, said = probe(tmp_path, *port, *ca)
        assert code == 1
        assert "client certificate" in said
    with serving(hello.parent, *start, *named.server) as server:
        port = ("--port", str(server.port))
        assert probe(tmp_path, *port, *ca, "--server-name", "sales.internal") == (0, "SERVING\n")
        code, said = probe(tmp_path, *port, *ca)
        assert code == 1
        assert "not valid for 'localhost'" in said


def test_the_command_tells_what_is_wrong_and_takes_no_longer_than_it_may(hello: Path) -> None:
    with serving(hello.parent, "--python-file", "hello.py") as server:
        port = str(server.port)
        server.signal(signal.SIGSTOP)
        try:
            began = time.monotonic()
            code, said = probe(hello.parent, "--port", port, "--timeout", "0.5")
            assert seconds_since(began) < 5, "the default, and what finding out why would take"
        finally:
            server.signal(signal.SIGCONT)
        assert code == 1
        assert "no answer within 0.5 s" in said
    code, said = probe(hello.parent, "--port", port)
    assert code == 1
    assert "nothing listens there" in said
    assert "StatusCode" not in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Give exactly one of --port and --socket."),
        (("--port", "1", "--socket", "s"), "Give exactly one of --port and --socket."),
        (("--port", "x"), "--port cannot be 'x'"),
        (("--port", "1", "--cert", "c"), "--cert and --key belong together"),
        (("--port", "1", "--key", "c"), "--cert and --key belong together"),
        (("--port", "1", "--timeout", "0"), "--timeout"),
    ],
)
def test_a_command_line_that_cannot_be_used_is_no_bad_health(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    code, said = probe(tmp_path, *arguments)
    assert code == 2
    assert words in said


def test_health_is_told_while_a_call_waits_for_code_that_holds_its_process(tmp_path: Path, load: Load) -> None:
    shutil.copy(CHILDREN / "holds_the_gil_later.py", tmp_path / "hogs.py")
    with serving(tmp_path, "--python-file", "hogs.py") as server, ThreadPoolExecutor(1) as pool:
        location = load(f"load_from: [grpc_server: {{port: {server.port}, location_name: remote}}]")["remote"]
        wait_until(lambda: location.state is State.READY, what="READY")
        (tmp_path / "hold").touch()
        wait_until((tmp_path / "held").exists, what="the interpreter held")
        call = pool.submit(location.evaluate, Evaluation("hogged", "held_up", "sensor"), 10.0)
        wait_until(lambda: location.snapshot.busy_since is not None, what="busy")
        for service in ("", "code"):
            assert probe(tmp_path, "--port", str(server.port), "--service", service) == (0, "SERVING\n")
        assert not call.done()
        assert location.state is State.READY
        result = call.result(60)
        assert result.error is not None
        assert result.error.kind is ErrorKind.EVALUATION_TIMEOUT
