"""Where ``bootstrap.py`` hands over: which command starts a role, and what each role then runs."""

import faulthandler
import gc
import os
import signal
import sys
from typing import List, Sequence

from skerry.user_process.streams import write_at_once

FORK_SERVER = "fork-server"
USER_PROCESS = "user-process"

#: Asks a user process for its Python stacks, even while native code holds its interpreter. User code is unlikely to
#: use it: the last of Linux's real-time signals. (Windows has neither, and no user processes.)
STACK_SIGNAL = int(getattr(signal, "SIGRTMAX", getattr(signal, "SIGUSR2", 0)))

# Safe in any current folder: `python -c` puts it first on sys.path, and it must be gone before the first import
# that is not built in.
_COMMAND = "import sys\nif sys.path and not sys.path[0]: del sys.path[0]\nexec(open(sys.argv[1]).read())"


def bootstrap_path() -> str:
    """Give the path of the ``bootstrap.py`` that belongs to this copy of Skerry."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "bootstrap.py")


def command(executable: str, bootstrap: str, role: str, numbers: Sequence[int]) -> List[str]:
    """Give the command line that starts ``role`` in a fresh interpreter. ``numbers``: see the role."""
    return [executable, "-c", _COMMAND, bootstrap, role, *(str(number) for number in numbers)]


def start(role: str, bootstrap: str, numbers: List[int]) -> None:
    """Run a role to its end; called by ``bootstrap.py``, in the main thread of a fresh interpreter."""
    main = sys.modules["__main__"]
    for name in ("_start", "_tell"):
        vars(main).pop(name, None)
    sys.argv = [""]
    # Both roles: a fork server does it for all its children, and each would pay for itself.
    faulthandler.enable()
    write_at_once()
    # Imported here: the host imports this module, and needs none of what follows.
    if role == FORK_SERVER:
        gc.disable()  # until all is there that will stay
        from skerry.user_process import fork_server

        fork_server.run(bootstrap, *numbers)
    else:
        from skerry.user_process import serve

        serve.run(bootstrap, *numbers)
