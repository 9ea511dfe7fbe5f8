"""Any text in a form that every database can keep in an index and compare."""

from __future__ import annotations

import hashlib
import re

#: Characters; PostgreSQL's indexes take no more than 2 700 bytes.
LONGEST = 255
#: PostgreSQL refuses NUL, UTF-8 has no surrogates, and the backslash is what stands for them.
_ESCAPED = re.compile("[\\\\\0\ud800-\udfff]")


def searched(text: str) -> str:
    """Give what stands for ``text``: mostly itself, never the same for two texts."""
    escaped = _ESCAPED.sub(lambda found: f"\\{ord(found[0]):04x}", text)
    if len(escaped) <= LONGEST:
        return escaped
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()
    return f"\\#{digest}"  # no escaped text has this beginning
