"""The standard health check, ``grpc.health.v1.Health/Check``, in the few bytes that it has.

The official package pins protobuf, so its messages are written out here: a request is the name of a service in field
1, a reply is a number in field 1 (https://github.com/grpc/grpc/blob/master/doc/health-checking.md).
"""

from __future__ import annotations

from typing import Any

from skerry.rpc.protocol import HEALTH_NAMES, HEALTH_SERVICE, grpc

METHOD = f"/{HEALTH_SERVICE}/Check"

_SERVING, _NOT_SERVING = b"\x08\x01", b"\x08\x02"
_WORDS = {_SERVING: "SERVING", _NOT_SERVING: "NOT_SERVING", b"": "UNKNOWN", b"\x08\x03": "SERVICE_UNKNOWN"}
_NAME_FIELD = 0x0A


def write_reply(*, serving: bool) -> bytes:
    """Give the reply."""
    return _SERVING if serving else _NOT_SERVING


def read_request(request: bytes) -> str | None:
    """Give the name that is asked for; None when it is none of ours."""
    for name in HEALTH_NAMES:
        if request == _request(name):
            return name
    return None


def check(channel: grpc.Channel, name: str, timeout: float) -> str:
    """Ask a server, with seconds for the answer; ``name`` may be anything, as other servers know other names.

    Gives SERVING, NOT_SERVING, SERVICE_UNKNOWN or UNKNOWN. Raises grpc.RpcError.
    """
    call: Any = channel.unary_unary(METHOD)
    try:
        reply: bytes = call(_request(name), timeout=timeout)
    except grpc.RpcError as error:
        failure: Any = error
        if failure.code() is grpc.StatusCode.NOT_FOUND:
            return "SERVICE_UNKNOWN"
        raise
    return _WORDS.get(reply, "UNKNOWN")


def _request(name: str) -> bytes:
    encoded = name.encode("utf-8", "replace")
    return bytes([_NAME_FIELD]) + _varint(len(encoded)) + encoded if encoded else b""


def _varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
