"""The process of one run: executes a pipeline of loaded code, and writes its journal."""

import atexit
import contextlib
import dataclasses
import os
import shutil
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from skerry.definitions import PipelineDefinition, RepositoryDefinition
from skerry.errors import ErrorKind, LocationError, RunError
from skerry.execution import Event, EventType, FolderValues, KeptValues, Plan, Settings, Values, run
from skerry.execution.cancellation import Cancellation
from skerry.model import ErrorInfo, RunEvent, RunOptions
from skerry.user_process.journal import JOURNAL, OUTPUTS, Journal, read_line
from skerry.user_process.masking import Masker
from skerry.user_process.streams import flush
from skerry.user_process.tracebacks import describe_exception, exit_words

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
    wrote: Callable[[], None],
) -> None:
    """Execute a pipeline in this process, which is for this alone; every outcome is in the journal in ``folder``.

    ``masker`` hides the secrets of the location. ``wrote`` is called after each event that was written. SIGINT and
    SIGTERM cancel the run. Raises OSError where the journal cannot be written.
    """
    journal = Journal(os.path.join(folder, JOURNAL))
    cancellation = Cancellation()

    def emit(event: Event) -> None:
        with cancellation.later():
            journal.append(event._replace(data=masker.said(event.data)))
            wrote()

    try:
        _execute(load, folder, run_id, options, masker, emit)
    except KeyboardInterrupt:
        if not journal.ended:
            emit(Event(EventType.RUN_CANCELED))
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
    settings = Settings(run_id, tags, max_concurrency=options.max_concurrency, describe=describe)
    run(plan, settings, _values(folder, options, emit), emit)


def fail(folder: str, error: ErrorInfo, *, canceled: bool = False) -> None:
    """Write the end of a run whose process has ended without a word, unless it is there. Raises OSError, ValueError.

    The solids that were being executed have failed with the same ``error``.
    """
    path = os.path.join(folder, JOURNAL)
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
    for event in _events(path):
        if event.solid is None:
            continue
        if event.type is EventType.SOLID_STARTED:
            running[event.solid] = None
        elif event.type in (EventType.SOLID_SUCCEEDED, EventType.SOLID_FAILED, EventType.SOLID_RETRIED):
            running.pop(event.solid, None)
        if event.type is EventType.SOLID_FAILED:
            failed[event.solid] = None
    return list(running), list(failed)


def _events(path: str) -> Iterator[RunEvent]:
    with open(path, "rb") as journal:
        for line in journal:
            if line.endswith(b"\n"):
                yield read_line(line)


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

    A solid of which an output was not kept is left out, and so executed again.
    """
    if parent_id is None:
        return {}
    parent = os.path.join(os.path.dirname(folder), parent_id)
    outputs: Dict[str, Set[str]] = {}
    done: Dict[str, Set[str]] = {}
    for event in _events(os.path.join(parent, JOURNAL)):
        _note(event, outputs, done)
    for solid in [*done]:
        try:
            for output in done[solid]:
                _link(parent, folder, solid, output)
        except OSError:
            del done[solid]
    return done


def _note(event: RunEvent, outputs: Dict[str, Set[str]], done: Dict[str, Set[str]]) -> None:
    if event.solid is None:
        if event.type is EventType.RUN_STARTED:
            for solid, given in event.data.get("done", {}).items():
                done[solid] = set(given)
    elif event.type is EventType.SOLID_STARTED:
        outputs[event.solid] = set()
    elif event.type is EventType.OUTPUT:
        outputs[event.solid].add(event.data["output"])
    elif event.type is EventType.SOLID_SUCCEEDED:
        done[event.solid] = outputs[event.solid]


def _link(parent: str, folder: str, solid: str, output: str) -> None:
    name = os.path.join(OUTPUTS, solid, output + ".pickle")
    target = os.path.join(folder, name)
    os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
    try:
        os.link(os.path.join(parent, name), target)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without links
        shutil.copyfile(os.path.join(parent, name), target)


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
