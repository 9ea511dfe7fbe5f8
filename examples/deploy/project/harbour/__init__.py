"""What the harbour office runs every day: one repository for the tides, one for the berths."""

from skerry import repository

from harbour.berths import berth_plan, every_morning
from harbour.tides import tide_table


@repository
def tides():
    """Serve the tide table."""
    return [tide_table]


@repository
def berths():
    """Serve the plan of the berths."""
    return [berth_plan, every_morning]
