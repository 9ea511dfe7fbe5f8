"""Any bytes as an answer or a request, over real connections: nobody crashes, and a location says what is wrong."""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support import raw
from support.servers import Server, serving
from support.waiting import wait_until

from skerry import ErrorKind, Evaluation, LocationError, State
from skerry.model import RunOptions
from skerry.plugin import RunStart, ServerStatus
from skerry.rpc import remote_runs
from skerry.rpc import skerry_v1_pb2 as messages
from skerry.rpc.client import connect
from skerry.rpc.protocol import CAPABILITIES, SERVICE, grpc
from skerry.workspace.run_folder import RunFolder
from skerry.workspace.run_report import Report

EXAMPLES = 25
STREAMS = ("Watch", "Snapshot", "Output", "Evaluate", "RunOutput")
CONVERSATIONS = ("StartRun", "FollowRuns")
METHODS = (*STREAMS, "Handshake", "Reload")

HELLO = messages.HandshakeReply(
    protocols=messages.ProtocolRange(oldest=1, newest=1), skerry="0.1.0", server_id="a", capabilities=CAPABILITIES
).SerializeToString()
READY = messages.Status(state=messages.READY, snapshot=1).SerializeToString()

BYTES = st.binary(max_size=100)
#: What begins as a message does, and goes on as it likes.
STATUS = BYTES | st.binary(max_size=30).map(lambda more: READY + more)
PARTS = st.lists(BYTES | BYTES.map(lambda data: bytes([0x12, len(data)]) + data), max_size=3)


class Answers:
    """A server that answers each method with given bytes."""

    def __init__(self) -> None:
        self.of: dict[str, list[bytes]] = {}
        self._pool = futures.ThreadPoolExecutor(8)
        self._server = grpc.server(self._pool, options=[("grpc.so_reuseport", 0)])
        handlers = {name: self._stream(name) if name in STREAMS else self._unary(name) for name in METHODS}
        handlers.update({name: self._conversation(name) for name in CONVERSATIONS})
        self._server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, handlers)])
        self.port = self._server.add_insecure_port("localhost:0")
        self._server.start()

    def close(self) -> None:
        self._server.stop(0).wait()
        self._pool.shutdown()

    def _unary(self, name: str) -> Any:
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self.of[name][0])

    def _conversation(self, name: str) -> Any:
        return grpc.stream_stream_rpc_method_handler(lambda requests, context: iter(self.of[name]))

    def _stream(self, name: str) -> Any:
        return grpc.unary_stream_rpc_method_handler(lambda request, context: iter(self.of[name]))


@pytest.fixture(scope="module")
def answers() -> Iterator[Answers]:
    with contextlib.closing(Answers()) as answers:
        yield answers


def shown(answers: Answers) -> list[ServerStatus]:
    """Connect to it; gives what is told until more than the attempt to connect was told."""
    statuses: list[ServerStatus] = []
    code_server = connect(f"localhost:{answers.port}", None, None, None)
    try:
        code_server.watch(statuses.append)
        wait_until(lambda: len(statuses) > 1, what="what the client makes of the answers")
        assert isinstance(code_server.output(), str)
    finally:
        code_server.close()
    return statuses


def badly_told(statuses: list[ServerStatus]) -> list[str]:
    """Give the words for having no connection that are not of a user's world."""
    errors = [status.error for status in statuses if status.state is State.UNREACHABLE]
    command = "`skerry api grpc`"
    words = [error.message.replace(command, "") if error is not None else "" for error in errors]
    return [
        one for one in words if not one or re.search("grpc|StatusCode|defect|Traceback|[Dd]eserializ|Exception", one)
    ]


@settings(max_examples=EXAMPLES)
@given(BYTES)
@example(b"")
@example(b"\xff")
def test_any_handshake(answers: Answers, hello: bytes) -> None:
    answers.of = {"Handshake": [hello], "Watch": [READY], "Snapshot": [], "Output": []}
    assert badly_told(shown(answers)) == []


@settings(max_examples=EXAMPLES)
@given(st.lists(STATUS, max_size=3), PARTS, PARTS)
@example([READY], [b"\xff"], [])
@example([READY], [], [b"\xff"])
@example([b"\xff"], [], [])
@example([], [], [])
def test_any_status_snapshot_and_output(
    answers: Answers, statuses: list[bytes], parts: list[bytes], output: list[bytes]
) -> None:
    answers.of = {"Handshake": [HELLO], "Watch": statuses, "Snapshot": parts, "Output": output}
    assert badly_told(shown(answers)) == []


@settings(max_examples=EXAMPLES)
@given(PARTS)
@example([messages.EvaluationPart(run_requests=[messages.RunRequest(run_config="[1]")]).SerializeToString()])
@example([messages.EvaluationPart(run_requests=[messages.RunRequest(run_config="{" * 9000)]).SerializeToString()])
def test_any_result_of_an_evaluation(answers: Answers, parts: list[bytes]) -> None:
    answers.of = {"Handshake": [HELLO], "Watch": [READY], "Snapshot": [], "Output": [], "Evaluate": parts}
    statuses: list[ServerStatus] = []
    code_server = connect(f"localhost:{answers.port}", None, None, None)
    try:
        code_server.watch(statuses.append)
        wait_until(lambda: len(statuses) > 1, what="a connection, or none")
        result = code_server.evaluate(Evaluation("sales", "new_orders", "sensor"), 10.0)
    finally:
        code_server.close()
    if result.error is not None and result.error.kind is ErrorKind.SERVER_UNREACHABLE:
        assert badly_told([ServerStatus(State.UNREACHABLE, error=result.error)]) == []
    assert all(isinstance(run.run_config, dict) for run in result.run_requests)


@pytest.fixture(scope="module")
def impatient() -> Iterator[None]:
    """Wait for no other connection where this one answers nonsense."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remote_runs, "RETRY_FOR", 0.1)
        patch.setattr(remote_runs, "_NOTICE", 0.1)
        yield


@pytest.mark.usefixtures("impatient")
@settings(max_examples=EXAMPLES)
@given(PARTS, PARTS)
@example([b""], [b"\xff"])
@example([b""], [messages.RunsPart(run_id="a", over=True).SerializeToString()])
@example([b""], [messages.RunsPart(run_id="a", events=[messages.RunEvent(sequence=7)]).SerializeToString()])
@example([b""], [messages.RunsPart(run_id="a", events=[messages.RunEvent(sequence=1, data="[")]).SerializeToString()])
def test_any_answer_about_a_run(answers: Answers, replies: list[bytes], parts: list[bytes]) -> None:
    answers.of = {"Handshake": [HELLO], "Watch": [READY], "Snapshot": [], "Output": [], "RunOutput": [b"\xff"]}
    answers.of |= {"StartRun": replies, "FollowRuns": parts}
    statuses: list[ServerStatus] = []
    with tempfile.TemporaryDirectory() as folder:
        report = Report(RunFolder(Path(folder)), (), lambda: None)
        code_server = connect(f"localhost:{answers.port}", None, None, None)
        try:
            code_server.watch(statuses.append)
            wait_until(lambda: len(statuses) > 1, what="a connection, or none")
            with contextlib.suppress(LocationError):
                code_server.start_run(RunStart("a", RunOptions("r", "p"), detached=True), report)
        finally:
            code_server.close()
        # What is no event of the run is not in its journal.
        journal = Path(folder) / "events.jsonl"
        lines = journal.read_text().splitlines() if journal.exists() else []
        assert [json.loads(line)["sequence"] for line in lines] == list(range(1, len(lines) + 1))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "code.py").write_text("from skerry import pipeline\n\n@pipeline\ndef daily():\n    pass\n")
    with serving(folder, "-f", "code.py") as server:
        server.wait_for("READY")
        yield server


@settings(max_examples=4 * EXAMPLES)
@given(
    st.sampled_from(["Handshake", "Snapshot", "Output", "Evaluate", "RunOutput", *CONVERSATIONS]),
    st.binary(max_size=300),
)
@example("Handshake", b"\x0a\xff\xff\xff\xff\x0f")
@example("Evaluate", messages.EvaluateRequest(timeout_seconds=float("nan")).SerializeToString())
@example("Evaluate", messages.EvaluateRequest(timeout_seconds=float("inf")).SerializeToString())
def test_any_request(server: Server, method: str, request: bytes) -> None:
    with contextlib.closing(raw.channel(f"localhost:{server.port}")) as channel:
        kinds = {**dict.fromkeys(STREAMS, raw.stream), **dict.fromkeys(CONVERSATIONS, raw.conversation)}
        call = kinds.get(method, raw.unary)
        refusals = []
        try:
            list(call(channel, method)(request, timeout=20))
        except grpc.RpcError as error:
            refusals.append((error.code(), error.details()))
        assert refusals in ([], [(grpc.StatusCode.INVALID_ARGUMENT, "the request is none that it understands")])
        hello = messages.HandshakeReply.FromString(raw.unary(channel, "Handshake")(b"", timeout=20))
    assert hello.pid == server.pid
    assert "Traceback" not in server.log
