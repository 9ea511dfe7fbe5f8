from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.indexes import Place
from support.postgresql import PostgreSQL, postgresql

from skerry.state import RunIndex


@pytest.fixture(scope="session")
def server() -> Iterator[PostgreSQL]:
    """Give a PostgreSQL server. Under CI, on Linux, one that cannot be started is a failure; elsewhere a skip."""
    with contextlib.ExitStack() as stack:
        try:
            started = stack.enter_context(postgresql())
        except (AssertionError, OSError) as error:
            if os.environ.get("CI") == "true" and sys.platform == "linux":
                raise
            pytest.skip(f"PostgreSQL cannot be started: {error}")
        yield started


@pytest.fixture
def own_server(server: PostgreSQL) -> Iterator[PostgreSQL]:
    """Give the server to a test that stops it; it runs again afterwards."""
    yield server
    server.stop()
    server.start()


@pytest.fixture
def in_sqlite(tmp_path: Path) -> Iterator[Place]:
    """Give a folder for an index in SQLite."""
    place = Place(tmp_path, None)
    with place.opened:
        yield place


@pytest.fixture
def in_postgresql(tmp_path: Path, server: PostgreSQL) -> Iterator[Place]:
    """Give an empty database for an index in PostgreSQL."""
    place = Place(tmp_path, server.empty_database())
    with place.opened:
        yield place


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> Place:
    """Give an empty place for an index: the test runs with each kind of database."""
    found: Place = request.getfixturevalue(f"in_{request.param}")
    return found


@pytest.fixture
def index(place: Place) -> RunIndex:
    """Give an empty index."""
    return place.open()


@pytest.fixture
def short_waiting(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set how many seconds a database is waited for, in indexes that are opened from now on."""

    def wait(seconds: float) -> None:
        from skerry.state import database

        monkeypatch.setattr(database, "WAITING", seconds)

    return wait
