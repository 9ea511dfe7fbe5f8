"""Peers that stall, flood, hoard or send garbage: they cost the server little, and no other client anything."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from support import raw
from support.raw import CONTINUATION, HEADERS, PREFACE, SETTINGS, RawConnection, frame
from support.servers import Server, serving
from support.waiting import wait_until

from skerry.rpc import skerry_v1_pb2 as messages
from skerry.rpc.address import Address
from skerry.rpc.health import check
from skerry.rpc.peer import Peer
from skerry.rpc.protocol import STREAMS_PER_CONNECTION, grpc
from skerry.rpc.wire import read_snapshot

#: What the server's memory may grow by, and how long another client's call may take, whatever is done to it.
MEGABYTES = 250
DEADLINE = 20.0

#: A snapshot of some 700 KB, which no window takes at once.
CODE = """
from skerry import pipeline, repository, solid

@solid(config_schema={"type": "object", "description": "x" * 3000})
def work():
    return 1

def named(name):
    @pipeline(name=name)
    def made():
        work()
    return made

@repository
def many():
    return [named(f"pipeline_{number}") for number in range(200)]
"""

METHOD = "/skerry.v1.CodeServer/"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "many.py").write_text(CODE)
    with serving(folder, "-f", "many.py") as server:
        server.wait_for("READY")
        yield server


class Bystander:
    """Another client, which uses the server in the ordinary way again and again."""

    def __init__(self, port: int) -> None:
        self._address = Address("127.0.0.1", port)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bystander")
        self.rounds = 0
        self.slowest = 0.0
        self.failures: list[Exception] = []

    def _run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self._use()
            except Exception as error:
                self.failures.append(error)
                return
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.rounds += 1

    def _use(self) -> None:
        peer = Peer(self._address, None, lambda: None)
        try:
            peer.shake_hands(DEADLINE)
            assert peer.probe(check, "code", DEADLINE) == "SERVING"
            with peer.errors():
                watch = peer.stream(peer.stubs.watch, messages.WatchRequest(), DEADLINE)
                assert next(watch).state == messages.READY
                watch.cancel()
                parts = list(peer.stream(peer.stubs.snapshot, messages.SnapshotRequest(), DEADLINE))
                list(peer.stream(peer.stubs.output, messages.OutputRequest(), DEADLINE))
            (repository,) = read_snapshot(item for part in parts for item in part.items)
            assert len(repository.pipelines) == 200
        finally:
            peer.close()

    def wait_for_rounds(self, more: int) -> None:
        until = self.rounds + more
        wait_until(lambda: self.rounds >= until or bool(self.failures), 4 * DEADLINE, "another client's calls")

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        self._thread.start()
        try:
            self.wait_for_rounds(1)
            yield
            self.wait_for_rounds(2)
        finally:
            self._stop.set()
            self._thread.join(3 * DEADLINE)
        assert not self.failures, self.failures
        assert self.slowest < DEADLINE


@contextlib.contextmanager
def nobody_else_suffers(server: Server) -> Iterator[Bystander]:
    """Fail when another client's calls fail or wait, when the server's memory grows, or its log fills."""
    process = psutil.Process(server.pid)
    before, log = process.memory_info().rss, len(server.log)
    bystander = Bystander(server.port)
    with bystander.at_work():
        yield bystander
        most = process.memory_info().rss
    assert (max(most, process.memory_info().rss) - before) / 2**20 < MEGABYTES
    assert "Traceback" not in server.log
    assert len(server.log) - log < 10_000
    assert server.process.poll() is None


@pytest.mark.parametrize("method", ["Snapshot", "Watch", "Output"])
def test_who_asks_and_never_reads(server: Server, method: str) -> None:
    with contextlib.ExitStack() as stack, nobody_else_suffers(server) as bystander:
        for _ in range(15):
            connection = stack.enter_context(RawConnection(server.port))
            for _ in range(STREAMS_PER_CONNECTION):
                connection.call(METHOD + method)
        bystander.wait_for_rounds(3)


def test_who_takes_all_that_there_is(server: Server) -> None:
    """More calls than the server has at once, over forty connections, all of them read."""
    refused: list[str] = []
    begun: list[Any] = []
    lock = threading.Lock()

    def over(call: Any) -> None:
        with lock, contextlib.suppress(grpc.FutureCancelledError):
            if call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
                refused.append(call.details())

    with contextlib.ExitStack() as stack, nobody_else_suffers(server) as bystander:
        for _ in range(44):
            channel = raw.channel(f"127.0.0.1:{server.port}")
            stack.callback(channel.close)
            for _ in range(STREAMS_PER_CONNECTION):
                call = raw.stream(channel, "Watch")(b"")
                call.add_done_callback(over)
                begun.append(call)
        wait_until(lambda: len(refused) > 2000, DEADLINE, "refusals")
        bystander.wait_for_rounds(2)
    assert any("calls under way" in words for words in refused)
    assert not [words for words in refused if "grpc" in words.lower()]


def test_who_does_not_wait_for_answers(server: Server) -> None:
    hello = messages.HandshakeRequest(skerry="0.1.0").SerializeToString()
    with contextlib.ExitStack() as stack, nobody_else_suffers(server):
        calls = []
        for _ in range(4):
            channel = raw.channel(f"127.0.0.1:{server.port}")
            stack.callback(channel.close)
            calls += [raw.unary(channel, "Handshake").future(hello, timeout=60) for _ in range(1000)]
        codes = {call.code() for call in calls}  # waits
        assert grpc.StatusCode.OK in codes
        # Of a connection's calls, those beyond its limit may be sent back before it knows the limit.
        assert codes <= {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED}


ENDLESS = frame(HEADERS, 0, 1, raw.call_headers(METHOD + "Watch")) + b"".join(
    frame(CONTINUATION, 0, 1, raw.header(b"x-%d" % number, b"y" * 100) * 100) for number in range(1000)
)
GARBAGE = {
    "random bytes": os.urandom(4096),
    "nothing but zeros": bytes(4096),
    "half a frame": PREFACE + frame(SETTINGS, 0, 0, b"") + frame(HEADERS, 4, 1, b"x" * 100)[:20],
    "half a greeting": PREFACE[:10],
    "a hello of TLS": bytes.fromhex("16030100c8010000c40303") + bytes(193),
    "a request of HTTP/1": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "headers without end": PREFACE + frame(SETTINGS, 0, 0, b"") + ENDLESS,
    "a frame of 16 MB": PREFACE + (2**24 - 1).to_bytes(3, "big") + bytes(6) + bytes(2**20),
    "settings of no meaning": PREFACE + frame(SETTINGS, 0, 0, bytes(7)),
    "resets of calls that were just begun": PREFACE
    + frame(SETTINGS, 0, 0, b"")
    + b"".join(
        frame(HEADERS, 4, number, raw.call_headers(METHOD + "Watch")) + frame(raw.RESET, 0, number, bytes(4))
        for number in range(1, 2001, 2)
    ),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
def test_who_sends_garbage(server: Server, garbage: bytes) -> None:
    with contextlib.ExitStack() as stack, nobody_else_suffers(server):
        for _ in range(20 if len(garbage) < 2**20 else 3):  # grpc itself holds up to 50 MB for headers without end
            stack.enter_context(RawConnection(server.port, garbage))


def test_two_thousand_connections_that_say_nothing(server: Server) -> None:
    with contextlib.ExitStack() as stack, nobody_else_suffers(server) as bystander:
        for _ in range(2000):
            stack.enter_context(RawConnection(server.port, b""))
        bystander.wait_for_rounds(2)
    wait_until(lambda: len(psutil.Process(server.pid).net_connections("tcp")) < 10, DEADLINE, "their end")


def test_who_connects_and_says_nothing_is_left_after_a_while(hello: Path) -> None:
    settings = """
import skerry.rpc.protocol as protocol
shorter = {"grpc.server_handshake_timeout_ms": 300}
protocol.SERVER_OPTIONS = [(name, shorter.get(name, value)) for name, value in protocol.SERVER_OPTIONS]
"""
    with (
        serving(hello.parent, "-f", "hello.py", settings=settings) as server,
        RawConnection(server.port, b"") as silent,
        RawConnection(server.port, PREFACE[:10]) as hesitant,
    ):
        for connection in (silent, hesitant):
            while connection.wait_for_bytes():
                pass


def test_who_did_not_read_is_told_so_and_nothing_is_held_for_it(server: Server, tmp_path: Path) -> None:
    (tmp_path / "many.py").write_text(CODE.replace("range(200)", "range(3000)"))
    settings = "import skerry.rpc.calls as calls; calls.STALL_LIMIT = 0.3"
    with serving(tmp_path, "-f", "many.py", settings=settings) as other:
        other.wait_for("READY", 60)
        channel = raw.channel(f"127.0.0.1:{other.port}")
        try:
            slow = raw.stream(channel, "Snapshot")(b"")
            next(slow)
            with RawConnection(other.port) as connection:
                connection.call(METHOD + "Snapshot")
                # Another client's time passes; nothing else tells that the server has given up.
                for _ in range(200):
                    raw.unary(channel, "Handshake")(b"", timeout=DEADLINE)
                    time.sleep(0.005)
            with pytest.raises(grpc.RpcError) as raised:
                list(slow)
            assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert raised.value.details() == "what it sent was not read"
        finally:
            channel.close()


@pytest.mark.parametrize("method", ["Handshake", "Watch", "Snapshot", "Output", "Reload", "ShutDown"])
def test_requests_that_are_none(server: Server, method: str) -> None:
    channel = raw.channel(f"127.0.0.1:{server.port}")
    try:
        call = raw.stream if method in ("Watch", "Snapshot", "Output") else raw.unary
        for request, code in (
            (b"\xff\xff\xff", grpc.StatusCode.INVALID_ARGUMENT),
            (b"\x0a\xff\x00", grpc.StatusCode.INVALID_ARGUMENT),
            (bytes(100_000), grpc.StatusCode.RESOURCE_EXHAUSTED),
        ):
            with pytest.raises(grpc.RpcError) as raised:
                list(call(channel, method)(request, timeout=DEADLINE))
            assert raised.value.code() is code
        with pytest.raises(grpc.RpcError) as raised:
            raw.unary(channel, f"{method}AndMore")(b"", timeout=DEADLINE)
        assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
    finally:
        channel.close()
    assert "Traceback" not in server.log
    assert server.process.poll() is None
