"""What both sides of the wire agree on: the protocol's range, the methods, and how a channel behaves."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any, TypeAlias

# grpc's own complaints go to stderr, in words for its developers; a user is told by us. It reads the variable once,
# when it is imported or, before 1.60, when the first of its objects is made; and user processes must not inherit it.
_SET_HERE = "GRPC_VERBOSITY" not in os.environ
if _SET_HERE:
    os.environ["GRPC_VERBOSITY"] = "NONE"
import grpc as grpc  # noqa: E402  # for the other modules of this room, too

if _SET_HERE:
    grpc.insecure_server_credentials()  # an object that starts no thread
    del os.environ["GRPC_VERBOSITY"]

from skerry.rpc import skerry_v1_pb2 as messages  # noqa: E402

#: The protocols that this skerry speaks. Raised only by a change that another version would misunderstand.
OLDEST, NEWEST = 1, 1

SERVICE = "skerry.v1.CodeServer"
HEALTH_SERVICE = "grpc.health.v1.Health"
#: What a probe asks for: the server, or the user's code.
HEALTH_NAMES = ("", "code")

#: What a server says to calls that come while it answers the last ones.
ENDING = "it is ending"

#: The metadata that carries a token, as RFC 6750 has it.
TOKEN_KEY = "authorization"
TOKEN_PREFIX = "Bearer "

#: The names in a handshake's ``capabilities``.
CAPABILITIES = (
    *("Watch", "Snapshot", "Output", "Reload", "Evaluate", "ShutDown"),
    *("StartRun", "FollowRuns", "RunOutput"),
)

#: What a version looks like (PEP 440), roughly: it is shown in a command that people copy.
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+!]{0,60}")

Options: TypeAlias = Sequence[tuple[str, Any]]

#: Milliseconds between two pings of a client; a server must allow them, or sends the client away.
_PING_EVERY = 10_000
_PING_TIMEOUT = 10_000

_COMMON: Options = (
    ("grpc.keepalive_time_ms", _PING_EVERY),
    ("grpc.keepalive_timeout_ms", _PING_TIMEOUT),
    # A ping that is under way for another reason stands in for the one that keeps alive, and would have a minute.
    ("grpc.http2.ping_timeout_ms", _PING_TIMEOUT),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
)
#: A proxy for the outside world is none for a neighbour, and would see what is said.
CHANNEL_OPTIONS: Options = (
    *_COMMON,
    ("grpc.enable_http_proxy", 0),
    # The watching thread tries again by itself, and tells when.
    ("grpc.enable_retries", 0),
    # Else all channels to one address share a connection, its limit of streams, and its pauses between attempts.
    ("grpc.use_local_subchannel_pool", 1),
)
#: Calls that one connection may have under way, beyond which its client waits, and that the server may have in all.
STREAMS_PER_CONNECTION = 100
CALLS_AT_ONCE = 4000
#: Milliseconds in which whoever connects must have begun to speak the protocol.
_GREETING_TIMEOUT = 20_000
#: Bytes of a request. The largest holds a sensor's cursor (``skerry.definitions.contexts.CURSOR_LIMIT``).
REQUEST_LIMIT = 64 * 1024
SERVER_OPTIONS: Options = (
    *_COMMON,
    # With it, a second server on the same port succeeds and takes half of the calls.
    ("grpc.so_reuseport", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", _PING_EVERY // 2),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", _PING_EVERY // 2),
    ("grpc.max_concurrent_streams", STREAMS_PER_CONNECTION),
    ("grpc.server_handshake_timeout_ms", _GREETING_TIMEOUT),
    # Else, from a thousand calls that nobody has looked at yet on, it sends some back at random, whosoever they are.
    ("grpc.server.max_pending_requests", 5 * CALLS_AT_ONCE),
    ("grpc.server.max_pending_requests_hard_limit", 5 * CALLS_AT_ONCE),
    ("grpc.max_receive_message_length", REQUEST_LIMIT),
)


def words(oldest: int, newest: int) -> str:
    """Write a range of protocols."""
    return str(oldest) if oldest == newest else f"{oldest} to {newest}"


def version(told: str) -> str:
    """Give the version that a peer tells of itself, fit to stand in a command; nothing when it is none."""
    return told if _VERSION.fullmatch(told) else ""


def own_range() -> messages.ProtocolRange:
    """Give the range that this skerry speaks."""
    return messages.ProtocolRange(oldest=OLDEST, newest=NEWEST)


class Stubs:
    """The methods of a server, to be called over ``channel``. Written by hand: generated ones check grpc's version."""

    def __init__(self, channel: grpc.Channel) -> None:
        def methods(make: Any) -> Any:
            return lambda name, reply: make(
                f"/{SERVICE}/{name}", lambda message: message.SerializeToString(), reply.FromString
            )

        unary, stream = methods(channel.unary_unary), methods(channel.unary_stream)
        collected, conversation = methods(channel.stream_unary), methods(channel.stream_stream)
        self.handshake = unary("Handshake", messages.HandshakeReply)
        self.watch = stream("Watch", messages.Status)
        self.snapshot = stream("Snapshot", messages.SnapshotPart)
        self.output = stream("Output", messages.OutputPart)
        self.reload = unary("Reload", messages.ReloadReply)
        self.evaluate = stream("Evaluate", messages.EvaluationPart)
        self.start_run = collected("StartRun", messages.StartRunReply)
        self.follow_runs = conversation("FollowRuns", messages.RunsPart)
        self.run_output = stream("RunOutput", messages.OutputPart)
        self.shut_down = unary("ShutDown", messages.ShutDownReply)
