"""What a location type is: the object behind a key of ``load_from``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from skerry.model import Origin
from skerry.plugin.code_server import CodeServer
from skerry.plugin.runtime import EntryContext, Runtime


class LocationType(ABC):
    """The base class of every location type, the built-in ones included.

    One instance serves all the entries of its key, from several threads: keep no state of an entry in it.
    ``schema`` is the JSON Schema (draft-07) of the mapping under the key; core adds ``location_name`` and
    ``startup_timeout`` to its properties. ``shorthand`` names the property that a bare string stands for.
    ``deprecated`` says what to use in its place, and makes each use a warning.
    """

    key: ClassVar[str]
    summary: ClassVar[str]
    schema: ClassVar[Mapping[str, Any]]
    shorthand: ClassVar[str | None] = None
    deprecated: ClassVar[str | None] = None

    def normalize(self, options: Mapping[str, Any], context: EntryContext) -> Mapping[str, Any]:
        """Give the options with defaults filled in and every path absolute (``context.path``); JSON values only.

        Called by the workspace file's reader, in the thread that reads it, once for each entry, after ``options``
        passed the schema. Raise ``LocationError(reason=...)`` to refuse the entry. The default changes nothing.
        """
        return options

    @abstractmethod
    def default_name(self, options: Mapping[str, Any]) -> str:
        """Name a location whose entry gives no ``location_name``.

        Called by the workspace file's reader, in the thread that reads it, with the options as written (the
        shorthand already made a mapping), so that the name does not depend on the machine.
        """

    @abstractmethod
    def open(self, origin: Origin, runtime: Runtime) -> CodeServer:
        """Give a code server for ``origin``, or raise ``LocationError(reason=...)``.

        Called by the workspace at each load and reload, in a worker thread, for several locations at once. It may
        block until ``runtime.deadline``; it need not wait until user code is loaded: the code server tells.
        """

    def watch_paths(self, origin: Origin) -> Iterable[Path]:
        """Name files and folders, beyond the modules that user code imports, whose change asks for a reload.

        Called by a workspace that watches, when it begins to and after each change of the entry, in the thread that
        watches. The paths are absolute, and need not exist. It must raise nothing.
        """
        return ()
