"""What all methods of the service have in common: who is let in, and how long a client is waited for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any

from google.protobuf.message import DecodeError

from skerry.rpc.crowd import Crowd
from skerry.rpc.guard import Guard
from skerry.rpc.protocol import grpc

# Of grpc.aio.ServicerContext and grpc.RpcMethodHandler the generic parameters would say nothing here.
Context = Any
Handler = Any

#: Seconds in which a client must have taken the part of a stream that was sent last.
STALL_LIMIT = 30.0

_NOT_READ = "what it sent was not read"
_NOT_UNDERSTOOD = "the request is none that it understands"


class Calls:
    """Makes handlers of methods. Everything happens in one event loop.

    ``under_way``: how many calls there are whose answers have not been sent yet.
    """

    def __init__(self, guard: Guard, answered: Callable[[], None]) -> None:
        """``guard`` says who is let in; ``answered`` is called when one of those under way has been answered."""
        self.under_way = 0
        self._guard = guard
        self._answered = answered
        self._crowd = Crowd()

    def unary(self, method: Callable[[Any, Context], Awaitable[Any]], request: Any, *, lasts: bool = False) -> Handler:
        """Give the handler of a method with one reply. ``request``: the class of its messages; ``lasts``: it waits."""

        async def answer(data: bytes, context: Context) -> bytes:
            with await self._admit(context, lasts=lasts):
                self._count(context)
                reply = await method(await _parsed(request, data, context), context)
            serialized: bytes = reply.SerializeToString()
            return serialized

        return grpc.unary_unary_rpc_method_handler(answer)

    def stream(
        self, method: Callable[[Any, Context], AsyncGenerator[Any, None]], request: Any, *, waited_for: bool = True
    ) -> Handler:
        """Give the handler of a method that replies in parts. ``request``: the class of its messages.

        ``waited_for``: it has an end of its own, and counts as being under way until then.
        """

        async def answer(data: bytes, context: Context) -> None:
            with await self._admit(context, lasts=True):
                if waited_for:
                    self._count(context)
                message = await _parsed(request, data, context)
                if not await _tell(method(message, context), context):
                    await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, _NOT_READ)

        return grpc.unary_stream_rpc_method_handler(answer)

    def collected(self, method: Callable[[AsyncIterator[Any], Context], Awaitable[Any]], request: Any) -> Handler:
        """Give the handler of a method that is asked in parts, and gives one reply. ``request``: the parts' class."""

        async def answer(parts: AsyncIterator[bytes], context: Context) -> bytes:
            with await self._admit(context, lasts=True):
                self._count(context)
                reply = await method(_each_parsed(request, parts, context), context)
            serialized: bytes = reply.SerializeToString()
            return serialized

        return grpc.stream_unary_rpc_method_handler(answer)

    def conversation(
        self, method: Callable[[AsyncIterator[Any], Context], AsyncGenerator[Any, None]], request: Any
    ) -> Handler:
        """Give the handler of a method in which both sides speak. ``request``: the class of the client's messages.

        It lasts as long as the client wants, and so is not waited for.
        """

        async def answer(requests: AsyncIterator[bytes], context: Context) -> None:
            with await self._admit(context, lasts=True):
                if not await _tell(method(_each_parsed(request, requests, context), context), context):
                    await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, _NOT_READ)

        return grpc.stream_stream_rpc_method_handler(answer)

    async def _admit(self, context: Context, *, lasts: bool) -> contextlib.AbstractContextManager[None]:
        """Let a call in, or refuse it. ``lasts``: it is counted until it is over."""
        peer = context.peer()
        refusal = self._guard.refusal(peer, context.invocation_metadata() or ())
        if refusal is not None:
            await context.abort(*refusal)
        if not lasts:
            return contextlib.nullcontext()
        crowded = self._crowd.refusal(peer)
        if crowded is not None:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, crowded)
        return self._crowd.place(peer)

    def _count(self, context: Context) -> None:
        self.under_way += 1
        context.add_done_callback(self._done)

    def _done(self, context: Context) -> None:
        self.under_way -= 1
        self._answered()


async def _tell(parts: AsyncGenerator[Any, None], context: Context) -> bool:
    """Send all parts; False once the client has not taken one for too long, and then nothing is held for it."""
    # On its way before any part, so that a client that takes none can be told why it is left.
    await context.send_initial_metadata(())
    async with contextlib.aclosing(parts):
        async for part in parts:
            try:
                await asyncio.wait_for(context.write(part.SerializeToString()), STALL_LIMIT)
            except TimeoutError:
                return False
    return True


async def _each_parsed(kind: Any, parts: AsyncIterator[bytes], context: Context) -> AsyncGenerator[Any, None]:
    async for data in parts:
        yield await _parsed(kind, data, context)


async def _parsed(kind: Any, data: bytes, context: Context) -> Any:
    try:
        return kind.FromString(data)
    except DecodeError:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, _NOT_UNDERSTOOD)
