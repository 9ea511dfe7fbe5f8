"""Starts a thread as it is imported, which soon holds a lock for ever: a fork of this process would wait for it."""

import threading

from skerry import RunRequest, pipeline, repository, sensor

LOCK = threading.Lock()
HELD = threading.Event()


def hold():
    with LOCK:
        HELD.set()
        threading.Event().wait()


print("imported", flush=True)
if not __import__("os").path.exists("freed"):
    threading.Thread(target=hold, daemon=True).start()
    HELD.wait()


@pipeline
def work():
    pass


@sensor(pipeline=work)
def threads(context):
    return RunRequest(context.cursor, {"threads": threading.active_count()})


@sensor(pipeline=work)
def waits_for_the_lock():
    with LOCK:
        return RunRequest("free")


@repository
def threaded():
    return [threads, waits_for_the_lock]
