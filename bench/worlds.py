"""Worlds and manifests for measurements: many accounts, vaults and policies, all of one shape."""

from __future__ import annotations

import os
from typing import Any

import yaml

from backup_simulator.server import SimulatorServer
from crossvault.aspects.vault_policy.statement import statement_for

HUB, PAYER = "555555555555", "999999999999"
SOURCE_REGION, TARGET_REGION = "eu-west-1", "eu-central-1"
NAMESPACE = "bench"
ADMIN = "admin"
VAULT, COPIES = "vault-0", "copies-0"
"""The first source vault of an account, and the vault that its copies go to."""
OF_EACH = 25
"""So many recovery points has each resource of a world where all are copied, one a day."""


def source_id(number: int) -> str:
    """Return the id of the n-th source account."""
    return f"1{number:011d}"


def target_id(number: int) -> str:
    """Return the id of the n-th destination account."""
    return f"2{number:011d}"


def places(pairs: int) -> list[tuple[str, str]]:
    """Return account and Region of every source and destination."""
    sources = [(source_id(number), SOURCE_REGION) for number in range(pairs)]
    return sources + [(target_id(number), TARGET_REGION) for number in range(pairs)]


def world(*, pairs: int, vaults: int, points: int) -> dict[str, Any]:
    """Return a world of ``pairs`` source and destination accounts with ``vaults`` vaults each.

    Every source vault holds ``points`` recovery points of one resource, every destination vault none.
    """
    accounts: list[dict[str, Any]] = [_hub(), {"id": PAYER, "name": "payer"}]
    for number in range(pairs):
        accounts += [_source(number, vaults, points), _target(number, vaults)]
    members = [each["id"] for each in accounts if each["id"] != PAYER]
    return {
        "version": 1,
        "seed": 1,
        "clock": {"start": "now"},
        "durations": {"created": "1s", "running": "2s"},
        "organization": {
            "id": "o-crossvaultbench",
            "management": PAYER,
            "members": members,
            "cross_account_backup": True,
        },
        "accounts": accounts,
    }


def at_rest(world: dict[str, Any]) -> dict[str, Any]:
    """Leave nothing to do in a world: no recovery point, and our statement in the policy of every destination vault."""
    for account in world["accounts"]:
        for vault in account.get("vaults", ()):
            vault.pop("generate", None)
            if account["name"].startswith("target-"):
                role = f"arn:aws:iam::{source_id(int(account['name'].removeprefix('target-')))}:role/copy-role"
                vault["policy"] = {"Version": "2012-10-17", "Statement": [statement_for(role)]}
    return world


def copied(world: dict[str, Any], points: int) -> dict[str, Any]:
    """Let every vault of a world at rest hold so many recovery points, 25 of each resource, all of them copied."""
    for account in world["accounts"]:
        side, _, number = account["name"].partition("-")
        for index, vault in enumerate(account.get("vaults", ())):
            vault["generate"] = daily(int(number), index, points, copy=side == "target")
    return world


def daily(number: int, index: int, points: int, *, copy: bool) -> list[dict[str, Any]]:
    """Return what a vault has that holds so many recovery points, 25 of each resource, or their copies."""
    return [_daily(number, index, resource, copy=copy) for resource in range(max(1, points // OF_EACH))]


def _daily(number: int, index: int, resource: int, *, copy: bool) -> dict[str, Any]:
    account = source_id(number)
    place = f"{SOURCE_REGION}:{account}"
    name = f"arn:aws:elasticfilesystem:{place}:file-system/fs-{number:04x}{index:04x}{resource:09x}"
    origin = {"source_vault": f"arn:aws:backup:{place}:backup-vault:vault-{index}"} if copy else {}
    dates = {"every": "1d", "back": f"{OF_EACH - 1}d", "offset": "6h"}
    kept = {"delete_after_days": 365}
    return {"resource_type": "EFS", "name": name, "resources": 1, "size": "1GiB", "lifecycle": kept, **dates, **origin}


def _hub() -> dict[str, Any]:
    key = {"id": "AKIAOPERATOR55555555", "secret": "bench-secret"}
    return {"id": HUB, "name": "hub", "users": [{"name": "operator", "access_key": key, "policies": ["full"]}]}


def _admin(name: str) -> dict[str, Any]:
    return {"name": ADMIN, "access_key": {"id": f"AKIA{name}", "secret": "bench-secret"}, "policies": ["full"]}


def _role(name: str) -> dict[str, Any]:
    return {"name": name, "trust": {"aws": [f"arn:aws:iam::{HUB}:user/operator"]}, "policies": ["full"]}


def _source(number: int, vaults: int, points: int) -> dict[str, Any]:
    copy_role = {"name": "copy-role", "trust": {"services": ["backup.amazonaws.com"]}, "policies": ["full"]}
    return {
        "id": source_id(number),
        "name": f"source-{number}",
        "users": [_admin(f"SOURCE{number:010d}")],
        "roles": [_role("crossvault"), copy_role],
        "keys": [
            {
                "region": SOURCE_REGION,
                "id": f"1{number:07d}-0000-4000-8000-000000000001",
                "aliases": ["alias/backup"],
                "policy": _shared(number),
            }
        ],
        "vaults": [
            {
                "region": SOURCE_REGION,
                "name": f"vault-{index}",
                "key": "alias/backup",
                "generate": [
                    {
                        "resource_type": "EFS",
                        "name": f"fs-{number}x{index}",
                        "resources": 1,
                        "every": "1h",
                        "back": f"{points}h",
                        "size": "1GiB",
                        "lifecycle": {"delete_after_days": 365},
                    }
                ],
            }
            for index in range(vaults)
        ],
    }


def _shared(number: int) -> dict[str, Any]:
    """Return the policy of a source's key, which its own account may use, and that of the destination."""
    use = ["kms:DescribeKey", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant"]
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": actions, "Resource": "*"}
        for account, actions in ((source_id(number), ["kms:*"]), (target_id(number), use))
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _target(number: int, vaults: int) -> dict[str, Any]:
    return {
        "id": target_id(number),
        "name": f"target-{number}",
        "service_linked_role": True,
        "users": [_admin(f"TARGET{number:010d}")],
        "roles": [_role("crossvault")],
        "keys": [
            {"region": TARGET_REGION, "id": f"2{number:07d}-0000-4000-8000-000000000001", "aliases": ["alias/copies"]}
        ],
        "vaults": [
            {"region": TARGET_REGION, "name": f"copies-{index}", "key": "alias/copies"} for index in range(vaults)
        ],
    }


def manifests(*, pairs: int, vaults: int, reads_per_second: float, mode: str = "Enforce") -> str:
    """Return the YAML of the accounts and of one policy per pair of vaults."""
    bodies: list[dict[str, Any]] = [namespace(NAMESPACE)]
    for number in range(pairs):
        bodies += accounts(number, reads_per_second, NAMESPACE)
        bodies += [policy(number, index, mode) for index in range(vaults)]
    return yaml.safe_dump_all(bodies, sort_keys=False)


def namespace(name: str) -> dict[str, Any]:
    """Return a namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def accounts(number: int, reads_per_second: float, *namespaces: str) -> list[dict[str, Any]]:
    """Return the BackupAccounts of a pair, which some namespaces may use."""
    return [
        _account(f"source-{number}", source_id(number), reads_per_second, namespaces),
        _account(f"target-{number}", target_id(number), reads_per_second, namespaces),
    ]


def _account(name: str, account_id: str, reads_per_second: float, namespaces: tuple[str, ...]) -> dict[str, Any]:
    return {
        "apiVersion": "crossvault.io/v1alpha1",
        "kind": "BackupAccount",
        "metadata": {"name": name},
        "spec": {
            "accountId": account_id,
            "roleArn": f"arn:aws:iam::{account_id}:role/crossvault",
            "allowedNamespaces": {"names": [*namespaces]},
            "limits": {"readsPerSecond": reads_per_second, "startsPerSecond": 20},
        },
    }


def policy(number: int, index: int, mode: str, namespace: str = NAMESPACE) -> dict[str, Any]:
    """Return the policy over the vaults of one index in a pair of accounts."""
    return {
        "apiVersion": "crossvault.io/v1alpha1",
        "kind": "CrossAccountBackupPolicy",
        "metadata": {"name": f"policy-{number}-{index}", "namespace": namespace},
        "spec": {
            "mode": mode,
            "source": {
                "accountRef": {"name": f"source-{number}"},
                "region": SOURCE_REGION,
                "vault": {"name": f"vault-{index}"},
                "copyRole": "copy-role",
            },
            "destinations": [
                {
                    "name": "target",
                    "accountRef": {"name": f"target-{number}"},
                    "region": TARGET_REGION,
                    "vault": {"name": f"copies-{index}"},
                }
            ],
        },
    }


def environment(aws: SimulatorServer) -> dict[str, str]:
    """Return the environment of a process that is the operator in a simulated AWS, and nobody anywhere else."""
    credentials = aws.credentials(HUB, "operator")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": credentials.aws_access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.aws_secret_access_key,
        "AWS_REGION": SOURCE_REGION,
    }
