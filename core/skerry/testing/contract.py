"""The whole contract of a location type, as one call."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from skerry.plugin import LocationType
from skerry.plugin.registry import Registry
from skerry.testing.clauses import Clause, ContractError
from skerry.testing.declaration import check_declaration, find_type
from skerry.testing.leftovers import held, left_behind
from skerry.testing.loading import (
    Loads,
    check_at_once,
    check_closing_while_opening,
    check_deadline,
    check_lives,
    check_refusals,
)
from skerry.testing.options import check_given, check_options
from skerry.workspace_file.schema import Schemas, Validator


def check_location_type(
    location_type: LocationType | str,
    options: Mapping[str, Any],
    *,
    folder: Path,
    refused: Sequence[Mapping[str, Any]] = (),
    startup_timeout: float = 60.0,
) -> None:
    """Check every clause of the contract of a location type, with real loads. For its author's tests.

    ``location_type``: its key, or an instance; its project must be installed. ``options``: an entry of it, as a
    mapping, that loads in ``folder``, which stands for the folder of a workspace file, and not the current one.
    ``refused``: options that it must refuse. ``startup_timeout``: seconds for each load.

    Raises ContractError, an AssertionError, for the first clause that is broken (``skerry.testing.Clause`` lists
    them). Needs no pytest. It changes the process while it runs: when ``default_name`` is asked, the current folder is
    another one; while code is loaded, ``SKERRY_HOME`` is a new folder, so that what the type keeps is made anew.
    """
    folder = Path(folder).absolute()
    before = held()
    registry = Registry()
    found = find_type(location_type, registry)
    check_declaration(found)
    validator = Schemas().options(found)
    check_given(found, options, validator)
    origin = check_options(found, options, folder, registry)
    check_deadline(found, origin)
    with tempfile.TemporaryDirectory() as home:
        loads = Loads(found, folder, startup_timeout, Path(home, "home"))
        alone = check_lives(loads, options)
        check_at_once(loads, options, alone)
        check_refusals(loads, list(_spoiled(options, validator)), refused)
        left = left_behind(before)
        if left:
            raise ContractError(Clause.LEFT_BEHIND, found.key, left=", ".join(left))
        check_closing_while_opening(loads, options)


def _spoiled(options: Mapping[str, Any], validator: Validator) -> Iterator[Mapping[str, Any]]:
    """Give the options with one string at a time made wrong, as far as the schema lets it pass."""
    for name, value in options.items():
        if isinstance(value, str):
            spoiled = {**options, name: f"{value}-that-does-not-exist"}
            if validator.is_valid(spoiled):
                yield spoiled
