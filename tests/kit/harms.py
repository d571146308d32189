"""What may be wrong of a world in which everything else is right: one thing each, to be done to :func:`sound`."""

from __future__ import annotations

from tests.kit import stage as scene
from tests.kit.stage import Json

ROLE_NAME = "AWSBackupDefaultServiceRole"
HERS: Json = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Hers [1]",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{scene.SECOND}:root"},
            "Action": "backup:CopyIntoBackupVault",
            "Resource": "*",
            "Condition": {"StringLike": {"aws:PrincipalTag/it's": ["a]b", '$HOME `id` \\ "']}},
        }
    ],
}


def closed_key(account_id: str) -> Json:
    """Return the policy of a key that is for its own account only."""
    statement = {
        "Sid": "Account",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def sound() -> Json:
    """Return a world in which the vault is there and lets the copy role in: nothing is wrong in it."""
    made = scene.world()
    role = {**HERS["Statement"][0], "Sid": "Ours", "Principal": {"AWS": f"arn:aws:iam::{scene.PRODUCTION}:root"}}
    del role["Condition"]
    vault: Json = {"region": scene.AWAY, "name": "orders-copies", "key": "alias/orders-copies"}
    vault["policy"] = {"Version": "2012-10-17", "Statement": [role]}
    scene.account(made, scene.BACKUP)["vaults"] = [vault]
    return made


def vault_of(made: Json) -> Json:
    """Return the destination vault of a world."""
    found: Json = scene.account(made, scene.BACKUP)["vaults"][0]
    return found


def toggle(made: Json) -> None:
    """Switch copies between accounts off."""
    made["organization"]["cross_account_backup"] = False


def no_vault(made: Json) -> None:
    """Take the destination vault away."""
    del scene.account(made, scene.BACKUP)["vaults"]


def disabled_key(made: Json) -> None:
    """Disable the destination vault's key."""
    scene.account(made, scene.BACKUP)["keys"][0]["state"] = "Disabled"


def no_policy(made: Json) -> None:
    """Take the vault's policy away."""
    del vault_of(made)["policy"]


def policy_of_others(made: Json) -> None:
    """Give the vault a policy that is for others."""
    vault_of(made)["policy"] = HERS


def own_account_only(made: Json) -> None:
    """Let the source key be for its own account only."""
    scene.account(made, scene.PRODUCTION)["keys"][1]["policy"] = closed_key(scene.PRODUCTION)


def disabled_source_key(made: Json) -> None:
    """Disable the source key."""
    scene.account(made, scene.PRODUCTION)["keys"][1]["state"] = "Disabled"


def vault_key_for_nobody(made: Json) -> None:
    """Let the vault's key be for one user only."""
    narrow = closed_key(scene.BACKUP)
    narrow["Statement"][0]["Principal"] = {"AWS": f"arn:aws:iam::{scene.BACKUP}:user/admin"}
    reader = {
        **narrow["Statement"][0],
        "Sid": "Read",
        "Action": ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants"],
    }
    reader["Principal"] = {"AWS": f"arn:aws:iam::{scene.BACKUP}:role/crossvault-destination"}
    scene.account(made, scene.BACKUP)["keys"][0]["policy"] = {**narrow, "Statement": [*narrow["Statement"], reader]}


def no_role(made: Json) -> None:
    """Take the copy role away."""
    account = scene.account(made, scene.PRODUCTION)
    account["roles"] = [each for each in account["roles"] if each["name"] != ROLE_NAME]


def untrusting(made: Json) -> None:
    """Let the copy role trust another service."""
    scene.role(made, scene.PRODUCTION, ROLE_NAME)["trust"] = {"services": ["ec2.amazonaws.com"]}


def role_may_nothing(made: Json) -> None:
    """Leave the copy role no permission."""
    scene.role(made, scene.PRODUCTION, ROLE_NAME)["policies"] = []


def no_passing(made: Json) -> None:
    """Do not let the operator pass the copy role."""
    role = scene.role(made, scene.PRODUCTION, "crossvault-source")
    (document,) = role["policies"]
    document["Statement"] = [each for each in document["Statement"] if each["Sid"] != "PassCopyRole"]
