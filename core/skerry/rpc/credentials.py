"""Who is who: TLS of both sides, and tokens. Files are read again when they have changed."""

from __future__ import annotations

import contextlib
import hmac
import logging
import os
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skerry.errors import LocationError
from skerry.plugin import Tls
from skerry.rpc.protocol import grpc

logger = logging.getLogger("skerry.server")

#: Characters of a token. Servers take 8 KB of headers by default.
TOKEN_LIMIT = 4096

#: A file's place, time and size: another one is another content.
_Stamp = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class ServerTls:
    """The files of a server's TLS, in PEM. ``client_ca``: who signs the certificates that clients must show."""

    cert: str
    key: str
    client_ca: str | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """Name them."""
        return (self.cert, self.key, *((self.client_ca,) if self.client_ca else ()))

    def read(self) -> Any:
        """Read them into a configuration for grpc. Raises LocationError when they cannot be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cert, key = load_certificate(context, self.cert, self.key)
        ca = load_authorities(context, self.client_ca) if self.client_ca else None
        return grpc.ssl_server_certificate_configuration([(key, cert)], root_certificates=ca)

    def credentials(self) -> grpc.ServerCredentials:
        """Give credentials that are read again, at a handshake, once the files have changed. Raises LocationError."""
        changed = Changed(self.files)
        first = self.read()

        def fetch() -> Any:
            if not changed():
                return None
            try:
                configuration = self.read()
            except LocationError as error:
                logger.warning("the certificate has changed and cannot be used; the one before stays: %s", error)
                return None
            logger.info("the certificate has changed and is in use: %s", self.cert)
            return configuration

        return grpc.dynamic_ssl_server_credentials(first, fetch, require_client_authentication=bool(self.client_ca))


class Tokens:
    """The tokens of a file, one a line; several let a new one be handed out before the old one is taken away."""

    def __init__(self, file: str) -> None:
        """Raises LocationError when the file cannot be read or holds none."""
        self._file = file
        self._lock = threading.Lock()
        self._changed = Changed([file])
        self._tokens = read_tokens(file)

    def admit(self, token: str) -> bool:
        """Tell whether this is one of them; takes the same time whichever it is, and however much of it is right."""
        self._read_again()
        given = token.encode("utf-8", "surrogateescape")
        found = [hmac.compare_digest(given, known) for known in self._tokens]  # each of them, whatever was found before
        return any(found)

    def _read_again(self) -> None:
        with self._lock:
            if not self._changed():
                return
            try:
                self._tokens = read_tokens(self._file)
            except LocationError as error:
                logger.warning("the token file has changed and cannot be used; the tokens before stay: %s", error)
            else:
                logger.info("the token file has changed and is in use: %s", self._file)


def read_tokens(file: str) -> tuple[bytes, ...]:
    """Read the tokens of a file. Raises LocationError when it cannot be read or holds none."""
    tokens = tuple(line.strip() for line in read_file("token file", file).splitlines() if line.strip())
    if not tokens:
        reason = f"The token file {file} is empty.\nWrite a token into it, on a line of its own."
        raise LocationError(reason=reason)
    for number, token in enumerate(tokens, 1):
        which = f", token {number}," if len(tokens) > 1 else ""
        check_token(token.decode("latin-1"), f"The token file {file}{which}")
    return tokens


def check_token(token: str, where: str) -> None:
    """Raise LocationError for what HTTP headers cannot carry; it does not show the token."""
    if not token or not all("!" <= character <= "~" for character in token):
        raise LocationError(
            reason=f"{where} holds a token with a space, a line break or a character that is not ASCII.\n"
            "Use letters, digits and punctuation: `openssl rand -hex 32` makes a good one."
        )
    if len(token) > TOKEN_LIMIT:
        reason = f"{where} holds a token of {len(token)} characters, and at most {TOKEN_LIMIT} can be sent."
        raise LocationError(reason=f"{reason}\nUse a shorter one: `openssl rand -hex 32` makes a good one.")


@dataclass
class Changed:
    """Tells, when it is called, whether one of ``files`` is another than at the call before."""

    files: Iterable[str]
    _last: _Stamp = field(init=False)

    def __post_init__(self) -> None:
        self._last = self._stamp()

    def __call__(self) -> bool:
        """Look at the files."""
        before, self._last = self._last, self._stamp()
        return self._last != before

    def _stamp(self) -> _Stamp:
        found = []
        for file in self.files:
            try:
                status = os.stat(file)
            except OSError:
                found.append((0, 0, 0))  # being replaced, perhaps
            else:
                found.append((status.st_ino, status.st_mtime_ns, status.st_size))
        return tuple(found)


def channel_credentials(tls: Tls) -> grpc.ChannelCredentials:
    """Read the files of a client's TLS, now. Raises LocationError when they cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authorities = load_authorities(context, tls.ca) if tls.ca else system_authorities()
    cert, key = load_certificate(context, tls.cert, tls.key) if tls.cert and tls.key else (None, None)
    return grpc.ssl_channel_credentials(authorities, key, cert)


def client_context(tls: Tls) -> ssl.SSLContext:
    """Give the same for Python's own TLS, which says in words what does not fit. Raises LocationError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # as grpc has it: whatever is trusted ends a chain
    context.set_alpn_protocols(["h2"])
    if tls.ca is None:
        context.load_default_certs()
    else:
        load_authorities(context, tls.ca)
    if tls.cert and tls.key:
        load_certificate(context, tls.cert, tls.key)
    return context


def system_authorities() -> bytes:
    """Give the certificates that OpenSSL trusts by itself. Raises LocationError when there are none.

    OpenSSL looks into a folder only when it meets an authority; grpc wants all of them beforehand, and has a list of
    its own for who gives it none: nobody has chosen to trust that.
    """
    paths = ssl.get_default_verify_paths()
    folders = (os.environ.get("SSL_CERT_DIR") or paths.openssl_capath).split(os.pathsep)
    files = [Path(paths.cafile)] if paths.cafile else []
    files += sorted(file for folder in folders for file in Path(folder).glob("*.[0-9]*"))
    found = []
    for file in files:
        try:
            found.append(load_authorities(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), str(file)))
        except LocationError:
            continue  # OpenSSL does not mind either
    if not found:
        raise LocationError(
            reason="This system has no certificates of authorities, which `ssl: true` trusts.\n"
            "Install them (most systems call them ca-certificates), point SSL_CERT_FILE at them, or set `ca`."
        )
    return b"\n".join(found)


def load_certificate(context: ssl.SSLContext, cert: str, key: str) -> tuple[bytes, bytes]:
    """Load a certificate and its key, and give what the files hold. Raises LocationError."""
    read = read_file("certificate", cert), read_file("key", key)
    try:
        context.load_cert_chain(cert, key, password=_no_password)
    except ssl.SSLError as error:
        if b"ENCRYPTED" in read[1]:
            advice = f"Give one without: `openssl pkey -in {key} -out NEW_FILE` removes it."
            raise LocationError(reason=f"The key {key} has a password, and nobody to ask for it.\n{advice}") from error
        raise LocationError(
            reason=f"The certificate {cert} and the key {key} do not belong together, or are no PEM{_reason(error)}.\n"
            "Give a certificate, with those that lead to its authority behind it, and its own key."
        ) from error
    except OSError as error:
        raise unusable_file("certificate or the key", f"{cert}, {key}", error.strerror) from error
    # OpenSSL has read the files itself: what is handed on must be what it has found to be good.
    if read != (read_file("certificate", cert), read_file("key", key)):
        reason = f"The certificate {cert} or the key {key} was replaced while it was read.\nIt is read again."
        raise LocationError(reason=reason)
    return read


def _reason(error: ssl.SSLError) -> str:
    return f" ({error.reason.replace('_', ' ').lower()})" if error.reason else ""


def _no_password() -> str:
    # Else OpenSSL asks for one on the terminal.
    return ""


def load_authorities(context: ssl.SSLContext, file: str) -> bytes:
    """Load the certificates of authorities, and give what the file holds. Raises LocationError."""
    read = read_file("file of authorities", file)
    try:
        context.load_verify_locations(cadata=read.decode("ascii", "ignore"))
    except (ssl.SSLError, ValueError) as error:
        reason = f"The file of authorities {file} holds no certificate in PEM.\nGive the certificate of the authority."
        raise LocationError(reason=reason) from error
    return read


def read_file(what: str, file: str) -> bytes:
    """Read a file. Raises LocationError when that cannot be done."""
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise unusable_file(what, file, error.strerror) from error


def problem_of_own_certificate(cert: str, key: str) -> str | None:
    """Tell what a server that trusts its signer would have against a client's certificate, or None.

    A server need not say why it refuses one, and grpc's never does. So it is shown to a server made here, in memory.
    """
    ours, theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.check_hostname, ours.verify_mode = False, ssl.CERT_NONE
    theirs.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    theirs.verify_mode = ssl.CERT_REQUIRED
    load_certificate(ours, cert, key)
    load_certificate(theirs, cert, key)
    load_authorities(theirs, cert)
    to_us, to_them = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = ours.wrap_bio(to_us, to_them), theirs.wrap_bio(to_them, to_us, server_side=True)
    try:
        for side in sides * 2:
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except ssl.SSLError:
        return None
    return None


def unusable_file(what: str, file: str, reason: str | None) -> LocationError:
    """Give the error of a file that cannot be read."""
    return LocationError(reason=f"The {what} {file} cannot be read: {reason}.\nCorrect the path or its permissions.")


#: Gives the token to send now, or None. Raises LocationError.
TokenSource = Callable[[], str | None]


def token_source(token: str | None, token_file: str | None) -> TokenSource:
    """Give where a client's token comes from: a value, or a file that is read when it is needed."""
    if token_file is not None:
        return lambda: read_tokens(token_file)[0].decode("ascii")

    def given() -> str | None:
        if token is not None:
            check_token(token, "`token`")
        return token

    return given
