"""Where a code server is reached: a host and a port, or a unix socket."""

from __future__ import annotations

from dataclasses import dataclass

#: Bytes of a unix socket's path that the operating system takes (``sun_path`` in unix(7), less the final zero).
SOCKET_PATH_LIMIT = 107

_UNIX = "unix:"
#: What a server listens on and nobody can connect to, and where such a server is reached.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "": "localhost", "::": "::1"}


@dataclass(frozen=True)
class Address:
    """``host`` and ``port``, or ``socket``, an absolute path."""

    host: str = "localhost"
    port: int = 0
    socket: str = ""

    @classmethod
    def parse(cls, written: str) -> Address:
        """Read ``host:port``, ``[IPv6]:port`` or ``unix:/path``. Raises ValueError."""
        if written.startswith(_UNIX):
            return cls(socket=written.removeprefix(_UNIX))
        host, colon, port = written.rpartition(":")
        if not colon or not port.isdecimal() or not 0 < int(port) < 65536:
            raise ValueError(f"{written!r} is neither host:port nor unix:/path")
        return cls(host.removeprefix("[").removesuffix("]"), int(port))

    def __str__(self) -> str:
        if self.socket:
            return f"{_UNIX}{self.socket}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def target(self) -> str:
        """Write it for grpc, with a host that can be connected to."""
        return str(self.reachable)

    @property
    def reachable(self) -> Address:
        """Give the address at which a server is reached that listens on this one."""
        return Address(_EVERYWHERE.get(self.host, self.host), self.port, self.socket)

    @property
    def words(self) -> str:
        """Write it for people."""
        return self.socket or str(self)
