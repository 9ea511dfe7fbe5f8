"""Where the outputs of solids are, between the solid that gives one and those that take it."""

import contextlib
import os
import pickle
from typing import Any, Callable, Collection, Dict, Optional, Protocol, Tuple

from skerry.errors import ErrorKind, RunError

#: Bytes of one output as it is kept.
LARGEST = 1024 * 1024 * 1024


class Values(Protocol):
    """A place for outputs. Called by the run, and with several processes also in those that execute solids."""

    def put(self, solid: str, output: str, value: Any) -> Optional[int]:
        """Take an output; gives its size in bytes where it was kept for later runs. May raise RunError."""

    def get(self, solid: str, output: str) -> Any:
        """Give an output back."""

    def forget(self, solid: str, outputs: Collection[str]) -> None:
        """Let go of what no other solid of this run will take."""


class MemoryValues:
    """Outputs as they are, in this process."""

    def __init__(self) -> None:
        self._values: Dict[Tuple[str, str], Any] = {}

    def put(self, solid: str, output: str, value: Any) -> Optional[int]:
        """See ``Values``."""
        self._values[solid, output] = value
        return None

    def get(self, solid: str, output: str) -> Any:
        """See ``Values``."""
        return self._values[solid, output]

    def forget(self, solid: str, outputs: Collection[str]) -> None:
        """See ``Values``."""
        for output in outputs:
            self._values.pop((solid, output), None)


class FolderValues:
    """Outputs pickled into files, for other processes and later runs of the same code.

    A pickle is read by processes that run the user's code alone: it can execute anything. Each file stands whole or
    not at all: ``FOLDER/SOLID/OUTPUT.pickle``.
    """

    def __init__(self, folder: str, largest: int = LARGEST) -> None:
        self._folder = folder
        self._largest = largest

    def put(self, solid: str, output: str, value: Any) -> Optional[int]:
        """See ``Values``. Raises RunError where it cannot be pickled, is too large, or the disk is full."""
        path = self._path(solid, output)
        aside = f"{path}.{os.getpid()}"
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            with open(aside, "wb") as file:
                pickle.dump(value, _Limited(file, self._largest), pickle.HIGHEST_PROTOCOL)
            os.replace(aside, path)
            return os.stat(path).st_size
        except _TooLargeError:
            reason = f"it is larger than {self._largest} bytes"
            advice = "Write it to a file or a database of your own, and give its place."
            raise _not_kept(solid, output, reason, advice) from None
        except OSError as error:
            advice = "Free space on that disk, or set SKERRY_HOME to a folder elsewhere."
            raise _not_kept(solid, output, f"{self._folder}: {error.strerror or error}", advice) from error
        except Exception as error:  # whatever the user's own __reduce__ raises
            advice = "Give plain data, and let a resource make what cannot be pickled, such as a connection."
            found = f"its {type(value).__name__} does not pickle ({type(error).__name__}: {error})"
            raise _not_kept(solid, output, found, advice) from error
        finally:
            with contextlib.suppress(OSError):
                os.unlink(aside)

    def get(self, solid: str, output: str) -> Any:
        """See ``Values``. Raises what unpickling raises."""
        with open(self._path(solid, output), "rb") as file:
            return pickle.load(file)

    def forget(self, solid: str, outputs: Collection[str]) -> None:
        """See ``Values``: files stay, for the run that begins where this one has failed."""

    def _path(self, solid: str, output: str) -> str:
        return os.path.join(self._folder, solid, output + ".pickle")


class KeptValues(MemoryValues):
    """Outputs as they are, in this process, and as far as they can be pickled in a folder, too."""

    def __init__(self, folder: FolderValues, not_kept: Callable[[RunError], None]) -> None:
        """Make it. ``not_kept``: hears why an output is not kept; within this run it passes all the same."""
        super().__init__()
        self._folder = folder
        self._not_kept = not_kept

    def put(self, solid: str, output: str, value: Any) -> Optional[int]:
        """See ``Values``."""
        super().put(solid, output, value)
        try:
            return self._folder.put(solid, output, value)
        except RunError as error:
            self._not_kept(error)
            return None

    def get(self, solid: str, output: str) -> Any:
        """See ``Values``."""
        return super().get(solid, output) if (solid, output) in self._values else self._folder.get(solid, output)


class _TooLargeError(Exception):
    """More was written than may be."""


class _Limited:
    """A file to which only so much may be written."""

    def __init__(self, file: Any, largest: int) -> None:
        self._file = file
        self._left = largest

    def write(self, data: Any) -> int:
        self._left -= memoryview(data).nbytes
        if self._left < 0:
            raise _TooLargeError
        written: int = self._file.write(data)
        return written


def _not_kept(solid: str, output: str, reason: str, advice: str) -> RunError:
    return RunError(ErrorKind.OUTPUT_NOT_KEPT, solid=solid, output=output, reason=reason, advice=advice)
