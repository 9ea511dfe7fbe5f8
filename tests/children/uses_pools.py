# Pools of its own functions and classes while it is imported, in every way that multiprocessing knows.
import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor

from skerry import pipeline, repository, solid


class Point:
    def __init__(self, x):
        self.x = x


def square(point):
    return Point(point.x**2)


def squares(method):
    context = multiprocessing.get_context(method)
    with context.Pool(2) as pool:
        squared = [point.x for point in pool.map(square, [Point(2), Point(3)])]
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        squared += [point.x for point in executor.map(square, [Point(4)])]
    return squared


if multiprocessing.current_process().name == "MainProcess":
    for method in ("fork", "spawn", "forkserver"):
        print("result", method, squares(method))
    thread = threading.Thread(target=print, args=("result thread",))
    thread.start()
    thread.join()


@solid
def work():
    return 1


@pipeline
def works():
    work()


@repository
def good():
    return [works]
