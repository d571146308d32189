"""Which policies adopt the same backup plan, as the desk tells each of them, and who else keeps it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.kit import stage as scene

from crossvault.aspects.schedule.seen import STACK_TAG, BackupPlan, PlanForm
from crossvault.kinds.kind import ObjectKey, Occasion
from crossvault.kinds.policy.parse import KIND
from crossvault.kinds.policy.reconcile import PolicyRequest
from crossvault.work.desk import Desk, desk_of

NOW = datetime(2026, 11, 30, tzinfo=UTC)
RULE = {"name": "daily", "lifecycle": {"deleteAfterDays": 35}}
ADOPTS = {"adopt": "plan-1", "rules": [RULE], "selections": [{"name": "all", "tags": {"backup": "true"}}]}


def policy(name: str, **spec: Any) -> dict[str, Any]:
    """Return a policy that adopts a plan."""
    body = scene.policy(**({"schedule": ADOPTS} | spec))
    return {**body, "metadata": {**body["metadata"], "name": name, "uid": f"uid-{name}"}}


def desk(*policies: dict[str, Any]) -> Desk:
    """Return a desk with these policies and the accounts that they name."""
    bodies = [*scene.accounts().values(), *policies]
    return desk_of({key_of(each): each for each in bodies})


def key_of(body: dict[str, Any]) -> ObjectKey:
    """Return how an object is called."""
    return ObjectKey(body["kind"], body["metadata"].get("namespace", ""), body["metadata"]["name"])


def beside(there: Desk, body: dict[str, Any]) -> list[str]:
    """Return who else adopts the plan, as a pass over a policy is told."""
    request = there.request(key_of(body), body, Occasion(NOW))
    assert isinstance(request, PolicyRequest)
    return [str(each.key) for each in request.plans]


FIRST = policy("first")


@pytest.mark.parametrize(
    ("other", "told"),
    [
        pytest.param({}, True, id="the same plan"),
        pytest.param({"schedule": {**ADOPTS, "adopt": "plan-2"}}, False, id="another plan"),
        pytest.param({"schedule": {**ADOPTS, "adopt": ""}}, False, id="none"),
        pytest.param({"suspend": True}, False, id="it is suspended"),
        pytest.param({"mode": "Observe"}, False, id="it only observes"),
    ],
)
def test_who_else_adopts_the_plan(other: dict[str, Any], told: bool) -> None:
    """Whoever acts and names it."""
    second = policy("second", **other)
    assert beside(desk(FIRST, second), FIRST) == (["orders/second"] if told else [])


def test_a_claim_goes_with_its_policy_and_with_its_declaration() -> None:
    """And nobody is told of itself."""
    second, there = policy("second"), desk(FIRST, policy("second"))
    assert beside(there, second) == ["orders/first"]

    there.put(key_of(second), policy("second", schedule={**ADOPTS, "adopt": "plan-2"}))
    assert not there.settle()
    assert beside(there, FIRST) == []

    there.put(key_of(second), second)
    assert not there.settle()
    assert beside(there, FIRST) == ["orders/second"]

    there.drop(key_of(second))
    assert beside(there, FIRST) == []
    assert FIRST["kind"] == KIND


@pytest.mark.parametrize(
    ("tags", "maker"),
    [
        pytest.param({}, "", id="no tags"),
        pytest.param({"crossvault.io/managed-by": "crossvault", "team": "orders"}, "", id="ours, and others"),
        pytest.param({STACK_TAG: "backup", "ManagedBy": "x"}, "CloudFormation stack backup", id="both"),
        pytest.param({"ManagedBy": "terraform"}, "tag ManagedBy=terraform", id="managed by"),
        pytest.param({"managed_by": "pulumi"}, "tag managed_by=pulumi", id="in another spelling"),
        pytest.param({"corp:managed-by": "iac"}, "tag corp:managed-by=iac", id="with a prefix"),
        pytest.param({"Terraform": "true"}, "tag Terraform=true", id="the name of a tool"),
        pytest.param(
            {"app.kubernetes.io/managed-by": "ack"}, "tag app.kubernetes.io/managed-by=ack", id="of Kubernetes"
        ),
        pytest.param({"unmanaged-bystander": "x"}, "", id="a word that is longer"),
    ],
)
def test_who_else_keeps_a_plan_is_read_from_its_tags(tags: dict[str, str], maker: str) -> None:
    """CloudFormation writes its own; of other tools people do."""
    assert BackupPlan("id", "arn", "name", "version", PlanForm({}), tags).maker == maker
