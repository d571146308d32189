"""A set-up by hand is imported and adopted without a change: against a simulated AWS, through the real command."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.kit import importing as kit
from tests.kit import scheduling
from tests.kit import stage as scene
from tests.kit.stage import Json, Stage
from tools.demo.world import operator_environment

from backup_simulator.server import SimulatorServer
from crossvault.cli import importing, plans
from crossvault.cli.plan import exit_code
from crossvault.kinds.account.parse import AccountDeclaration, parse_account
from crossvault.kinds.policy.imported import Asked, Imported
from crossvault.manifest import schema

DEADLINE = 90.0
GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "import.md"
ROLES = {"production": (scene.PRODUCTION, "crossvault-source"), "dr": (scene.BACKUP, "crossvault-destination")}

TYPED = (
    "import",
    *("--source", "production", "--region", scene.HOME, "-n", "shop"),
    *(
        word
        for name, (account_id, role) in ROLES.items()
        for word in (
            *("--account", f"{name}={account_id}:arn:aws:iam::{account_id}:role/{role}"),
            *("--external-id", f"{name}={scene.EXTERNAL_ID}"),
        )
    ),
)

INTERRUPTIBLE = (
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    " runpy.run_module('crossvault', run_name='__main__', alter_sys=True)"
)
"""Whoever runs the tests in the background of a shell has them, and what they start, ignore Ctrl-C."""


class Machine:
    """A folder, an AWS, and our command."""

    def __init__(self, folder: Path, aws: SimulatorServer) -> None:
        self.folder, self.aws = folder / "policies", aws
        self.environment = operator_environment(aws)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of ours to its end."""
        command = [sys.executable, "-m", "crossvault", *words]
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=DEADLINE, check=False
        )

    def import_(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Import what the production account does."""
        return self.run(*TYPED, *words)

    @contextlib.contextmanager
    def importing(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        """Import the same beside the test, and end it in any case."""
        command = [sys.executable, "-c", INTERRUPTIBLE, *TYPED, *words]
        with subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL) as process:
            try:
                yield process
            finally:
                process.kill()

    def admin(self, account_id: str, region: str) -> Any:
        """Return a client of somebody with all rights."""
        return self.aws.client("backup", account_id, "admin", region=region)

    def there(self) -> Json:
        """Return all plans with their tags, selections and version."""
        backup = self.admin(scene.PRODUCTION, scene.HOME)
        versions = {each["BackupPlanId"]: each["VersionId"] for each in backup.list_backup_plans()["BackupPlansList"]}
        return {each["id"]: {**each, "version": versions[each["id"]]} for each in scheduling.plans_of(backup)}


@pytest.fixture(scope="module")
def aws() -> Iterator[SimulatorServer]:
    """An AWS in which a plan was made by hand."""
    world = scheduling.with_resources(scheduling.allowed(scene.world()))
    world["clock"] = {"start": "now"}
    with SimulatorServer(world) as running:
        kit.external_vault(running.client("backup", scene.BACKUP, "admin", region=scene.AWAY))
        kit.plan(running.client("backup", scene.PRODUCTION, "admin", region=scene.HOME), made="by hand")
        yield running


@pytest.fixture
def machine(tmp_path: Path, aws: SimulatorServer) -> Iterator[Machine]:
    """A machine whose operator has called nothing yet."""
    aws.control.faults.clear()
    aws.control.clear_calls()
    yield Machine(tmp_path, aws)
    aws.control.faults.clear()


def test_imported_then_there_is_nothing_to_do(machine: Machine) -> None:
    """Import, then plan: exit code 0; then a run: not one write, and the plan is as it was, tags included."""
    before = machine.there()
    made = machine.import_("--to", str(machine.folder))
    plan = machine.run("plan", "-f", str(machine.folder), "-o", "json")
    once = machine.run("run", "-f", str(machine.folder), "--once")

    assert (made.returncode, plan.returncode, once.returncode) == (0, 0, 0), made.stderr + plan.stdout + once.stderr
    assert sorted(each.name for each in machine.folder.iterdir()) == ["accounts.yaml", "policy-orders-nightly.yaml"]
    assert "Imported 1 policy, 2 accounts; 0 not imported, 0 to decide." in made.stdout
    summary = json.loads(plan.stdout)["summary"]
    assert {name: summary[name] for name in ("toAdd", "toChange", "toRemove", "copies", "unmet", "unknown")} == (
        dict.fromkeys(("toAdd", "toChange", "toRemove", "copies", "unmet", "unknown"), 0)
    )
    assert not [each.operation for each in machine.aws.control.calls(mutating=True) if "/crossvault-" in each.principal]
    assert machine.there() == before


def test_manifests_on_stdout_are_those_of_the_files(machine: Machine) -> None:
    """And what is told goes to stderr, so that a pipe has manifests only."""
    piped = machine.import_()
    documents = list(yaml.safe_load_all(piped.stdout))

    assert [each["kind"] for each in documents] == ["BackupAccount", "BackupAccount", "CrossAccountBackupPolicy"]
    assert all(schema.check(each).faults == () for each in documents)
    assert piped.stderr.startswith("Imported 1 policy")


def test_the_document_for_machines(machine: Machine) -> None:
    """As of the other commands: version, kind, summary."""
    answer = json.loads(machine.import_("-o", "json").stdout)

    assert (answer["apiVersion"], answer["kind"]) == ("cli.crossvault.io/v1", "Import")
    assert answer["summary"]["policies"] == 1


def test_an_import_from_declared_accounts_goes_on_where_the_last_one_ended(machine: Machine) -> None:
    """What the folder declares already is told, not written again."""
    assert machine.import_("--to", str(machine.folder)).returncode == 0
    words = ("import", "-f", str(machine.folder), "--source", "production", "--region", scene.HOME, "-n", "shop")
    again = machine.run(*words, "-o", "json")
    answer = json.loads(again.stdout)

    assert again.returncode == 0, again.stderr
    assert answer["manifests"] == []
    assert [each["message"] for each in answer["remarks"]] == ["Policy shop/orders-nightly adopts it already."]


def test_no_file_is_written_over(machine: Machine) -> None:
    """Unless that is said."""
    assert machine.import_("--to", str(machine.folder)).returncode == 0
    file = machine.folder / "policy-orders-nightly.yaml"
    file.write_text("mine", "utf-8")
    refused = machine.import_("--to", str(machine.folder))

    assert refused.returncode == 1
    assert "there already" in refused.stderr
    assert file.read_text("utf-8") == "mine"
    assert machine.import_("--to", str(machine.folder), "--overwrite").returncode == 0
    assert file.read_text("utf-8") != "mine"


def test_what_cannot_be_looked_at_makes_no_manifests(machine: Machine) -> None:
    """Half a picture would say too much: exit code 1, the reason, and no file."""
    machine.aws.control.faults.add("error", operation="GetBackupSelection", code="AccessDeniedException")
    blind = machine.import_("--to", str(machine.folder))

    assert blind.returncode == 1
    assert "Could not look, so there are no manifests" in blind.stdout
    assert "backup:GetBackupSelection" in blind.stdout
    assert not machine.folder.exists()


def test_who_interrupts_it_finds_no_folder(machine: Machine) -> None:
    """Ctrl-C while AWS does not answer: exit code 130, and nothing was written."""
    machine.aws.control.faults.add("hang", operation="ListBackupPlans", seconds=60)
    with machine.importing("--to", str(machine.folder)) as process:
        end = time.monotonic() + DEADLINE
        while not machine.aws.control.calls(operation="GetCallerIdentity"):
            assert time.monotonic() < end
            time.sleep(0.01)
        while process.poll() is None:
            assert time.monotonic() < end
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)

    assert process.returncode == 130
    assert not machine.folder.exists()


# --- The rights ----------------------------------------------------------------------------------------------------


def documented() -> list[str]:
    """Return the actions that the guide says an import needs."""
    block = GUIDE.read_text("utf-8").partition("```json\n")[2].partition("```")[0]
    return [one for each in json.loads(block)["Statement"] for one in each["Action"]]


@pytest.mark.parametrize("lacking", [None, *documented()], ids=str)
def test_the_documented_rights_are_enough_and_none_is_too_much(stage: Stage, lacking: str | None) -> None:
    """With exactly these an import looks; with one of them less it says which one it lacks."""
    world = scene.world()
    for account_id, name in ROLES.values():
        statement = {"Effect": "Allow", "Action": [each for each in documented() if each != lacking], "Resource": "*"}
        scene.role(world, account_id, name)["policies"] = [{"Version": "2012-10-17", "Statement": [statement]}]
    stage.begin(world)
    by_hand(stage)
    found, blind = imported(stage)

    assert [each.message for each in blind if lacking is None] == []
    assert lacking is None or any(lacking in each.message for each in blind)
    assert lacking is not None or len(found.policies) == 1


# --- Afterwards ----------------------------------------------------------------------------------------------------


def by_hand(stage: Stage, **tags: str) -> str:
    """Make the external vault and the plan, and return the plan's id."""
    kit.external_vault(stage.admin())
    return kit.plan(stage.admin(scene.PRODUCTION, scene.HOME), **tags)


def imported(stage: Stage) -> tuple[Imported, tuple[importing.Blind, ...]]:
    """Import what the source account does."""
    declared = {name: parse_account(each) for name, each in stage.declared.items()}
    accounts = {name: each for name, each in declared.items() if isinstance(each, AccountDeclaration)}
    asked = Asked(accounts, frozenset(), "orders", stage.clock())
    return importing.look(asked, [(accounts["production"].account, scene.HOME)], stage.aws)


@pytest.fixture
def adopted(stage: Stage) -> Stage:
    """An operator in a cluster with the imported policy."""
    stage.begin(scheduling.with_resources(scheduling.allowed(scene.world())))
    by_hand(stage, made="by hand")
    found, blind = imported(stage)
    assert blind == ()
    assert found.remarks == ()
    (policy,) = found.policies
    stage.body = schema.check(policy).body
    stage.body["metadata"] |= {"uid": "uid-orders", "generation": 1}
    stage.body["metadata"]["creationTimestamp"] = stage.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    stage.body["status"] = {}
    return stage


def test_the_plan_goes_on_copying_by_itself(adopted: Stage) -> None:
    """A day passes: its backups are left to it, as to a plan of our own; the operator writes nothing."""
    adopted.look()
    assert adopted.body["status"]["schedule"]["planName"] == "Orders-nightly"
    for _ in range(30):
        adopted.later("1h")
        adopted.look()

    jobs = adopted.admin(scene.PRODUCTION, scene.HOME).list_copy_jobs()["CopyJobs"]
    assert jobs
    assert all(each["CreatedBy"]["BackupRuleId"] for each in jobs)
    assert not [each.operation for each in adopted.writes() if "/crossvault-" in each.principal]
    assert scene.condition(adopted.body) == ("True", "Protected")
    assert scene.numbers(adopted.body, "dr")["copied"] == len(jobs)
    (plan,) = scheduling.plans(adopted)
    assert plan["tags"] == {"made": "by hand"}


def test_a_plan_that_has_run_for_days_leaves_nothing_to_do(adopted: Stage) -> None:
    """With backups and copies from before the import, in scope or not: the exit code of a plan is 0."""
    for _ in range(80):
        adopted.later("1h")
    found, _ = imported(adopted)
    (policy,) = found.policies
    adopted.body = {**schema.check(policy).body, "status": {}}
    for _ in range(2):
        request = adopted.request()
        answer = plans.document([plans.entry(*scene.planned(request, adopted.aws))], reads=0, writes=0)
        assert exit_code(answer) == 0, plans.text(answer)
        adopted.later("24h")

    assert len(adopted.copies()) >= 6


def test_a_plan_is_taken_over_with_its_first_change(adopted: Stage) -> None:
    """Then it has the tags of its owner, and whatever else claims it is met as a plan of ours."""
    adopted.look()
    schedule = adopted.body["spec"]["schedule"]
    schedule["rules"][0]["lifecycle"]["deleteAfterDays"] = 36
    adopted.declare(schedule=schedule)
    adopted.look()
    (plan,) = scheduling.plans(adopted)

    assert scheduling.calls(adopted) == {"TagResource": 1, "UpdateBackupPlan": 1}
    assert plan["tags"]["crossvault.io/owner"] == "uid-orders"
    assert plan["Rules"][0]["Lifecycle"]["DeleteAfterDays"] == 36


def test_a_plan_that_was_never_changed_stays_when_its_policy_goes(adopted: Stage) -> None:
    """With RemoveOwned, too: it is nobody's to remove."""
    adopted.declare(deletionPolicy="RemoveOwned")
    adopted.look()
    adopted.body["metadata"]["deletionTimestamp"] = "2026-11-30T00:00:00Z"
    outcome = adopted.look()
    for _ in range(3):
        outcome = outcome if outcome.done else adopted.look()

    assert outcome.done
    assert len(scheduling.plans(adopted)) == 1
    assert not scheduling.calls(adopted)


def test_copies_on_demand_are_observed(stage: Stage) -> None:
    """No plan makes them: a policy without schedule, over which nothing is to be done, and which starts nothing."""
    stage.begin(scheduling.allowed(scene.world()))
    kit.external_vault(stage.admin())
    backup = stage.admin(scene.PRODUCTION, scene.HOME)
    (point, *_) = backup.list_recovery_points_by_backup_vault(BackupVaultName="orders")["RecoveryPoints"]
    backup.start_copy_job(
        RecoveryPointArn=point["RecoveryPointArn"],
        SourceBackupVaultName="orders",
        DestinationBackupVaultArn=kit.COPIES,
        IamRoleArn=kit.ROLE,
    )
    stage.later("1h")
    found, blind = imported(stage)
    assert blind == ()
    (policy,) = found.policies
    stage.body = {**schema.check(policy).body, "status": {}}
    _, _, plan = scene.planned(stage.request(), stage.aws)

    assert (policy["metadata"]["name"], policy["spec"]["mode"]) == ("orders-to-dr", "Observe")
    assert [str(each.weight) for each in found.remarks] == ["ToDecide"]
    assert plan.actions == ()
