"""Backup plans that stay when a policy, or its schedule, is taken out of the files between two runs."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kit import scheduling
from tests.kit import stage as scene
from tests.kit.doctoring import Surgery, paste
from tests.kit.scheduling import SCHEDULE, plans_of
from tests.kit.stage import Json

from backup_simulator.server import SimulatorServer


@pytest.fixture
def surgery(tmp_path: Path) -> Iterator[Surgery]:
    """A folder and a shell, in a world whose roles may keep plans."""
    with SimulatorServer(scheduling.allowed(scene.world())) as server:
        yield Surgery(tmp_path, server)


def policy(name: str, *, schedule: bool = True) -> Json:
    """Return a policy whose plan goes with it."""
    made = scene.policy(deletionPolicy="RemoveOwned", **({"schedule": copy.deepcopy(SCHEDULE)} if schedule else {}))
    return {**made, "metadata": {**made["metadata"], "name": name}}


def kept(surgery: Surgery, *policies: Json) -> None:
    """Run once over some policies."""
    surgery.declare(*policies)
    done = surgery.type_in("run", "-f", surgery.manifests, "--once", "--log-level", "error")
    assert done.exit_code in {0, 2}, done.output


def plan(surgery: Surgery, output: str = "json") -> str:
    """Return what a plan says."""
    done = surgery.type_in("plan", "-f", surgery.manifests, "-o", output)
    return done.stdout


def test_a_plan_whose_policy_is_in_no_file_any_more_is_told(surgery: Surgery) -> None:
    """It costs no read, nothing is removed, and with a schedule that is declared no more the policy is named."""
    kept(surgery, policy("orders"), policy("bills"))
    backup = surgery.aws.client("backup", scene.PRODUCTION, "admin", region=scene.HOME)
    (bills,) = (each for each in plans_of(backup) if each["BackupPlanName"].startswith("crossvault-bills-"))
    before = json.loads(plan(surgery))
    assert before["plansLeft"] == []

    kept(surgery, policy("orders"))
    surgery.aws.control.clear_calls()
    (told,) = json.loads(plan(surgery))["plansLeft"]
    assert told == {
        "planId": bills["id"],
        "planName": bills["BackupPlanName"],
        "account": "production",
        "region": scene.HOME,
        "fix": told["fix"],
    }
    for operation in ("ListBackupPlans", "GetBackupPlan", "ListTags"):
        assert len(surgery.aws.control.calls(operation=operation)) == 1
    text = plan(surgery, "table")
    assert f"{bills['BackupPlanName']} ({bills['id']}) in production/{scene.HOME}: no policy of these files" in text

    kept(surgery, policy("orders"), policy("bills", schedule=False))
    (told,) = json.loads(plan(surgery))["plansLeft"]
    assert (told["planId"], told["policy"]) == (bills["id"], "orders/bills")
    assert "policy orders/bills of these files has its name, and declares no schedule" in plan(surgery, "table")
    assert bills["id"] in {each["id"] for each in plans_of(backup)}


def test_what_has_another_name_is_not_told(surgery: Surgery) -> None:
    """Plans that people, or other tools, made are nobody's of ours."""
    kept(surgery, policy("orders"))
    backup = surgery.aws.client("backup", scene.PRODUCTION, "admin", region=scene.HOME)
    for name in ("by-hand", "crossvault-by-hand", "crossvault-by-hand-0123456789A"):
        rule = {"RuleName": "daily", "TargetBackupVaultName": "orders"}
        backup.create_backup_plan(BackupPlan={"BackupPlanName": name, "Rules": [rule]})

    assert json.loads(plan(surgery))["plansLeft"] == []


def moved(vault: str) -> Json:
    """Return the policy with another source vault."""
    made = policy("orders")
    made["spec"]["source"] = {**made["spec"]["source"], "vault": {"name": vault}}
    return made


@pytest.mark.parametrize("wanted", [policy("bills"), moved("accounts")], ids=["another policy", "another source vault"])
def test_what_was_left_is_told_by_plan_and_doctor_and_removed_by_what_they_print(
    surgery: Surgery, tmp_path: Path, wanted: Json
) -> None:
    """The old plan runs on after its policy was renamed, or got another source vault; then it alone is gone."""
    backup = surgery.aws.client("backup", scene.PRODUCTION, "admin", region=scene.HOME)
    backup.create_backup_vault(BackupVaultName="accounts")
    kept(surgery, policy("orders"))
    (old,) = plans_of(backup)
    kept(surgery, wanted)
    (told,) = json.loads(plan(surgery))["plansLeft"]
    doctor = surgery.doctor()
    texts = [plan(surgery, "table"), surgery.type_in("doctor", "-f", surgery.manifests).output]

    assert told["planId"] == old["id"]
    assert doctor["plansLeft"] == [told]
    assert [text for text in texts if old["id"] not in text or told["fix"][-1] not in text] == []
    paste(surgery.aws, tmp_path, told["fix"])
    assert old["id"] not in {each["id"] for each in plans_of(backup)}
    assert len(plans_of(backup)) == 1
    assert json.loads(plan(surgery))["plansLeft"] == []
