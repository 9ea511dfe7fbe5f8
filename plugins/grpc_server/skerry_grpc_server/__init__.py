"""The location type ``grpc_server``: a code server that somebody else runs, with ``skerry api grpc``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skerry.plugin import CodeServer, EntryContext, LocationType, Origin, Runtime, Tls, hookimpl


def _file(description: str, example: str) -> dict[str, Any]:
    return {"type": "string", "writeOnly": False, "minLength": 1, "description": description, "examples": [example]}


_TLS_FILES = {
    "ca": _file("Certificates of the authorities to trust, in PEM. Default: the system's.", "certs/ca.pem"),
    "cert": _file("This side's own certificate, in PEM, where the server wants one.", "certs/client.pem"),
    "key": _file("The key of `cert`, in PEM, without a password.", "certs/client-key.pem"),
}


class GrpcServer(LocationType):
    """A code server that somebody else runs."""

    key = "grpc_server"
    summary = "A code server that runs elsewhere"
    schema = {
        "type": "object",
        "description": "Show and use the repositories of a code server that runs elsewhere: `skerry api grpc`.",
        "properties": {
            "host": {
                "type": "string",
                "writeOnly": False,
                "minLength": 1,
                "default": "localhost",
                "description": "Where the server runs: a name or an address. Ignored beside `socket`.",
                "examples": ["localhost", "sales.example.com"],
            },
            "port": {
                "type": "integer",
                "writeOnly": False,
                "minimum": 1,
                "maximum": 65535,
                "description": "The port that the server listens on.",
                "examples": [4266],
            },
            "socket": _file(
                "The unix socket that the server listens on, in place of a port.", "/run/skerry/sales.sock"
            ),
            "ssl": {
                "type": ["boolean", "object"],
                "description": "Connect with TLS: `true` trusts the system's authorities; a mapping says which to "
                "trust, and what to show. There is no falling back to a plain connection.",
                "properties": {
                    **_TLS_FILES,
                    "server_name": {
                        "type": "string",
                        "writeOnly": False,
                        "minLength": 1,
                        "description": "The name in the server's certificate, where it is not `host`.",
                        "examples": ["sales.internal"],
                    },
                },
                "dependencies": {"cert": ["key"], "key": ["cert"]},
                "additionalProperties": False,
                "default": False,
                "examples": [True, {"ca": "certs/ca.pem"}],
            },
            "token": {
                "type": "string",
                "writeOnly": True,
                "minLength": 1,
                "description": "The token to send with each call, one of the server's --token-file.",
                "examples": ["${SALES_TOKEN}"],
            },
            "token_file": _file("A file that holds the token, read at each new connection.", "secrets/sales-token"),
        },
        "oneOf": [{"required": ["port"]}, {"required": ["socket"]}],
        "not": {"required": ["token", "token_file"]},
        "additionalProperties": False,
    }

    def normalize(self, options: Mapping[str, Any], context: EntryContext) -> Mapping[str, Any]:
        """Fill in the host, and make the paths absolute."""
        normal = dict(options)
        if "socket" in options:
            normal["socket"] = str(context.path(options["socket"]))
        else:
            normal.setdefault("host", "localhost")
        if "token_file" in options:
            normal["token_file"] = str(context.path(options["token_file"]))
        if isinstance(options.get("ssl"), Mapping):
            ssl = options["ssl"]
            normal["ssl"] = {key: str(context.path(ssl[key])) if key in _TLS_FILES else ssl[key] for key in ssl}
        return normal

    def default_name(self, options: Mapping[str, Any]) -> str:
        """``grpc:host:port`` or ``grpc:host:socket``."""
        return f"grpc:{options.get('host', 'localhost')}:{options.get('port') or options.get('socket')}"

    def open(self, origin: Origin, runtime: Runtime) -> CodeServer:
        """Connect to it."""
        options = origin.options
        ssl = options.get("ssl", False)
        tls = None
        if ssl is not False:
            tls = Tls() if ssl is True else Tls(**ssl)
        return runtime.connect(
            _address(options), tls=tls, token=options.get("token"), token_file=options.get("token_file")
        )


def _address(options: Mapping[str, Any]) -> str:
    if "socket" in options:
        return f"unix:{options['socket']}"
    host = f"[{options['host']}]" if ":" in options["host"] else options["host"]
    return f"{host}:{options['port']}"


@hookimpl
def skerry_location_types() -> list[LocationType]:
    """Give this plugin's one location type."""
    return [GrpcServer()]
