"""Servers that are not ours, or not of this version, in this process: what a workspace may meet at an address."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import grpc

from skerry.rpc import protocol
from skerry.rpc import skerry_v1_pb2 as messages


class _Web(BaseHTTPRequestHandler):
    protocol_version = default_request_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@contextlib.contextmanager
def http_server() -> Iterator[int]:
    """Run a web server; gives its port."""
    with HTTPServer(("127.0.0.1", 0), _Web) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def code_server(
    version: str,
    oldest: int = 1,
    newest: int = 1,
    capabilities: Sequence[str] = protocol.CAPABILITIES,
    service: str = protocol.SERVICE,
) -> Iterator[int]:
    """Run a code server of another version, that is READY and defines nothing; gives its port.

    ``service``: the name that it answers to; with another one it is no code server.
    """
    ended = threading.Event()

    def shake_hands(request: Any, context: Any) -> messages.HandshakeReply:
        return messages.HandshakeReply(
            protocols=messages.ProtocolRange(oldest=oldest, newest=newest),
            skerry=version,
            server_id="0123456789abcdef",
            capabilities=capabilities,
        )

    def watch(request: Any, context: Any) -> Iterator[messages.Status]:
        yield messages.Status(state="READY", server=messages.Server(id="1", generation=1))
        context.add_callback(ended.set)  # the client has left
        ended.wait()

    methods: dict[str, Any] = {
        "Handshake": grpc.unary_unary_rpc_method_handler(
            shake_hands, messages.HandshakeRequest.FromString, messages.HandshakeReply.SerializeToString
        ),
        "Watch": grpc.unary_stream_rpc_method_handler(
            watch, messages.WatchRequest.FromString, messages.Status.SerializeToString
        ),
    }
    with ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield port
        finally:
            ended.set()
            server.stop(None).wait()
