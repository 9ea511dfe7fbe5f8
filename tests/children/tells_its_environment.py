import json
import os
import sys

from skerry import job, op

print(
    json.dumps(
        {
            "argv": sys.argv,
            "cwd": os.getcwd(),
            "executable": sys.executable,
            "path": sys.path,
            "prefix": sys.prefix,
            "variables": dict(os.environ),
            "modules": sorted(sys.modules),
            "which": __import__("shutil").which("python"),
        }
    )
)


@op
def work():
    return 1


@job
def works():
    work()
