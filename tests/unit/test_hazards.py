"""What a schedule promises that AWS will not keep: told before a plan is written, each with its remedy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.builders import desired, destination, observed, sight, target_vault, vault
from tests.kit.builders import source_vault as source
from tests.kit.judging import rows

from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.schedule import overlaps
from crossvault.aspects.schedule.declared import SCHEDULE, Conditions, Rule, Schedule, Selection
from crossvault.aspects.schedule.seen import PLANS, Plans
from crossvault.engine.looks import Seen
from crossvault.engine.observed import Observed
from crossvault.engine.rows import Prerequisite
from crossvault.words.reasons import Reason

DAILY = Rule("daily", "cron(0 5 ? * * *)", Lifecycle(None, 35))
TAGGED = Selection("some", "role", ("*",), conditions=Conditions(equal=(("backup", "true"),)))


def judged(
    rule: Rule,
    *more: Rule,
    lag: timedelta | None = None,
    kept: int | None = None,
    here: Any = None,
    there: Any = None,
) -> Prerequisite:
    """Return the row of a policy with these rules: ``here`` and ``there`` are the bounds of the vaults' locks."""
    dr = destination("dr", vault=target_vault(), lifecycle=Lifecycle(None, kept) if kept else None)
    policy = desired(dr).having(SCHEDULE, Schedule((rule, *more), (TAGGED,), objective=lag))
    found: Observed = observed(
        (),
        sight(dr, vault=Seen(vault(target_vault(), **_locked(there)))),
        source_vault=Seen(vault(source(), **_locked(here))),
    )
    found = replace(found, source=found.source.having(PLANS, Seen(Plans())))
    return next(each for each in rows(policy, found) if each.name == "Schedule")


def _locked(bounds: tuple[int | None, int | None] | None) -> dict[str, Any]:
    if bounds is None:
        return {}
    return {"locked": True, "min_retention_days": bounds[0], "max_retention_days": bounds[1]}


def rule(**members: Any) -> Rule:
    """Return the daily rule with something otherwise."""
    return replace(DAILY, **members)


GOOD, LOCKED = Reason.ALL_MET, Reason.RETENTION_OUT_OF_BOUNDS
SPARSE, TIGHT = Reason.SCHEDULE_TOO_SPARSE, Reason.SCHEDULE_TOO_TIGHT
HOURLY = rule(name="hourly", cron="cron(0 * ? * * *)", start_window=60)

OVERLAP = Reason.OVERLAPPING_RULES
LONGER = Lifecycle(None, 90)
OVERLAPS: tuple[tuple[str, Any, Reason, str], ...] = (
    ("the same moment", lambda: judged(DAILY, rule(name="b", lifecycle=LONGER)), OVERLAP, "Let daily and b begin"),
    ("the same moment and end", lambda: judged(DAILY, rule(name="b")), OVERLAP, "Let b and daily begin"),
    (
        "within the start window of the longer one",
        lambda: judged(DAILY, rule(name="b", cron="cron(0 2 ? * * *)", lifecycle=LONGER)),
        OVERLAP,
        "Let daily and b begin",
    ),
    (
        "within the start window of the shorter one",
        lambda: judged(DAILY, rule(name="b", cron="cron(0 12 ? * * *)", lifecycle=LONGER, start_window=60)),
        OVERLAP,
        "Let daily and b begin",
    ),
    (
        "just behind it",
        lambda: judged(DAILY, rule(name="b", cron="cron(0 13 ? * * *)", lifecycle=LONGER)),
        GOOD,
        "",
    ),
    (
        "many times a day",
        lambda: judged(HOURLY, rule(name="b", lifecycle=LONGER)),
        OVERLAP,
        "Let hourly and b begin",
    ),
    (
        "one of them is continuous",
        lambda: judged(DAILY, rule(name="b", lifecycle=LONGER), rule(name="c", continuous=True), kept=90),
        OVERLAP,
        "Let daily and b begin",
    ),
    ("a continuous one alone beside it", lambda: judged(DAILY, rule(name="c", continuous=True), kept=90), GOOD, ""),
    (
        "once a month",
        lambda: judged(DAILY, rule(name="monthly", cron="cron(0 7 1 * ? *)", lifecycle=LONGER)),
        GOOD,
        "",
    ),
)


@pytest.mark.parametrize(
    ("made", "reason", "told"),
    [
        pytest.param(lambda: judged(DAILY), GOOD, "", id="nothing"),
        pytest.param(lambda: judged(DAILY, here=(7, 35)), GOOD, "", id="within the lock of the source"),
        pytest.param(lambda: judged(DAILY, here=(36, None)), LOCKED, "within 36 to", id="shorter than that lock"),
        pytest.param(lambda: judged(DAILY, here=(1, 34)), LOCKED, "within 1 to 34", id="longer than that lock"),
        pytest.param(lambda: judged(DAILY, there=(7, 35)), GOOD, "", id="copies within the lock of their vault"),
        pytest.param(
            lambda: judged(DAILY, there=(36, 60)), LOCKED, "destination dr within 36 to 60", id="copies too short"
        ),
        pytest.param(
            lambda: judged(DAILY, there=(1, 34)), LOCKED, "destination dr within 1 to 34", id="copies too long"
        ),
        pytest.param(
            lambda: judged(HOURLY, rule(lifecycle=Lifecycle(None, 50), start_window=60), there=(1, 40)),
            LOCKED,
            "destination dr within 1 to 40",
            id="copies of the second rule",
        ),
        pytest.param(lambda: judged(DAILY, kept=50, there=(36, 60)), GOOD, "", id="copies with an end of their own"),
        pytest.param(lambda: judged(DAILY, lag=timedelta(hours=24)), GOOD, "", id="as often as the objective"),
        pytest.param(lambda: judged(DAILY, lag=timedelta(hours=12)), SPARSE, "maxCopyLag", id="more seldom than that"),
        pytest.param(
            lambda: judged(rule(start_window=60), HOURLY, lag=timedelta(hours=12)),
            GOOD,
            "",
            id="one of two often enough",
        ),
        *(pytest.param(made, reason, told, id=name) for name, made, reason, told in OVERLAPS),
        pytest.param(lambda: judged(rule(cron="cron(0 5 ? * * 2020)")), SPARSE, "cron", id="never again"),
        pytest.param(lambda: judged(rule(lifecycle=Lifecycle(None, 1))), TIGHT, "deleteAfterDays", id="gone too early"),
        pytest.param(
            lambda: judged(rule(lifecycle=Lifecycle(None, 2), start_window=24 * 60)), GOOD, "", id="just in time"
        ),
        pytest.param(
            lambda: judged(rule(lifecycle=Lifecycle(1, 91))), TIGHT, "moveToColdStorageAfterDays", id="cold too early"
        ),
        pytest.param(lambda: judged(rule(lifecycle=Lifecycle(2, 92))), GOOD, "", id="cold in time"),
    ],
)
def test_what_a_schedule_promises_is_judged(made: Any, reason: Reason, told: str) -> None:
    """Nothing is held because of it, and the remedy names the field."""
    row = made()

    assert row.reason is reason, row.message
    assert told in (row.remedy or "")
    assert not row.blocks


def test_more_of_them_are_counted() -> None:
    """The first is told, and how many more there are."""
    row = judged(rule(lifecycle=Lifecycle(None, 1)), here=(7, 35), there=(7, 35))

    assert row.reason is LOCKED
    assert "2 more of this kind." in row.message


def test_a_single_run_that_is_left_out_is_told() -> None:
    """The month's first day: one backup is made, as the monthly rule declares it; the row is met and says so."""
    row = judged(DAILY, rule(name="monthly", cron="cron(0 7 1 * ? *)", lifecycle=LONGER))

    assert row.reason is GOOD
    assert "AWS Backup leaves the run of daily at " in row.message
    assert "-01T05:00:00Z out for monthly" in row.message


RULES = st.builds(
    Rule,
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(
        ["cron(0 5 ? * * *)", "cron(0 7 ? * * *)", "cron(0 * ? * * *)", "cron(0 5 ? * 2 *)", "cron(0 7 1 * ? *)"]
    ),
    st.integers(1, 40).map(lambda days: Lifecycle(None, days)),
    start_window=st.sampled_from([60, 120, 480]),
    continuous=st.booleans(),
)


@given(
    st.lists(RULES, min_size=1, max_size=3, unique_by=lambda each: each.name).map(tuple),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - a zone comes next
)
def test_no_run_is_shown_that_is_left_out(rules: tuple[Rule, ...], moment: datetime) -> None:
    """And where several begin together, one of them does run: that which nobody outlives."""
    now = moment.replace(tzinfo=UTC)
    for each in rules:
        at = overlaps.next_run(rules, each, now)
        assert at is None or overlaps.instead_of(rules, each, at) is None
    longest = max(rules, key=lambda each: (each.lifecycle.delete_after_days or 0, -rules.index(each)))
    assert overlaps.next_run(rules, longest, now) == longest.next_run(now)
