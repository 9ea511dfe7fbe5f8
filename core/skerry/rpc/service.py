"""Publishes a code server over gRPC: the methods of ``skerry_v1.proto``, answered in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable

import skerry
from skerry.errors import LocationError
from skerry.model import ErrorInfo, EvaluationResult, ReloadResult, State
from skerry.plugin import CodeServer, ServerStatus
from skerry.rpc import health, protocol
from skerry.rpc import skerry_v1_pb2 as messages
from skerry.rpc.calls import Calls, Context, Handler
from skerry.rpc.guard import Guard
from skerry.rpc.protocol import grpc
from skerry.rpc.published_runs import PublishedRuns
from skerry.rpc.service_runs import ServiceRuns
from skerry.rpc.threads import in_a_thread
from skerry.rpc.wire import write_output, write_snapshot, write_status
from skerry.rpc.wire_evaluation import read_evaluation, write_result
from skerry.rpc.wire_reload import write_reload


class Service:
    """One code server, published. Everything but ``_moved`` happens in the event loop that made it."""

    def __init__(
        self,
        published: CodeServer,
        runs: PublishedRuns,
        guard: Guard,
        target: str,
        image: str | None,
        shut_down: Callable[[], None],
    ) -> None:
        """``target``: what is loaded, in words. ``shut_down``: called when a peer asks for the server's end."""
        self._published = published
        self._runs = ServiceRuns(runs)
        self._calls = Calls(guard, self._answered)
        self._shut_down = shut_down
        self._loop = asyncio.get_running_loop()
        self._hello = messages.HandshakeReply(
            protocols=protocol.own_range(),
            skerry=skerry.__version__,
            server_id=os.urandom(8).hex(),
            pid=os.getpid(),
            target=target,
            image=image,
            capabilities=protocol.CAPABILITIES,
        )
        self._status = ServerStatus(State.LOADING)
        self._message = write_status(self._status, 0)
        self._parts: list[messages.SnapshotPart] = []
        self._snapshot_reply = _with_status(self._message, self._parts)
        self._snapshots = 0
        self._ending = self._ended = False
        self._watchers = 0
        self._left = self._loop.time()
        self._present_reload: asyncio.Task[ReloadResult] | None = None
        self._next_reload: asyncio.Task[ReloadResult] | None = None
        self._written = ""
        self._changed = asyncio.Condition()
        self._announcements: set[asyncio.Task[None]] = set()
        published.watch(self._moved)

    @property
    def ready(self) -> bool:
        """Tell whether the user's code is READY."""
        return self._status.state is State.READY

    def handlers(self) -> tuple[grpc.GenericRpcHandler, ...]:
        """Give the handlers of all methods. Those of the health check alone are open to everybody."""

        methods = {
            "Handshake": self._calls.unary(self._shake_hands, messages.HandshakeRequest),
            "Watch": self._calls.stream(self._watch, messages.WatchRequest, waited_for=False),
            "Snapshot": self._calls.stream(self._snapshot, messages.SnapshotRequest),
            "Output": self._calls.stream(self._output, messages.OutputRequest),
            "Reload": self._calls.unary(self._reload, messages.ReloadRequest, lasts=True),
            "Evaluate": self._calls.stream(self._evaluate, messages.EvaluateRequest),
            "StartRun": self._calls.collected(self._start_run, messages.StartRunPart),
            "FollowRuns": self._calls.conversation(self._follow_runs, messages.RunsRequest),
            "RunOutput": self._calls.stream(self._runs.output, messages.RunOutputRequest),
            "ShutDown": self._calls.unary(self._answer_shut_down, messages.ShutDownRequest),
        }
        probes: dict[str, Handler] = {"Check": grpc.unary_unary_rpc_method_handler(self._check)}
        return (
            grpc.method_handlers_generic_handler(protocol.SERVICE, methods),
            grpc.method_handlers_generic_handler(protocol.HEALTH_SERVICE, probes),
        )

    async def end(self) -> None:
        """Begin nothing any more, say so in health checks, and return once the calls and runs under way are over.

        Clients are told by the end of what they watch, at last: then they leave, and take their calls with them.
        """
        self._ending = True
        await self._runs.end()
        async with self._changed:
            await self._changed.wait_for(lambda: not self._calls.under_way)
            self._ended = True
            self._changed.notify_all()

    def give_up(self) -> None:
        """End what is still under way: who waits for a reload is told that this server ends, and so is who watches."""
        self._ending = self._ended = True
        self._runs.give_up()
        for reload in (self._present_reload, self._next_reload):
            if reload is not None:
                reload.cancel()
        self._announce_soon()

    async def reload(self) -> ReloadResult:
        """Load the code again; never raises.

        Who asks while a reload is under way gets the next, together with all others who do: it begins after they have
        asked, and so loads what they have written.
        """
        if self._next_reload is None:
            self._next_reload = self._loop.create_task(self._load_again(self._present_reload))
        return await asyncio.shield(self._next_reload)  # others wait for it, too

    async def _load_again(self, before: asyncio.Task[ReloadResult] | None) -> ReloadResult:
        if before is not None:
            await asyncio.wait([before])
        self._present_reload, self._next_reload = self._next_reload, None
        try:
            result = await in_a_thread(self._published.reload)
        except LocationError as error:
            return ReloadResult(error=ErrorInfo(error.kind, str(error)))
        return result if result is not None else ReloadResult()

    # -- the published code server moves --------------------------------------------------------------------------

    def _moved(self, status: ServerStatus) -> None:
        """Called by the code server in a thread of its own, which must not wait for clients."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._take, status)

    def _take(self, status: ServerStatus) -> None:
        if status.repositories != self._status.repositories or (status.state is State.READY and not self._parts):
            self._parts = write_snapshot(status.repositories)
            self._snapshots += 1
        if status.state is not State.READY:
            self._parts = []
        self._status = status
        self._message = write_status(status, self._snapshots if self._parts else 0)
        self._snapshot_reply = _with_status(self._message, self._parts)
        self._announce_soon()

    def _announce_soon(self) -> None:
        announcement = self._loop.create_task(self._announce())
        self._announcements.add(announcement)
        announcement.add_done_callback(self._announcements.discard)

    async def _announce(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    # -- the methods --------------------------------------------------------------------------------------------

    async def _begin(self, context: Context) -> None:
        """Refuse what would begin something while this server ends."""
        if self._ending:
            await context.abort(grpc.StatusCode.UNAVAILABLE, protocol.ENDING)

    def _answered(self) -> None:
        if self._ending:
            self._announce_soon()

    async def _shake_hands(self, request: messages.HandshakeRequest, context: Context) -> messages.HandshakeReply:
        await self._begin(context)
        return self._hello

    async def _watch(self, request: messages.WatchRequest, context: Context) -> AsyncGenerator[messages.Status, None]:
        await self._begin(context)
        self._watchers += 1
        try:
            async for message in self._messages():
                yield message  # waits while the client does not read; what happens meanwhile is not kept for it
        finally:
            self._watchers -= 1
            self._left = self._loop.time()

    async def exit_without_clients(self, seconds: float) -> None:
        """Have the server end once nobody has watched it for that long."""
        while not self._ending:
            idle = self._loop.time() - self._left if not self._watchers else 0.0
            if idle >= seconds:
                self._shut_down()
                return
            await asyncio.sleep(seconds - idle)

    async def _messages(self) -> AsyncGenerator[messages.Status, None]:
        told = None
        while not self._ended:
            if self._message is not told:
                told = self._message
                yield told
                continue
            async with self._changed:
                await self._changed.wait_for(functools.partial(self._has_news, told))

    def _has_news(self, told: messages.Status) -> bool:
        return self._ended or self._message is not told

    async def _snapshot(
        self, request: messages.SnapshotRequest, context: Context
    ) -> AsyncGenerator[messages.SnapshotPart, None]:
        for part in self._snapshot_reply:
            yield part

    async def _output(
        self, request: messages.OutputRequest, context: Context
    ) -> AsyncGenerator[messages.OutputPart, None]:
        written = await asyncio.to_thread(self._published.output)
        if written != self._written:
            self._written = written
        for part in write_output(self._written):  # one text for all who ask, however slowly they read it
            yield part

    async def _reload(self, request: messages.ReloadRequest, context: Context) -> messages.ReloadReply:
        await self._begin(context)
        try:
            result = await self.reload()
        except asyncio.CancelledError:
            if not self._ended:
                raise  # it is the client that has given up
            await context.abort(grpc.StatusCode.UNAVAILABLE, protocol.ENDING)
        return write_reload(result)

    async def _evaluate(
        self, request: messages.EvaluateRequest, context: Context
    ) -> AsyncGenerator[messages.EvaluationPart, None]:
        await self._begin(context)
        # A client that goes away leaves it to its deadline: user code may be in the middle of something.
        left = context.time_remaining()
        timeout = request.timeout_seconds if left is None else min(request.timeout_seconds, left)
        evaluation = read_evaluation(request)
        try:
            result = await in_a_thread(lambda: self._published.evaluate(evaluation, timeout))
        except LocationError as error:
            result = EvaluationResult(error=ErrorInfo(error.kind, str(error)))
        for part in write_result(result):
            yield part

    async def _start_run(self, parts: AsyncIterator[messages.StartRunPart], context: Context) -> messages.StartRunReply:
        await self._begin(context)
        return await self._runs.start(parts, context)

    async def _follow_runs(
        self, requests: AsyncIterator[messages.RunsRequest], context: Context
    ) -> AsyncGenerator[messages.RunsPart, None]:
        async for part in self._runs.follow(requests, context):
            yield part

    async def _answer_shut_down(self, request: messages.ShutDownRequest, context: Context) -> messages.ShutDownReply:
        self._loop.call_soon(self._shut_down)
        return messages.ShutDownReply()

    async def _check(self, request: bytes, context: Context) -> bytes:
        name = health.read_request(request)
        if name is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return health.write_reply(serving=not self._ending and (name == "" or self.ready))


def _with_status(status: messages.Status, parts: list[messages.SnapshotPart]) -> list[messages.SnapshotPart]:
    """Put a status into the first part: most snapshots are one message then, and each message takes its time."""
    first = messages.SnapshotPart(status=status)
    if parts:
        first.MergeFrom(parts[0])
    return [first, *parts[1:]]
