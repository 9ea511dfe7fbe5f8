# The last entry of a user process's sys.path leads here, so this runs only where no skerry is installed: it hands
# over to the copy that runs the host. Plain sys.path, so that processes which user code starts find it too.
import os

_real = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
__path__ = [_real]
__spec__.submodule_search_locations = __path__
__file__ = os.path.join(_real, "__init__.py")
with open(__file__, encoding="utf-8") as _source:
    exec(compile(_source.read(), __file__, "exec"))
