"""Serves one code server at one address, in the event loop of this thread, until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

from skerry.errors import LocationError
from skerry.plugin import CodeServer
from skerry.rpc import protocol
from skerry.rpc.address import Address
from skerry.rpc.binding import hold
from skerry.rpc.credentials import ServerTls, Tokens
from skerry.rpc.guard import Guard
from skerry.rpc.protocol import grpc
from skerry.rpc.published_runs import PublishedRuns
from skerry.rpc.service import Service

logger = logging.getLogger("skerry.server")

#: Seconds for calls and runs under way when the server ends, a reload among them.
DRAIN_TIMEOUT = 20.0
#: Seconds for the last replies to be on their way.
LAST_REPLIES = 0.5


@dataclass(frozen=True)
class Serving:
    """Where and how to serve. ``target``: what is loaded, in words; ``image``: SKERRY_CURRENT_IMAGE.

    ``exit_without_clients``: seconds without a client after which the server ends by itself.
    """

    address: Address
    target: str
    image: str | None = None
    tls: ServerTls | None = None
    token_file: str | None = None
    insecure: bool = False
    exit_without_clients: float | None = None


def serve(serving: Serving, published: CodeServer, runs: PublishedRuns) -> None:
    """Serve until SIGTERM, SIGINT or a peer ends it; SIGHUP reloads. For the main thread.

    Raises LocationError when the address is taken or a file cannot be used.
    """
    for teller in ("grpc._cython.cygrpc", "asyncio"):  # the one or the other, as grpc's version has it
        logging.getLogger(teller).addFilter(_is_ours)
    asyncio.run(_serve(serving, published, runs))


def _is_ours(record: logging.LogRecord) -> bool:
    """Tell whether a record of grpc's is worth a line: that a client left during its answer, or this server, is not."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, (grpc.aio.BaseError, asyncio.CancelledError))


async def _serve(serving: Serving, published: CodeServer, runs: PublishedRuns) -> None:
    tokens = Tokens(serving.token_file) if serving.token_file else None
    mutual = serving.tls is not None and serving.tls.client_ca is not None
    guard = Guard(serving.tls is not None, tokens, serving.insecure, mutual)
    with hold(serving.address):
        server = grpc.aio.server(options=protocol.SERVER_OPTIONS, maximum_concurrent_rpcs=protocol.CALLS_AT_ONCE)
        end, at_once = asyncio.Event(), asyncio.Event()
        service = Service(published, runs, guard, serving.target, serving.image, end.set)
        server.add_generic_rpc_handlers(service.handlers())
        address = _listen(server, serving)
        await server.start()
        with _signals(lambda: (at_once if end.is_set() else end).set(), lambda: _in_background(_reload(service))):
            _say(serving, guard, address)  # whoever waits for these words may send signals next
            if serving.exit_without_clients is not None:
                _in_background(service.exit_without_clients(serving.exit_without_clients))
            await end.wait()
            logger.info("ending; calls and runs under way come to their end first, at most for %g s", DRAIN_TIMEOUT)
            # Not with the server's own stop: it takes no connection any more, and probes would learn nothing.
            waiting = [asyncio.create_task(one) for one in (service.end(), at_once.wait())]
            await asyncio.wait(waiting, timeout=DRAIN_TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
            for task in waiting:
                task.cancel()
            service.give_up()
            await server.stop(LAST_REPLIES)
        published.close()  # the loop, in which its moves are taken, ends here
        logger.info("ended")


def _listen(server: grpc.aio.Server, serving: Serving) -> Address:
    address = serving.address
    # Resolved by us, as the check was: grpc would be content with one of a name's addresses.
    try:
        if serving.tls is not None:
            port = server.add_secure_port(str(address), serving.tls.credentials())
        else:
            port = server.add_insecure_port(str(address))
    except RuntimeError:
        port = 0
    if port == 0:
        raise LocationError(reason=f"Nothing can listen at {address.words}.\nSee whether it was taken just now.")
    return address if address.socket else Address(address.host, port)


def _say(serving: Serving, guard: Guard, address: Address) -> None:
    if guard.open_to_this_machine_alone:
        logger.info("protected mode: only clients on this machine are served; --insecure opens it to others")
    if guard.open_to_everybody and not (guard.tls and address.socket):  # those who reach a socket are chosen
        why = "TLS without --client-ca or --token-file" if guard.tls else "--insecure"
        logger.warning("%s: everybody who reaches %s can run code here", why, address.words)
    if guard.tokens is not None and not guard.tls and not address.socket:
        logger.warning("tokens travel in plain text: on a network, add --tls-cert and --tls-key")
    how = "with TLS" if guard.tls else "without TLS"
    if guard.client_certificates:
        how = "with mutual TLS"
    # The last word: who waits for it has read the others.
    logger.info("serving %s at %s, %s", serving.target, address.words, how)


@contextlib.contextmanager
def _signals(end: Callable[[], None], reload: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    handlers = {signal.SIGTERM: end, signal.SIGINT: end, signal.SIGHUP: reload}
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)


_tasks: set[asyncio.Task[None]] = set()


def _in_background(coroutine: Coroutine[Any, Any, None]) -> None:
    task = asyncio.get_running_loop().create_task(coroutine)
    _tasks.add(task)  # the loop itself does not hold it
    task.add_done_callback(_tasks.discard)


async def _reload(service: Service) -> None:
    logger.info("reloading")
    result = await service.reload()
    if result.error is None:
        logger.info("reloaded: generation %s, after %s", result.new_generation, result.old_generation or "none")
    else:
        logger.error("the reload failed: %s", result.error.message)
