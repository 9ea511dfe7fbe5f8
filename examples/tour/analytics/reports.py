"""A repository with a branching pipeline, a schedule and a sensor."""

from skerry import OutputDefinition, pipeline, repository, schedule, sensor, solid


@solid(config_schema={"type": "object", "properties": {"table": {"type": "string"}}, "required": ["table"]})
def extract(context):
    """Reads one table."""
    return [context.solid_config["table"]]


@solid(outputs=[OutputDefinition("valid"), OutputDefinition("rejected", is_required=False)])
def check(rows):
    """Splits the rows into those that can be used and the rest."""
    return rows, None


@solid
def aggregate(tables):
    """Adds up the tables."""
    return sum(map(len, tables))


@solid
def publish(report, rejected):
    """Sends the report out."""


@pipeline(description="The numbers of the day.", tags={"owner": "analytics"})
def daily_report():
    orders = check.alias("check_orders")(extract.alias("extract_orders")())
    refunds = check.alias("check_refunds")(extract.alias("extract_refunds")())
    publish(aggregate([orders.valid, refunds.valid]), [orders.rejected, refunds.rejected])


@pipeline(description="Rebuilds one table from scratch.")
def backfill():
    check(extract())


@schedule(cron_schedule="30 6 * * 1-5", pipeline=daily_report, timezone="Europe/Berlin")
def weekday_mornings(context):
    return {}


@sensor(pipeline=backfill)
def schema_changes(context):
    return None


@repository(description="What the management reads.")
def reports():
    return [daily_report, backfill, weekday_mornings, schema_changes]
