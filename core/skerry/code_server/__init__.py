"""The local code server, and commands: processes of this machine, watched by one supervising thread."""

from skerry.code_server.backlog import Backlog
from skerry.code_server.backoff import Backoff
from skerry.code_server.command import Command
from skerry.code_server.load_request import LoadRequest
from skerry.code_server.local import LocalCodeServer
from skerry.code_server.log_files import LogFiles
from skerry.code_server.output import OpenLog
from skerry.code_server.processes import Processes

__all__ = ["Backlog", "Backoff", "Command", "LoadRequest", "LocalCodeServer", "LogFiles", "OpenLog", "Processes"]
