# The first code of ours in a user's interpreter, which may be of any version: written for Python 2.7 as well, so that
# an interpreter that is too old can say so. Run by `python -c`, with the arguments
#   <this file> <role: fork-server or user-process> <descriptor of the pipe> <further numbers for the role>
import os
import struct
import sys


def _tell(descriptor, text):
    body = text.encode("ascii")
    os.write(descriptor, struct.pack(">I", len(body)) + body)


def _start(bootstrap, role, *numbers):
    numbers = [int(number) for number in numbers]
    if sys.version_info < (3, 8):
        version = "%d.%d.%d" % sys.version_info[:3]
        _tell(numbers[0], '{"type": "too_old", "python": "%s"}' % version)
        return
    # Last: a skerry that is installed in this environment wins.
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(bootstrap)), "injected"))
    try:
        from skerry.user_process.start import start
    except ImportError as error:
        import json

        import skerry

        version = getattr(skerry, "__version__", "of an unknown version")
        hello = {"type": "incompatible", "skerry": str(version), "reason": str(error)}
        _tell(numbers[0], json.dumps(hello))
        return
    start(role, bootstrap, numbers)


_start(*sys.argv[1:])
