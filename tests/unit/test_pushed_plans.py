"""Plans that the organization pushes into its accounts are recognised by their ids, and left alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from tests.kit.builders import desired, observed
from tests.kit.judging import diff

from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.schedule.declared import OWNER, SCHEDULE, Rule, Schedule, Selection
from crossvault.aspects.schedule.document import form_of, plan_document, plan_name
from crossvault.aspects.schedule.seen import OWNER_TAG, PLANS, BackupPlan, Plans
from crossvault.engine.looks import Seen
from crossvault.engine.plan import Plan
from crossvault.words.reasons import Reason

ID = "orgs/544033d1-b19c-3f2a-9c20-40bcfa82ca68"
"""The plan of AWS's own example of an event."""
SCHEDULED = Schedule((Rule("daily", "cron(0 5 ? * * *)", Lifecycle(None, 35)),), (Selection("all", "role", ("*",)),))


def judged(plan_id: str, *, adopt: str = "", tags: Mapping[str, str] | None = None) -> Plan:
    """Return what is done where a plan of this id has the name that the policy's own would have."""
    policy = desired().having(OWNER, "uid")
    policy = policy.having(SCHEDULE, replace(SCHEDULED, adopt=adopt))
    name = plan_name(policy.key, policy.source.arn)
    document = plan_document(policy, SCHEDULED, name)
    document["Rules"][0]["StartWindowMinutes"] = 60
    plan = BackupPlan(plan_id, f"arn:{plan_id}", name, "version", form_of(document), tags or {})
    found = observed()
    return diff(policy, replace(found, source=found.source.having(PLANS, Seen(Plans((plan,))))))


@pytest.mark.parametrize(
    ("adopt", "tags"),
    [
        pytest.param("", {}, id="it has the name of ours"),
        pytest.param(ID, {}, id="a manifest adopts it"),
        pytest.param(ID, {OWNER_TAG: "uid"}, id="somebody tagged it as ours"),
        pytest.param("", {OWNER_TAG: "other"}, id="or as another policy's"),
    ],
)
def test_a_pushed_plan_is_left_alone(adopt: str, tags: dict[str, str]) -> None:
    """Nothing is written at the source, and the row has words of its own; copies go on."""
    plan = judged(ID, adopt=adopt, tags=tags)
    (row,) = (each for each in plan.prerequisites if each.name == "BackupPlan")

    assert [each for each in plan.actions if not each.destination] == []
    assert row.reason is Reason.BACKUP_PLAN_OF_OTHERS
    assert f"({ID}) is pushed by a backup policy of the organization" in row.message
    assert "adopt:" not in row.remedy
    assert not row.blocks


def test_any_other_plan_may_be_adopted() -> None:
    """The control: the same plan under an id of its own."""
    plan = judged("544033d1-b19c-3f2a-9c20-40bcfa82ca68", adopt="544033d1-b19c-3f2a-9c20-40bcfa82ca68")
    row = next(each for each in plan.prerequisites if each.name == "BackupPlan")

    assert row.reason is Reason.BACKUP_PLAN_DIFFERS
    assert [each for each in plan.actions if not each.destination] != []
