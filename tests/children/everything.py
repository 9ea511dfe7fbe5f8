"""One of each thing that a code server tells of: with all that it may have, and one that had to be left out."""

import skerry
from skerry import pipeline, repository, schedule, sensor, solid


@solid(config_schema={"type": "object", "properties": {"largest": {"type": "integer", "maximum": 2**53 + 1}}})
def read():
    return 1


@solid(outputs=["small", "large"])
def split(rows): ...


@solid
def join(first, second): ...


@pipeline(description="Täglich.", tags={"team": "sales"})
def daily():
    parts = split(read())
    join(parts.small, parts.large)


@pipeline
def broken():
    raise ValueError("only this one")


@schedule(cron_schedule="0 6 * * *", pipeline=daily, execution_timezone="Europe/Berlin")
def morning():
    return {}


@sensor(pipeline=daily)
def arrival(): ...


@repository(description="All of it.")
def everything():
    return [daily, broken, morning, arrival]


print("loaded with", skerry.__file__)
