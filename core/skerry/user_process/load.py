"""Loads a target: its module, its repositories, what they hold; every outcome is a message."""

import dataclasses
import importlib
import os
import sys
import time
from types import ModuleType
from typing import Tuple

from skerry.definitions import RepositoryDefinition, collect_failures
from skerry.errors import LocationError
from skerry.model import ErrorInfo
from skerry.pipe import Message
from skerry.user_process.describe import describe
from skerry.user_process.discover import discover
from skerry.user_process.files import Files, file_time, files_before, files_of, newest_module
from skerry.user_process.missing import missing_file, missing_import, missing_module
from skerry.user_process.target import Target
from skerry.user_process.tracebacks import describe_exception


def failed(error: ErrorInfo, files: Files) -> Message:
    """Make the message that tells a failure. ``files``: those that the load has read or looked for."""
    return {"type": "failed", "error": error.to_json(), "files": files}


def load(target: Target) -> Tuple[Message, Tuple[RepositoryDefinition, ...]]:
    """Load ``target``, in the main thread; gives its repositories.

    The message is ``loaded`` with what they define, or ``failed`` with the error; then there are none.
    """
    before, imported_before = files_before(target), newest_module()
    began, started = file_time(), time.monotonic()
    try:
        with collect_failures() as collected:
            repositories = discover(_import(target), target.words, target.attribute, collected)
            snapshots = [describe(repository, describe_exception) for repository in repositories]
    except BaseException as error:  # sys.exit() and KeyboardInterrupt in user code are its failure, not our end
        return failed(_error_info(error, target), files_of(target, began, before, imported_before, [error])), ()
    load_seconds = time.monotonic() - started
    errors = [failure.error for repository in repositories for failure in repository.definitions().failures]
    loaded = {
        "type": "loaded",
        "repositories": [snapshot.to_json() for snapshot in snapshots],
        "load_seconds": load_seconds,
        "files": files_of(target, began, before, imported_before, errors),
        # What Python's threads hold when a process is forked stays held in the other for ever.
        "threads": len(sys._current_frames()) > 1,
        "runs": True,  # this copy of Skerry can execute them
    }
    return loaded, repositories


def _import(target: Target) -> ModuleType:
    if target.kind == "file" and not os.path.isfile(target.name):
        raise missing_file(target)
    return importlib.import_module(target.module_name)


def _error_info(error: BaseException, target: Target) -> ErrorInfo:
    if isinstance(error, LocationError):
        return ErrorInfo(error.kind, str(error))
    if isinstance(error, ModuleNotFoundError):
        absent = missing_module(error, target)
        if absent is not None:
            return ErrorInfo(absent.kind, str(absent))
    info = describe_exception(error)
    if isinstance(error, ModuleNotFoundError):
        return dataclasses.replace(info, message=info.message + missing_import(error, target))
    return info
