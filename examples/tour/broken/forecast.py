"""A repository that cannot be loaded: its configuration has no such key."""

from settings import horizon_days
from skerry import pipeline, repository, solid

DAYS = horizon_days()


@solid
def forecast():
    return DAYS


@pipeline
def weekly_forecast():
    forecast()


@repository
def forecasts():
    return [weekly_forecast]
