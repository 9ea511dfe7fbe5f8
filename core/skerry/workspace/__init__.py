"""The workspace and its locations: what tools hold, and what every screen reads."""

from skerry.workspace.launched_run import LaunchedRun
from skerry.workspace.location import Location
from skerry.workspace.served import ServedLocation
from skerry.workspace.served_runs import ServedRuns
from skerry.workspace.workspace import Workspace

__all__ = ["LaunchedRun", "Location", "ServedLocation", "ServedRuns", "Workspace"]
