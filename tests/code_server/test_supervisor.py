"""The supervising thread: calls in order, timers when due, an end that nobody can disturb."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from skerry.code_server.supervisor import Supervisor


@pytest.fixture
def supervisor(nothing_left: None) -> Iterator[Supervisor]:
    running = Supervisor()
    yield running
    running.stop()


def test_calls_run_in_one_thread_in_their_order(supervisor: Supervisor) -> None:
    ran: list[tuple[int, int]] = []
    done = threading.Event()
    for number in range(100):
        supervisor.call(lambda number=number: ran.append((number, threading.get_ident())))  # type: ignore[misc]
    supervisor.call(done.set)
    assert done.wait(10)
    assert [number for number, _ in ran] == list(range(100))
    assert len({thread for _, thread in ran} - {threading.get_ident()}) == 1


def test_timers_run_in_the_order_in_which_they_are_due_unless_cancelled(supervisor: Supervisor) -> None:
    ran: list[str] = []
    done = threading.Event()
    supervisor.call_later(0.05, done.set)
    supervisor.call_later(0.02, lambda: ran.append("second"))
    supervisor.call_later(0.01, lambda: ran.append("first"))
    supervisor.call_later(0.015, lambda: ran.append("cancelled")).cancel()
    assert done.wait(10)
    assert ran == ["first", "second"]


def test_a_call_that_raises_is_logged_and_costs_nobody_else(
    supervisor: Supervisor, caplog: pytest.LogCaptureFixture
) -> None:
    done = threading.Event()
    supervisor.call(lambda: [][1])
    supervisor.call(done.set)
    assert done.wait(10)
    assert "IndexError" in caplog.text


def test_stopping_runs_what_was_asked_for_before(nothing_left: None) -> None:
    supervisor = Supervisor()
    ran: list[int] = []
    for number in range(50):
        supervisor.call(lambda number=number: ran.append(number))  # type: ignore[misc]
    supervisor.stop()
    assert ran == list(range(50))
    supervisor.stop()


def test_stopping_at_any_moment_is_stopping(nothing_left: None) -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads change at every step, so that each moment comes up
    ended = threading.Event()

    def spin() -> None:
        while not ended.is_set():
            pass

    spinner = threading.Thread(target=spin)
    spinner.start()
    try:
        for _ in range(300):
            supervisor = Supervisor()
            for _ in range(3):
                supervisor.call(lambda: None)
            supervisor.stop()
    finally:
        ended.set()
        spinner.join(10)
        sys.setswitchinterval(interval)
