from skerry import pipeline, repository, schedule, solid


@solid
def read_orders():
    return [19.0, 42.0]


@solid
def publish(orders):
    return sum(orders)


@pipeline(description="The numbers of the day.")
def daily_report():
    publish(read_orders())


@schedule(cron_schedule="30 6 * * 1-5", pipeline=daily_report, timezone="Europe/Berlin")
def weekday_mornings(context):
    return {}


@repository
def reports():
    return [daily_report, weekday_mornings]
