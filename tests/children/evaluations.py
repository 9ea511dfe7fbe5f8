"""Schedules and sensors that answer, misbehave, and wait for files in the current folder."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time

from skerry import RunRequest, SensorResult, SkipReason, pipeline, repository, schedule, sensor


@pipeline
def work():
    pass


def wait_for(name):
    while not os.path.exists(name):
        time.sleep(0.005)


@schedule(cron_schedule="@daily", pipeline=work, timezone="Europe/Berlin", tags={"team": "sales", "size": "small"})
def daily(context):
    print("daily is evaluated")
    return RunRequest(
        run_key=context.scheduled_execution_time.isoformat(),
        run_config={"größe \u202e": [9007199254740993, 3, 3.0, -0.0, 1e300, None, True, "\x00\u2028\udcff"]},
        tags={"size": "\U0001f3dd", "by": f"{context.repository_name}.{context.schedule_name}"},
    )


@schedule(cron_schedule="@daily", pipeline=work)
def empty():
    return {}


@sensor(pipeline=work)
def counts(context):
    context.update_cursor(str(int(context.cursor or 0) + 1))
    for number in range(int(context.cursor)):
        yield RunRequest(f"{context.last_run_key}-{number}", {"last": context.last_completion_time})


@sensor(pipeline=work)
def skips():
    return SkipReason("Nothing has come since \u202e.")


@sensor(pipeline=work)
def result(context):
    return SensorResult([RunRequest("a"), RunRequest("b")], cursor="é" * 10_000)


@sensor(pipeline=work)
def many():
    return [RunRequest(str(number), {"padding": "x" * 1000}) for number in range(3000)]


@sensor(pipeline=work)
def too_large():
    return RunRequest("large", {"padding": "x" * 1_000_000})


@sensor(pipeline=work)
def nothing():
    pass


@sensor(pipeline=work)
def raises():
    print("about to fail")
    try:
        {}["horizon"]
    except KeyError as error:
        raise ValueError("no horizon \udcff é") from error


@sensor(pipeline=work)
def not_json():
    return RunRequest("set", {"orders": [{"parts": {1, 2}}]})


@sensor(pipeline=work)
def not_an_answer():
    return 42


@sensor(pipeline=work)
def exits():
    sys.exit(4)


@sensor(pipeline=work)
def ends():
    os._exit(3)


@sensor(pipeline=work)
def segfaults():
    ctypes.string_at(0)


@sensor(pipeline=work)
def closes_everything():
    os.closerange(3, 1000)
    return RunRequest("unheard")


@sensor(pipeline=work)
def stubborn():
    """Starts processes that leave its group and session, ignores signals, and holds the interpreter."""
    for number in range(1, signal.NSIG):
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN)
    subprocess.Popen(["sh", "-c", "setsid sleep 1000 & sleep 1000 & wait"])
    open("stubborn", "w").close()
    while True:
        ctypes.PyDLL(None).sleep(3600)


@sensor(pipeline=work)
def wakes_up():
    ctypes.CDLL(None).sleep(3600)  # a signal ends it
    return RunRequest("too late")


@sensor(pipeline=work)
def leaves_a_process():
    child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    return SkipReason(str(child.pid))


@sensor(pipeline=work)
def waits():
    print("waits for its file", flush=True)
    open(f"waiting-{os.getpid()}", "w").close()
    wait_for("released")
    return RunRequest("released")


@sensor(pipeline=work)
def imports():
    import queue

    return SkipReason(str(queue.Queue))


@sensor(pipeline=work)
def uses_pools():
    import multiprocessing

    with multiprocessing.get_context("fork").Pool(2) as pool:
        return SkipReason(str(sum(pool.map(abs, [-1, -2, -3]))))


@pipeline
def broken():
    work("too much")


@sensor(pipeline=broken)
def of_broken():
    pass


@repository
def everything():
    return [
        *(daily, empty, counts, skips, result, many, too_large, nothing, raises, not_json, not_an_answer, exits),
        *(
            ends,
            segfaults,
            closes_everything,
            stubborn,
            wakes_up,
            leaves_a_process,
            waits,
            imports,
            uses_pools,
            of_broken,
        ),
    ]
