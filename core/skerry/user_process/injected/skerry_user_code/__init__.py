# The package that a python_file is a module of. Under its own top-level name a user's queue.py would replace the
# standard library's. The name and the file travel in the environment, so that processes which multiprocessing
# starts find the module as well, and can unpickle what it defines.
import importlib.machinery
import importlib.util
import os
import sys


class _UserFileLoader(importlib.machinery.SourceFileLoader):
    def exec_module(self, module):
        # Threads that unpickle for a pool import this module while it is still being run, and would wait for its
        # end for ever. A script, which is `__main__`, never makes them wait; neither does this.
        module.__spec__._initializing = False
        super().exec_module(module)


class _UserFileFinder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if not name.startswith(_PREFIX):
            return None
        file = os.environ.get("SKERRY_USER_FILE")
        if not file or name != module_name(file):
            return None
        loader = _UserFileLoader(name, file)
        return importlib.util.spec_from_file_location(name, file, loader=loader)


def module_name(file):
    stem = os.path.splitext(os.path.basename(file))[0]
    return __name__ + "." + stem.replace(".", "_")


_PREFIX = __name__ + "."
# First: no other finder knows the module, and each would look for it in vain.
sys.meta_path.insert(0, _UserFileFinder)
