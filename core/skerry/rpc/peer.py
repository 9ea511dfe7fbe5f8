"""One connection to a code server: its calls, and what goes wrong with them in words of the user's world."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import skerry
from skerry.errors import ErrorKind, LocationError
from skerry.plugin import Tls
from skerry.rpc import protocol
from skerry.rpc import skerry_v1_pb2 as messages
from skerry.rpc.address import Address
from skerry.rpc.credentials import TokenSource, channel_credentials
from skerry.rpc.diagnosis import check_reachable, diagnose, unreachable, wrong_server
from skerry.rpc.protocol import Stubs, grpc


class Peer:
    """One connection to a server, and what its handshake told."""

    def __init__(self, address: Address, tls: Tls | None, token: TokenSource) -> None:
        """Prepare it; nothing is sent yet. Raises LocationError when a file or the address cannot be used."""
        check_reachable(address)
        self.address = address
        self._tls = tls
        self._token = token
        self._sent = token()
        options = list(protocol.CHANNEL_OPTIONS)
        if tls is None:
            self._channel = grpc.insecure_channel(address.target, options)
        else:
            if tls.server_name:
                options.append(("grpc.ssl_target_name_override", tls.server_name))
            elif address.socket:
                options.append(("grpc.default_authority", "localhost"))
            self._channel = grpc.secure_channel(address.target, channel_credentials(tls), options)
        self._closed = False
        self.stubs = Stubs(self._channel)
        self.hello = messages.HandshakeReply()

    def shake_hands(self, timeout: float) -> messages.HandshakeReply:
        """Connect, and see that the other side is one that this skerry can speak with. Raises LocationError."""
        request = messages.HandshakeRequest(protocols=protocol.own_range(), skerry=skerry.__version__)
        self.hello = self.call(self.stubs.handshake, request, timeout)
        theirs = self.hello.protocols
        if not theirs.newest:
            raise wrong_server(self.address, "it answers as no code server does")
        if theirs.oldest > protocol.NEWEST or theirs.newest < protocol.OLDEST:
            raise self._incompatible()
        return self.hello

    def call(self, method: Callable[..., Any], request: Any, timeout: float | None) -> Any:
        """Make a call; ``timeout`` in seconds, ``request`` a message, or an iterator of them. Raises LocationError."""
        with self.errors():
            reply = method(request, timeout=timeout, metadata=self._metadata())
        if reply is None:  # which is no error to grpc
            advice = "See whether both sides have the same version of Skerry."
            raise unreachable(self.address, "it ends a call without an answer", advice)
        return reply

    def probe(self, check: Callable[[grpc.Channel, str, float], str], service: str, timeout: float) -> str:
        """Ask for the server's health with ``skerry.rpc.health.check``. Raises LocationError."""
        try:
            return check(self._channel, service, timeout)
        except grpc.RpcError as failure:
            error: Any = failure
            if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                # Whoever probes has no more time to find out why.
                raise unreachable(self.address, f"no answer within {timeout:g} s", "See whether it hangs.") from None
            raise self._translated(error) from None

    def stream(self, method: Callable[..., Any], request: Any, timeout: float | None = None) -> Any:
        """Begin a call whose answers are iterated over, within ``errors``."""
        return method(request, timeout=timeout, metadata=self._metadata())

    def require(self, capability: str, what: str) -> None:
        """Raise LocationError when the server does not offer a method."""
        if capability not in self.hello.capabilities:
            theirs = protocol.version(self.hello.skerry) or "of no known version"
            raise LocationError(
                ErrorKind.NOT_SUPPORTED,
                what=what,
                server=f"the code server at {self.address.words} (skerry {theirs})",
                advice=f"Update it there: `pip install skerry=={skerry.__version__}`.",
            )

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Make LocationErrors of grpc's errors."""
        try:
            yield
        except grpc.RpcError as error:
            raise self._translated(error) from None
        except ValueError:  # grpc's, of a channel that another thread has closed just now
            if not self._closed:
                raise
            raise self._left() from None

    def close(self) -> None:
        """End the connection and all calls on it. Idempotent."""
        self._closed = True
        self._channel.close()

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        # Asked for at each call: a connection outlives a token that is replaced.
        self._sent = self._token()
        return ((protocol.TOKEN_KEY, f"{protocol.TOKEN_PREFIX}{self._sent}"),) if self._sent is not None else ()

    def _translated(self, error: Any) -> LocationError:
        code, details = error.code(), error.details() or ""
        if self._sent:
            details = details.replace(self._sent, "***")  # whoever answers may say what it was sent
        if self._closed:
            return self._left()
        if code in (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED):
            reason, _, advice = details.partition("\n")
            return LocationError(ErrorKind.ACCESS_DENIED, address=self.address.words, reason=reason, advice=advice)
        if details == protocol.ENDING:
            return unreachable(self.address, details, "Start it again, unless another one takes its place.")
        if code is grpc.StatusCode.UNIMPLEMENTED and not self.hello.protocols.newest:
            return wrong_server(self.address, "it is another program, which offers no code")
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            if self.hello.protocols.newest:
                return unreachable(self.address, "it did not answer in time", "See whether it hangs.")
            return diagnose(self.address, self._tls)
        if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
            return unreachable(self.address, f"it is overloaded ({details})", "Try again, or run more servers.")
        if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
            return diagnose(self.address, self._tls)
        if self.hello.protocols.newest and code is grpc.StatusCode.INTERNAL and "deserializ" in details:
            advice = "See whether both sides have the same version of Skerry."
            return unreachable(self.address, "it says what this side cannot read", advice)
        if self.hello.protocols.newest:
            return unreachable(
                self.address, f"it answers with an error{f' ({details})' if details else ''}", "Look into its log."
            )
        return wrong_server(self.address, "it answers as no code server does")

    def _left(self) -> LocationError:
        return unreachable(self.address, "it was left")

    def _incompatible(self) -> LocationError:
        theirs = self.hello.protocols
        version = protocol.version(self.hello.skerry)
        if theirs.newest < protocol.OLDEST:
            advice = f"Update the server: run `pip install skerry=={skerry.__version__}` where it runs."
        elif version:
            advice = f"Update this side: run `pip install skerry=={version}` here."
        else:
            advice = "Update this side: run `pip install --upgrade skerry` here."
        return LocationError(
            ErrorKind.INCOMPATIBLE_SERVER,
            address=self.address.words,
            theirs=protocol.version(self.hello.skerry) or "of no known version",
            ours=skerry.__version__,
            their_range=protocol.words(theirs.oldest, theirs.newest),
            our_range=protocol.words(protocol.OLDEST, protocol.NEWEST),
            advice=advice,
        )
