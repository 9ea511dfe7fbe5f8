"""Modules whose attributes are imported when first used (PEP 562): who uses one does not pay for the others."""

import importlib
import sys
from typing import Any, Callable, Iterable, Mapping


def attributes(module: str, homes: Mapping[str, Iterable[str]]) -> Callable[[str], Any]:
    """Give the ``__getattr__`` of ``module``. ``homes``: the modules to import, each with the names that it gives."""
    home_of = {name: home for home, names in homes.items() for name in names}

    def get(name: str) -> Any:
        home = home_of.get(name)
        if home is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(home), name)
        setattr(sys.modules[module], name, value)
        return value

    return get
