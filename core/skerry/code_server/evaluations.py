"""Evaluations, from the host's side: in a fork of the template, or, where it must not be forked, in a fresh process."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass

from skerry.code_server.calls import Conversation
from skerry.code_server.endings import evaluation_not_started
from skerry.code_server.fork_server import Forker
from skerry.errors import LocationError, PipeError
from skerry.model import ErrorInfo, Evaluation, EvaluationResult
from skerry.pipe import Connection, Message
from skerry.user_process.start import STACK_SIGNAL
from skerry.user_process.streams import read_stack

#: Seconds after the deadline in which the end of an evaluation may be told, with the stack that it had.
LAST_WORDS = 1.0
#: Seconds that a fresh process may take to end after its answer, and then after SIGKILL.
_END_GRACE = 0.2
_END_WAIT = 5.0


@dataclass(frozen=True)
class Ending:
    """How an evaluation has ended: with a ``result``, or without.

    ``timed_out``: at its deadline, with ``stack``; ``begun``: user code was reached before. ``code``, ``signal``: of
    its process, where it ended by itself. ``error``: why it could not begin. None of these: it was cut off.
    """

    result: EvaluationResult | None = None
    timed_out: bool = False
    begun: bool = False
    stack: str = ""
    code: int | None = None
    signal: int | None = None
    error: ErrorInfo | None = None


def evaluate_in_a_fork(
    conversation: Conversation,
    evaluation: Evaluation,
    template: Connection,
    sending: threading.Lock,
) -> Ending:
    """Have the template fork a process for it. ``sending``: held by whoever sends to the template."""
    begun = False
    try:
        conversation.pass_on("evaluate", template, sending)
        conversation.send({"type": "evaluate", "evaluation": evaluation.to_json()})
        while (message := conversation.receive()) is not None:
            if message["type"] == "ended":
                return _ended(message)
            if message["type"] == "not_begun":
                return Ending(error=evaluation_not_started(message["reason"]))
            begun = True
    except TimeoutError:
        return _last_words(conversation) if begun else Ending(timed_out=True)
    except (OSError, PipeError, ValueError):  # the last: its pipe was closed in this moment
        pass
    return Ending()


def _last_words(conversation: Conversation) -> Ending:
    """Time is up: the keeper kills what it keeps, and tells what that was doing."""
    conversation.no_more()
    with contextlib.suppress(OSError, PipeError):
        message = conversation.receive(LAST_WORDS)
        if message is not None:
            ending = _ended(message)
            return ending if ending.result else Ending(timed_out=True, begun=True, stack=message["stack"])
    return Ending(timed_out=True, begun=True)


def _ended(message: Message) -> Ending:
    return Ending(_result(message["answer"]), begun=True, code=message["code"], signal=message["signal"])


def _result(answer: Message | None) -> EvaluationResult | None:
    """Read an answer; None for one that is none, since user code wrote to what is not its own."""
    if answer is None or answer["type"] != "evaluated":
        return None
    try:
        return EvaluationResult.from_json(answer["result"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


class FreshEvaluation:
    """An evaluation in a user process of its own, which loads the code first and ends afterwards."""

    def __init__(
        self,
        conversation: Conversation,
        evaluation: Evaluation,
        fork_server: Forker,
        difference: Callable[[Message], ErrorInfo | None],
    ) -> None:
        """``difference``: tells what has changed, if it has, between what was loaded before and what is told now."""
        self._conversation = conversation
        self._evaluation = evaluation
        self._fork_server = fork_server
        self._difference = difference
        self._pid: int | None = None
        self._given_up = False
        self._begun = False
        self._over = threading.Event()
        self._code: int | None = None
        self._signal: int | None = None
        self._error: ErrorInfo | None = None

    def run(self, load: Message, output: int, *, fresh: bool) -> Ending:
        """Do it. ``load``: the message that asks for the load; ``output``: for stdout and stderr, closed here."""
        stack, stack_writer = os.pipe()
        descriptors = [self._conversation.theirs.fileno(), output, stack_writer]
        try:
            try:
                self._fork_server.spawn(self, descriptors, fresh=fresh)
            finally:
                self._conversation.theirs.close()
                os.close(output)
                os.close(stack_writer)
            ending = self._converse(load)
            if ending.timed_out:
                ending = Ending(timed_out=True, begun=self._begun, stack=self._stack(stack))
        finally:
            self._end()
            os.close(stack)
        if ending == Ending():
            return Ending(begun=self._begun, code=self._code, signal=self._signal, error=self._error)
        return ending

    def _converse(self, load: Message) -> Ending:
        try:
            self._conversation.send(load)
            while (message := self._conversation.receive()) is not None:
                if message["type"] == "failed":
                    return Ending(error=ErrorInfo.from_json(message["error"]))
                if message["type"] == "loaded":
                    changed = self._difference(message)
                    if changed is not None:
                        return Ending(error=changed)
                    self._begun = True
                    self._conversation.send({"type": "evaluate_here", "evaluation": self._evaluation.to_json()})
                elif message["type"] == "evaluated":
                    return Ending(_result(message), begun=True)
        except TimeoutError:
            return Ending(timed_out=True)
        except (OSError, PipeError):
            pass
        return Ending()

    def _stack(self, descriptor: int) -> str:
        if self._pid is None:
            return ""
        self._fork_server.signal(self._pid, STACK_SIGNAL, group=False)
        return read_stack(descriptor)

    def _end(self) -> None:
        """See to its end: with its descendants, by the fork server, which is its parent."""
        self._given_up = True
        self._conversation.cut_off()
        # Its end may come before it has been heard that it was there.
        if not self._over.wait(_END_GRACE) and self._pid is not None:
            self._fork_server.signal(self._pid, signal.SIGKILL, group=True)
            self._over.wait(_END_WAIT)

    # -- what the fork server tells (Child), in the supervising thread ------------------------------------------------

    def spawned(self, pid: int) -> None:
        """See ``Child``."""
        self._pid = pid
        if self._given_up:
            self._fork_server.signal(pid, signal.SIGKILL, group=True)

    def not_spawned(self, error: LocationError) -> None:
        """See ``Child``."""
        self._fail(error)

    def exited(self, code: int | None, signal: int | None) -> None:
        """See ``Child``."""
        self._code, self._signal = code, signal
        self._over.set()
        self._conversation.cut_off()

    def lost(self, error: LocationError) -> None:
        """See ``Child``."""
        if self._pid is None:
            self._fail(error)
        self._over.set()
        self._conversation.cut_off()

    def _fail(self, error: LocationError) -> None:
        self._error = ErrorInfo(error.kind, str(error))
        self._over.set()
        self._conversation.cut_off()
