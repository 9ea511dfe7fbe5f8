from settings import HORIZON
from skerry import pipeline, repository, solid


@solid
def forecast():
    return HORIZON


@pipeline
def weekly_forecast():
    forecast()


@repository
def forecasts():
    return [weekly_forecast]
