"""What may be started under any law that AWS might follow: never what is there already, and in the end all the rest."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kit.builders import DATABASE, DISK, NOW, ago, point
from tests.kit.judging import standings_of
from tests.kit.laws import ELSEWHERE, Law, TwoVaults

from crossvault.aspects.copies.seen import RecoveryPoint
from crossvault.engine.plan import Plan
from crossvault.words.reasons import Reason

RESOURCES = ((DATABASE, "RDS"), (DISK, "EBS"), (DISK.replace("vol-1", "vol-2"), "EBS"))
DOCUMENTED, BY_COPY = Law(), Law(date="copy")

laws = st.builds(
    Law,
    date=st.sampled_from(["source", "second", "copy", "hour"]),
    origin=st.sampled_from(["immediate", "first", "null"]),
    resource=st.sampled_from(["source", "absent", "other"]),
    job_arn=st.sampled_from(["listed", "other"]),
    history=st.sampled_from([30, 14]),
)


def backup(number: int, created: datetime, which: int = 0, *, origin: str | None = None) -> RecoveryPoint:
    """Return a recovery point of one of the resources."""
    resource, kind = RESOURCES[which]
    made = point(arn=f"point-{which}-{number}", created=created, resource=resource, kind=kind)
    return (
        made
        if origin is None
        else RecoveryPoint(made.arn, resource, kind, created, "COMPLETED", size=1024, source_vault_arn=origin)
    )


@st.composite
def worlds(draw: st.DrawFn, law: st.SearchStrategy[Law] = laws) -> TwoVaults:
    """Return months of daily backups of which some were copied, some have gone at the source, and some are a gap.

    Beside them may lie twins, backups on whole hours and off them, what others put there, and a chain's copies.
    """
    world = TwoVaults(draw(law))
    for which in range(draw(st.integers(1, 3))):
        minute, origin = draw(st.sampled_from([0, 17])), draw(st.sampled_from([None, None, ELSEWHERE]))
        days, every = draw(st.sampled_from([5, 40, 100])), draw(st.sampled_from([1, 7]))
        gap, kept = (
            draw(st.sampled_from([range(0), range(20, 30), range(40, 200), range(2)])),
            draw(st.sampled_from([20, 400])),
        )
        for day in range(days, -1, -every):
            created = (NOW - timedelta(days=day, hours=3)).replace(
                minute=minute, microsecond=draw(st.integers(1, 600)) * 1000
            )
            made = [backup(day, created, which, origin=origin)]
            if draw(st.integers(0, 9)) == 0:
                made.append(backup(day + 1000, created + timedelta(milliseconds=300), which, origin=origin))
            for each in made:
                if day not in gap:
                    world.copy(each, created + timedelta(minutes=draw(st.integers(61, 400))))
                if day <= kept:
                    world.points.append(each)
    for number in range(draw(st.sampled_from([0, 0, 30]))):
        world.own_backup(number, "EBS", ago(days=number, hours=5))
        world.others_copy(number, "EBS", ago(days=number, hours=6))
    return world


def held(found: Plan) -> list[str]:
    """Return the points of a plan that are held because it cannot be told whether they have a copy."""
    return [each.point.arn for each in standings_of(found)["dr"] if each.reason is Reason.COPY_UNCERTAIN]


@settings(max_examples=80)
@given(worlds(), st.integers(1, 5))
def test_nothing_is_copied_twice_under_any_law(world: TwoVaults, days: int) -> None:
    """Pass after pass, for days on which backups go on: what has a copy is never started again."""
    for day in range(days):
        for _ in range(3):
            world.look()
            world.now += timedelta(minutes=30)
        world.points.append(backup(5000 + day, world.now - timedelta(minutes=7)))
        world.now += timedelta(hours=22)

    assert world.doubles() == []


@settings(max_examples=30)
@given(
    worlds(
        st.builds(
            Law,
            date=st.sampled_from(["source", "second"]),
            origin=st.sampled_from(["immediate", "first", "null"]),
            history=st.sampled_from([30, 14]),
        )
    )
)
def test_nothing_is_held_for_long_where_aws_behaves_as_documented(world: TwoVaults) -> None:
    """Within days of new backups nothing waits for a person any more, whatever else lies in the destination."""
    assert world.law.documented
    for day in range(8):
        for _ in range(3):
            world.look()
            world.now += timedelta(minutes=31)
        for which in range(3):
            world.points.append(backup(6000 + day, world.now - timedelta(minutes=7), which))
        world.now += timedelta(hours=21)

    assert held(world.planned()) == []
    assert world.doubles() == []


# --- One law at a time: the worlds of the evidence -----------------------------------------------------------------


def months(law: Law, *, copied: range = range(200), kept: range = range(200), now: datetime = NOW) -> TwoVaults:
    """Return 120 daily backups of two resources, copied on the days of ``copied``, still there on those of ``kept``."""
    world = TwoVaults(law, now=now)
    for day in range(119, -1, -1):
        for which in (0, 1):
            each = backup(day, ago(days=day, minutes=90 + which), which)
            if day in copied:
                world.copy(each, each.created + timedelta(minutes=75))
            if day in kept:
                world.points.append(each)
    return world


@pytest.mark.parametrize(
    ("world", "starts", "waiting"),
    [
        pytest.param(months(DOCUMENTED), 0, 0, id="as documented, all copied"),
        pytest.param(months(DOCUMENTED, copied=range(50)), 140, 0, id="as documented, old ones never copied"),
        pytest.param(months(DOCUMENTED, now=NOW + timedelta(days=40)), 0, 0, id="as documented, no job in view"),
        pytest.param(months(Law(origin="null")), 0, 0, id="no origin"),
        pytest.param(months(Law(origin="first")), 0, 0, id="the first origin"),
        pytest.param(months(Law(date="second")), 0, 0, id="dates without fractions"),
        pytest.param(months(BY_COPY), 0, 180, id="dates of the copies"),
        pytest.param(months(BY_COPY, copied=range(50)), 0, 180, id="dates of the copies, old ones never copied"),
        pytest.param(months(BY_COPY, copied=range(0)), 240, 0, id="an empty destination"),
        pytest.param(months(Law(date="hour")), 0, 180, id="dates of the hour"),
        pytest.param(months(Law(resource="absent")), 0, 180, id="no resource"),
        pytest.param(months(Law(resource="other")), 0, 180, id="another resource"),
        pytest.param(months(Law(date="copy", history=14)), 0, 212, id="a short memory of jobs"),
    ],
)
def test_what_is_started_and_what_is_held(world: TwoVaults, starts: int, waiting: int) -> None:
    """The figures of the worlds in which the rule was tried."""
    found = world.planned()
    may = [each for each in standings_of(found)["dr"] if each.ground is not None]

    assert len(may) == starts
    assert abs(len(held(found)) - waiting) <= 4  # days on the edge of the job history
