"""Why there is no connection, in words of the user's world.

grpc says "unavailable" for a dozen things. So once a connection has failed, the address is looked at again, step by
step, with nothing but sockets and Python's own TLS.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import ssl
from collections.abc import Iterator

from skerry.errors import ErrorKind, LocationError
from skerry.plugin import Tls
from skerry.rpc.address import SOCKET_PATH_LIMIT, Address
from skerry.rpc.credentials import client_context, problem_of_own_certificate

#: Seconds for each step.
_PATIENCE = 3.0
#: What a client of HTTP/2 says first, with empty settings (RFC 9113, section 3.4).
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
_HTTP2_SETTINGS = 4
_TLS_ALERT = 0x15
#: What OpenSSL finds wrong with a certificate: X509_V_ERR_CERT_NOT_YET_VALID and the like, in its x509_vfy.h.
_NOT_YET_VALID, _EXPIRED, _OTHER_NAME, _OTHER_ADDRESS = 9, 10, 62, 64
#: What it says of an answer that is no TLS, from version to version.
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG")

_START = "Start it with `skerry api grpc`, or correct the address."
_SET_SSL = "Set `ssl: true`, or `ssl:` with the `ca` that signed its certificate."


def diagnose(address: Address, tls: Tls | None) -> LocationError:
    """Say why a connection that has just failed did so."""
    address = address.reachable
    try:
        with _connected(address) as connection:
            return _over_tls(address, tls, connection) if tls is not None else _plain(address, connection)
    except LocationError as error:
        return error
    except OSError as error:
        return unreachable(address, f"the connection broke ({error.strerror or error})", _START)


def unreachable(address: Address, reason: str, advice: str = _START) -> LocationError:
    """Make the error of a server that does not answer."""
    return LocationError(ErrorKind.SERVER_UNREACHABLE, address=address.words, reason=reason, advice=advice)


def wrong_server(address: Address, reason: str) -> LocationError:
    """Make the error of something else that answers."""
    return LocationError(ErrorKind.WRONG_SERVER, address=address.words, reason=reason)


def _tls_failed(address: Address, reason: str, advice: str) -> LocationError:
    return LocationError(ErrorKind.TLS_FAILED, address=address.words, reason=reason, advice=advice)


@contextlib.contextmanager
def _connected(address: Address) -> Iterator[socket.socket]:
    """Connect as far as the operating system does. Raises LocationError."""
    with _to_socket(address) if address.socket else _to_port(address) as connection:
        connection.settimeout(_PATIENCE)
        yield connection


def _to_port(address: Address) -> socket.socket:
    try:
        return socket.create_connection((address.host, address.port), _PATIENCE)
    except socket.gaierror as error:
        raise unreachable(address, f"the host {address.host!r} is not known", "Correct `host`.") from error
    except ConnectionRefusedError as error:
        raise unreachable(address, "nothing listens there") from error
    except TimeoutError as error:
        advice = "See whether the machine is up, and whether a firewall stands between."
        raise unreachable(address, f"no answer within {_PATIENCE:g} s", advice) from error
    except OSError as error:
        advice = "See whether the network reaches that machine."
        raise unreachable(address, str(error.strerror or error).lower(), advice) from error


def check_reachable(address: Address) -> None:
    """Raise LocationError for an address that no connection can ever be made to."""
    if len(os.fsencode(address.socket)) > SOCKET_PATH_LIMIT:
        advice = "Use a shorter path, both here and where the server is started."
        raise unreachable(address, f"a socket's path has at most {SOCKET_PATH_LIMIT} bytes", advice)


def _to_socket(address: Address) -> socket.socket:
    path = address.socket
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(_PATIENCE)
    try:
        connection.connect(path)
    except OSError as error:
        connection.close()
        if isinstance(error, FileNotFoundError):
            raise unreachable(address, "there is no such socket") from error
        if isinstance(error, ConnectionRefusedError):
            raise unreachable(address, "nothing listens there: a server that has ended left it") from error
        if isinstance(error, PermissionError):
            advice = "Let this user write to the socket and enter its folder."
            raise unreachable(address, "permission denied", advice) from error
        raise unreachable(address, str(error.strerror or error).lower()) from error
    return connection


def _plain(address: Address, connection: socket.socket) -> LocationError:
    answer = _answer(connection)
    if answer is None:
        return _silent(address)
    if answer and answer[0] == _TLS_ALERT:
        return _tls_failed(address, "the server wants TLS, and `ssl` is not set", _SET_SSL)
    if answer:
        return _answered(address, answer)
    # Servers with TLS hang up on plain talk, some without a word.
    if _speaks_tls(address):
        return _tls_failed(address, "the server wants TLS, and `ssl` is not set", _SET_SSL)
    return unreachable(address, "it ends the connection without a word", "See what runs there, and look into its log.")


def _silent(address: Address) -> LocationError:
    return unreachable(
        address, "it takes the connection and says nothing", "See what runs there, and whether it hangs."
    )


def _answered(address: Address, answer: bytes) -> LocationError:
    if len(answer) >= 9 and answer[3] == _HTTP2_SETTINGS:
        return unreachable(address, "it ended the connection", "Look into the server's log.")
    if version := re.match(rb"HTTP/[0-9.]{1,8}", answer):
        return wrong_server(address, f"it speaks {version[0].decode('ascii')}")
    if answer.lstrip()[:5].lower() in (b"<!doc", b"<html"):
        return wrong_server(address, "it is a web server")
    line = answer.split(b"\n")[0].strip()
    if line and all(0x20 <= byte < 0x7F for byte in line):
        return wrong_server(address, f'it says "{line[:60].decode("ascii")}"')
    return wrong_server(address, "it says something that is no text")


def _answer(connection: socket.socket) -> bytes | None:
    """Give what the other side says first, nothing when it ends the connection, None when it does not say anything."""
    try:
        connection.sendall(_PREFACE)
        return connection.recv(1024)
    except TimeoutError:
        return None
    except OSError:
        return b""


def _speaks_tls(address: Address) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with _connected(address) as connection, context.wrap_socket(connection):
            return True
    except ssl.SSLError as error:
        # Refused by a TLS server, for want of a certificate perhaps.
        return "ALERT" in (error.reason or "")
    except (OSError, LocationError):
        return False


def _over_tls(address: Address, tls: Tls, connection: socket.socket) -> LocationError:
    context = client_context(tls)
    try:
        with context.wrap_socket(connection, server_hostname=tls.server_name or address.host) as secure:
            # With TLS 1.3 a server refuses a client's certificate only after the handshake.
            secure.sendall(_PREFACE)
            answer = secure.recv(1024)
    except ssl.SSLCertVerificationError as error:
        return _not_accepted(address, tls, error)
    except TimeoutError:
        return _silent(address)
    except ssl.SSLError as error:
        return _refused(address, tls, error.reason or "")
    except ConnectionError:
        return _refused(address, tls, "")
    return _answered(address, answer) if answer else _refused(address, tls, "")


def _not_accepted(address: Address, tls: Tls, error: ssl.SSLCertVerificationError) -> LocationError:
    """Say what this side has against the server's certificate. The codes are OpenSSL's (X509_V_ERR_...)."""
    if error.verify_code in (_EXPIRED, _NOT_YET_VALID):
        advice = "Renew the certificate there; the server takes it up by itself. If it is new, see to this clock."
    elif error.verify_code in (_OTHER_NAME, _OTHER_ADDRESS):
        advice = "Set `server_name` to a name in the certificate, or have one made for this name."
    else:
        verb = "Set" if tls.ca is None else "Correct"
        advice = f"{verb} `ca`: the authority that signed it, or the certificate itself."
    words = error.verify_message.rstrip(".")
    return _tls_failed(address, f"the server's certificate is not accepted ({words})", advice)


def _refused(address: Address, tls: Tls, reason: str) -> LocationError:
    """Say why the server has broken off; ``reason``: OpenSSL's, empty when it did so without a word."""
    if reason in _NO_TLS:
        advice = "Remove `ssl`, or start the server with --tls-cert and --tls-key."
        return _tls_failed(address, "the server does not speak TLS", advice)
    if "NO_APPLICATION_PROTOCOL" in reason:
        return wrong_server(address, "it speaks TLS, and in it no HTTP/2")
    told = f" ({_lower(reason)})" if "ALERT" in reason else ""
    if not (tls.cert and tls.key):
        words = "the server ended the handshake, as it does where it wants a client certificate"
        if "CERTIFICATE_REQUIRED" in reason:
            words, told = "the server wants a client certificate", ""
        advice = "Set `cert` and `key` to a client certificate that the authorities of its --client-ca signed."
        return _tls_failed(address, f"{words}{told}", advice)
    problem = problem_of_own_certificate(tls.cert, tls.key)
    if problem is not None:
        advice = f"Renew {tls.cert}; it is read again at each attempt."
        return _tls_failed(address, f"the server refuses the client certificate: {problem}", advice)
    advice = "Set `cert` and `key` to one that the authorities of its --client-ca signed."
    return _tls_failed(address, f"the server refuses the client certificate{told}", advice)


def _lower(reason: str) -> str:
    return reason.replace("_", " ").lower()
