"""Starts a thread that, once there is a file ``hold``, holds the interpreter for ever."""

import ctypes
import os
import threading
import time

from skerry import pipeline, repository, sensor


def hog():
    while not os.path.exists("hold"):
        time.sleep(0.005)
    open("held", "w").close()
    while True:
        ctypes.PyDLL(None).sleep(3600)


threading.Thread(target=hog, daemon=True).start()


@pipeline
def work():
    pass


@sensor(pipeline=work)
def held_up():
    while True:  # it may come this far before the other thread does
        time.sleep(0.005)


@repository
def hogged():
    return [held_up]
