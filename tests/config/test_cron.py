"""Cron text is crontab's: weekdays from Sunday, both 0 and 7; a day of the month or a weekday, not both at once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schedule.world import config

from digest.config import cron
from digest.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("30 7 * *", "4 fields"),
        ("", "0 fields"),
        ("61 7 * * *", "61"),
        ("30 7 * * 8", "'8' is no weekday"),
        ("30 7 * * mo", "'mo' is no weekday"),
        ("30 7 * * */0", "is no weekday"),
        ("0 0 30 2 *", "never comes"),
        ("0 0 31 2,4,6 *", "never comes"),
    ],
)
def test_what_is_no_schedule_says_why(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        cron.check(text)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.sampled_from(["*", "0", "7", "*/2", "1-5", "fri-mon", "6-7", "sun,3", "x", "1-"]), min_size=4, max_size=6
    )
)
def test_any_words_are_a_schedule_or_refused(words: list[str]) -> None:
    try:
        cron.check(" ".join(words))
    except ValueError:
        return
    assert cron.texts(" ".join(words))


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ('schedule = "30 7 * * 8"', "newsletters.morning.schedule"),
        ('cadences = { Weekly = "0 8 * * sun" }', "newsletters.morning.cadences"),
        ('cadences = { weekly = "0 8 * *" }', "newsletters.morning.cadences"),
        ('link_tags = { "a b" = "c" }', "newsletters.morning.link_tags"),
        ('cadences = { weekly = "0 8 * * sun" }\nschedule = "0 8 * * *"', "newsletters.morning"),
        ('send_between = "7-9"', "newsletters.morning.send_between"),
        ('send_between = "07:00-07:00"', "newsletters.morning.send_between"),
        ('send_between = "24:00-07:00"', "newsletters.morning.send_between"),
        ('approve = "8d"', "newsletters.morning.approve"),
        ('approve = "0h"', "newsletters.morning.approve"),
        ('approve = "soon"', "newsletters.morning.approve"),
        ("approve_required = true", "newsletters.morning"),
        ('skip_dates = ["Christmas"]', "newsletters.morning.skip_dates.0"),
    ],
)
def test_a_bad_setting_is_named_with_its_remedy(table: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config(morning=f'title = "T"\n{table}')
    assert [fault.key for fault in caught.value.faults] == [key]
    assert all(fault.remedy for fault in caught.value.faults)


def test_good_settings() -> None:
    table = 'title = "T"\napprove = "90m"\nsend_between = "22:00-02:00"\nskip_dates = [2026-12-25, "2027-01-01"]'
    letter = config(morning=table).newsletters["morning"]
    assert letter.approve_ahead.total_seconds() == 5_400
    assert [day.isoformat() for day in letter.skip_dates] == ["2026-12-25", "2027-01-01"]
    assert letter.timetable == {"": "30 7 * * *"}
    table = 'title = "T"\ncadences = { daily = "30 7 * * *", weekly = "0 8 * * 7" }'
    assert list(config(morning=table).newsletters["morning"].timetable) == ["daily", "weekly"]
