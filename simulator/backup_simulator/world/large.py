"""Large worlds of one shape: accounts in pairs, vaults, and recovery points in bulk; as plain dictionaries.

Every source account has its destination account in another Region, and every source vault a destination vault whose
policy lets the source account copy into it.
"""

from __future__ import annotations

from typing import Any

from . import schema, units

Json = dict[str, Any]

SOURCE_REGION, TARGET_REGION = "eu-west-1", "eu-central-1"
PAYER = "999999999999"
RESOURCE_TYPE = "EFS"


def source_id(number: int) -> str:
    """The id of the n-th source account, from 0."""
    return f"1{number:011d}"


def target_id(number: int) -> str:
    """The id of the n-th destination account, from 0."""
    return f"2{number:011d}"


def copy_role_arn(number: int) -> str:
    """The role that copies out of the n-th source account."""
    return f"arn:aws:iam::{source_id(number)}:role/copier"


def target_vault_arn(number: int, vault: int) -> str:
    """The ARN of a destination vault; vaults count from 1."""
    return f"arn:aws:backup:{TARGET_REGION}:{target_id(number)}:backup-vault:copies-{vault}"


def user(account: str) -> Json:
    """The one user of an account, who may do everything."""
    key = {"id": f"AKIA{account[:1]}AAA{account}", "secret": f"secret-of-{account}"}
    return {"name": "admin", "access_key": key, "policies": ["full"]}


class ShapeError(ValueError):
    """Numbers of which no world can be made; `field` is the argument to change."""

    def __init__(self, field: str, cause: str) -> None:
        super().__init__(f"{field}: {cause}")
        self.field = field
        self.cause = cause


def world(*, accounts: int, vaults: int, resources: int, points: int, every: str = "1d", seed: int = 1) -> Json:
    """A world of ``accounts`` pairs; each source vault holds ``points`` recovery points of each of its resources.

    Raises ShapeError for numbers whose world would be refused.
    """
    for field, number in (("accounts", accounts), ("vaults", vaults), ("resources", resources), ("points", points)):
        if number < 1:
            raise ShapeError(field, f"{number} is too few; give 1 or more")
    step = _step(every)
    if resources * points > schema.MOST_POINTS:
        raise ShapeError(
            "points",
            f"{points} for each of {resources} resources are more than the {schema.MOST_POINTS} of a vault; "
            "give fewer of either, and more vaults or accounts",
        )
    back = (points - 1) * step
    if back > units.FURTHEST:
        raise ShapeError(
            "every", f"{points} recovery points, one each {every}, span more than a thousand years; give less of either"
        )
    pairs: list[Json] = []
    for number in range(accounts):
        generate = {"resources": resources, "every": every, "back": back}
        pairs += [_source(number, vaults, generate), _target(number, vaults)]
    return {
        "version": 1,
        "seed": seed,
        "organization": {
            "id": "o-crossvaultlarge",
            "management": PAYER,
            "members": [part["id"] for part in pairs],
            "cross_account_backup": True,
        },
        "accounts": [{"id": PAYER, "name": "payer", "users": [user(PAYER)]}, *pairs],
    }


def _step(every: str) -> float:
    try:
        found = units.seconds(every)
    except ValueError as error:
        raise ShapeError("every", str(error)) from None
    if found <= 0:
        raise ShapeError("every", f"{every} is no time between two recovery points; give one like 1h or 1d")
    return found


def _source(number: int, vaults: int, generate: Json) -> Json:
    account = source_id(number)
    return {
        "id": account,
        "name": f"source-{number}",
        "users": [user(account)],
        "roles": [{"name": "copier", "trust": {"services": ["backup.amazonaws.com"]}, "policies": ["full"]}],
        "keys": [{"region": SOURCE_REGION, "aliases": ["alias/backup"], "policy": _key_policy(number)}],
        "vaults": [
            {
                "region": SOURCE_REGION,
                "name": f"vault-{index}",
                "key": "alias/backup",
                "generate": [{"resource_type": RESOURCE_TYPE, "name": f"fs-{number}-{index}", **generate}],
            }
            for index in range(1, vaults + 1)
        ],
    }


def _key_policy(number: int) -> Json:
    """Who copies has to be let in by the key of the source: its own account, and AWS Backup in the target account."""
    use = ["kms:DescribeKey", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant"]
    accounts = ((source_id(number), ["kms:*"]), (target_id(number), use))
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                "Action": actions,
                "Resource": "*",
            }
            for account, actions in accounts
        ],
    }


def _target(number: int, vaults: int) -> Json:
    account = target_id(number)
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{source_id(number)}:root"},
                "Action": "backup:CopyIntoBackupVault",
                "Resource": "*",
            }
        ],
    }
    return {
        "id": account,
        "name": f"target-{number}",
        "users": [user(account)],
        "keys": [{"region": TARGET_REGION, "aliases": ["alias/copies"]}],
        "vaults": [
            {"region": TARGET_REGION, "name": f"copies-{index}", "key": "alias/copies", "policy": policy}
            for index in range(1, vaults + 1)
        ],
    }
