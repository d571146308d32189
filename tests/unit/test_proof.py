"""What is shown before a first start, and goes on being shown: on what the pairing rests, and what stands on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.kit.builders import NOW, ago, copy_of, desired, destination, job_for, observed, point, sight, vault
from tests.kit.copies import ALL, LOOSE, OLD, linked
from tests.kit.judging import foresee
from tests.kit.statuses import status_of, tell

from crossvault.aspects.copies.declared import Copying
from crossvault.aspects.lifecycle import Lifecycle
from crossvault.cli import plans
from crossvault.engine.declared import Desired
from crossvault.engine.looks import Seen
from crossvault.engine.observed import Observed
from crossvault.metrics import objects

YOUNG = point(9, created=ago(hours=3, minutes=7))


def world(
    known: int, *, locked: bool = False, lifecycle: Lifecycle | None = None, late: bool = False
) -> tuple[Desired, Observed]:
    """Return a policy and a world with an old point without a job, a young one, and proof by so many jobs.

    With ``late`` the copies of these carry the date of the copy.
    """
    others = linked(known)
    moved = timedelta(hours=3) if late else timedelta()
    there = tuple(replace(copy, created=copy.created + moved) for _, copy, _ in others)
    wanted = desired(destination(lifecycle=lifecycle), backfill=ALL, copying=Copying(max_concurrent=90))
    seen = sight(
        wanted.destinations[0],
        copies=(*there, replace(LOOSE, resource_arn="", created=NOW)),
        jobs=tuple(job for *_, job in others),
        vault=Seen(vault(locked=locked, min_retention_days=1, max_retention_days=None)),
    )
    return wanted, observed((OLD, YOUNG, *(source for source, *_ in others)), seen)


def shown(wanted: Desired, seen: Observed) -> dict[str, Any]:
    """Return the pairing of the one destination as ``crossvault plan -o json`` has it."""
    entry = plans.entry(wanted, seen, foresee(wanted, seen))
    answer: dict[str, Any] = entry["destinations"][0]
    return answer


@pytest.mark.parametrize(
    ("known", "late", "verdict", "starts", "held"),
    [
        pytest.param(3, False, "proven", {"jobs": 1, "proven": 1}, 0, id="proven"),
        pytest.param(3, True, "contradicted", {"jobs": 1}, 1, id="contradicted"),
        pytest.param(0, False, "unproven", {"canary": 1}, 1, id="unproven"),
    ],
)
def test_a_plan_shows_on_what_it_rests(known: int, late: bool, verdict: str, starts: dict[str, int], held: int) -> None:
    """Counts, differences, blind pairing, what is unexplained, and what would start by which rule."""
    wanted, seen = world(known, late=late)
    pairing = shown(wanted, seen)["pairing"]
    (kind,) = pairing["kinds"]

    assert (kind["verdict"], kind["jobs"], kind["linked"], kind["mismatched"]) == (
        verdict,
        known,
        known,
        known if late else 0,
    )
    assert {ground: found["count"] for ground, found in kind["starts"].items()} == starts
    assert {found["bytes"] for found in kind["starts"].values()} == {1024}
    assert kind["held"] == held
    assert kind["largestDifferenceSeconds"] == (10800 if late else 0)
    assert kind["blind"] == {"agree": 0 if late else known, "differ": 0, "none": known if late else 0}
    assert (kind["unexplained"], kind["twins"]) == (1, 0)
    assert (pairing["oldestJob"] is None) is (known == 0)


def test_a_plan_says_it_to_a_person() -> None:
    """In lines, with the age of the oldest job, and until when it could not be taken back."""
    wanted, seen = world(3, locked=True, lifecycle=Lifecycle(delete_after_days=90))
    text = "\n".join(plans._lines(shown(wanted, seen), acts=True, verbose=True))

    assert "The oldest copy job that AWS lists is of 2026-11-20T" in text
    assert "RDS: 3 finished copy jobs prove that copies keep date and resource of their source." in text
    assert "3 of these jobs have their copy listed, dated at most 0 s from its source" in text
    assert "1 recovery point (1.0 KiB) starts, because no copy job is of what is younger than the oldest one." in text
    assert "because copy jobs prove how copies of the type are dated, and none is dated like it." in text
    assert "locked vault       what starts cannot be deleted before it expires, the last of it on 2027-02-" in text
    assert shown(*world(3, locked=True))["pairing"]["undeletableUntil"] == "never"
    assert "undeletableUntil" not in shown(*world(3))["pairing"]


@pytest.mark.parametrize(
    ("known", "late", "said"),
    [
        pytest.param(3, False, [], id="proven"),
        pytest.param(
            3,
            True,
            [
                "RDS: 1 recovery point is held (CopyUncertain): whether there is a copy cannot be told.",
                "RDS: 3 of 3 finished copy jobs left a copy with another date or resource than its source.",
                "RDS: in the destination 1 recovery point may be a copy of anything.",
            ],
            id="contradicted",
        ),
        pytest.param(
            0,
            False,
            [
                "RDS: 1 recovery point is held (CopyUncertain): whether there is a copy cannot be told.",
                "RDS: no finished copy job shows whether copies keep date and resource.",
                "RDS: in the destination 1 recovery point may be a copy of anything.",
            ],
            id="unproven",
        ),
    ],
)
def test_without_being_asked_a_plan_says_what_is_in_doubt(known: int, late: bool, said: list[str]) -> None:
    """And of what is certain nothing: nobody has to read it before every start."""
    lines = plans._lines(shown(*world(known, late=late)), acts=True, verbose=False)

    assert [each.strip() for each in lines if each.startswith("      RDS: ")] == said
    assert any("· pairing" in each for each in lines) is bool(said)


def test_nothing_to_start_is_nothing_to_say() -> None:
    """The lines are for whoever is about to start something."""
    source = point(1)
    copy = copy_of(source)
    wanted = desired(backfill=ALL)
    seen = observed((source,), sight(copies=(copy,), jobs=(job_for(source, state="COMPLETED", to=copy),)))

    assert "pairing" not in "\n".join(plans._lines(shown(wanted, seen), acts=True, verbose=True))


def test_a_status_says_it_short() -> None:
    """Only what is in doubt: the number of jobs changes daily."""
    proven = status_of(tell(*world(3)))["destinations"][0]
    doubtful = status_of(tell(*world(3, late=True)))["destinations"][0]["pairing"]
    row = {"resourceType": "RDS", "brought": False, "verdict": "contradicted", "unexplained": 1, "held": 1}

    assert "pairing" not in proven
    assert doubtful == [{**row, "jobs": 3, "linked": 3, "mismatched": 3}]


def test_metrics_say_it_in_figures() -> None:
    """One verdict for each kind, jobs by outcome, and what is unexplained."""
    report = tell(*world(3, late=True)).report
    assert report is not None
    found = {(metric.name, labels[3:]): value for metric, labels, value in objects.samples([report], NOW)}

    assert found["pairing_verdict", ("RDS", "false", "contradicted")] == 1
    assert {name[1][2]: value for name, value in found.items() if name[0] == "pairing_jobs"} == {
        "matched": 0,
        "mismatched": 3,
        "unlinked": 0,
    }
    assert found["unexplained_recovery_points", ("RDS",)] == 1
