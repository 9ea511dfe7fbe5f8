"""The kit of a location type's author: the whole contract as one call, and what fast tests of one's own need.

Every name is imported when it is first used (PEP 562): the pytest plugin in this package stands in every environment
that has skerry and pytest, also on Pythons that the engine does not run on.
"""

from typing import TYPE_CHECKING, List

from skerry import lazily

_HOMES = {
    "skerry.testing.clauses": ("Clause", "ContractError"),
    "skerry.testing.contract": ("check_location_type",),
    "skerry.testing.leftovers": ("nothing_left",),
    "skerry.testing.recording": ("RecordedCodeServer", "RecordingRuntime"),
    "skerry.testing.project": ("WorkspaceProject",),
}

__all__ = [name for names in _HOMES.values() for name in names]

if TYPE_CHECKING:
    from skerry.testing.clauses import Clause as Clause
    from skerry.testing.clauses import ContractError as ContractError
    from skerry.testing.contract import check_location_type as check_location_type
    from skerry.testing.leftovers import nothing_left as nothing_left
    from skerry.testing.project import WorkspaceProject as WorkspaceProject
    from skerry.testing.recording import RecordedCodeServer as RecordedCodeServer
    from skerry.testing.recording import RecordingRuntime as RecordingRuntime


__getattr__ = lazily.attributes(__name__, _HOMES)


def __dir__() -> List[str]:
    return sorted(__all__)
