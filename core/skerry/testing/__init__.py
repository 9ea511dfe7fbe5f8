"""The kit of a location type's author: the whole contract as one call, and what fast tests of one's own need.

Every name is imported when it is first used (PEP 562): the pytest plugin in this package stands in every environment
that has skerry and pytest, also on Pythons that the engine does not run on.
"""

import importlib
from typing import TYPE_CHECKING, Any, List

_HOMES = {
    "Clause": "skerry.testing.clauses",
    "ContractError": "skerry.testing.clauses",
    "check_location_type": "skerry.testing.contract",
    "nothing_left": "skerry.testing.leftovers",
    "RecordedCodeServer": "skerry.testing.recording",
    "RecordingRuntime": "skerry.testing.recording",
    "WorkspaceProject": "skerry.testing.project",
}

__all__ = list(_HOMES)

if TYPE_CHECKING:
    from skerry.testing.clauses import Clause as Clause
    from skerry.testing.clauses import ContractError as ContractError
    from skerry.testing.contract import check_location_type as check_location_type
    from skerry.testing.leftovers import nothing_left as nothing_left
    from skerry.testing.project import WorkspaceProject as WorkspaceProject
    from skerry.testing.recording import RecordedCodeServer as RecordedCodeServer
    from skerry.testing.recording import RecordingRuntime as RecordingRuntime


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> List[str]:
    return sorted(__all__)
