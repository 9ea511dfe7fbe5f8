"""When the water is high."""

from datetime import datetime, timedelta

from skerry import pipeline, solid

#: From one high water to the next.
TIDE = timedelta(hours=12, minutes=25)


@solid(
    config_schema={
        "type": "object",
        "properties": {"observed": {"type": "string", "description": "A high water that was seen, in ISO 8601."}},
        "required": ["observed"],
    }
)
def last_high_water(context):
    return context.solid_config["observed"]


@solid
def next_high_waters(observed):
    first = datetime.fromisoformat(observed)
    return [(first + number * TIDE).isoformat() for number in range(1, 5)]


@solid
def publish_table(times):
    for time in times:
        print(f"high water at {time}")
    return len(times)


@pipeline(description="The next four high waters.", tags={"team": "harbour"})
def tide_table():
    publish_table(next_high_waters(last_high_water()))
