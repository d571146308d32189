"""The organization's part of the guide, with kubectl: the switch, its lag, and accounts that leave.

A real API server, the rights of the chart, a simulated AWS.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.kit import stage as scene
from tests.kit.chart_cluster import Cluster
from tests.kit.waiting import until

pytestmark = pytest.mark.kube


def declare(cluster: Cluster, wanted: str, name: str = "main") -> None:
    """Apply a BackupOrganization, and the account that it names."""
    cluster.accounts("payer", allowedNamespaces={})
    body = scene.organization(wanted, name)
    del body["status"]
    cluster.apply({**body, "metadata": {"name": name}})


def switch(cluster: Cluster) -> str:
    """Return the switch as AWS has it."""
    settings: dict[str, str] = cluster.admin(scene.PAYER).describe_global_settings()["GlobalSettings"]
    return settings["isCrossAccountBackupEnabled"]


def turn(cluster: Cluster, to: str) -> None:
    """Turn the switch by hand."""
    cluster.admin(scene.PAYER).update_global_settings(GlobalSettings={"isCrossAccountBackupEnabled": to})


def organizations(cluster: Cluster, account_id: str = scene.PAYER) -> Any:
    """Return a client of Organizations."""
    return cluster.aws.client("organizations", account_id, "admin", region="us-east-1")


def wait(cluster: Cluster, status: str, reason: str, condition: str = "Ready", name: str = "main") -> dict[str, Any]:
    """Wait for a condition of the organization and return its status."""
    cluster.wait(status, reason, name=name, condition=condition, kind="borg")
    found: dict[str, Any] = cluster.get(name, "borg")["status"]
    return found


def test_the_switch(cluster: Cluster) -> None:
    """Off: the policy says who can turn it. Declared: it goes on and copies flow. Deleted: it stays as it is."""
    turn(cluster, "false")
    cluster.start()
    cluster.accounts()
    declare(cluster, "Unmanaged")
    wait(cluster, "True", "NotManaged")
    cluster.apply(cluster.policy())
    cluster.wait("False", "PrerequisiteUnmet")
    row = next(each for each in cluster.get()["status"]["prerequisites"] if each["name"] == "OrganizationToggle")
    assert row["remedy"].startswith("Set spec.crossAccountBackup: Enabled on BackupOrganization main")
    assert cluster.writes().count("UpdateGlobalSettings") == 0

    patch = '{"spec":{"crossAccountBackup":"Enabled"}}'
    cluster.kubectl("patch", "borg", "main", "--type=merge", "-p", patch)
    wait(cluster, "True", "InSync")
    assert switch(cluster) == "true"
    cluster.wait_until_all_is_copied()
    table = cluster.kubectl("get", "borg").splitlines()
    assert table[0].split() == ["NAME", "READY", "REASON", "TOGGLE", "DESIRED", "MEMBERS", "AGE"]
    assert table[1].split()[:6] == ["main", "True", "InSync", "Enabled", "Enabled", "5"]
    samples = {each.name: each.value for each in cluster.operator.samples() if each.labels.get("name") == "main"}
    assert samples["crossvault_organization_cross_account_backup"] == 1
    assert samples["crossvault_former_member_copies"] == 0

    cluster.kubectl("delete", "borg", "main", "--timeout=30s")
    until(
        lambda: not [each for each in cluster.operator.samples() if each.labels.get("name") == "main"],
        "its series are gone",
    )
    assert switch(cluster) == "true"
    assert cluster.writes().count("UpdateGlobalSettings") == 1


def test_the_management_account_and_who_it_delegates_to(cluster: Cluster) -> None:
    """Only the management account switches, whoever is delegated: that one is shown, and another account refused."""
    payer = organizations(cluster)
    payer.enable_aws_service_access(ServicePrincipal="backup.amazonaws.com")
    payer.register_delegated_administrator(AccountId=scene.BACKUP, ServicePrincipal="backup.amazonaws.com")
    cluster.start()
    declare(cluster, "Enabled")
    status = wait(cluster, "True", "InSync")
    assert [each["accountId"] for each in status["delegatedAdministrators"]] == [scene.BACKUP]

    cluster.accounts("dr", allowedNamespaces={})
    body = scene.organization("Disabled", "delegated", account="dr")
    del body["status"]
    cluster.kubectl("delete", "borg", "main", "--timeout=30s")
    cluster.apply({**body, "metadata": {"name": "delegated"}})
    wait(cluster, "False", "NotManagementAccount", name="delegated")
    assert switch(cluster) == "true"
    assert cluster.writes().count("UpdateGlobalSettings") == 0


def test_the_15_minute_lag(cluster: Cluster) -> None:
    """Switched off: until when copies may go on stands in the status, from AWS's own time."""
    cluster.start()
    declare(cluster, "Disabled")
    status = wait(cluster, "True", "InSync")

    assert switch(cluster) == "false"
    changed, until_ = (datetime.fromisoformat(status[name]) for name in ("settingsChangedAt", "copiesMayGoOnUntil"))
    assert until_ - changed == timedelta(minutes=15)
    assert status["copiesMayGoOnUntil"] in status["conditions"][0]["message"]


def test_two_that_disagree(cluster: Cluster) -> None:
    """Neither writes until one of them is gone."""
    cluster.start()
    declare(cluster, "Enabled")
    wait(cluster, "True", "InSync")
    declare(cluster, "Disabled", "other")
    for name in ("main", "other"):
        status = wait(cluster, "False", "DeclarationsDisagree", name=name)
        assert "main (Enabled) and other (Disabled)" in status["conditions"][0]["message"]
    assert cluster.writes() == []

    cluster.kubectl("delete", "borg", "main", "--timeout=30s")
    wait(cluster, "True", "InSync", name="other")
    assert switch(cluster) == "false"


def test_leaving_accounts(cluster: Cluster) -> None:
    """An account that left with copies is told with vault and number, through a restart, until it is back."""
    first = cluster.start()
    cluster.accounts()
    declare(cluster, "Enabled")
    cluster.apply(cluster.policy())
    cluster.wait_until_all_is_copied()
    wait(cluster, "True", "InSync")
    organizations(cluster).remove_account_from_organization(AccountId=scene.BACKUP)
    status = wait(cluster, "False", "FormerMemberHoldsCopies")
    (row,) = status["formerMembers"]
    assert (row["accountId"], row["recoveryPoints"], row["state"]) == (scene.BACKUP, 4, "Left")
    assert row["policies"] == [f"{cluster.namespace}/orders"]
    assert datetime.fromisoformat(row["leftAt"]) <= datetime.fromisoformat(row["noticedAt"])

    first.process.stop(10)
    cluster.kubectl("delete", "cabp", "orders", "-n", cluster.namespace, "--wait=false")
    cluster.start()
    until(cluster.gone, "the policy is gone", told=cluster.log)
    until(
        lambda: "policies" not in cluster.get("main", "borg")["status"]["formerMembers"][0],
        "nobody's copies, and still there",
        told=cluster.log,
    )
    (kept,) = cluster.get("main", "borg")["status"]["formerMembers"]
    assert kept["noticedAt"] == row["noticedAt"]

    invited = organizations(cluster).invite_account_to_organization(Target={"Id": scene.BACKUP, "Type": "ACCOUNT"})
    organizations(cluster, scene.BACKUP).accept_handshake(HandshakeId=invited["Handshake"]["Id"])
    assert wait(cluster, "True", "InSync")["formerMembers"] == []
