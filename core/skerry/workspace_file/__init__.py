"""The workspace file: text -> positions -> problems and origins. Alone in importing yaml and jsonschema.

``source`` gives the text, ``document`` a tree of values and places, ``envelope`` the list of entries, ``entries``
what each location type makes of its own, ``names`` what they are called together. What is wrong is carried as
findings (``findings``) and becomes words in ``wording``.
"""

from skerry.workspace_file.description import Entry, WorkspaceDescription
from skerry.workspace_file.findings import Code
from skerry.workspace_file.reader import read_entries, read_workspace_files
from skerry.workspace_file.schema import compose_schema

__all__ = ["Code", "Entry", "WorkspaceDescription", "compose_schema", "read_entries", "read_workspace_files"]
