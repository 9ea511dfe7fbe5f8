"""Evaluates schedules and sensors in the code of one generation, and tells in words how that ended."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from skerry.code_server.calls import Calls, Conversation
from skerry.code_server.endings import ended, evaluation_cut_off, evaluation_not_begun, evaluation_timed_out
from skerry.code_server.evaluations import Ending, FreshEvaluation, evaluate_in_a_fork
from skerry.code_server.fork_server import Forker
from skerry.code_server.output import Output
from skerry.code_server.supervisor import Supervisor
from skerry.errors import ErrorKind, LocationError
from skerry.model import ErrorInfo, Evaluation, EvaluationResult
from skerry.pipe import Connection, Message
from skerry.user_process.files import difference
from skerry.user_process.tracebacks import parse_stack

_NOT_LOADED = "its code is not loaded"
_ENDED = "the process of its code has ended"


class Evaluator:
    """Of one local code server. ``evaluate`` may be called by any thread, several at a time."""

    def __init__(
        self,
        template: Connection,
        fork_server: Forker,
        load: Message,
        output: Output,
        supervisor: Supervisor,
        tell_busy: Callable[[float | None], None],
        *,
        fresh: bool,
    ) -> None:
        """``load``: the message that asks for the load, ``fresh``: in a new interpreter; ``tell_busy``: see Calls."""
        self._template = template
        self._fork_server = fork_server
        self._load = load
        self._fresh = fresh
        self._output = output
        self._supervisor = supervisor
        self._calls = Calls(supervisor, tell_busy)
        #: Held by whoever sends to the template.
        self.sending = threading.Lock()
        self._loaded: Message | None = None
        self._standard_library = ""
        #: Where evaluations write that are not forked from the template. Its lock is for whoever copies or closes it.
        self._writer = os.dup(output.writer)
        self._writing = threading.Lock()

    def loaded(self, message: Message, standard_library: str) -> None:
        """Take what the template has told of its load. ``standard_library``: of its interpreter."""
        self._standard_library = standard_library
        if not message.get("threads"):
            self._close_writer()
        self._loaded = {**message, "repositories": ()}

    def evaluate(self, evaluation: Evaluation, timeout: float, generation: int) -> EvaluationResult:
        """See ``CodeServer``."""
        loaded = self._loaded
        if loaded is None:
            return EvaluationResult(error=evaluation_cut_off(evaluation, _NOT_LOADED))
        if "threads" not in loaded:
            # An older skerry is installed in the environment.
            raise LocationError(
                ErrorKind.NOT_SUPPORTED,
                what="An evaluation",
                server="the skerry that is installed in the environment of the code",
                advice="Update it there, or uninstall it: it is not needed.",
            )
        with self._calls.begin(time.monotonic() + timeout) as conversation:
            if loaded["threads"]:
                ending = self._evaluate_afresh(conversation, evaluation, loaded, generation)
            else:
                ending = evaluate_in_a_fork(conversation, evaluation, self._template, self.sending)
        result = ending.result or EvaluationResult(error=self._error(ending, evaluation, timeout))
        if result.error is not None:
            result = replace(result, error=replace(result.error, output=self._tail()))
        return replace(result, generation=generation)

    def another_writer(self) -> int | None:
        """Give a descriptor, the caller's, for what is started beside the template; None once that has ended."""
        with self._writing:
            return os.dup(self._writer) if self._writer >= 0 else None

    def close(self) -> None:
        """Cut off the evaluations under way. From the supervising thread; idempotent."""
        self._calls.close()
        self._close_writer()

    def _evaluate_afresh(
        self, conversation: Conversation, evaluation: Evaluation, loaded: Message, generation: int
    ) -> Ending:
        output = self.another_writer()
        if output is None:
            return Ending()
        fresh = FreshEvaluation(
            conversation, evaluation, self._fork_server, lambda message: _changed(loaded, message, generation)
        )
        return fresh.run(self._load, output, fresh=self._fresh)

    def _error(self, ending: Ending, evaluation: Evaluation, timeout: float) -> ErrorInfo:
        if ending.error is not None:
            return ending.error
        if ending.timed_out and ending.begun:
            return evaluation_timed_out(evaluation, timeout, parse_stack(ending.stack, self._standard_library))
        if ending.timed_out:
            return evaluation_not_begun(evaluation, timeout)
        if ending.code is None and ending.signal is None:
            return evaluation_cut_off(evaluation, _ENDED)
        doing = f"evaluating {evaluation.words}"
        return ended(ending.code, ending.signal, doing, self._tail(), self._standard_library)

    def _tail(self) -> str:
        """Give the last lines of output, those included that have come in this moment."""
        drained = threading.Event()

        def drain() -> None:
            self._output.drain()
            drained.set()

        self._supervisor.call(drain)
        drained.wait(1.0)
        return self._output.tail()

    def _close_writer(self) -> None:
        with self._writing:
            writer, self._writer = self._writer, -1
        if writer >= 0:
            with contextlib.suppress(OSError):
                os.close(writer)


def _changed(before: Message, now: Message, generation: int) -> ErrorInfo | None:
    error = difference(before.get("files", {}), now.get("files", {}), generation)
    return None if error is None else ErrorInfo(error.kind, str(error))
