import numpy

from skerry import RunRequest, pipeline, repository, sensor

# Large enough for the threads of its linear algebra to be started.
MATRIX = numpy.ones((400, 400))
PRODUCT = MATRIX @ MATRIX


@pipeline
def works(): ...


@sensor(pipeline=works)
def computes():
    return RunRequest(run_key=str(int((PRODUCT @ MATRIX)[0, 0])))


@repository
def good():
    return [works, computes]
