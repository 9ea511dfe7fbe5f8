"""The local code server: user processes forked on this machine, watched by one supervising thread."""

from skerry.code_server.local import LoadRequest, LocalCodeServer
from skerry.code_server.processes import Processes

__all__ = ["LoadRequest", "LocalCodeServer", "Processes"]
