"""Watching: a change of the files that a location was loaded from loads it again.

``watcher`` is the thread that does it. ``subjects`` are what it watches for: each location, and the workspace files;
each knows what it was loaded from, in ``digests``. ``patterns`` are the globs among that, ``folders`` says where a
change of all that shows, and ``events`` waits for one.
"""

from skerry.workspace.watching.watcher import Watcher

__all__ = ["Watcher"]
