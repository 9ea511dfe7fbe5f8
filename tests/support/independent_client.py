"""A client that knows nothing of Skerry: grpc, and the bytes of the protocol. Runs in other environments.

Reads a call as a line of JSON from standard input, writes what came of it as a line of JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import grpc

_channels: dict[str, Any] = {}


def _channel(target: str, tls: dict[str, str] | None, server_name: str) -> Any:
    options: list[tuple[str, Any]] = [("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)]
    if tls is None:
        return grpc.insecure_channel(target, options)
    if server_name:
        options.append(("grpc.ssl_target_name_override", server_name))
    ca, key, cert = (Path(tls[name]).read_bytes() if name in tls else None for name in ("ca", "key", "cert"))
    return grpc.secure_channel(target, grpc.ssl_channel_credentials(ca, key, cert), options)


def _call(
    target: str,
    method: str,
    request: str,
    metadata: list[list[str]],
    tls: dict[str, str] | None,
    server_name: str,
    kept: bool,
) -> dict[str, str]:
    name = json.dumps([target, tls, server_name])
    channel = _channels.pop(name, None) if kept else None
    if channel is None:
        channel = _channel(target, tls, server_name)
    try:
        reply = channel.unary_unary(method)(
            bytes.fromhex(request), metadata=[(key, value) for key, value in metadata], timeout=20
        )
        return {"code": "OK", "details": "", "reply": reply.hex()}
    except grpc.RpcError as error:
        call: Any = error
        return {"code": call.code().name, "details": call.details() or "", "reply": ""}
    finally:
        if kept:
            _channels[name] = channel
        else:
            channel.close()


for line in sys.stdin:
    print(json.dumps(_call(**json.loads(line))), flush=True)
for left in _channels.values():
    left.close()
