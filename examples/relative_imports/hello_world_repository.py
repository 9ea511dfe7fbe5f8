from greetings import GREETING
from skerry import pipeline, repository, solid


@solid(description=f"Says {GREETING}.")
def hello_world():
    return GREETING


@pipeline
def hello_world_pipeline():
    hello_world()


@repository
def hello_world_repository():
    return [hello_world_pipeline]
