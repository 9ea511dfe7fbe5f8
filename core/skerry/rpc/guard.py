"""Who is let in: with tokens who has one, with TLS who the handshake let through, with neither this machine alone."""

from __future__ import annotations

import ipaddress
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from skerry.rpc.credentials import Tokens
from skerry.rpc.protocol import TOKEN_KEY, TOKEN_PREFIX, grpc

_PROTECTED = (
    "it has no credentials configured, and serves only its own machine, over localhost or a socket (protected mode).\n"
    "Start it with --token-file, or with --tls-cert, --tls-key and --client-ca; --insecure opens it to everybody who "
    "reaches it."
)
_NO_TOKEN = "it wants a token, and none was sent.\nSet `token` or `token_file` to one of its --token-file."
_WRONG_TOKEN = "it does not know the token that was sent.\nSet `token` or `token_file` to one of its --token-file."


@dataclass(frozen=True)
class Guard:
    """What a server asks of its peers. ``tls``: the transport is secure, and has asked for certificates if it should.

    ``client_certificates``: it has asked for them. ``tokens``: None where none are wanted. ``insecure``: where there
    is neither TLS nor a token, nothing is asked of anybody.
    """

    tls: bool = False
    tokens: Tokens | None = None
    insecure: bool = False
    client_certificates: bool = False

    @property
    def open_to_this_machine_alone(self) -> bool:
        """Tell whether this is protected mode."""
        return not (self.tls or self.tokens or self.insecure)

    @property
    def open_to_everybody(self) -> bool:
        """Tell whether nothing is asked of any peer: TLS alone says who the server is, and not who calls."""
        return not (self.open_to_this_machine_alone or self.tokens or self.client_certificates)

    def refusal(self, peer: str, metadata: Iterable[tuple[str, Any]]) -> tuple[Any, str] | None:
        """Give the status and the words with which to refuse a call, or None. ``peer``: as grpc writes it."""
        if self.tokens is not None:
            sent = next((str(value) for key, value in metadata if key == TOKEN_KEY), "")
            # The scheme's name may be written in any case (RFC 9110, section 11.1).
            if not sent.lower().startswith(TOKEN_PREFIX.lower()):
                return grpc.StatusCode.UNAUTHENTICATED, _NO_TOKEN
            if not self.tokens.admit(sent[len(TOKEN_PREFIX) :]):
                return grpc.StatusCode.UNAUTHENTICATED, _WRONG_TOKEN
        elif self.open_to_this_machine_alone and not is_local(peer):
            return grpc.StatusCode.PERMISSION_DENIED, _PROTECTED
        return None


def is_local(peer: str) -> bool:
    """Tell whether a peer is on this machine: it came by a unix socket or the loopback interface."""
    family, _, rest = peer.partition(":")
    if family == "unix":
        return True
    host = urllib.parse.unquote(rest).rpartition(":")[0].removeprefix("[").removesuffix("]").partition("%")[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
