"""Takes a port or a socket for a server, and says who has it when it is taken.

grpc would share a port, and steal a socket; and a server of its that stops removes the socket of the one that came
after. So both are tried before grpc is asked, and a socket is held by a lock on a file beside it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil

from skerry.errors import LocationError
from skerry.locking import try_lock
from skerry.rpc.address import SOCKET_PATH_LIMIT, Address
from skerry.rpc.peer import Peer

#: Seconds that whoever has the address may take to say who it is.
_ASK = 2.0


@contextlib.contextmanager
def hold(address: Address) -> Iterator[None]:
    """Hold an address for a server that is about to listen there. Raises LocationError when it is taken."""
    if address.socket:
        with _hold_socket(address):
            yield
    else:
        _check_port(address)
        yield


def _check_port(address: Address) -> None:
    for family, kind, number, _, where in _resolve(address):
        with socket.socket(family, kind, number) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that linger do not hold it
            if family == socket.AF_INET6:
                trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                trial.bind(where)
            except OSError as error:
                raise _not_bound(address, error) from error


def _resolve(address: Address) -> list[tuple[int, int, int, str, tuple[str, int]]]:
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        reason = f"The host {address.host!r} is not known.\nGive --host a name or an address of this machine."
        raise LocationError(reason=reason) from error
    return found  # type: ignore[return-value]


def _not_bound(address: Address, error: OSError) -> LocationError:
    if isinstance(error, PermissionError):
        advice = "Ports below 1024 are for root: give --port a higher one."
        return LocationError(reason=f"This user may not listen at {address.words}.\n{advice}")
    if error.errno != errno.EADDRINUSE:
        advice = "Give --host a name or an address of this machine."
        return LocationError(reason=f"Nothing can listen at {address.words}: {error.strerror}.\n{advice}")
    return LocationError(
        reason=f"The port {address.port} is taken{_by(_port_holder(address), address)}.\n"
        "Stop what listens there, or give another --port."
    )


@contextlib.contextmanager
def _hold_socket(address: Address) -> Iterator[None]:
    path = Path(address.socket)
    if len(os.fsencode(path)) > SOCKET_PATH_LIMIT:
        size = len(os.fsencode(path))
        raise LocationError(
            reason=f"The path of the socket {path} has {size} bytes, and the system allows {SOCKET_PATH_LIMIT}.\n"
            "Give --socket a shorter path, for example below /run or /tmp."
        )
    if not path.parent.is_dir():
        raise LocationError(reason=f"There is no folder {path.parent} for the socket.\nCreate it, or correct --socket.")
    lock = path.with_name(f"{path.name}.lock")
    with contextlib.ExitStack() as stack:
        try:
            mine = stack.enter_context(try_lock(lock))
        except OSError as error:
            reason = f"The socket {path} cannot be made: {error.strerror}.\nLet this user write to its folder."
            raise LocationError(reason=reason) from error
        if not mine or _is_answered(path):
            raise LocationError(
                reason=f"The socket {path} is taken{_by(_socket_holder(path), address)}.\n"
                "Stop what listens there, or give another --socket."
            )
        path.unlink(missing_ok=True)  # left by a server that was killed
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _is_answered(path: Path) -> bool:
    """Tell whether something listens on the socket. Raises LocationError when it is no socket at all."""
    if not os.path.lexists(path):
        return False
    if not path.is_socket():
        reason = f"{path} is there already, and is no socket.\nRemove it, or give another --socket."
        raise LocationError(reason=reason)
    with socket.socket(socket.AF_UNIX) as trial:
        trial.settimeout(_ASK)
        try:
            trial.connect(str(path))
        except ConnectionRefusedError:
            return False
        except OSError:
            return True  # it takes its time, or is not for this user: somebody has it
    return True


def _by(holder: str, address: Address) -> str:
    told = _ask(address)
    if told and holder:
        return f" by {told} ({holder})"
    return f" by {told or holder}" if told or holder else ""


def _ask(address: Address) -> str:
    """Have whoever listens say what it serves, if it is one of ours that lets us in."""
    with contextlib.suppress(LocationError):
        peer = Peer(address.reachable, None, lambda: None)
        try:
            hello = peer.shake_hands(_ASK)
        finally:
            peer.close()
        return f"a Skerry code server of {hello.target}"
    return ""


def _port_holder(address: Address) -> str:
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr
            if listens and connection.pid and connection.laddr.port == address.port:  # type: ignore[union-attr]
                return _process(connection.pid)
    return ""


def _socket_holder(path: Path) -> str:
    with contextlib.suppress(OSError, AttributeError), socket.socket(socket.AF_UNIX) as trial:
        trial.settimeout(_ASK)
        trial.connect(str(path))
        # Linux: who listens. struct ucred is three ints: pid, uid, gid (unix(7)).
        credentials = trial.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return _process(int.from_bytes(credentials[:4], "little"))
    return ""


def _process(pid: int) -> str:
    with contextlib.suppress(psutil.Error):
        return f"process {pid}, {psutil.Process(pid).name()}"
    return f"process {pid}"
