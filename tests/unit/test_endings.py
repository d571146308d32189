"""What the deletion of a policy comes down to: what goes, what stays and for whom, and what it waits for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.kit.builders import (
    TARGET_ARN,
    account_body,
    destination_body,
    point,
    policy_body,
)
from tests.kit.fake_aws import FakeAws
from tests.kit.passes import SECOND, SECOND_ARN, SID, accounts, settle, small_world

from crossvault.aspects.copies.contents import POINTS
from crossvault.aspects.identity import IDENTITY
from crossvault.aspects.vault.seen import VAULT
from crossvault.engine.declared import Desired, PolicyKey
from crossvault.engine.looks import NO_PATIENCE, Patience, Unseen
from crossvault.engine.observed import Observed
from crossvault.kinds.account.parse import AccountDeclaration, parse_account
from crossvault.kinds.policy.reconcile import PolicyRequest
from crossvault.status.outcome import Cadence, Outcome
from crossvault.words.problems import Problem
from crossvault.words.reasons import Reason

THIRD_ID = "333333333333"


def end(aws: FakeAws, body: dict[str, Any], *, without: str = "", **members: Any) -> Outcome:
    """Do one pass over a policy that is being deleted; ``without`` takes an account away."""
    declared = {**accounts(), **_third()}
    declared.pop(without, None)
    request = PolicyRequest(body, declared, {}, not_before=aws.now, **members)
    return request.reconcile(aws, clock=lambda: aws.now, cadence=Cadence())


def _third() -> dict[str, AccountDeclaration]:
    parsed = parse_account(account_body("third", THIRD_ID))
    return {"third": parsed} if isinstance(parsed, AccountDeclaration) else {}


def gone(aws: FakeAws, *destinations: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """Return a policy that has protected its world and is being deleted with what it owns."""
    members = {"destinations": list(destinations) or [destination_body()], "deletionPolicy": "RemoveOwned", **spec}
    body = policy_body(**members)
    settle(aws, body)
    return policy_body(deleting=True, status=body["status"], **members)


@pytest.mark.parametrize(
    ("claimants", "said"),
    [
        pytest.param((), "because another policy needs it.", id="nobody knows which"),
        pytest.param(("shop/other",), "because shop/other needs it.", id="one of the same namespace"),
        pytest.param(("foreign/x",), "because another policy needs it.", id="one of another namespace is not named"),
        pytest.param(("shop/a", "foreign/x"), "because shop/a and others need it.", id="of both"),
        pytest.param(
            ("shop/a", "shop/b", "shop/c", "shop/d"), "because shop/a, shop/b, shop/c and 1 more need it.", id="many"
        ),
    ],
)
def test_what_others_need_stays_without_a_look(claimants: tuple[str, ...], said: str) -> None:
    """At once, also with dead credentials, and nobody is told to remove what would lock others out."""
    aws = small_world()
    body = gone(aws)
    aws.unseen = frozenset({TARGET_ARN})
    looks = aws.looks
    keys = tuple(PolicyKey(*each.split("/")) for each in claimants)
    claim = (TARGET_ARN, SID)
    outcome = end(aws, body, claims=frozenset({claim}), claimants={claim: keys} if keys else {})

    assert outcome.done
    assert aws.looks == looks
    assert [each.reason for each in outcome.events] == ["DeletionRetained"]
    assert outcome.events[0].message.endswith(said)
    assert f"statement {SID} in the policy of vault {TARGET_ARN}" in outcome.events[0].message
    assert "by hand" not in outcome.summary


def test_what_is_claimed_in_one_vault_goes_from_the_other() -> None:
    """Each statement by itself; the event of what went says what stayed, too."""
    aws = small_world()
    body = gone(aws, destination_body(), SECOND)
    outcome = end(aws, body, claims=frozenset({(TARGET_ARN, SID)}))

    assert outcome.done
    assert [each.reason for each in outcome.events] == ["DeletionRemoved", "DeletionRetained"]
    assert aws.policies[TARGET_ARN] is not None
    assert aws.policies[SECOND_ARN] is None


@pytest.mark.parametrize(
    ("spec", "members"),
    [
        pytest.param({"deletionPolicy": "Retain"}, {}, id="retain"),
        pytest.param({"mode": "Observe"}, {}, id="observe"),
        pytest.param({"suspend": True}, {}, id="suspended"),
        pytest.param({}, {"ordered": False}, id="the namespace goes"),
        pytest.param({"destinations": [destination_body(vaultPolicy="Check")]}, {}, id="nothing is kept by it"),
    ],
)
@pytest.mark.parametrize("without", ["", "dr", "orders-prod"], ids=["all accounts", "no destination", "no source"])
def test_a_deletion_without_anything_to_remove_is_done_at_once(
    spec: dict[str, Any], members: dict[str, Any], without: str
) -> None:
    """Whatever became of accounts and credentials: nothing in AWS is asked, and nothing is left to worry about."""
    aws = small_world()
    body = gone(aws, **spec)
    aws.unseen = frozenset({TARGET_ARN})
    looks = aws.looks
    outcome = end(aws, body, without=without, **members)

    assert (outcome.done, aws.looks) == (True, looks)
    if not (without and "destinations" in spec):  # without its account even a vault that is only checked is unknown
        assert [each.reason for each in outcome.events] == ["DeletionRetained"]


def test_an_account_that_is_gone_is_told_with_the_vault_and_holds_up_nothing() -> None:
    """Its vault is known from the status; the other destination is cleaned up."""
    aws = small_world()
    body = gone(aws, SECOND)
    body["spec"]["destinations"] += [destination_body("third", accountRef={"name": "third"})]
    body["status"]["destinations"] += [{"name": "third", "vaultArn": "arn:aws:backup:x:333333333333:backup-vault:y"}]
    outcome = end(aws, body, without="third")

    assert outcome.done
    assert [each.reason for each in outcome.events] == ["DeletionRemoved", "DeletionIncomplete"]
    assert aws.policies[SECOND_ARN] is None
    assert "vault arn:aws:backup:x:333333333333:backup-vault:y" in outcome.events[1].message
    assert 'no BackupAccount "third"' in outcome.events[1].message
    assert "unless another policy" in outcome.events[1].message


def test_without_its_source_a_policy_goes_and_says_what_stays() -> None:
    """The Sid follows from the source's role, so nothing can be looked for."""
    aws = small_world()
    body = gone(aws)
    outcome = end(aws, body, without="orders-prod")

    assert outcome.done
    assert [each.reason for each in outcome.events] == ["DeletionIncomplete"]
    assert TARGET_ARN in outcome.events[0].message


def test_a_body_that_nobody_can_read_any_more_goes() -> None:
    """A definition of another release left it; nothing stays stuck on our finalizer."""
    aws = small_world()
    specs: tuple[Any, ...] = (None, {}, [], {"destinations": 3}, {"destinations": [None]})
    for spec in specs:
        body = {**policy_body(deleting=True), "spec": spec}
        assert end(aws, body).done
        body["spec"] = {**spec, "deletionPolicy": "RemoveOwned"} if isinstance(spec, dict) else spec
        assert end(aws, body).done


def test_one_vault_that_cannot_be_seen_does_not_keep_the_other() -> None:
    """What can be removed is; what waits is named with its cause, and told once."""
    aws = small_world()
    body = gone(aws, destination_body(), SECOND)
    aws.unseen = frozenset({TARGET_ARN})
    first = end(aws, body)
    assert first.status is not None
    body["status"] = first.status
    aws.now += timedelta(minutes=1)
    second = end(aws, body)

    assert aws.policies[SECOND_ARN] is None
    assert (first.done, first.failed) == (False, True)
    message = first.status["conditions"][0]["message"]
    assert message.startswith(
        f"Not removed yet: statement {SID} of vault orders-copies (dr, eu-central-1). AWS throttles"
    )
    assert "second" not in message
    assert [each.reason for each in first.events] == ["DeletionWaiting"]
    assert second.events == ()
    assert second.status == first.status, "nothing changed, so nothing is written"


class BlindSource(FakeAws):
    """An AWS whose source account lets nobody in."""

    blind = False

    def observe(self, desired: Desired, *, not_before: datetime, patience: Patience = NO_PATIENCE) -> Observed:
        """See the destinations only."""
        seen = super().observe(desired, not_before=not_before, patience=patience)
        if not self.blind:
            return seen
        dark = Unseen(Problem(Reason.ASSUME_ROLE_DENIED, "Role orders is not to be had."))
        return replace(seen, source=seen.source.having(VAULT, dark).having(POINTS, dark).having(IDENTITY, dark))


def test_a_source_that_cannot_be_entered_holds_up_nothing() -> None:
    """What is to be removed lies in the destination."""
    aws = BlindSource(point(1))
    body = gone(aws)
    aws.blind = True
    outcome = end(aws, body)

    assert outcome.done
    assert aws.policies[TARGET_ARN] is None
