"""A running pass hears that a statement it would take away is needed by somebody else by now."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.kit import stage as scene

from crossvault.kinds.kind import ObjectKey, Occasion
from crossvault.kinds.policy.drawer import PolicyDrawer
from crossvault.kinds.policy.parse import KIND
from crossvault.work.desk import Desk, desk_of

NOW = datetime(2026, 11, 30, tzinfo=UTC)
ELSEWHERE = scene.destination(vault={"name": "elsewhere", "create": True, "encryptionKey": "alias/orders-copies"})
DELETED = {"deletionTimestamp": "2026-11-30T00:00:00Z"}


def policy(name: str, *, metadata: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """Return a policy by name."""
    body = scene.policy(**spec)
    return {**body, "metadata": {**body["metadata"], "name": name, **(metadata or {})}}


def key_of(body: dict[str, Any]) -> ObjectKey:
    """Return how an object is called."""
    return ObjectKey(body["kind"], body["metadata"].get("namespace", ""), body["metadata"]["name"])


def desk(*bodies: dict[str, Any]) -> Desk:
    """Return a desk with the accounts and these policies on it."""
    return desk_of({key_of(each): each for each in (*scene.accounts().values(), *bodies)})


def with_statement(body: dict[str, Any]) -> dict[str, Any]:
    """Return a policy whose status records the statement that a policy with the usual destination wants."""
    drawer = desk(policy("usual"))._drawers[KIND]
    assert isinstance(drawer, PolicyDrawer)
    ((vault, sid),) = drawer.claims_beside(key_of(body).policy)
    found = copy.deepcopy(body)
    found["status"] = {"destinations": [{"name": "vault-account", "vaultArn": vault, "statementSid": sid}]}
    return found


@pytest.mark.parametrize(
    ("body", "other", "overtaken"),
    [
        pytest.param(policy("going", metadata=DELETED), policy("other"), True, id="it is deleted, and one needs it"),
        pytest.param(
            policy("going", destinations=[ELSEWHERE]), policy("other"), True, id="it copies elsewhere, and one needs it"
        ),
        pytest.param(policy("staying"), policy("other"), False, id="it needs the statement itself"),
        pytest.param(
            policy("going", metadata=DELETED),
            policy("other", destinations=[ELSEWHERE]),
            False,
            id="the other one copies elsewhere",
        ),
        pytest.param(
            policy("going", metadata=DELETED), policy("other", metadata=DELETED), False, id="the other one goes, too"
        ),
    ],
)
def test_a_pass_is_overtaken_by_who_needs_what_it_would_take_away(
    body: dict[str, Any], other: dict[str, Any], *, overtaken: bool
) -> None:
    """It was told of all who had a claim when it began; one that came later is heard before the next action."""
    going = with_statement(body)
    there = desk(going)
    request = there.request(key_of(going), going, Occasion(NOW))
    assert not there.is_overtaken(key_of(going), request)

    there.put(key_of(other), other)
    while there.settle():
        pass

    assert there.is_overtaken(key_of(going), request) is overtaken


def test_a_pass_that_knows_of_the_claim_is_not_overtaken_by_it() -> None:
    """It leaves the statement alone."""
    going = with_statement(policy("going", metadata=DELETED))
    there = desk(going, policy("other"))
    request = there.request(key_of(going), going, Occasion(NOW))

    assert not there.is_overtaken(key_of(going), request)
