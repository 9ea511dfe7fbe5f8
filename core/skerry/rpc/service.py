"""Publishes a code server over gRPC: the methods of ``skerry_v1.proto``, answered in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import skerry
from skerry.errors import LocationError
from skerry.model import ErrorInfo, ReloadResult, State
from skerry.plugin import CodeServer, ServerStatus
from skerry.rpc import health, protocol
from skerry.rpc import skerry_v1_pb2 as messages
from skerry.rpc.guard import Guard
from skerry.rpc.protocol import grpc
from skerry.rpc.wire import write_output, write_reload, write_snapshot, write_status

# Of grpc.aio.ServicerContext and grpc.RpcMethodHandler the generic parameters would say nothing here.
_Context = Any
_Handler = Any


class Service:
    """One code server, published. Everything but ``_moved`` happens in the event loop that made it."""

    def __init__(
        self, published: CodeServer, guard: Guard, target: str, image: str | None, shut_down: Callable[[], None]
    ) -> None:
        """``target``: what is loaded, in words. ``shut_down``: called when a peer asks for the server's end."""
        self._published = published
        self._guard = guard
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
        self._snapshots = 0
        self._ending = self._ended = False
        self._calls = 0
        self._watchers = 0
        self._left = self._loop.time()
        self._changed = asyncio.Condition()
        self._announcements: set[asyncio.Task[None]] = set()
        published.watch(self._moved)

    @property
    def ready(self) -> bool:
        """Tell whether the user's code is READY."""
        return self._status.state is State.READY

    def handlers(self) -> tuple[grpc.GenericRpcHandler, ...]:
        """Give the handlers of all methods. Those of the health check alone are open to everybody."""

        def serialize(message: Any) -> bytes:
            serialized: bytes = message.SerializeToString()
            return serialized

        def unary(method: Callable[[Any, _Context], Awaitable[Any]], request: Any) -> _Handler:
            async def answer(message: Any, context: _Context) -> Any:
                await self._admit(context)
                self._count(context)
                return await method(message, context)

            return grpc.unary_unary_rpc_method_handler(answer, request.FromString, serialize)

        def stream(method: Callable[[Any, _Context], AsyncIterator[Any]], request: Any) -> _Handler:
            async def answer(message: Any, context: _Context) -> AsyncIterator[Any]:
                await self._admit(context)
                if method != self._watch:  # has no end of its own: it is ended, and not waited for
                    self._count(context)
                async for part in method(message, context):
                    yield part

            return grpc.unary_stream_rpc_method_handler(answer, request.FromString, serialize)

        methods = {
            "Handshake": unary(self._shake_hands, messages.HandshakeRequest),
            "Watch": stream(self._watch, messages.WatchRequest),
            "Snapshot": stream(self._snapshot, messages.SnapshotRequest),
            "Output": stream(self._output, messages.OutputRequest),
            "Reload": unary(self._reload, messages.ReloadRequest),
            "ShutDown": unary(self._answer_shut_down, messages.ShutDownRequest),
        }
        probes: dict[str, _Handler] = {"Check": grpc.unary_unary_rpc_method_handler(self._check)}
        return (
            grpc.method_handlers_generic_handler(protocol.SERVICE, methods),
            grpc.method_handlers_generic_handler(protocol.HEALTH_SERVICE, probes),
        )

    async def end(self) -> None:
        """Begin nothing any more, say so in health checks, and return once the calls under way are answered.

        Clients are told by the end of what they watch, at last: then they leave, and take their calls with them.
        """
        self._ending = True
        async with self._changed:
            await self._changed.wait_for(lambda: not self._calls)
            self._ended = True
            self._changed.notify_all()

    async def reload(self) -> ReloadResult:
        """Load the code again; never raises."""
        try:
            result = await asyncio.to_thread(self._published.reload)
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
        self._announce_soon()

    def _announce_soon(self) -> None:
        announcement = self._loop.create_task(self._announce())
        self._announcements.add(announcement)
        announcement.add_done_callback(self._announcements.discard)

    async def _announce(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    # -- the methods --------------------------------------------------------------------------------------------

    async def _admit(self, context: _Context) -> None:
        refusal = self._guard.refusal(context.peer(), context.invocation_metadata() or ())
        if refusal is not None:
            await context.abort(*refusal)

    async def _begin(self, context: _Context) -> None:
        """Refuse what would begin something while this server ends."""
        if self._ending:
            await context.abort(grpc.StatusCode.UNAVAILABLE, protocol.ENDING)

    def _count(self, context: _Context) -> None:
        """Count a call as being under way, until its answer has been sent."""
        self._calls += 1
        context.add_done_callback(self._answered)

    def _answered(self, context: _Context) -> None:
        self._calls -= 1
        if self._ending:
            self._announce_soon()

    async def _shake_hands(self, request: messages.HandshakeRequest, context: _Context) -> messages.HandshakeReply:
        await self._begin(context)
        return self._hello

    async def _watch(self, request: messages.WatchRequest, context: _Context) -> AsyncIterator[messages.Status]:
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

    async def _messages(self) -> AsyncIterator[messages.Status]:
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
        self, request: messages.SnapshotRequest, context: _Context
    ) -> AsyncIterator[messages.SnapshotPart]:
        parts = list(self._parts)
        yield messages.SnapshotPart(status=self._message)
        for part in parts:
            yield part

    async def _output(self, request: messages.OutputRequest, context: _Context) -> AsyncIterator[messages.OutputPart]:
        for part in write_output(self._published.output()):
            yield part

    async def _reload(self, request: messages.ReloadRequest, context: _Context) -> messages.ReloadReply:
        await self._begin(context)
        return write_reload(await self.reload())

    async def _answer_shut_down(self, request: messages.ShutDownRequest, context: _Context) -> messages.ShutDownReply:
        self._loop.call_soon(self._shut_down)
        return messages.ShutDownReply()

    async def _check(self, request: bytes, context: _Context) -> bytes:
        name = health.read_request(request)
        if name is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return health.write_reply(serving=not self._ending and (name == "" or self.ready))
