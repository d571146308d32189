"""Which copies that are there get another lifecycle with a pass, in what order, and what is told of the others."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.builders import (
    NOW,
    SOURCE_ARN,
    TARGET_ARN,
    account,
    copy_of,
    desired,
    destination,
    destination_body,
    job_for,
    observed,
    point,
    policy_body,
    sight,
    stuck,
    target_vault,
    vault,
)
from tests.kit.copies import ALL
from tests.kit.fake_aws import FakeAws, KilledError
from tests.kit.judging import diff, standings_of
from tests.kit.passes import do_pass, readiness, settle, small_world

from crossvault.aspects.copies.declared import Neighbour
from crossvault.aspects.copies.existing import Group, Lifecycles, Step, lifecycles
from crossvault.aspects.copies.outlook import outlook
from crossvault.aspects.copies.planned import StartCopy
from crossvault.aspects.copies.seen import CopyJob, RecoveryPoint
from crossvault.aspects.copies.updates import UpdateLifecycle, at_vault
from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.lifecycle.existing import EXISTING, Existing, ExistingCopies
from crossvault.engine.declared import Desired, Destination, Limits, Mode, PolicyKey, Scope
from crossvault.engine.looks import Seen
from crossvault.engine.observed import Observed, RefusedWrite
from crossvault.engine.plan import Plan, restrict
from crossvault.words.reasons import Reason

A_YEAR = Lifecycle(None, 365)
IN_AN_HOUR = NOW + timedelta(hours=1)


def towards(lifecycle: Lifecycle = A_YEAR, *, accepted: int | None = None, limits: Limits | None = None) -> Destination:
    """Return a destination whose existing copies are brought to a lifecycle."""
    ref = replace(target_vault(), account=account("dr", target_vault().account.account_id, limits=limits))
    wanted = destination(vault=ref, lifecycle=lifecycle)
    return wanted.having(EXISTING, Existing(ExistingCopies.UPDATE_LIFECYCLE, accepted))


def policy(wanted: Destination | None = None, **members: Any) -> Desired:
    """Return a policy that copies everything."""
    return desired(wanted or towards(), backfill=ALL, **members)


def copied(number: int, days: int | None, **members: Any) -> tuple[RecoveryPoint, RecoveryPoint]:
    """Return a recovery point so many days old with a copy that lives so long."""
    source = point(number)
    ends = None if days is None else source.created + timedelta(days=days)
    return source, replace(copy_of(source), delete_at=ends, **members)


def seen(
    *pairs: tuple[RecoveryPoint, RecoveryPoint], jobs: tuple[CopyJob, ...] = (), lock: tuple[int, int] | None = None
) -> Observed:
    """Return what is seen of recovery points with their copies."""
    there = vault(locked=lock is not None, min_retention_days=lock and lock[0], max_retention_days=lock and lock[1])
    return observed(
        tuple(source for source, _ in pairs),
        sight(towards(), vault=Seen(there), copies=tuple(copy for _, copy in pairs), jobs=jobs),
    )


def planned(shown: Observed, wanted: Desired | None = None, **around: Any) -> tuple[list[UpdateLifecycle], Lifecycles]:
    """Return the changes of a pass, and what is told."""
    plan = diff(wanted or policy(), shown, **around)
    return updates_of(plan), lifecycles(plan, "dr")


def updates_of(plan: Plan) -> list[UpdateLifecycle]:
    """Return the changes of lifecycles in a plan."""
    return [each for each in plan.actions if isinstance(each, UpdateLifecycle)]


def told(found: Lifecycles) -> list[tuple[Step, Reason, int]]:
    """Return the groups in short."""
    return [(each.step, each.reason, each.count) for each in found.groups]


def test_a_copy_that_expires_early_is_prolonged_and_nobody_has_to_act() -> None:
    """One action with the whole lifecycle; the gap says what is done about it, and is not for a person."""
    shown = seen(copied(3, 30))
    plan = diff(policy(), shown)
    (action,) = updates_of(plan)
    (standing,) = standings_of(plan)["dr"]

    assert action.verdict.target == A_YEAR
    assert told(lifecycles(plan, "dr")) == [(Step.PROLONG, Reason.COPY_EXPIRES_EARLY, 1)]
    assert (standing.reason, standing.needs_action, standing.retry_at) == (Reason.COPY_EXPIRES_EARLY, False, None)
    assert "It is prolonged" in str(standing.message)
    assert outlook(plan, "dr", NOW).stuck == ()
    assert not [each for each in plan.actions if isinstance(each, StartCopy)]


@pytest.mark.parametrize("held", [{"mode": Mode.OBSERVE}, {"suspend": True}])
def test_who_does_not_act_changes_nothing(held: dict[str, Any]) -> None:
    """It is told, and not permitted."""
    wanted = policy(**held)
    plan = diff(wanted, seen(copied(3, 30)))

    assert restrict(plan, wanted).actions == ()
    assert told(lifecycles(plan, "dr")) == [(Step.PROLONG, Reason.COPY_EXPIRES_EARLY, 1)]
    assert standings_of(plan)["dr"][0].needs_action


def test_nothing_is_done_where_it_is_not_declared() -> None:
    """Keep is the default."""
    changes, found = planned(seen(copied(3, 30)), desired(destination(lifecycle=A_YEAR), backfill=ALL))

    assert (changes, found) == ([], Lifecycles())


@pytest.mark.parametrize(
    ("pair", "reason", "words"),
    [
        pytest.param(
            copied(3, 30, source_vault_arn=None), Reason.LIFECYCLE_KEPT, "No copy job names it", id="of unknown origin"
        ),
        pytest.param(
            copied(3, 30, source_vault_arn=f"{SOURCE_ARN}-2"),
            Reason.LIFECYCLE_KEPT,
            "No copy job names it",
            id="out of another vault",
        ),
        pytest.param(copied(3, 30, is_parent=True), Reason.LIFECYCLE_KEPT, "composite", id="a composite"),
        pytest.param(copied(3, 400), Reason.COPY_LIVES_LONGER, "is not shortened", id="longer than declared"),
    ],
)
def test_what_is_left_alone_says_why(pair: tuple[RecoveryPoint, RecoveryPoint], reason: Reason, words: str) -> None:
    """No action, a count, an example and a reason."""
    changes, found = planned(seen(pair))
    (group,) = found.groups

    assert changes == []
    assert (group.step, group.reason, group.count, group.example) == (Step.NOTHING, reason, 1, pair[1].arn)
    assert words in group.message(acts=True)


def test_each_cause_is_told_with_its_own_copies() -> None:
    """Two causes with one reason are two rows, so that none of the copies is told the other's."""
    whole = copied(3, 30, is_parent=True), copied(4, 30, is_parent=True), copied(5, 30, source_vault_arn=None)
    _, found = planned(seen(*whole))

    assert sorted((each.count, each.reason) for each in found.groups) == [
        (1, Reason.LIFECYCLE_KEPT),
        (2, Reason.LIFECYCLE_KEPT),
    ]


def test_a_job_that_names_the_copy_is_enough() -> None:
    """AWS need not tell from which vault it came."""
    source, copy = copied(3, 30, source_vault_arn=None)
    changes, _ = planned(seen((source, copy), jobs=(job_for(source, state="COMPLETED", to=copy),)))

    assert [each.copy for each in changes] == [copy]


def test_what_is_nobodys_copy_is_never_touched() -> None:
    """Neither what pairs with nothing, nor the copy of a recovery point that is gone, or out of scope."""
    source, copy = copied(3, 30)
    loose = replace(copy, arn="arn:loose", resource_arn="arn:aws:rds:eu-west-1:111111111111:db:other")
    shown = observed((), sight(towards(), copies=(copy, loose)))
    out = policy(scope=Scope(resource_types=("EBS",)))

    assert planned(shown) == ([], Lifecycles())
    assert planned(seen((source, copy)), out) == ([], Lifecycles())


@pytest.mark.parametrize("lock", [(7, 400), (400, 500)])
@pytest.mark.parametrize("days", [30, 600, None])
def test_in_a_locked_vault_nothing_is_changed(lock: tuple[int, int], days: int | None) -> None:
    """Whether the declared retention lies within the lock's bounds or not, and in whichever direction."""
    changes, found = planned(seen(copied(3, days), lock=lock), policy(towards(accepted=365)))

    assert changes == []
    assert told(found) == [(Step.NOTHING, Reason.LIFECYCLE_LOCKED, 1)]
    assert found.groups[0].remedy


def neighbour(days: int | None, *, namespace: str = "shop", acts: bool = True, scope: Scope | None = None) -> Neighbour:
    """Return what another policy declares for the same two vaults."""
    lifecycle = None if days is None else Lifecycle(None, days)
    key = PolicyKey(namespace, "other")
    return Neighbour(key, (SOURCE_ARN, TARGET_ARN), lifecycle, acts=acts, scope=scope or Scope())


@pytest.mark.parametrize(
    ("other", "step"),
    [
        pytest.param(neighbour(400), Step.NOTHING, id="keeps it longer"),
        pytest.param(neighbour(400, acts=False), Step.NOTHING, id="keeps it longer, and is suspended"),
        pytest.param(neighbour(400, namespace="rivals"), Step.NOTHING, id="keeps it longer, in another namespace"),
        pytest.param(neighbour(None), Step.NOTHING, id="keeps it as long as the source, which is for ever"),
        pytest.param(neighbour(30), Step.SHORTEN, id="keeps it as long"),
        pytest.param(neighbour(10), Step.SHORTEN, id="keeps it shorter"),
        pytest.param(neighbour(400, scope=Scope(("EBS",))), Step.SHORTEN, id="does not mean it"),
    ],
)
def test_nobody_shortens_what_another_policy_keeps(other: Neighbour, step: Step) -> None:
    """Consent is for one's own copies; whoever declares the longer life has the last word."""
    wanted = policy(towards(Lifecycle(None, 30), accepted=30))
    changes, found = planned(seen(copied(3, 400)), wanted, neighbours=[other])

    assert [each.step for each in found.groups] == [step]
    assert bool(changes) is (step is Step.SHORTEN)
    assert "rivals" not in found.groups[0].message(acts=True)


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        pytest.param(Limits(), 15, id="by default"),
        pytest.param(Limits(starts_per_second=0.01), 1, id="at least one"),
        pytest.param(Limits(reads_per_second=4, starts_per_second=50), 20, id="three calls each"),
    ],
)
def test_a_pass_changes_as_many_as_its_rate_allows_the_most_urgent_first(limits: Limits, most: int) -> None:
    """A first pass over many copies does not hang; what is deleted first comes first, what is shortened last."""
    early = [copied(number, 40) for number in range(1, 26)]
    late = [copied(number, 500) for number in range(26, 36)]
    wanted = policy(towards(accepted=365, limits=limits))
    changes, found = planned(seen(*late, *early), wanted)

    assert [each.copy for each in changes] == [copy for _, copy in reversed(early)][:most]
    assert told(found) == [
        (Step.PROLONG, Reason.COPY_EXPIRES_EARLY, 25),
        (Step.SHORTEN, Reason.COPY_LIVES_LONGER, 10),
    ]
    assert found.pending == 35


def test_what_aws_refused_for_one_copy_waits_and_the_others_go_on() -> None:
    """The refusal is told with its text, and the pass knows when to ask again."""
    first, second = copied(3, 30), copied(4, 30)
    shown = seen(first, second)
    one = next(each for each in planned(shown)[0] if each.copy == first[1])
    refused = {one.key: RefusedWrite(stuck("AWS says no.", reason=Reason.REQUEST_REFUSED), IN_AN_HOUR)}
    plan = diff(policy(), replace(shown, refused_writes=refused))

    assert [each.copy for each in updates_of(plan)] == [second[1]]
    assert told(lifecycles(plan, "dr")) == [
        (Step.PROLONG, Reason.COPY_EXPIRES_EARLY, 1),
        (Step.NOTHING, Reason.REQUEST_REFUSED, 1),
    ]
    assert [each.retry_at for each in plan.postponed] == [IN_AN_HOUR]
    standing = next(each for each in standings_of(plan)["dr"] if each.point == first[0])
    assert (standing.needs_action, standing.retry_at) == (True, None)
    assert "AWS says no." in str(standing.message)


def test_what_aws_refused_for_all_is_not_asked_for_any() -> None:
    """A role that may not do it may not do it for the next copy either."""
    refused = {at_vault(target_vault()): RefusedWrite(stuck(), IN_AN_HOUR)}
    wanted = towards()
    refused |= {at_vault(wanted.vault): RefusedWrite(stuck(), IN_AN_HOUR)}
    shown = replace(seen(copied(3, 30), copied(4, 30)), refused_writes=refused)
    plan = diff(policy(wanted), shown)

    assert updates_of(plan) == []
    assert told(lifecycles(plan, "dr")) == [(Step.NOTHING, Reason.ACCESS_DENIED, 2)]
    assert [each.retry_at for each in plan.postponed] == [IN_AN_HOUR]


def test_nothing_is_changed_while_the_account_is_not_proven() -> None:
    """Nothing at all is written at a destination whose identity was not seen."""
    shown = seen(copied(3, 30))
    unproven = replace(shown, source=replace(shown.source, parts=shown.destinations[0].parts))

    assert updates_of(diff(policy(), unproven)) == []


@pytest.mark.parametrize(
    ("group", "words"),
    [
        (Group(Step.PROLONG, Reason.COPY_EXPIRES_EARLY, 1, "a", 9), "1 copy expires earlier than declared and gets"),
        (Group(Step.SHORTEN, Reason.COPY_LIVES_LONGER, 2, "a", 9), "2 copies live longer than declared and get"),
        (Group(Step.KEEP_WARM, Reason.COPY_COLD_EARLY, 2, "a", 9), "2 copies would go to cold storage earlier"),
        (Group(Step.NOTHING, Reason.LIFECYCLE_KEPT, 2, "a", 9, "Why."), "2 copies stay as they are. Why."),
    ],
)
def test_groups_are_told_in_sentences(group: Group, words: str) -> None:
    """With the right number."""
    assert words in group.message(acts=True)


# --- Passes --------------------------------------------------------------------------------------------------------


def short_lived() -> FakeAws:
    """Return a world in which all has been copied, for 30 days or 900."""
    aws = small_world()
    settle(aws, policy_body())
    for number, copy in enumerate(aws.copies[TARGET_ARN]):
        days = 900 if number % 2 else 30
        aws.copies[TARGET_ARN][number] = replace(copy, delete_at=copy.created + timedelta(days=days))
    return aws


def ends(aws: FakeAws) -> list[int]:
    """Return after how many days the copies are deleted, the longest life first."""
    lives = [each.delete_at - each.created for each in aws.copies[TARGET_ARN] if each.delete_at is not None]
    return sorted((each.days for each in lives), reverse=True)


@pytest.mark.parametrize("accepted", [{}, {"shortenExistingToDays": 365}], ids=["prolong", "and shorten"])
@pytest.mark.parametrize("moment", ["kill_before", "kill_after"])
@pytest.mark.parametrize("number", range(5))
def test_killed_at_any_change_a_new_process_ends_where_an_undisturbed_one_does(
    moment: str, number: int, accepted: dict[str, int]
) -> None:
    """Each copy is changed once, those that need it most first, and then there is silence."""
    aws = short_lived()
    wanted: dict[str, Any] = {"lifecycle": {"deleteAfterDays": 365}, "existingCopies": "UpdateLifecycle", **accepted}
    body = policy_body(destinations=[destination_body(**wanted)])
    begun = len(aws.log)
    setattr(aws, moment, begun + number)
    for _ in range(4):
        with suppress(KilledError):
            do_pass(aws, body)
        aws.pass_time()
        aws.kill_before = aws.kill_after = None
    outcome = do_pass(aws, body)
    changes = [each for each in aws.log[begun:] if isinstance(each, UpdateLifecycle)]

    assert ends(aws) == ([365, 365, 365, 365] if accepted else [900, 900, 365, 365])
    assert len(changes) == len({each.key for each in changes}) == len(aws.log) - begun == (4 if accepted else 2)
    assert [each.verdict.shortens for each in changes] == sorted(each.verdict.shortens for each in changes)
    assert outcome.events == ()
    assert readiness(body) == ("True", "Protected")


ENDS = st.none() | st.integers(1, 900)


@given(st.lists(ENDS, min_size=1, max_size=12), st.integers(1, 900), st.booleans(), st.booleans())
def test_what_is_due_is_within_what_was_accepted(
    ends: list[int | None], days: int, accepts: bool, locked: bool
) -> None:
    """Whatever lies there: none in a locked vault, none shortened without consent, none to an end that is over."""
    wanted = policy(towards(Lifecycle(None, days), accepted=days if accepts else None))
    pairs = [copied(number * 7, end) for number, end in enumerate(ends, 1)]
    changes, _ = planned(seen(*pairs, lock=(1, 36_500) if locked else None), wanted)

    assert not (locked and changes)
    for each in changes:
        assert each.copy is not None
        assert each.verdict.target is not None
        assert each.verdict.target.delete_after_days == days
        end = each.copy.created + timedelta(days=days)
        assert end > NOW
        assert accepts or end >= (each.copy.delete_at or datetime.max.replace(tzinfo=NOW.tzinfo))
