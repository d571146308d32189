"""KMS keys: creating them, those that AWS manages, the grants that vaults hold; `identity.key_access` says who may."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from .. import arns
from ..fidelity import Behaviour
from ..policies import policy
from .grants import Grant
from .state import Key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .state import Region, State, Vault

# Alias of an AWS managed key -> the service through which alone it can be used.
MANAGED: Mapping[str, str] = {
    "alias/aws/backup": "backup",
    "alias/aws/ebs": "ec2",
    "alias/aws/rds": "rds",
    "alias/aws/s3": "s3",
    "alias/aws/elasticfilesystem": "elasticfilesystem",
    "alias/aws/dynamodb": "dynamodb",
    "alias/aws/fsx": "fsx",
}
# What every key is here, by the condition keys that say so.
KIND: Mapping[str, str] = {
    "kms:keyspec": "SYMMETRIC_DEFAULT",
    "kms:keyusage": "ENCRYPT_DECRYPT",
    "kms:keyorigin": "AWS_KMS",
    "kms:multiregion": "false",
}
VAULT_CONTEXT = "aws:backup:backup-vault"
VAULT_OPERATIONS = ("CreateGrant", "Decrypt", "DescribeKey", "GenerateDataKey", "RetireGrant")


def default_policy(account: str) -> policy.Policy:
    """KMS's default: the account's IAM policies decide."""
    root = f"arn:aws:iam::{account}:root"
    return policy.compiled(
        {
            "Version": "2012-10-17",
            "Id": "key-default-1",
            "Statement": [
                {
                    "Sid": "Enable IAM User Permissions",
                    "Effect": "Allow",
                    "Principal": {"AWS": root},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        }
    )


def managed_policy(account: str, region: str, service: str) -> policy.Policy:
    """The policy of a key that AWS manages: anybody of the account, but through one service only."""
    through = {
        "StringEquals": {"kms:CallerAccount": account, "kms:ViaService": f"{service}.{region}.amazonaws.com"},
    }
    use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"]
    look = ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"]
    return policy.compiled(
        {
            "Version": "2012-10-17",
            "Id": f"auto-{service}-1",
            "Statement": [
                {
                    "Sid": f"Allow access through {service} for all principals in the account",
                    "Effect": "Allow",
                    "Principal": {"AWS": "*"},
                    "Action": use,
                    "Resource": "*",
                    "Condition": through,
                },
                {
                    "Sid": "Allow direct access to key metadata to the account",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                    "Action": look,
                    "Resource": "*",
                },
            ],
        }
    )


def create(
    state: State, account: str, region: str, now: float, *, key_id: str | None = None, manager: str = "CUSTOMER"
) -> Key:
    """Create a key with the default policy."""
    key = Key(key_id or state.ids.uuid(), account, region, manager, now, default_policy(account))
    state.accounts[account].region(region).keys[key.key_id] = key
    return key


def named(state: State, account: str, region: str, name: str) -> Key | None:
    """A key by its ARN, or by id or alias in an account and Region."""
    if name.startswith("arn:"):
        return state.key(name)
    held = state.accounts[account].region(region)
    return held.keys.get(held.aliases.get(name, name))


def managed(state: State, account: str, region: str, alias: str, now: float) -> Key:
    """The AWS managed key behind `alias/aws/<service>`, made on first use."""
    found: Region = state.accounts[account].region(region)
    if alias not in found.aliases:
        service = MANAGED.get(alias, alias.rpartition("/")[2])
        key = create(state, account, region, now, manager="AWS")
        key.policy = managed_policy(account, region, service)
        key.description = f"Default key that protects my data when no other key is defined ({alias})"
        found.aliases[alias] = key.key_id
    return found.keys[found.aliases[alias]]


def of_setting(state: State, place: tuple[str, str], name: str, managed_alias: str, now: float) -> Key | None:
    """The key that a queue's setting means: an id, ARN, alias or alias ARN in account and Region."""
    account, region = place
    if name.startswith("arn:"):
        arn = arns.of(name)
        if arn.service != "kms" or arn.region != region or arn.account not in state.accounts:
            return None
        account, name = arn.account, arn.resource.removeprefix("key/")
    if name == managed_alias and account == place[0]:
        return managed(state, account, region, name, now)
    return named(state, account, region, name)


def grant_to_vault(key: Key, vault: Vault, now: float) -> Grant:
    """The grant by which AWS Backup uses a vault's key; its ids follow from key and vault."""
    text = hashlib.sha256(f"{key.arn} {vault.arn}".encode()).hexdigest()
    service = f"backup.{vault.region}.amazonaws.com"
    grant = Grant(
        grant_id=text,
        token=f"vault-{text[:32]}",
        grantee=service,
        operations=VAULT_OPERATIONS,
        created=now,
        issuing_account=vault.account,
        retiring=service,
        constraints={"EncryptionContextSubset": {VAULT_CONTEXT: vault.arn}},
    )
    key.grants[grant.grant_id] = grant
    return grant


def vault_grant(key: Key, vault: Vault) -> Grant | None:
    """The grant that AWS Backup holds for a vault, if nobody has revoked it."""
    wanted = {VAULT_CONTEXT: vault.arn}
    service = f"backup.{vault.region}.amazonaws.com"
    return next(
        (
            grant
            for grant in key.grants.values()
            if grant.grantee == service and grant.constraints.get("EncryptionContextSubset") == wanted
        ),
        None,
    )


def retire_of_vault(key: Key, vault: Vault) -> None:
    """Give a vault's grant back."""
    found = vault_grant(key, vault)
    if found:
        del key.grants[found.grant_id]


FIDELITY = (
    Behaviour(
        "AWS managed keys have AWS's policy: everybody of the account, through their service only; "
        "`kms:ViaService`, `kms:CallerAccount`, `kms:GrantIsForAWSResource`, `kms:ResourceAliases` are judged",
        "DG",
        "test_kms_keys.py::test_a_key_that_aws_manages_is_used_through_its_service_only",
    ),
)
