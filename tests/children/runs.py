"""Pipelines that end in every way there is."""

import os
import signal
import subprocess
import sys
import time

from skerry import SolidExecutionContext, pipeline, repository, resource, solid

VERSION = 1


@solid
def one(context: SolidExecutionContext) -> int:
    context.log.info("one of %s", context.tags.get("team"))
    context.progress(0.5, "half")
    print("printed")
    return VERSION


@solid
def add(x: int, y: int = 10) -> int:
    return x + y


@solid(config_schema={"type": "object", "properties": {"exit": {"type": "string"}}, "required": ["exit"]})
def leave(context: SolidExecutionContext) -> None:
    print("last words", flush=True)
    if context.solid_config["exit"] == "exit":
        os._exit(7)
    if context.solid_config["exit"] == "sys.exit":
        sys.exit("enough")
    if context.solid_config["exit"] == "raise":
        raise ValueError("no")
    os.kill(os.getpid(), signal.Signals[context.solid_config["exit"]])


@resource
def warehouse():  # type: ignore[no-untyped-def]
    yield "open"
    print("torn down", flush=True)


def wait_for(path: str) -> None:
    while not os.path.exists(path):
        time.sleep(0.005)


@solid(config_schema={"type": "object"}, required_resource_keys={"warehouse"})
def wait(context: SolidExecutionContext) -> None:
    """Say that it is there, with so many long lines more, and wait for a file."""
    context.log.info(str(os.getpid()))
    for _ in range(context.solid_config.get("lines", 0)):
        context.log.info("x" * 5000)
    wait_for(context.solid_config["file"])


@solid
def refuse(context: SolidExecutionContext) -> None:
    """Stay, whatever is asked."""
    said = False
    while True:
        try:
            if not said:
                context.log.info(str(os.getpid()))
                said = True
            time.sleep(3600)
        except KeyboardInterrupt:
            print("refused", flush=True)


@solid
def leave_children(context: SolidExecutionContext) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"], start_new_session=True)
    context.log.info(str(child.pid))


@solid
def unpicklable() -> object:
    return lambda: 3


@solid
def call(function) -> int:  # type: ignore[no-untyped-def]
    return function() + 1


@pipeline(tags={"team": "blue"})
def daily() -> None:
    add(one())


@pipeline
def leaving() -> None:
    add.alias("spared")(one())
    leave()


@pipeline(resource_defs={"warehouse": warehouse})
def waiting() -> None:
    wait()


@pipeline
def refusing() -> None:
    refuse()


@pipeline
def parent() -> None:
    leave_children()


@pipeline
def awkward() -> None:
    call(unpicklable())


@repository
def runs():  # type: ignore[no-untyped-def]
    return [daily, leaving, waiting, refusing, parent, awkward]


@repository
def others():  # type: ignore[no-untyped-def]
    return [daily]
