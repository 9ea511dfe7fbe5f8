from skerry import pipeline, repository, schedule, solid


@solid(config_schema={"type": "object", "properties": {"day": {"type": "string"}}, "required": ["day"]})
def read_events(context):
    """Reads one day of events."""
    return [context.solid_config["day"]]


@solid
def sessionize(events):
    """Groups events into sessions."""
    return [events]


@solid
def write_sessions(sessions):
    """Writes the sessions to the warehouse."""


@pipeline(description="Turns raw events into sessions.", tags={"team": "data-engineering"})
def sessions_pipeline():
    write_sessions(sessionize(read_events()))


@schedule(cron_schedule="0 4 * * *", pipeline=sessions_pipeline, timezone="UTC")
def every_night(context):
    return {"solids": {"read_events": {"config": {"day": "yesterday"}}}}


@repository
def spark_repository():
    return [sessions_pipeline, every_night]
