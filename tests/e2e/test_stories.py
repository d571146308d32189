"""What a user does with kubectl and sees: a real API server, the rights of the chart, a simulated AWS."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from tests.kit import stage as scene
from tests.kit.chart_cluster import OPERATOR, Cluster, kill, serving
from tests.kit.waiting import until
from tools.controlplane import ControlPlane
from tools.demo import world as demo

from crossvault.metrics import catalogue

pytestmark = pytest.mark.kube

OURS = f"CrossvaultCopyFrom{scene.PRODUCTION}"
FOREIGN = {
    "Sid": "SomebodyElses",
    "Effect": "Deny",
    "Principal": "*",
    "Action": ["backup:DeleteRecoveryPoint", "backup:DeleteBackupVault"],
    "Resource": "*",
}
FOREIGN_POLICY = {"Version": "2012-10-17", "Statement": [FOREIGN]}


@pytest.fixture
def quickstart(plane: ControlPlane) -> Iterator[Cluster]:
    """The world of the quickstart, with copies that take a second."""
    world = yaml.safe_load(demo.WORLD.read_text("utf-8"))
    world["durations"] = {"created": 0.3, "running": 0.7}
    for cluster in serving(plane, world):
        cluster.namespace = "orders"
        yield cluster


def test_the_quickstart_becomes_protected(quickstart: Cluster) -> None:
    """From kubectl apply to a vault with every copy: table, conditions, events and metrics say the same."""
    cluster = quickstart
    operator = cluster.start()
    applied = time.time()
    cluster.kubectl("apply", "-f", demo.MANIFESTS)
    body = cluster.wait_until_all_is_copied()
    first = cluster.control.calls(operation="StartCopyJob")[0].time - applied
    print(f"first StartCopyJob {first:.2f} s after kubectl apply")  # noqa: T201 - a record, not an assertion
    assert first < 60

    copies = len(cluster.copies())
    assert copies == 24
    assert set(Counter(cluster.jobs()).values()) == {1}
    table = cluster.kubectl("get", "cabp", "-n", "orders").splitlines()
    assert re.split(r"  +", table[0].strip()) == [
        *("NAME", "READY", "REASON", "COPIED", "FAILED", "INELIGIBLE", "LAG", "LAST COPY", "SUSPENDED", "AGE")
    ]
    assert table[1].split()[:6] == ["orders", "True", "Protected", "24/24", "0", "0"]
    assert {each["type"]: each["status"] for each in body["status"]["conditions"]} == dict.fromkeys(
        ("Ready", "PrerequisitesMet", "CopiesHealthy", "Synced", "WithinObjective"), "True"
    )
    for account in ("production", "dr"):
        cluster.wait("True", "Verified", name=account, kind="bacct")
    reasons = [reason for _, reason, _ in cluster.events()]
    assert {"VaultCreated", "VaultPolicyUpdated", "CopiesStarted", "Protected"} <= set(reasons)
    assert reasons.count("VaultCreated") == reasons.count("VaultPolicyUpdated") == 1

    samples = operator.samples()
    documented = {catalogue.PREFIX + each.name for each in catalogue.ALL}
    ours = {each.name for each in samples if each.name.startswith(catalogue.PREFIX)}
    assert {re.sub(r"_(total|bucket|sum|count|created)$", "", each) for each in ours} <= documented
    points = {
        each.labels["state"]: each.value
        for each in samples
        if each.name == "crossvault_recovery_points" and each.labels["name"] == "orders"
    }
    assert points["copied"] == 24
    assert sum(points.values()) == 24
    lags = [each.value for each in samples if each.name == "crossvault_copy_lag_seconds"]
    assert lags == [0]

    cluster.kubectl("delete", "cabp", "orders", "-n", "orders", "--timeout=60s")
    until(
        lambda: not [each for each in operator.samples() if each.labels.get("name") == "orders"],
        "the series of a deleted policy vanish",
    )
    assert len(cluster.copies()) == copies
    assert cluster.statements()


def test_in_sync_is_silent(cluster: Cluster) -> None:
    """Over several intervals nothing is written, neither to AWS nor to the API server."""
    cluster.start()
    cluster.accounts()
    cluster.apply(cluster.policy())
    cluster.wait_until_all_is_copied()
    for account in ("production", "dr"):
        cluster.wait("True", "Verified", name=account, kind="bacct")
    looks = _looks(cluster)
    until(lambda: _looks(cluster) >= looks + 2, "the pass after the last copy")
    cluster.control.clear_calls()
    before = len(cluster.plane.audit_writes(user=OPERATOR))
    until(lambda: _looks(cluster) >= 3, "three more looks")
    assert cluster.writes() == []
    assert cluster.plane.audit_writes(user=OPERATOR)[before:] == []


def _looks(cluster: Cluster) -> int:
    return len(cluster.control.calls(operation="ListCopyJobs"))


@pytest.mark.parametrize("written", [1, 3, 5])
def test_killed_while_copies_run(cluster: Cluster, written: int) -> None:
    """Kill -9 right after so many writes to AWS, while copies run: the next process copies nothing twice."""
    first = cluster.start()
    cluster.accounts()
    cluster.apply(cluster.policy())
    until(lambda: len(cluster.writes()) >= written, "some writes", told=cluster.log)
    kill(first)
    cluster.start()
    cluster.wait_until_all_is_copied()
    assert set(Counter(cluster.jobs()).values()) == {1}
    assert set(Counter(cluster.copies()).values()) == {1}
    assert len(cluster.copies()) == len(scene.POINTS)


@pytest.mark.parametrize(
    ("spec", "field", "rule"),
    [
        (
            {"destinations": [scene.destination(vault={"name": "Default"})]},
            "spec.destinations[0].vault.name",
            "the vault named Default cannot receive copies from other accounts",
        ),
        (
            {"destinations": [scene.destination(lifecycle={"moveToColdStorageAfterDays": 30, "deleteAfterDays": 60})]},
            "spec.destinations[0].lifecycle.deleteAfterDays",
            "must be at least 120 (moveToColdStorageAfterDays 30 + 90), is 60",
        ),
        ({"destinations": [scene.destination(f"d{number}") for number in range(6)]}, "spec.destinations", "5"),
        ({"replicas": {}}, "spec.replicas", "unknown field"),
    ],
)
def test_kubectl_refuses_bad_specs(cluster: Cluster, spec: dict[str, Any], field: str, rule: str) -> None:
    """The refusal names the field and the rule, before anything is stored."""
    said = cluster.refuse(cluster.policy(**spec))
    assert field in said
    assert rule in said
    assert cluster.gone()


def test_an_account_that_is_not_allowed_reads_like_a_missing_one(cluster: Cluster) -> None:
    """Conditions and events of both differ in nothing but the name that the user wrote himself."""
    cluster.start()
    cluster.accounts("production")
    cluster.accounts("dr", allowedNamespaces={"names": ["another"]})
    for name, account in (("hidden", "dr"), ("absent", "xx")):
        cluster.apply(cluster.policy(name, destinations=[scene.destination(accountRef={"name": account})]))
        cluster.wait("False", "AccountNotFound", name=name)
    told = []
    for name, account in (("hidden", "dr"), ("absent", "xx")):
        until(lambda name=name: cluster.events(name), "the event")  # type: ignore[misc]
        conditions = [
            {key: each[key] for key in ("type", "status", "reason", "message")}
            for each in cluster.get(name)["status"]["conditions"]
        ]
        text = json.dumps([conditions, cluster.events(name)])
        told.append(text.replace(f'"{account}"', "NAME").replace(f'\\"{account}\\"', "NAME").replace(name, "POLICY"))
    assert told[0] == told[1]
    cluster.accounts("dr")
    cluster.wait_until_all_is_copied("hidden")
    assert cluster.ready("absent") == ("False", "AccountNotFound")


@pytest.mark.parametrize("account", ["production", "dr"])
def test_deleting_an_account_changes_nothing_in_aws(cluster: Cluster, account: str) -> None:
    """Its policies say that it is missing; all that was made stays, and goes on with the account's return."""
    cluster.start()
    cluster.accounts()
    cluster.apply(cluster.policy())
    cluster.wait_until_all_is_copied()
    written, copies, statements = cluster.writes(), cluster.copies(), cluster.statements()
    cluster.kubectl("delete", "backupaccount", account, "--timeout=30s")
    cluster.wait("False", "AccountNotFound")

    (ready,) = (each for each in cluster.get()["status"]["conditions"] if each["type"] == "Ready")
    assert account in ready["message"]
    assert (cluster.writes(), cluster.copies(), cluster.statements()) == (written, copies, statements)
    cluster.accounts(account)
    cluster.wait_until_all_is_copied()
    assert (cluster.copies(), cluster.statements()) == (copies, statements)


def test_a_tenant_reaches_what_it_was_granted_and_no_more(cluster: Cluster) -> None:
    """Another tenant's vault reads like a missing account, and a grant that is withdrawn like one that never was."""
    cluster.start()
    mine = {"names": [cluster.namespace]}
    source = {"namespaces": mine, "as": ["Source"], "vaults": ["orders"]}
    into = {"namespaces": mine, "as": ["Destination"], "vaults": ["orders-*"], "keys": ["alias/orders-*"]}
    cluster.accounts("production", allowedNamespaces={}, grants=[source])
    cluster.accounts("dr", allowedNamespaces={}, grants=[into])
    theirs = scene.destination(vault={"name": "payroll", "create": True, "encryptionKey": "alias/orders-copies"})
    cluster.apply(cluster.policy("thief", destinations=[theirs]))
    cluster.wait("False", "AccountNotFound", name="thief")
    asked = {each.operation for each in cluster.control.calls()}
    assert not asked & {"ListBackupVaults", "DescribeBackupVault", "ListRecoveryPointsByBackupVault"}

    cluster.apply(cluster.policy())
    cluster.wait_until_all_is_copied()
    assert cluster.ready("thief") == ("False", "AccountNotFound")

    cluster.accounts("dr", allowedNamespaces={}, grants=[{**into, "vaults": ["other-*"]}])
    cluster.wait("False", "AccountNotFound")
    told = {message for _, _, message in cluster.events("thief")}
    assert all("lets namespace" in each for each in told)


def test_a_removed_statement_comes_back(cluster: Cluster) -> None:
    """Drift by hand is mended and told; the statement of somebody else beside ours stays as it is."""
    cluster.start()
    cluster.accounts()
    cluster.apply(cluster.policy())
    cluster.wait_until_all_is_copied()
    cluster.admin().put_backup_vault_access_policy(BackupVaultName="orders-copies", Policy=json.dumps(FOREIGN_POLICY))
    until(lambda: len(cluster.statements()) == 2, "the statement is back", told=cluster.log)
    assert cluster.statements()[0] == FOREIGN
    until(lambda: "DriftCorrected" in [each[1] for each in cluster.events()], "the event", told=cluster.log)


def test_deletion_removes_our_statement_only(cluster: Cluster) -> None:
    """RemoveOwned through kubectl: the statement goes, what others wrote, vault and copies stay."""
    cluster.start()
    cluster.accounts()
    cluster.apply(cluster.policy(deletionPolicy="RemoveOwned"))
    cluster.wait_until_all_is_copied()
    both = {"Version": "2012-10-17", "Statement": [FOREIGN, *cluster.statements()]}
    cluster.admin().put_backup_vault_access_policy(BackupVaultName="orders-copies", Policy=json.dumps(both))
    copies = cluster.copies()
    cluster.kubectl("delete", "cabp", "orders", "-n", cluster.namespace, "--timeout=60s")
    assert cluster.statements() == [FOREIGN]
    assert cluster.copies() == copies
    until(lambda: "DeletionRemoved" in [each[1] for each in cluster.events()], "the event", told=cluster.log)


def test_deletion_completes_though_credentials_are_dead(cluster: Cluster) -> None:
    """AWS knows the operator no more: the object goes after the bounded wait, and an event says what was left."""
    cluster.start("tests.kit.impatient")
    cluster.accounts()
    cluster.apply(cluster.policy(deletionPolicy="RemoveOwned"))
    cluster.wait_until_all_is_copied()
    for service in ("sts", "backup"):
        cluster.control.faults.add("error", service=service, code="InvalidClientTokenId", status=403)
    cluster.kubectl("delete", "cabp", "orders", "-n", cluster.namespace, "--timeout=90s")
    assert len(cluster.statements()) == 1
    until(lambda: "DeletionIncomplete" in [each[1] for each in cluster.events()], "the event", told=cluster.log)


def test_several_destinations_and_a_switch_from_observing_to_enforcing(cluster: Cluster) -> None:
    """Observe reports and touches nothing; Enforce fills both vaults; the table shows both."""
    cluster.start()
    cluster.accounts("production", "dr", "second")
    both = [scene.destination("first"), scene.destination("second", accountRef={"name": "second"})]
    cluster.apply(cluster.policy(mode="Observe", destinations=both))
    cluster.wait("False", "Drifted", condition="Synced")
    assert cluster.writes() == []
    cluster.kubectl(
        *("patch", "cabp", "orders", "-n", cluster.namespace, "--type=merge", "-p", '{"spec":{"mode":"Enforce"}}')
    )
    body = cluster.wait_until_all_is_copied()
    assert body["status"]["summary"]["copied"] == "8/8"
    assert "first (+1)" in cluster.kubectl("get", "cabp", "-n", cluster.namespace, "-o", "wide")
    assert cluster.copies() == cluster.copies(account_id=scene.SECOND)


def test_wrong_credentials_recover_without_a_restart(cluster: Cluster) -> None:
    """A wrong External ID is told on account and policy; correcting the account is enough."""
    cluster.start()
    cluster.accounts("production")
    cluster.accounts("dr", externalId="somebody-elses")
    cluster.apply(cluster.policy())
    cluster.wait("False", "PrerequisiteUnmet")
    cluster.wait("False", "AssumeRoleDenied", name="dr", kind="bacct")
    assert cluster.writes() == []
    cluster.accounts("dr")
    cluster.wait_until_all_is_copied()


def test_aws_away_for_a_while(cluster: Cluster) -> None:
    """AWS fails with server errors: Unknown, nothing lost; the figures are true again when it is back."""
    cluster.start()
    cluster.accounts()
    cluster.apply(cluster.policy())
    cluster.wait_until_all_is_copied()
    cluster.control.faults.add("error", service="backup", status=503, code="ServiceUnavailableException")
    cluster.wait("Unknown", "CannotObserve")
    assert cluster.get()["status"]["summary"]["copied"] == "4/4"
    cluster.control.faults.clear()
    cluster.wait_until_all_is_copied()
    assert len(cluster.jobs()) == len(scene.POINTS)
