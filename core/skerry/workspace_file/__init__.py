"""The workspace file: text -> positions -> problems and origins. Alone in importing yaml and jsonschema.

``source`` gives the text, ``document`` a tree of values and places, ``envelope`` the list of entries and what stands
beside it, ``entries`` what each location type makes of its own, ``launcher`` what has runs executed, ``options`` what
stands under the key of either; ``names`` what entries are called together. What is wrong is carried as findings
(``findings``) and becomes words in ``wording``. References to variables are looked up in ``references``: for the reader
by ``resolving``, and again by ``opening`` when a location is opened or a run launcher made; ``Masker`` hides what they
gave.
"""

from skerry.user_process.masking import Masker
from skerry.workspace_file.composed import compose_schema, unusable_launchers, unusable_types
from skerry.workspace_file.description import ChosenLauncher, Entry, WorkspaceDescription
from skerry.workspace_file.findings import Code
from skerry.workspace_file.launcher import without_options
from skerry.workspace_file.opening import resolve_options, resolve_origin
from skerry.workspace_file.reader import read_entries, read_workspace_files

__all__ = [
    "ChosenLauncher",
    "Code",
    "Entry",
    "Masker",
    "WorkspaceDescription",
    "compose_schema",
    "read_entries",
    "read_workspace_files",
    "resolve_options",
    "resolve_origin",
    "unusable_launchers",
    "unusable_types",
    "without_options",
]
