import os

from skerry import pipeline, repository, solid

for _ in range(200):
    os.write(2, b"complaint\n" * 20_000)
os.write(2, b"the end\n")


@solid
def work():
    return 1


@pipeline
def works():
    work()


@repository
def good():
    return [works]
