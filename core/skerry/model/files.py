"""The files that user code was loaded from."""

from dataclasses import dataclass
from typing import Optional

from skerry.model.records import Record


@dataclass(frozen=True)
class SourceFile(Record):
    """A file that a load of user code has read, or has looked for.

    ``path``: absolute. ``digest``: of its content, as ``skerry.user_process.files.digest`` gives it, empty where there
    was nothing; None when it changed while the code was loaded: which content that was, nobody knows.
    """

    path: str
    digest: Optional[str]
