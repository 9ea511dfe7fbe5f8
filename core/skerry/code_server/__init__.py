"""The local code server: user processes forked on this machine, watched by one supervising thread."""

from skerry.code_server.fork_servers import ForkServers
from skerry.code_server.local import LoadRequest, LocalCodeServer
from skerry.code_server.supervisor import Supervisor

__all__ = ["ForkServers", "LoadRequest", "LocalCodeServer", "Supervisor"]
