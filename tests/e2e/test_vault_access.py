"""The guide's vault policy, with kubectl: whom the destination vault lets in, and who may decide that.

A real API server, the rights of the chart, a simulated AWS.
"""

from __future__ import annotations

import json

import pytest
from tests.kit import stage as scene
from tests.kit.chart_cluster import Cluster
from tests.kit.waiting import until

from crossvault.aspects.vault_policy.statement import sid_of

pytestmark = pytest.mark.kube

ROLE = f"arn:aws:iam::{scene.PRODUCTION}:role/service-role/AWSBackupDefaultServiceRole"
ROOT = f"arn:aws:iam::{scene.PRODUCTION}:root"


def replaced(cluster: Cluster, sid: str) -> scene.Json:
    """Return the one statement that has taken the place of another."""
    until(
        lambda: sid not in [each["Sid"] for each in cluster.statements()], "the old statement is gone", told=cluster.log
    )
    (statement,) = cluster.statements()
    return statement


def test_the_policy_of_the_vault_lets_copies_in(cluster: Cluster) -> None:
    """One statement, kept beside those of others; a Deny of theirs is named, and copies are held until it goes."""
    own = f"arn:aws:iam::{scene.BACKUP}:root"
    theirs = {"Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": own}, "Action": "backup:DescribeBackupVault"}
    deny = {"Sid": "NoCopies", "Effect": "Deny", "Principal": "*", "Action": "backup:CopyIntoBackupVault"}
    cluster.start()
    cluster.accounts()
    cluster.apply(cluster.policy())
    cluster.wait_until_all_is_copied()
    (ours,) = cluster.statements()
    assert (ours["Sid"], ours["Action"]) == (sid_of(ROLE), "backup:CopyIntoBackupVault")

    put(cluster, {**theirs, "Resource": "*"}, {**deny, "Resource": "*"})
    cluster.wait("False", "PrerequisiteUnmet")
    row = next(each for each in cluster.get()["status"]["prerequisites"] if each["name"] == "VaultPolicy")
    assert "NoCopies" in row["message"] + row["remedy"]

    put(cluster, {**theirs, "Resource": "*"})
    cluster.wait("True", "Protected")
    assert {each["Sid"] for each in cluster.statements()} == {"Theirs", ours["Sid"]}


def put(cluster: Cluster, *statements: scene.Json) -> None:
    """Write the policy of the destination vault by hand, without ours."""
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    cluster.admin().put_backup_vault_access_policy(BackupVaultName="orders-copies", Policy=json.dumps(document))


def test_access_is_allowed_by_account_organization_or_role(cluster: Cluster) -> None:
    """As in the example of AWS's guide; then, for the organization and for the role, in one write each."""
    cluster.start()
    cluster.accounts()
    cluster.apply(cluster.policy(destinations=[scene.destination(grantee="Account")]))
    cluster.wait_until_all_is_copied()
    (statement,) = cluster.statements()
    assert (statement["Principal"], statement["Action"]) == ({"AWS": [ROOT]}, "backup:CopyIntoBackupVault")

    for grantee in ("Organization", "CopyRole"):
        cluster.apply(cluster.policy(destinations=[scene.destination(grantee=grantee)]))
        statement = replaced(cluster, statement["Sid"])
        cluster.wait("True", "Protected")
    assert statement["Sid"] == sid_of(ROLE)
    assert cluster.writes().count("PutBackupVaultAccessPolicy") == 3

    cluster.kubectl(
        *("patch", "cabp", "orders", "-n", cluster.namespace, "--type=merge", "-p"),
        json.dumps({"spec": {"deletionPolicy": "RemoveOwned"}}),
    )
    cluster.wait("True", "Protected")
    cluster.kubectl("delete", "cabp", "orders", "-n", cluster.namespace, "--timeout=60s")
    assert cluster.statements() == []


def test_a_namespace_that_may_not_widen_a_vault(cluster: Cluster) -> None:
    """It is told of an account that it does not have; with the word of who gives the account it becomes protected."""
    given = {
        "namespaces": {"names": [cluster.namespace]},
        "as": ["Destination"],
        "vaults": ["orders-*"],
        "keys": ["alias/orders-*"],
    }
    cluster.start()
    cluster.accounts("production")
    cluster.accounts("dr", allowedNamespaces={}, grants=[given])
    cluster.apply(cluster.policy(destinations=[scene.destination(grantee="Organization")]))
    cluster.wait("False", "AccountNotFound")
    assert cluster.statements() == []
    assert cluster.writes() == []

    cluster.accounts("dr", allowedNamespaces={}, grants=[{**given, "grantees": ["Organization"]}])
    cluster.wait_until_all_is_copied()
    (statement,) = cluster.statements()
    assert statement["Principal"] == {"AWS": ["*"]}
    assert list(statement["Condition"]["StringEquals"]) == ["aws:PrincipalOrgID"]
