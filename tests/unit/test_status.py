"""Status: stable while facts are, honest about what was not looked at, and with the right figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest
from tests.kit.builders import (
    DISK,
    NOW,
    TARGET_ARN,
    UNSEEN,
    account_sight,
    ago,
    blind,
    copy_of,
    destination,
    job_for,
    observed,
    point,
    problem,
    sight,
    target_vault,
)
from tests.kit.statuses import (
    FIELDS,
    PARTS,
    WORLDS,
    condition_in,
    declare,
    failed_job,
    status_of,
    tell,
)

from crossvault.aspects.copy_role import COPY_ROLE
from crossvault.aspects.vault_policy import claims_of
from crossvault.aspects.vault_policy.statement import sid_of
from crossvault.engine.looks import Seen, Unseen
from crossvault.engine.observed import Observed
from crossvault.kinds.policy.stakes import remembered
from crossvault.words.instants import instant
from crossvault.words.texts import clip

SID = sid_of(declare()[COPY_ROLE])

# --- Stability -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seen", WORLDS)
def test_invariant_8_an_unchanged_world_gives_an_equal_status(seen: Observed) -> None:
    """Whatever the clock says, the second status equals the first, and nothing is announced again."""
    first = status_of(tell(declare(), seen))
    for later in (timedelta(seconds=1), timedelta(minutes=50)):
        again = tell(declare(), replace(seen, at=NOW + later), previous=first, now=NOW + later)

        assert status_of(again) == first
        assert (again.events, again.summary) == ((), "")


@pytest.mark.parametrize("seen", WORLDS)
def test_every_condition_has_all_its_fields(seen: Observed) -> None:
    """Type, status, reason, message, generation and transition time, on the first visit already."""
    told = status_of(tell(declare(generation=7), seen))

    assert told["observedGeneration"] == 7
    assert {each["type"] for each in told["conditions"]} >= PARTS | {"Ready"}
    for each in told["conditions"]:
        assert set(each) == FIELDS
        assert all(each.values())
        assert each["observedGeneration"] == 7
        assert len(each["message"]) <= 300


def test_the_transition_time_moves_with_the_status_alone() -> None:
    """A new reason or message is no transition; a new status is."""
    gap = status_of(tell(declare(), observed((point(3),)), now=ago(days=1)))
    caught = observed((point(3),), sight(copies=(copy_of(point(3)),)))
    same = status_of(tell(declare(), caught, previous=gap))
    flipped = status_of(tell(declare(), observed((point(3),), blind()), previous=same))

    assert condition_in(same, "Ready")["reason"] != condition_in(gap, "Ready")["reason"]
    assert condition_in(same, "Ready")["lastTransitionTime"] == instant(ago(days=1))
    assert condition_in(flipped, "Ready")["lastTransitionTime"] == instant(NOW)


def test_last_changed_is_when_a_fact_changed() -> None:
    """The status says since when it has been so."""
    first = status_of(tell(declare(), observed(), now=ago(days=3)))
    second = status_of(tell(declare(), observed(), previous=first, now=ago(days=2)))
    third = status_of(tell(declare(), observed((point(),)), previous=second, now=ago(days=1)))

    assert [each["lastChanged"] for each in (first, second, third)] == [
        instant(ago(days=3)),
        instant(ago(days=3)),
        instant(ago(days=1)),
    ]


def test_a_status_somebody_mutilated_is_written_anew() -> None:
    """A previous status without what we wrote raises nothing."""
    mutilated: list[dict[str, Any]] = [
        {"conditions": [{"type": "Ready", "status": "True"}]},
        {"destinations": [{}]},
        {"destinations": [{"name": "dr", "vaultArn": destination().vault.arn, "inScope": 3}]},
        {"failures": [{"reason": "Any"}, {"reason": "Any", "destination": "dr"}]},
        {"drift": {"items": [{"aspect": "vault"}]}},
        {"summary": {}},
    ]
    for previous in mutilated:
        assert status_of(tell(declare(), observed((), blind()), previous=previous))["lastChanged"] == instant(NOW)


def test_long_messages_are_clipped() -> None:
    """No message of AWS makes a status too long."""
    dark = Unseen(problem("x" * 5000))
    told = status_of(tell(declare(), observed((), sight(copies=dark, policy=dark), source_vault=dark)))

    assert max(len(each["message"]) for each in [*told["conditions"], *told["prerequisites"]]) == 300
    assert len(told["summary"]["message"]) == 300


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        pytest.param("Short.", "Short.", id="short"),
        pytest.param("A" * 300, "A" * 300, id="just short enough"),
        pytest.param("Cause is this. " + "b" * 400, "Cause is this. …", id="at a sentence"),
        pytest.param("One. Two. " + "c " * 200 + "Three.", "One. Two. …", id="at the last whole sentence"),
        pytest.param("word " * 100, "word " * 58 + "word …", id="at a word of a long first sentence"),
        pytest.param("x" * 400, "x" * 298 + " …", id="one endless word"),
    ],
)
def test_messages_are_cut_at_a_sentence(message: str, kept: str) -> None:
    """The cause comes first, and no sentence ends in the middle of a word."""
    assert clip(message) == kept
    assert len(clip(message)) <= 300


def test_instants_are_utc_whatever_zone_they_come_in() -> None:
    """A time in another zone is converted, not relabelled."""
    assert instant(NOW.astimezone(timezone(timedelta(hours=5)))) == "2026-11-23T12:00:00Z"


# --- What was not looked at ----------------------------------------------------------------------------------------


def test_invariant_7_what_was_not_looked_at_keeps_its_last_row_and_is_never_zero() -> None:
    """Figures, failures and drift of a destination in the dark stay as last known."""
    two = (destination(), destination("b", vault=target_vault("b")))
    points = (point(), point(2, resource=DISK))
    bad = sight(two[1], copies=(copy_of(points[0]),), jobs=(failed_job(points[1]),), policy='{"Statement":[]}')
    before = status_of(tell(declare(*two), observed(points, sight(), bad)))
    told = tell(declare(*two), observed(points, sight(), blind(two[1])), previous=before)
    after = status_of(told)

    seen, dark = before["destinations"]
    assert after["destinations"] == [seen, {**dark, "lastObserved": before["lastChanged"]}]
    assert after["failures"] == before["failures"] != []
    assert after["drift"] == before["drift"]
    assert after["drift"]["total"] == 1
    assert told.report is not None
    assert told.report.drifted.keys() == {(item["destination"], item["aspect"]) for item in before["drift"]["items"]}
    assert {key: after["summary"][key] for key in ("copied", "failed", "drifted")} == {
        key: before["summary"][key] for key in ("copied", "failed", "drifted")
    }
    assert condition_in(after, "CopiesHealthy")["status"] == "Unknown"


@pytest.mark.parametrize("seen", WORLDS)
def test_the_status_holds_the_statements_that_the_policy_needs(seen: Observed) -> None:
    """Whatever was seen: who cannot parse the policy later must not take them away."""
    assert remembered(status_of(tell(declare(), seen))).claims == claims_of(declare())


def test_what_was_never_looked_at_has_no_figures() -> None:
    """Blank columns instead of zeros."""
    told = status_of(tell(declare(), observed((point(),), blind())))

    assert told["destinations"] == [{"name": "dr", "vaultArn": TARGET_ARN, "statementSid": SID}]
    assert not {"copied", "failed", "ineligible", "oldestGap"} & set(told["summary"])


def test_figures_of_another_vault_are_not_kept() -> None:
    """A destination that points elsewhere now starts from unknown."""
    before = status_of(tell(declare(), observed((point(),), sight(copies=(copy_of(point()),)))))
    moved = destination(vault=target_vault("elsewhere"))
    after = status_of(tell(declare(moved), observed((point(),), blind(moved)), previous=before))

    assert after["destinations"] == [{"name": "dr", "vaultArn": moved.vault.arn, "statementSid": SID}]


def test_the_organization_is_kept_while_unseen() -> None:
    """What was known of the organization stays until AWS says otherwise."""
    before = status_of(tell(declare(), observed()))
    dark = status_of(tell(declare(), observed(source=account_sight(organization=UNSEEN)), previous=before))
    left = status_of(tell(declare(), observed(source=account_sight(organization=Seen(None))), previous=before))

    assert before["organization"] == dark["organization"] == "o-examplecorp"
    assert "organization" not in left


# --- Figures -------------------------------------------------------------------------------------------------------


def test_counts_add_up_and_instants_are_raw() -> None:
    """Every point in scope is in one column, ineligible ones outside the total."""
    points = (
        point(1),
        point(2, resource=DISK),
        point(3, resource=f"{DISK}b"),
        point(4, status="EXPIRED"),
        point(5, parent=point(1).arn),
    )
    seen = sight(
        copies=(copy_of(points[0]),),
        jobs=(
            job_for(points[1], state="RUNNING", job_id="r"),
            failed_job(points[2]),
            job_for(points[0], state="COMPLETED", job_id="c", to=copy_of(points[0]), completed=ago(minutes=90)),
        ),
    )
    told = status_of(tell(declare(), observed(points, seen)))

    assert told["destinations"] == [
        {
            "name": "dr",
            "vaultArn": TARGET_ARN,
            "statementSid": SID,
            "inScope": 4,
            "copied": 1,
            "inProgress": 1,
            "waiting": 0,
            "missing": 0,
            "failed": 1,
            "ineligible": 1,
            "needsAction": 1,
            "bytesCopied": 1024,
            "reasons": [
                {"state": "failed", "reason": "CopyRoleDenied", "count": 1},
                {"state": "ineligible", "reason": "Expired", "count": 1},
            ],
            "oldestGap": instant(ago(days=3)),
            "newestSource": instant(ago(days=1)),
            "newestCopied": instant(ago(days=1)),
            "lastCompleted": instant(ago(minutes=90)),
        }
    ]
    assert told["summary"]["copied"] == "1/3"
    assert told["summary"]["oldestGap"] == instant(ago(days=3))
    assert [(each["reason"], each["count"], each["class"]) for each in told["failures"]] == [
        ("CopyRoleDenied", 1, "stuck")
    ]


def test_lists_are_capped_and_say_how_many_there_are() -> None:
    """Five destinations of drift fit; totals are whole."""
    many = tuple(destination(f"d{n}", vault=target_vault(f"v{n}")) for n in range(25))
    told = status_of(tell(declare(*many), observed((), *(sight(each, policy=None) for each in many))))

    assert (told["drift"]["total"], len(told["drift"]["items"])) == (25, 20)
    assert told["summary"]["destinations"] == "d0 (+24)"
