import os

from skerry import pipeline, repository, solid

os.write(1, b"\xff\xfe\x00\n")
os.write(1, b"y" * 1024 * 1024)
os.write(2, b"\ndone\n")


@solid
def work():
    return 1


@pipeline
def works():
    work()


@repository
def good():
    return [works]
