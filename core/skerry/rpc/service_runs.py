"""The methods of ``skerry_v1.proto`` that run pipelines. All in the event loop of the service that they are part of."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator

from skerry.errors import LocationError, RunError
from skerry.model import ErrorInfo
from skerry.plugin import RunStart
from skerry.rpc import skerry_v1_pb2 as messages
from skerry.rpc.calls import Context
from skerry.rpc.protocol import grpc
from skerry.rpc.published_runs import FollowedRun, PublishedRuns
from skerry.rpc.threads import in_a_thread
from skerry.rpc.wire import write_output
from skerry.rpc.wire_errors import write_error
from skerry.rpc.wire_runs import CONFIG_LIMIT, read_start, write_events

#: Seconds for which nobody need follow a run that is not detached; then it is cancelled.
LEASE = 60.0
#: Seconds between two looks at a run that does not say when something has happened.
LOOK = 0.2
#: Events that are read of one run before it is the turn of the others.
TURN = 200
#: Seconds that runs have to come to their end by themselves once the server is to end.
DRAIN = 8.0
#: Run configs over this size, in characters, are put together a few at a time.
_LARGE = 128 * 1024
_LARGE_AT_ONCE = 8
#: Seconds in which a client must have sent what is to be run, and for which a large one waits for its turn before.
SENDING_LIMIT = 30.0

_TOO_LARGE = f"a run config takes over {CONFIG_LIMIT} bytes"
_TOO_SLOW = "what is to be run was not sent in time, or others send as much just now"
_NOT_UNDERSTOOD = "the request is none that it understands"


class _TooLargeError(ValueError):
    pass


class ServiceRuns:
    """Of one service."""

    def __init__(self, published: PublishedRuns) -> None:
        self._published = published
        self._loop = asyncio.get_running_loop()
        #: How many follow each run, and what cancels one that nobody follows.
        self._followers: Counter[str] = Counter()
        self._leases: dict[str, asyncio.TimerHandle] = {}
        self._large = asyncio.Semaphore(_LARGE_AT_ONCE)
        self._ended = asyncio.Event()

    async def start(self, parts: AsyncIterator[messages.StartRunPart], context: Context) -> messages.StartRunReply:
        """Start a run, once for each id."""
        try:
            start = await self._read(parts)
        except TimeoutError:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, _TOO_SLOW)
        except (ValueError, RecursionError) as error:
            words = _TOO_LARGE if isinstance(error, _TooLargeError) else _NOT_UNDERSTOOD
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, words)
        try:
            await in_a_thread(lambda: self._published.start(start))  # it may wait for the load of the code
        except (RunError, LocationError) as error:
            return messages.StartRunReply(error=write_error(ErrorInfo(error.kind, str(error))))
        if not start.detached and not self._followers[start.run_id]:
            self._lend(start.run_id)
        return messages.StartRunReply()

    async def _read(self, parts: AsyncIterator[messages.StartRunPart]) -> RunStart:
        """Put the parts of a request together. Raises ValueError, RecursionError, TimeoutError."""
        start, pieces, size = messages.RunStart(), [], 0
        async with contextlib.AsyncExitStack() as turn, asyncio.timeout(SENDING_LIMIT) as limit:
            async for part in parts:
                if part.HasField("start"):
                    start = part.start
                if size <= _LARGE < size + len(part.run_config):
                    await turn.enter_async_context(self._large)
                    limit.reschedule(self._loop.time() + SENDING_LIMIT)
                pieces.append(part.run_config)
                size += len(part.run_config)
                if size > CONFIG_LIMIT:
                    raise _TooLargeError
            return read_start(start, "".join(pieces))

    async def follow(
        self, requests: AsyncIterator[messages.RunsRequest], context: Context
    ) -> AsyncGenerator[messages.RunsPart, None]:
        """Tell a client of the runs that it asks for, until it has no more to ask and they are over."""
        follower = _Follower(self._loop)
        taking = self._loop.create_task(self._take(requests, follower))
        taking.add_done_callback(lambda _: follower.news.set())
        ending = self._loop.create_task(self._ended.wait())
        ending.add_done_callback(lambda _: follower.news.set())
        try:
            while True:
                follower.news.clear()
                ended = ending.done()
                async for part in self._told(follower):
                    yield part
                if taking.done():
                    taking.result()
                if ended or (taking.done() and not follower.runs and not follower.asked):
                    return
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(follower.news.wait(), follower.patience)
        finally:
            taking.cancel()
            ending.cancel()
            for run_id in list(follower.runs):
                self._leave(follower, run_id)

    async def _take(self, requests: AsyncIterator[messages.RunsRequest], follower: _Follower) -> None:
        async for request in requests:
            what = request.WhichOneof("request")
            if what == "follow":
                await self._begin(request.follow, follower)
            elif what == "cancel":
                await asyncio.to_thread(self._published.cancel, request.cancel)
            elif what == "detach":
                await asyncio.to_thread(self._published.detach, request.detach)
                self._take_back(request.detach)
                follower.detached.append(request.detach)
                follower.news.set()

    async def _begin(self, request: messages.FollowRun, follower: _Follower) -> None:
        if request.run_id in follower.runs:
            return
        followed = await asyncio.to_thread(
            self._published.follow, request.run_id, request.after, follower.news_in_any_thread
        )
        follower.asked[request.run_id] = followed is not None
        if followed is not None:
            follower.runs[request.run_id] = followed
            self._followers[request.run_id] += 1
            self._take_back(request.run_id)
        follower.news.set()

    async def _told(self, follower: _Follower) -> AsyncGenerator[messages.RunsPart, None]:
        """Give what is new: of each run a turn, as long as there is something."""
        while follower.detached:
            yield messages.RunsPart(run_id=follower.detached.pop(), detached=True)
        asked, follower.asked = follower.asked, {}
        busy = True
        while busy:
            busy = False
            for run_id, run in list(follower.runs.items()):
                events = await asyncio.to_thread(run.read, TURN)  # if it raises, the client is left, and asks again
                for part in write_events(run_id, events):
                    yield part
                if run.over:
                    self._leave(follower, run_id)
                    yield messages.RunsPart(run_id=run_id, over=True)
                busy = busy or len(events) == TURN
        for run_id, known in asked.items():
            yield messages.RunsPart(run_id=run_id, unknown=not known)  # that is all for now

    def _leave(self, follower: _Follower, run_id: str) -> None:
        run = follower.runs.pop(run_id)
        run.close()
        self._followers[run_id] -= 1
        if not self._followers[run_id]:
            del self._followers[run_id]
            if not run.over:
                self._lend(run_id)

    def _lend(self, run_id: str) -> None:
        """Have a run cancelled that nobody follows for too long, unless it is detached."""
        self._take_back(run_id)
        if run_id in self._published.attached():
            self._leases[run_id] = self._loop.call_later(LEASE, self._cancel_soon, run_id)

    def _take_back(self, run_id: str) -> None:
        lease = self._leases.pop(run_id, None)
        if lease is not None:
            lease.cancel()

    def _cancel_soon(self, run_id: str) -> None:
        self._leases.pop(run_id, None)
        in_a_thread(lambda: self._published.cancel(run_id))

    async def output(
        self, request: messages.RunOutputRequest, context: Context
    ) -> AsyncGenerator[messages.OutputPart, None]:
        """Give what a run has written."""
        for part in write_output(await asyncio.to_thread(self._published.output, request.run_id)):
            yield part

    async def end(self) -> None:
        """Let the runs that would end with this server come to their end: by themselves, or cancelled.

        Returns once they are over, and who follows them has been told.
        """
        deadline = time.monotonic() + DRAIN
        canceled = False
        while attached := await asyncio.to_thread(self._published.attached):
            if time.monotonic() > deadline and not canceled:
                canceled = True
                for run_id in attached:
                    await asyncio.to_thread(self._published.cancel, run_id)
            await asyncio.sleep(LOOK)
        self.give_up()

    def give_up(self) -> None:
        """Tell who follows runs what there is, and no more."""
        self._ended.set()


class _Follower:
    """One client, and the runs that it follows."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.runs: dict[str, FollowedRun] = {}
        #: Those that were asked for since the client was told something, and whether there are any such.
        self.asked: dict[str, bool] = {}
        #: Those that were detached since then.
        self.detached: list[str] = []
        self.news = asyncio.Event()
        self._loop = loop

    @property
    def patience(self) -> float | None:
        """Seconds until the next look; None if all runs say when there is something new."""
        return None if all(run.tells for run in self.runs.values()) else LOOK

    def news_in_any_thread(self) -> None:
        """Wake whoever waits for news."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self.news.set)
