import subprocess
import sys

from skerry import pipeline, repository, solid

COMMAND = [sys.executable, "-c", "import time; time.sleep(3600)"]
print(subprocess.Popen(COMMAND).pid)
print(subprocess.Popen(COMMAND, start_new_session=True).pid)


@solid
def work():
    return 1


@pipeline
def works():
    work()


@repository
def good():
    return [works]
