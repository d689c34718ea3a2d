"""Polls lie spread over the hour, after the first round of all and after a night without a daemon."""

import statistics

import pytest
from schedule import spread

from digest.schedule import daemon

pytestmark = pytest.mark.anyio
FEEDS = 500
ASLEEP = range(60, 360)


async def test_feeds_of_one_pace_are_not_asked_together() -> None:
    asked = await spread.run(spread.gaps("alike", FEEDS), hours=8, asleep=ASLEEP)
    assert asked[0] == FEEDS
    assert sum(asked[360:362]) > FEEDS * 0.8  # all are due
    for part in (asked[30:60], asked[392:480]):
        mean = statistics.mean(part)
        tens = [sum(part[n : n + 10]) for n in range(0, len(part) - 9, 10)]
        assert mean > FEEDS / 60 / 3
        assert max(part) < 4 * mean
        assert min(tens) > 10 * mean / 3
        assert max(tens) < 10 * mean * 2


@pytest.mark.parametrize(("feeds", "minutes"), [(0, 10), (3, 10), (60, 10), (120, 5), (600, 1), (10_000, 0.75)])
def test_the_more_feeds_the_fewer_at_a_time(feeds: int, minutes: float) -> None:
    assert daemon._round(feeds) == minutes * spread.MINUTE
