from __future__ import annotations

import zoneinfo

import pytest
from support.user_code import Fail, Run, source_of


def test_a_schedule_keeps_what_it_is_given(run: Run) -> None:
    module = run("""
        @pipeline
        def work(): ...

        @schedule(cron_schedule="0 6 * * mon-fri", pipeline=work, timezone="Europe/Berlin", tags={"team": "data"})
        def mornings(context):
            '''Works in the morning.'''
            return {}

        @schedule(cron_schedule="@daily", pipeline_name="work", name="other", execution_timezone="UTC")
        def nights(context): ...

        @schedule(cron_schedule="*/5 * * * *", job=work)
        def often(): ...
    """)
    mornings = module.mornings
    assert (mornings.name, mornings.cron_schedule, mornings.timezone) == (
        "mornings",
        "0 6 * * mon-fri",
        "Europe/Berlin",
    )
    assert (mornings.pipeline, mornings.pipeline_name) == (module.work, "work")
    assert (mornings.description, mornings.tags) == ("Works in the morning.", {"team": "data"})
    assert source_of(mornings) == "def mornings(context):"
    assert (module.nights.name, module.nights.pipeline_name, module.nights.timezone) == ("other", "work", "UTC")
    assert (module.often.pipeline, module.often.timezone) == (module.work, None)


def test_a_sensor_keeps_what_it_is_given(run: Run) -> None:
    module = run("""
        @pipeline
        def work(): ...

        @sensor(pipeline=work, minimum_interval_seconds=0.5, description="Looks.")
        def looking(context): ...

        @sensor(job="work", name="other")
        def waiting(context): ...
    """)
    looking, waiting = module.looking, module.waiting
    assert (looking.name, looking.pipeline, looking.minimum_interval_seconds) == ("looking", module.work, 0.5)
    assert looking.description == "Looks."
    assert source_of(looking) == "def looking(context): ..."
    assert (waiting.name, waiting.pipeline_name, waiting.minimum_interval_seconds) == ("other", "work", 30)


@pytest.mark.parametrize(
    "cron", ["* * * * *", "0,30 0-23/2 1 jan,FEB sun", "59 23 31 12 7", "*/15 0 1-5 * 1-5", " 0  6 * * *", "@hourly"]
)
def test_a_cron_schedule_that_can_be_read_is_kept_as_written(run: Run, cron: str) -> None:
    module = run(f"""
        @schedule(cron_schedule={cron!r}, pipeline="work")
        def daily(): ...
    """)
    assert module.daily.cron_schedule == cron


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("", "it has 0 fields"),
        ("* * * *", "it has 4 fields"),
        ("0 0 0 * * *", "it has 6 fields"),
        ("60 * * * *", "minute '60': '60' is not in 0-59"),
        ("* 24 * * *", "hour '24': '24' is not in 0-23"),
        ("* * 0 * *", "day of month '0': '0' is not in 1-31"),
        ("* * * 13 *", "month '13': '13' is not in 1-12"),
        ("* * * * 8", "day of week '8': '8' is not in 0-7"),
        ("* * * monday *", "month 'monday': 'monday' is not in 1-12"),
        ("5-1 * * * *", "minute '5-1': '5-1' runs backwards"),
        ("*/0 * * * *", "minute '*/0': the step '0' is not a number from 1 on"),
        ("1,,2 * * * *", "minute '1,,2': '' is not in 0-59"),
        ("1- * * * *", "minute '1-': '' is not in 0-59"),
        ("@fortnightly", "'@fortnightly' is not known"),
        (5, "it is no text"),
        (None, "has no `cron_schedule`"),
    ],
)
def test_a_cron_schedule_that_cannot_be_read_is_refused(fail: Fail, cron: object, words: str) -> None:
    error = fail(f"""
        @schedule(cron_schedule={cron!r}, pipeline="work")
        def daily(): ...  # <-
    """)
    assert words in str(error)
    assert error.name == "daily"


@pytest.mark.parametrize("timezone", ["", " ", 3, "Europe/Atlantis", "../etc/passwd", "Europe"])
def test_a_timezone_that_does_not_exist_is_refused(fail: Fail, timezone: object) -> None:
    if timezone in ("Europe/Atlantis", "../etc/passwd", "Europe") and "UTC" not in zoneinfo.available_timezones():
        pytest.skip("no time zone database on this machine")
    error = fail(f"""
        @schedule(cron_schedule="@daily", pipeline="work", timezone={timezone!r})
        def daily(): ...  # <-
    """)
    assert f"The timezone of the schedule 'daily' is {timezone!r}" in str(error)


@pytest.mark.parametrize("decorator", ["schedule(cron_schedule='@daily',", "sensor("])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("", "of 'daily' has no `pipeline`"),
        ("pipeline='a', job='b'", "is given `pipeline` and `job`, which mean the same.\nKeep `pipeline`."),
        ("pipeline=3", "'daily' is 3"),
        ("pipeline=work", "'daily' is the function 'work'"),
        ("pipeline='a b'", "'a b' cannot be the name of a pipeline"),
    ],
)
def test_a_schedule_or_sensor_starts_one_pipeline(fail: Fail, decorator: str, arguments: str, words: str) -> None:
    error = fail(f"""
        def work(): ...

        @{decorator}{arguments})
        def daily(): ...  # <-
    """)
    assert words in str(error)


@pytest.mark.parametrize("decorator", ["schedule", "sensor"])
def test_a_bare_schedule_or_sensor_says_what_it_needs(fail: Fail, decorator: str) -> None:
    error = fail(f"""
        @{decorator}
        def daily(): ...  # <-
    """)
    assert f"@{decorator} of 'daily' has no" in str(error)


@pytest.mark.parametrize("seconds", ["0", "-1", "'30'", "True", "1e999", "None"])
def test_an_interval_is_a_positive_number(fail: Fail, seconds: str) -> None:
    error = fail(f"""
        @sensor(pipeline="work", minimum_interval_seconds={seconds})
        def looking(): ...  # <-
    """)
    shown = "inf" if seconds == "1e999" else seconds
    assert f"minimum_interval_seconds of the sensor 'looking' is {shown}.\n" in str(error)
