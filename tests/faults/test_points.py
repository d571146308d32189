"""``crossvault points`` against a simulated AWS: each recovery point has its line, and all add up to the status."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kit import recorded
from tests.kit import stage as scene
from tests.kit.doctoring import Json, Surgery

from backup_simulator.server import SimulatorServer

VAULT: Json = {"region": scene.AWAY, "name": "orders-copies", "key": "alias/orders-copies"}
THERE = [scene.destination(vault={"name": "orders-copies"})]
FAILS = recorded.said("internal-error")
POINTS: tuple[Json, ...] = (
    *scene.POINTS,
    {"resource_type": "S3", "resource": "orders-invoices", "age": "3d", "status": "STOPPED"},
)


def world(*points: Json) -> Json:
    """Return a world in which the destination vault is there, and lets the copy role in."""
    made = scene.world(*(points or POINTS))
    allow = {"Sid": "Ours", "Effect": "Allow", "Action": "backup:CopyIntoBackupVault", "Resource": "*"}
    principal = {"Principal": {"AWS": f"arn:aws:iam::{scene.PRODUCTION}:root"}}
    policy = {"Version": "2012-10-17", "Statement": [allow | principal]}
    scene.account(made, scene.BACKUP)["vaults"] = [VAULT | {"policy": policy}]
    return made


@pytest.fixture
def surgery(tmp_path: Path) -> Iterator[Surgery]:
    """An AWS whose clock stands still, and a folder with manifests."""
    with SimulatorServer(world()) as aws:
        yield Surgery(tmp_path, aws)


def told(surgery: Surgery, *words: str, code: int) -> list[Json]:
    """Return the lines."""
    done = surgery.type_in("points", "-f", surgery.manifests, "-o", "json", *words)
    assert done.exit_code == code, done.output
    found: list[Json] = json.loads(done.stdout)["points"]
    return found


def status(surgery: Surgery) -> Json:
    """Return the figures that one pass puts into the status."""
    done = surgery.type_in("run", "-f", surgery.manifests, "--once", "-o", "json")
    (policy,) = json.loads(done.stdout)["policies"]
    (figures,) = policy["status"]["destinations"]
    found: Json = figures
    return found


def counted(lines: list[Json]) -> dict[str, int]:
    """Count lines as a status does."""
    states = Counter(each["state"] for each in lines)
    names = {"in_progress": "inProgress"}
    return {
        "inScope": sum(states.values()),
        **{names.get(each, each): states[each] for each in ("copied", "in_progress", "waiting", "missing", "failed")},
        "ineligible": states["ineligible"],
    }


def test_from_missing_to_copied_each_line_is_what_the_status_counts(surgery: Surgery) -> None:
    """Before anything is started, while copies run, when one has failed, and in the end; nothing is written."""
    surgery.declare(scene.policy(mode="Observe", destinations=THERE))
    lines = told(surgery, code=2)
    assert not surgery.aws.control.calls(mutating=True)
    assert counted(lines).items() <= status(surgery).items()
    assert {each["whoActs"] for each in lines if each["state"] == "missing"} == {"author of the policy"}
    assert [each["reason"] for each in lines if each["state"] == "ineligible"] == ["ContinuousBackup"]

    surgery.aws.control.order("FAILED", resource="orders-db", message=FAILS)
    surgery.declare(scene.policy(destinations=THERE))
    surgery.type_in("run", "-f", surgery.manifests, "--once", "-o", "json")
    surgery.declare(scene.policy(mode="Observe", destinations=THERE))
    running = told(surgery, code=2)
    assert counted(running).items() <= status(surgery).items()
    assert {each["waitsFor"] for each in running if each["state"] == "in_progress"} == {
        f"copy job {each['copyJob']}" for each in running if each["state"] == "in_progress"
    }

    surgery.aws.control.advance("2m")
    after = told(surgery, code=2)
    assert counted(after).items() <= status(surgery).items()
    (failed,) = told(surgery, "--state", "failed", code=2)
    assert (failed["resourceType"], failed["tryAgain"], failed["waitsFor"]) == ("RDS", "yes", "the next attempt")
    assert failed["message"] == FAILS
    assert failed["waitsUntil"]
    assert all(each["copy"] and each["copyJob"] for each in after if each["state"] == "copied")
    assert told(surgery, "--state", "copied", code=0) == [each for each in after if each["state"] == "copied"]


def test_what_is_never_copied_is_told_by_type_by_plan_and_run(surgery: Surgery) -> None:
    """And nothing more is asked of AWS for that."""
    surgery.declare(scene.policy(mode="Observe", destinations=THERE))
    for words in (("plan",), ("run", "--once")):
        text = surgery.type_in(*words, "-f", surgery.manifests).output
        assert "1 recovery point (S3 1): ContinuousBackup: " in text
    surgery.aws.control.clear_calls()
    surgery.type_in("run", "-f", surgery.manifests, "--once")
    assert len(surgery.aws.control.calls(operation="ListCopyJobs")) == 1


def test_one_point_is_told_in_full_from_the_command_line(surgery: Surgery) -> None:
    """As a person does it: the table, a line of it, that point."""
    surgery.declare(scene.policy(destinations=THERE))
    table = surgery.crossvault("points", "-f", surgery.manifests)
    assert table.returncode == 2, table.stderr
    assert table.stdout.splitlines()[-1] == "5 lines: 1 ineligible, 3 missing, 1 waiting."
    assert not surgery.aws.control.calls(mutating=True)
    spread = surgery.crossvault("points", "-f", surgery.manifests, "-o", "csv")
    rows = list(csv.DictReader(io.StringIO(spread.stdout)))
    assert [each["created"] for each in rows] == sorted((each["created"] for each in rows), reverse=True)
    (waiting,) = [each for each in rows if each["state"] == "waiting"]

    done = surgery.crossvault("points", "-f", surgery.manifests, "--recovery-point", waiting["recoveryPoint"])
    assert done.returncode == 2, done.stderr
    head, *more = done.stdout.splitlines()
    assert head.startswith("orders/orders → vault-account: waiting (ResourceBusy). ")
    assert "  It waits for the running copy of its resource to end; until when is not known." in more
    for end in {waiting["recoveryPoint"].rpartition(mark)[2] for mark in ":/"}:
        short = surgery.type_in("points", "-f", surgery.manifests, "--recovery-point", end)
        assert (short.exit_code, short.stdout) == (2, done.stdout)
    part = surgery.type_in("points", "-f", surgery.manifests, "--recovery-point", waiting["recoveryPoint"][-5:])
    assert part.exit_code == 1
    assert "is no recovery point" in part.stderr
    none = surgery.crossvault("points", "-f", surgery.manifests, "--recovery-point", "arn:aws:ec2:::snapshot/none")
    assert none.returncode == 1
    assert "is no recovery point in the source vault of 1 policy, nor the copy of one that is there" in none.stderr
    other = surgery.crossvault("points", "-f", surgery.manifests, "orders/payments")
    assert other.returncode == 1
    assert "there is no CrossAccountBackupPolicy orders/payments; there are: orders/orders." in other.stderr


@pytest.mark.parametrize(
    ("operation", "known"),
    [
        pytest.param("ListCopyJobs", True, id="the jobs"),
        pytest.param("ListRecoveryPointsByBackupVault", False, id="the vaults"),
    ],
)
def test_what_cannot_be_looked_at_has_a_line_with_why(surgery: Surgery, operation: str, known: bool) -> None:
    """Each recovery point of a source that is seen, or the destination where not even those are."""
    surgery.declare(scene.policy(destinations=THERE))
    surgery.aws.control.faults.add("error", operation=operation, code="AccessDeniedException", status=400)
    lines = told(surgery, code=1)

    assert {(each["state"], each["reason"]) for each in lines} == {("not_looked_at", "AccessDenied")}
    assert {each["recoveryPoint"] is not None for each in lines} == {known}
    assert len(lines) == (len(POINTS) if known else 1)
    assert all(operation in each["message"] for each in lines)
    assert told(surgery, "--state", "copied", code=0) == []


def test_a_policy_that_cannot_be_used_is_told_beside_others(surgery: Surgery) -> None:
    """And its siblings are told all the same."""
    wrong = scene.policy(destinations=[scene.destination(accountRef={"name": "nobody"})])
    wrong["metadata"]["name"] = "wrong"
    surgery.declare(scene.policy(destinations=THERE), wrong)
    lines = told(surgery, code=1)

    assert Counter(each["policy"] for each in lines) == {"orders/orders": len(POINTS), "orders/wrong": 1}
    assert [each["reason"] for each in lines if each["policy"] == "orders/wrong"] == ["AccountNotFound"]
    assert {each["policy"] for each in told(surgery, "orders", code=2)} == {"orders/orders"}


def test_manifests_that_cannot_be_read_are_a_document_to_a_machine(surgery: Surgery) -> None:
    """With the faults in it."""
    (surgery.manifests / "all.yaml").write_text("kind: [", "utf-8")
    done = surgery.type_in("points", "-f", surgery.manifests, "-o", "json")
    document = json.loads(done.stdout)

    assert done.exit_code == 1
    assert document["points"] == []
    assert document["faults"]
