"""Which ship lies where."""

from skerry import pipeline, schedule, solid

#: Metres of each berth.
BERTHS = {"north quay": 180, "south quay": 120, "old mole": 60}


@solid
def expected_ships():
    return {"Aurora": 170, "Kestrel": 55, "Marta": 110}


@solid
def assign_berths(ships):
    """Give each ship the shortest free berth that it fits into, the longest ship first."""
    free = dict(BERTHS)
    plan = {}
    for ship, length in sorted(ships.items(), key=lambda each: -each[1]):
        fitting = [berth for berth in free if free[berth] >= length]
        if fitting:
            plan[ship] = min(fitting, key=free.__getitem__)
            del free[plan[ship]]
    return plan


@pipeline(description="A berth for every ship that is expected.", tags={"team": "harbour"})
def berth_plan():
    assign_berths(expected_ships())


@schedule(cron_schedule="0 5 * * *", pipeline=berth_plan, timezone="Europe/Copenhagen")
def every_morning(context):
    return {}
