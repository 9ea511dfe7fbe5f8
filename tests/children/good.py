from skerry import pipeline, repository, solid


@solid
def work():
    return 1


@pipeline
def works():
    work()


@repository
def good():
    return [works]
