"""Errors of Skerry's as those of the command line: words on stderr, and an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from skerry.console.text import safe


class RefusedError(click.ClickException):
    """What was asked for cannot be."""

    exit_code = 2


class UnusableError(click.ClickException):
    """What is needed for it cannot be used just now."""

    exit_code = 1


@contextmanager
def refusing() -> Iterator[None]:
    """Make what is raised in the ``with`` an error of the command line."""
    from skerry.errors import LocationError, RunError, StateError, UnknownLocationError, UnknownRunError

    try:
        yield
    except StateError as error:
        raise UnusableError(_words(error)) from None
    except (RunError, LocationError, UnknownRunError, UnknownLocationError) as error:
        raise RefusedError(_words(error)) from None


def _words(error: Exception) -> str:
    return "\n".join(safe(line) for line in str(error).split("\n"))
