"""The process of one run: executes a pipeline of loaded code, and writes its journal."""

import atexit
import contextlib
import dataclasses
import fcntl
import os
import shutil
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

from skerry.definitions import PipelineDefinition, RepositoryDefinition
from skerry.errors import ErrorKind, LocationError, RunError
from skerry.execution import Event, EventType, FolderValues, KeptValues, NotToldError, Plan, Settings, Values, run
from skerry.execution.cancellation import Cancellation
from skerry.execution.events import printed
from skerry.model import ErrorInfo, RunEvent, RunOptions
from skerry.user_process.journal import JOURNAL, LOCK, OUTPUTS, Journal, Tail, whole
from skerry.user_process.masking import Masker
from skerry.user_process.streams import flush
from skerry.user_process.tracebacks import describe_exception, exit_words

#: The size of an output of which there is no file, or one of an attempt before.
_NOT_KEPT = -1
_EXIT_ADVICE = "Return or raise an exception instead."


class NotLoaded(Exception):  # noqa: N818  # it carries an error that is described already
    """The code could not be loaded for the run."""

    def __init__(self, error: ErrorInfo) -> None:
        super().__init__(error.message)
        self.error = error


#: Gives the repositories of the loaded code, in the process of the run. Raises NotLoaded.
Load = Callable[[], Sequence[RepositoryDefinition]]


def execute(
    load: Load,
    folder: str,
    run_id: str,
    options: RunOptions,
    masker: Masker,
    wrote: Callable[[Optional[OSError]], None],
) -> None:
    """Execute a pipeline in this process, which is for this alone; every outcome is in the journal in ``folder``.

    ``masker`` hides the secrets of the location. ``wrote`` is called after each event that was written, and with the
    reason as soon as one could not be: then the run is torn down, and tells no more. SIGINT and SIGTERM cancel the run.
    Raises NotToldError where the journal could not be written.
    """
    journal: Optional[Journal] = None
    cancellation = Cancellation()
    owner = os.getpid()
    lost: Optional[NotToldError] = None

    def emit(event: Event) -> None:
        nonlocal journal, lost
        if os.getpid() != owner:
            printed(event)
            return
        with cancellation.later():
            if lost is not None:  # a journal with a gap would not be true
                raise lost
            try:
                journal = journal or Journal(os.path.join(folder, JOURNAL))
                journal.append(event._replace(data=masker.said(event.data)))
            except OSError as error:
                lost = NotToldError(error)
                wrote(error)
                raise lost from error
            wrote(None)

    try:
        _execute(load, folder, run_id, options, masker, emit, lambda: cancellation.asked)
    except KeyboardInterrupt:
        if journal is None or not journal.ended:
            emit(Event(EventType.RUN_CANCELED))
    finally:
        flush()
        with contextlib.suppress(BaseException):  # it has been told how the run ended
            atexit._run_exitfuncs()
        flush()


def _execute(
    load: Load,
    folder: str,
    run_id: str,
    options: RunOptions,
    masker: Masker,
    emit: Callable[[Event], None],
    is_canceled: Callable[[], bool],
) -> None:
    def describe(error: BaseException) -> Dict[str, Any]:
        described: Dict[str, Any] = masker.value(_described(error)).to_json()
        return described

    try:
        pipeline = _find(load(), options)
        done = _take_over(folder, options.parent_id)
        plan = Plan.of(pipeline, options.run_config, only=options.solids or None, done=done)
    except Exception as error:
        emit(Event(EventType.RUN_FAILED, None, {"failed": []}, describe(error)))
        return
    tags = {**pipeline.tags, **options.tags}
    settings = Settings(
        run_id, tags, max_concurrency=options.max_concurrency, describe=describe, is_canceled=is_canceled
    )
    run(plan, settings, _values(folder, options, emit), emit)


def fail(folder: str, error: ErrorInfo, *, canceled: bool = False) -> None:
    """Write the end of a run whose process has ended without a word, unless it is there. Raises OSError.

    The solids that were being executed have failed with the same ``error``.
    """
    with contextlib.suppress(OSError):
        os.truncate(os.path.join(folder, LOCK), 0)  # which makes room for it
    path = os.path.join(folder, JOURNAL)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # several may find out at the same time that nobody else writes it
        _fail(path, error, canceled=canceled)
    finally:
        os.close(descriptor)


def _fail(path: str, error: ErrorInfo, *, canceled: bool) -> None:
    journal = Journal(path)
    try:
        if journal.ended:
            return
        running, failed = _unfinished(path)
        for solid in running:
            journal.append(
                Event(EventType.SOLID_FAILED, solid, {"canceled": True} if canceled else {}, error.to_json())
            )
        if canceled:
            journal.append(Event(EventType.RUN_CANCELED))
        else:
            data = {"failed": [*failed, *running]}
            journal.append(Event(EventType.RUN_FAILED, None, data, None if running else error.to_json()))
    finally:
        journal.close()


def _unfinished(path: str) -> Tuple[List[str], List[str]]:
    """Give the solids that a journal leaves in the middle, and those that have failed."""
    running: Dict[str, None] = {}
    failed: Dict[str, None] = {}
    for event in Tail(path).read():
        if event.solid is None:
            continue
        if event.type is EventType.SOLID_STARTED:
            running[event.solid] = None
        elif event.type in (EventType.SOLID_SUCCEEDED, EventType.SOLID_FAILED):
            running.pop(event.solid, None)
        if event.type is EventType.SOLID_FAILED:
            failed[event.solid] = None
    return list(running), list(failed)


def _find(repositories: Sequence[RepositoryDefinition], options: RunOptions) -> PipelineDefinition:
    """Find the pipeline. Raises LocationError, or what its definition has failed with."""
    repository = next((one for one in repositories if one.name == options.repository), None)
    if repository is None:
        known = ", ".join(one.name for one in repositories) or "none"
        raise _not_found(options, f"Its repositories are: {known}.")
    contents = repository.definitions()
    for pipeline in contents.pipelines:
        if pipeline.name == options.pipeline:
            return pipeline
    for failure in contents.failures:
        if (failure.name, failure.type) == (options.pipeline, "pipeline"):
            raise failure.error
    known = ", ".join(one.name for one in contents.pipelines) or "none"
    raise _not_found(options, f"The pipelines there are: {known}.")


def _not_found(options: RunOptions, known: str) -> LocationError:
    fields = {"type": "pipeline", "name": options.pipeline, "repository": options.repository, "known": known}
    return LocationError(ErrorKind.DEFINITION_NOT_FOUND, **fields)


def _values(folder: str, options: RunOptions, emit: Callable[[Event], None]) -> Values:
    kept = FolderValues(os.path.join(folder, OUTPUTS))
    if options.max_concurrency > 1:
        return kept

    def not_kept(error: RunError) -> None:
        data = {"level": "WARNING", "message": f"A run again from a failure would execute this solid anew. {error}"}
        emit(Event(EventType.LOG, error.fields["solid"], data))

    return KeptValues(kept, not_kept)


def _take_over(folder: str, parent_id: Optional[str]) -> Dict[str, Set[str]]:
    """Take over what another run has done: link its outputs; gives the solids with the outputs that they gave.

    A solid of which an output was not kept is left out, and so executed again. Raises RunError where the journal of the
    other run is damaged, OSError where it is not there.
    """
    if parent_id is None:
        return {}
    parent = os.path.join(os.path.dirname(folder), parent_id)
    journal = os.path.join(parent, JOURNAL)
    os.stat(journal)
    outputs: Dict[str, Dict[str, Optional[int]]] = {}
    done: Dict[str, Dict[str, Optional[int]]] = {}
    for event in whole(journal):
        _note(event, outputs, done)
    for solid in [*done]:
        try:
            for output, size in done[solid].items():
                _link(parent, folder, os.path.join(OUTPUTS, solid, output + ".pickle"), size)
        except OSError:
            del done[solid]
    return {solid: set(given) for solid, given in done.items()}


def _note(
    event: RunEvent, outputs: Dict[str, Dict[str, Optional[int]]], done: Dict[str, Dict[str, Optional[int]]]
) -> None:
    """Note the outputs that a solid gives, with their sizes as far as those are told, and the solids that succeed."""
    if event.solid is None:
        if event.type is EventType.RUN_STARTED:
            for solid, given in event.data.get("done", {}).items():
                done[solid] = dict.fromkeys(given)
    elif event.type is EventType.SOLID_STARTED:
        outputs[event.solid] = {}
    elif event.type is EventType.OUTPUT:
        outputs[event.solid][event.data["output"]] = event.data.get("size", _NOT_KEPT)
    elif event.type is EventType.SOLID_SUCCEEDED:
        done[event.solid] = outputs[event.solid]


def _link(parent: str, folder: str, name: str, size: Optional[int]) -> None:
    """Take over one output. Raises OSError where it is not there, or not of its ``size``: then nothing of it is."""
    source, target = os.path.join(parent, name), os.path.join(folder, name)
    if size is not None and os.stat(source).st_size != size:
        raise OSError("its file is cut")  # as the power may do
    os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without links
        try:
            shutil.copyfile(source, target)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(target)
            raise


def _described(error: BaseException) -> ErrorInfo:
    if isinstance(error, NotLoaded):
        return error.error
    if isinstance(error, (LocationError, RunError)):
        return ErrorInfo(error.kind, str(error))
    info = describe_exception(error)
    if isinstance(error, SystemExit):
        words = exit_words(error, "the pipeline ran", _EXIT_ADVICE)
        info = dataclasses.replace(info, message=words)
    return info
