"""The workspace file as text."""

from __future__ import annotations

import codecs
from pathlib import Path

from skerry.workspace_file.findings import Code, file_error

MEGABYTES = 4
LIMIT = MEGABYTES * 1024 * 1024

#: Where every command looks unless it is told otherwise.
DEFAULT = Path("workspace.yaml")


def read_text(path: Path) -> str:
    """Read the file, without its byte order mark. Raises FileError."""
    data = _read_bytes(path)
    if len(data) > LIMIT:
        raise file_error(Code.FILE_TOO_LARGE, megabytes=MEGABYTES)
    skipped = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    body = data[skipped:]
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        before = body[: error.start]
        line_start = before.rfind(b"\n") + 1
        place = before.count(b"\n") + 1, len(before[line_start:].decode("utf-8")) + 1
        raise file_error(Code.NOT_UTF8, place, byte=body[error.start], offset=error.start + skipped) from None


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            # One byte more than is allowed tells; the size of a pipe is not known beforehand.
            return file.read(LIMIT + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise file_error(Code.FILE_NOT_FOUND, default=path == DEFAULT) from None
    except IsADirectoryError:
        raise file_error(Code.FILE_IS_FOLDER) from None
    except OSError as error:
        raise file_error(Code.FILE_UNREADABLE, reason=error.strerror or str(error)) from None
    except ValueError as error:
        # A path with a zero byte in it.
        raise file_error(Code.FILE_UNREADABLE, reason=str(error)) from None
