"""The workspace file: text -> positions -> problems and origins. Alone in importing yaml and jsonschema.

``source`` gives the text, ``document`` a tree of values and places, ``envelope`` the list of entries, ``entries``
what each location type makes of its own, ``names`` what they are called together. What is wrong is carried as
findings (``findings``) and becomes words in ``wording``. References to variables are looked up in ``references``: for
the reader by ``resolving``, and again by ``opening`` when a location is opened; ``Masker`` hides what they gave.
"""

from skerry.user_process.masking import Masker
from skerry.workspace_file.composed import compose_schema, unusable_types
from skerry.workspace_file.description import Entry, WorkspaceDescription
from skerry.workspace_file.findings import Code
from skerry.workspace_file.opening import resolve_origin
from skerry.workspace_file.reader import read_entries, read_workspace_files

__all__ = [
    "Code",
    "Entry",
    "Masker",
    "WorkspaceDescription",
    "compose_schema",
    "read_entries",
    "read_workspace_files",
    "resolve_origin",
    "unusable_types",
]
