"""Backup jobs that fail: what is known of them is the same in whatever pieces and order AWS lists them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.builders import desired, destination, observed, target_vault
from tests.kit.judging import rows

from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.schedule import told
from crossvault.aspects.schedule.declared import OWNER, SCHEDULE, Rule, Schedule, Selection
from crossvault.aspects.schedule.document import form_of, plan_document, plan_name
from crossvault.aspects.schedule.jobs import FAILED, HISTORY, JOBS, MADE, OVERLAP, BackupJob, BackupJobs
from crossvault.aspects.schedule.seen import PLANS, BackupPlan, Plans
from crossvault.engine.looks import Look, Seen, Unseen
from crossvault.engine.rows import MET, UNKNOWN, UNMET, Prerequisite
from crossvault.words.problems import ErrorClass, Problem
from crossvault.words.reasons import Reason

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DENIED = Unseen(Problem(Reason.ACCESS_DENIED, "Not allowed.", ErrorClass.STUCK))


def job(ended: float = 0.0, state: str = "FAILED", resource: str = "arn:x", plan: str = "id", **more: Any) -> BackupJob:
    """Return a job that ended so many seconds before now."""
    return BackupJob(plan, resource, state, NOW.timestamp() - ended, **more)


JOBS_LISTED = st.lists(
    st.builds(
        job,
        st.integers(1, 10_000).map(float),
        st.sampled_from(sorted(FAILED | MADE)),
        st.sampled_from(["arn:x", "arn:y"]),
        st.sampled_from(["id", "other"]),
    ),
    unique_by=lambda each: each.ended,
)


@given(JOBS_LISTED, st.randoms(use_true_random=False), st.integers(0, 10_000))
def test_the_last_job_of_a_resource_decides(jobs: list[BackupJob], random: Any, cut: int) -> None:
    """However they are listed: in one piece, or in two that overlap, in any order, again and again."""
    last = {(each.plan_id, each.resource): each for each in sorted(jobs, key=lambda each: each.ended)}
    expected = {pair: each for pair, each in last.items() if each.state in FAILED}
    moment = NOW.timestamp() - cut
    first = [each for each in jobs if each.ended <= moment]
    later = [each for each in jobs if each.ended > moment - OVERLAP.total_seconds()]
    random.shuffle(jobs)
    random.shuffle(later)

    assert BackupJobs().having(jobs, NOW).failing == expected
    assert BackupJobs().having(first, NOW).having(later, NOW).failing == expected
    assert BackupJobs().having(first, NOW).having(later, NOW).having(later, NOW).failing == expected


def test_what_is_listed_again_is_little() -> None:
    """First all that AWS remembers, then what has ended since, and a while before that."""
    known = BackupJobs().having([job()], NOW)

    assert BackupJobs().since(NOW) == NOW - HISTORY
    assert known.since(NOW + timedelta(minutes=5)) == NOW - OVERLAP
    assert known.since(NOW + timedelta(days=90)) == NOW + timedelta(days=60)


def test_what_aws_has_forgotten_is_forgotten() -> None:
    """As after a start anew: a status says what AWS says."""
    known = BackupJobs().having([job()], NOW)

    assert known.having([], NOW + HISTORY - timedelta(minutes=1)).failing
    assert not known.having([], NOW + HISTORY + timedelta(minutes=1)).failing


def test_what_runs_tells_nothing() -> None:
    """Only what has ended counts."""
    known = BackupJobs().having([job(9.0)], NOW)

    assert known.having([job(1.0, "RUNNING")], NOW).failing == known.failing


def judged(look: Look[BackupJobs]) -> tuple[Prerequisite, int | None]:
    """Return the row of a policy with a plan of its own, and what its metric has."""
    rule = Rule("daily", "cron(0 5 ? * * *)", Lifecycle(None, 35))
    schedule = Schedule((rule,), (Selection("s", "role", ("*",)),))
    policy = desired(destination("dr", vault=target_vault())).having(SCHEDULE, schedule)
    name = plan_name(policy.key, policy.source.arn)
    form = form_of(plan_document(policy, schedule, name))
    plan = BackupPlan("id", "arn", name, "1", form, {"crossvault.io/owner": policy[OWNER]})
    found = observed()
    found = replace(found, source=found.source.having(PLANS, Seen(Plans((plan,)))).having(JOBS, look))
    row = next(each for each in rows(policy, found) if each.name == "BackupJobs")
    return row, told.backups_failing(policy, found)


@pytest.mark.parametrize(
    ("jobs", "status", "count", "words"),
    [
        pytest.param([], MET, 0, "No resource is known", id="none"),
        pytest.param([job(9.0), job(1.0, "COMPLETED")], MET, 0, "No resource", id="a later one has made something"),
        pytest.param([job(plan="other")], MET, 0, "No resource is known", id="of another plan"),
        pytest.param(
            [job(60.0, message="Access denied.")],
            UNMET,
            1,
            "for 1 resource, newest arn:x at 2026-03-01T11:59:00Z: FAILED: Access denied.",
            id="one that AWS explains",
        ),
        pytest.param(
            [job(60.0), job(0.0, "EXPIRED", "arn:y")],
            UNMET,
            2,
            "for 2 resources, newest arn:y at 2026-03-01T12:00:00Z: EXPIRED: AWS gives no reason",
            id="two, the newest is told",
        ),
        pytest.param([job(1.0, "ABORTED")], UNMET, 1, "ABORTED", id="stopped by somebody"),
    ],
)
def test_failing_backups_are_told(jobs: list[BackupJob], status: Any, count: int, words: str) -> None:
    """With how many, AWS's words about the newest, and how to list them; no copy waits for it."""
    row, figure = judged(Seen(BackupJobs().having(jobs, NOW)))

    assert (row.status, figure) == (status, count)
    assert words in row.message
    assert (row.reason is Reason.BACKUPS_FAILING) is (status is UNMET)
    assert ("aws backup list-backup-jobs --region eu-west-1 --by-state" in row.remedy) is (status is UNMET)
    assert not row.blocks


def test_who_may_not_list_jobs_knows_nothing_of_them() -> None:
    """Nothing is held, and the metric is not there."""
    row, figure = judged(DENIED)

    assert (row.status, row.reason, row.blocks, figure) == (UNKNOWN, Reason.ACCESS_DENIED, False, None)
