"""Policies as people really write them about cross-account copies, and what each says about one question.

Every row is a shape found in public repositories and documentation, written anew for the accounts of these tests.
Some are right, some only look right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.policies import policy
from backup_simulator.policies.policy import Verdict
from backup_simulator.policies.principal import Principal

from . import scenes

if TYPE_CHECKING:
    from collections.abc import Mapping


INTO, FROM = "backup:CopyIntoBackupVault", "backup:CopyFromBackupVault"
ORG, UNIT = "o-simulator01", "o-simulator01/r-cv01/ou-cv01-workloads1/"
CENTRAL = scenes.vault_arn()
HERE = {"aws:principalorgid": (ORG,), "aws:principalorgpaths": (UNIT,), "aws:resourceorgid": (ORG,)}
SLR = "role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"
ALLOW, DELEGATE, DENY, SILENT = Verdict.ALLOW, Verdict.DELEGATE, Verdict.DENY, Verdict.SILENT


def session(account: str, role: str) -> Principal:
    """A session of a role."""
    arn, name = f"arn:aws:iam::{account}:{role}", role.rpartition("/")[2]
    return Principal(
        kind="role",
        account=account,
        arn=f"arn:aws:sts::{account}:assumed-role/{name}/s",
        identity_arn=arn,
        unique_id="AROA1",
        user_id="AROA1:s",
        name=name,
    )


COPY_ROLE, OTHER_ROLE = session(scenes.SOURCE, "role/backup-operator"), session(scenes.SOURCE, "role/other")
TARGET_SLR = session(scenes.TARGET, SLR)


def root(*accounts: str) -> scenes.Json:
    """Accounts as principals."""
    names = [f"arn:aws:iam::{account}:root" for account in accounts]
    return {"AWS": names if len(names) > 1 else names[0]}


def statement(
    effect: str, who: Any, action: Any, *, on: Any = "*", condition: scenes.Json | None = None
) -> scenes.Json:
    """One statement."""
    found = {"Effect": effect, "Action": action, "Resource": on} | ({"Principal": who} if who else {})
    return found | ({"Condition": condition} if condition else {})


def row(
    name: str,
    verdict: Verdict,
    *statements: scenes.Json,
    who: Principal = COPY_ROLE,
    action: str = INTO,
    on: str = CENTRAL,
    keys: Mapping[str, tuple[str, ...]] | None = None,
) -> Any:
    """What a policy says about one question."""
    question = policy.Question(action, on, who, {**HERE, "aws:principalarn": (who.identity_arn,), **(keys or {})})
    return pytest.param(scenes.policy(*statements), question, verdict, id=name)


ROLES = ["arn:aws:iam::*:role/backup-operator", f"arn:aws:iam::*:{SLR}"]
IN_ORG = {"StringEquals": {"aws:PrincipalOrgID": ORG}}
IN_UNIT = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": [UNIT + "*"]}}
OWN = ["backup:DescribeBackupVault", "backup:StartBackupJob", "backup:PutBackupVaultAccessPolicy"]
VAULTS = [
    row("an account", DELEGATE, statement("Allow", root(scenes.SOURCE), INTO)),
    row("another account", SILENT, statement("Allow", root(scenes.TOOLS), INTO)),
    row("several accounts", DELEGATE, statement("Allow", root(scenes.TOOLS, scenes.SOURCE), [INTO])),
    row("an account and a role", ALLOW, statement("Allow", {"AWS": [root("4" * 12)["AWS"], "AROA1"]}, INTO)),
    row("the organization", ALLOW, statement("Allow", "*", INTO, condition=IN_ORG)),
    row(
        "the organization in a list",
        ALLOW,
        statement("Allow", "*", INTO, condition={"StringEquals": {"aws:PrincipalOrgID": [ORG]}}),
    ),
    row(
        "another organization",
        SILENT,
        statement("Allow", "*", INTO, condition=IN_ORG),
        keys={"aws:principalorgid": ("o-x",)},
    ),
    row("a unit and all below", ALLOW, statement("Allow", "*", INTO, condition=IN_UNIT)),
    row(
        "a unit without its children",
        ALLOW,
        statement("Allow", "*", INTO, condition={"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": [UNIT]}}),
    ),
    row(
        "a child of a unit that is named alone",
        SILENT,
        statement("Allow", "*", INTO, condition={"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": [UNIT]}}),
        keys={"aws:principalorgpaths": (UNIT + "ou-cv01-childchild/",)},
    ),
    row(
        "a role's name in a unit",
        ALLOW,
        statement("Allow", {"AWS": "*"}, INTO, condition=IN_UNIT | {"ArnLike": {"aws:PrincipalArn": ROLES[0]}}),
    ),
    row(
        "another role's name in a unit",
        SILENT,
        statement("Allow", {"AWS": "*"}, INTO, condition=IN_UNIT | {"ArnLike": {"aws:PrincipalArn": ROLES[0]}}),
        who=OTHER_ROLE,
    ),
    row(
        "a role with a path that the policy left out",
        SILENT,
        statement("Allow", {"AWS": "*"}, INTO, condition={"ArnLike": {"aws:PrincipalArn": ROLES[0]}}),
        who=session(scenes.SOURCE, "role/service/backup-operator"),
    ),
    row(
        "the owner's organization, as a variable",
        ALLOW,
        statement("Allow", "*", INTO, condition={"StringEquals": {"aws:PrincipalOrgId": "${aws:ResourceOrgID}"}}),
    ),
    row(
        "all vaults of a Region",
        ALLOW,
        statement(
            "Allow", "*", INTO, on=f"arn:aws:backup:{scenes.AWAY}:{scenes.TARGET}:backup-vault:*", condition=IN_ORG
        ),
    ),
    row(
        "any Region",
        DELEGATE,
        statement("Allow", root(scenes.SOURCE), INTO, on=f"arn:aws:backup:*:{scenes.TARGET}:backup-vault:*"),
    ),
    row("a vault of another name", SILENT, statement("Allow", "*", INTO, on=scenes.vault_arn(name="central"))),
    row(
        "the separator of other services", SILENT, statement("Allow", "*", INTO, on=CENTRAL.replace("vault:", "vault/"))
    ),
    row(
        "own operations and a foreign copy",
        DELEGATE,
        statement("Allow", root(scenes.TARGET), OWN, on=CENTRAL),
        statement("Allow", root(scenes.SOURCE), INTO, on=CENTRAL),
    ),
    row(
        "a key that AWS does not have",
        SILENT,
        statement(
            "Allow",
            root(scenes.SOURCE),
            INTO,
            condition={
                "StringEquals": {"backup:CopySourceRegion": ["eu-west-1"]},
                "Null": {"backup:CopySourceRegion": "false"},
            },
        ),
    ),
    row(
        "another key that AWS does not have",
        SILENT,
        statement("Allow", root(scenes.SOURCE), INTO, condition={"StringEquals": {"backup:CopySourceArn": "x"}}),
    ),
    row(
        "a deny for all but one user id",
        DENY,
        statement(
            "Deny",
            "*",
            "backup:DeleteRecoveryPoint",
            condition={"StringNotEquals": {"aws:userId": ["AIDA1", "AROA1:*", "112233445566"]}},
        ),
        action="backup:DeleteRecoveryPoint",
        keys={"aws:userid": ("AROA1:s",)},
    ),
    row(
        "a deny for all but one role",
        DENY,
        statement(
            "Deny",
            {"AWS": "*"},
            "backup:DeleteRecoveryPoint",
            condition={"ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{scenes.SOURCE}:role/terraform"}},
        ),
        action="backup:DeleteRecoveryPoint",
    ),
    row(
        "a deny on snapshots",
        DENY,
        statement("Deny", {"AWS": "AROA1"}, ["backup:StartRestoreJob"], on=["arn:aws:ec2:*:*:snapshot/*"]),
        action="backup:StartRestoreJob",
        on="arn:aws:ec2:eu-west-1::snapshot/snap-1",
    ),
    row(
        "a deny on snapshots, and an image",
        SILENT,
        statement("Deny", {"AWS": "AROA1"}, ["backup:StartRestoreJob"], on=["arn:aws:ec2:*:*:snapshot/*"]),
        action="backup:StartRestoreJob",
        on="arn:aws:ec2:eu-west-1::image/ami-1",
    ),
    row(
        "a deny beside the allow",
        DENY,
        statement("Allow", root(scenes.SOURCE), INTO),
        statement("Deny", {"AWS": "*"}, [INTO, "backup:DeleteBackupVault"]),
    ),
    row(
        "a deny of a copy target, where the call has none",
        DELEGATE,
        statement("Allow", root(scenes.SOURCE), INTO),
        statement("Deny", "*", [INTO], condition={"ForAnyValue:ArnNotEquals": {"backup:CopyTargets": [CENTRAL]}}),
    ),
    row("an orphan that was a role once", SILENT, statement("Allow", {"AWS": "AROATDKQYKLTTBKSMZN3Z"}, [INTO, FROM])),
    row("an allow of everything", ALLOW, statement("Allow", "*", "backup:*"), action="backup:DeleteBackupVault"),
]
TARGETS = {"backup:copytargets": (CENTRAL,)}
ELSEWHERE = {"backup:copytargets": (scenes.vault_arn(scenes.TOOLS),)}
POINT = "arn:aws:backup:eu-west-1:111111111111:recovery-point:1"
ONLY = {"ForAllValues:ArnNotLike": {"backup:CopyTargets": ["arn:aws:backup:*:222222222222:backup-vault:cop*"]}}
BELOW = {"ForAllValues:StringNotLike": {"backup:CopyTargetOrgPaths": [UNIT, UNIT + "*"]}}
SOURCES = [
    row("to the one vault", SILENT, statement("Deny", "*", FROM, condition=ONLY), action=FROM, on=POINT, keys=TARGETS),
    row("to another vault", DENY, statement("Deny", "*", FROM, condition=ONLY), action=FROM, on=POINT, keys=ELSEWHERE),
    row(
        "without the key a ForAllValues applies",
        DENY,
        statement("Deny", "*", FROM, condition=ONLY),
        action=FROM,
        on=POINT,
    ),
    row(
        "StringNotEquals on the target",
        DENY,
        statement("Deny", root(scenes.SOURCE), FROM, condition={"StringNotEquals": {"backup:CopyTargets": CENTRAL}}),
        action=FROM,
        on=POINT,
        keys=ELSEWHERE,
    ),
    row(
        "to a unit",
        SILENT,
        statement("Deny", "*", FROM, condition=BELOW),
        action=FROM,
        on=POINT,
        keys={"backup:copytargetorgpaths": (UNIT,)},
    ),
    row(
        "to another unit",
        DENY,
        statement("Deny", "*", FROM, condition=BELOW),
        action=FROM,
        on=POINT,
        keys={"backup:copytargetorgpaths": ("o-simulator01/r-cv01/",)},
    ),
]
USE = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
GRANT = ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]
FOR_AWS = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
KEY = "arn:aws:kms:eu-west-1:111111111111:key/1"
AWS_GRANT = {"kms:grantisforawsresource": ("true",)}
SHARED = statement("Allow", {"AWS": "*"}, USE + GRANT, condition=IN_ORG | {"ArnLike": {"aws:PrincipalArn": ROLES}})
VIA = {
    "ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "aws:backup:backup-vault"},
    "Bool": {"kms:GrantIsForAWSResource": True},
    "StringLike": {"kms:ViaService": "backup.*.amazonaws.com"},
}
THROUGH = {
    "kms:encryptioncontextkeys": ("aws:backup:backup-vault",),
    "kms:viaservice": ("backup.eu-west-1.amazonaws.com",),
} | AWS_GRANT
KEYS = [
    row(
        "KMS's default",
        SILENT,
        statement("Allow", root(scenes.SOURCE), "kms:*"),
        who=TARGET_SLR,
        action="kms:DescribeKey",
        on=KEY,
    ),
    row(
        "use by the other account",
        DELEGATE,
        statement("Allow", root(scenes.TARGET), USE),
        who=TARGET_SLR,
        action="kms:ReEncryptFrom",
        on=KEY,
    ),
    row(
        "use, but no grants",
        SILENT,
        statement("Allow", root(scenes.TARGET), USE),
        who=TARGET_SLR,
        action="kms:CreateGrant",
        on=KEY,
    ),
    row(
        "grants for AWS",
        DELEGATE,
        statement("Allow", root(scenes.TARGET), GRANT, condition=FOR_AWS),
        who=TARGET_SLR,
        action="kms:CreateGrant",
        on=KEY,
        keys=AWS_GRANT,
    ),
    row(
        "grants for AWS, and one for somebody else",
        SILENT,
        statement("Allow", root(scenes.TARGET), GRANT, condition=FOR_AWS),
        who=TARGET_SLR,
        action="kms:CreateGrant",
        on=KEY,
        keys={"kms:grantisforawsresource": ("false",)},
    ),
    row(
        "the service-linked roles of the organization", ALLOW, SHARED, who=TARGET_SLR, action="kms:CreateGrant", on=KEY
    ),
    row("others of the organization", SILENT, SHARED, who=OTHER_ROLE, action="kms:Decrypt", on=KEY),
    row(
        "a colon too many",
        SILENT,
        statement("Allow", {"AWS": f"arn:aws:iam:::{scenes.TARGET}:{SLR}"}, GRANT),
        who=TARGET_SLR,
        action="kms:CreateGrant",
        on=KEY,
    ),
    row(
        "the caller's account",
        ALLOW,
        statement(
            "Allow", {"AWS": "*"}, "kms:CreateGrant", condition={"StringEquals": {"kms:CallerAccount": scenes.TARGET}}
        ),
        who=TARGET_SLR,
        action="kms:CreateGrant",
        on=KEY,
        keys={"kms:calleraccount": (scenes.TARGET,)},
    ),
    row(
        "through AWS Backup",
        DELEGATE,
        statement("Allow", root(scenes.SOURCE), ["kms:CreateGrant"], condition=VIA),
        action="kms:CreateGrant",
        on=KEY,
        keys=THROUGH,
    ),
    row(
        "not through AWS Backup",
        SILENT,
        statement("Allow", root(scenes.SOURCE), ["kms:CreateGrant"], condition=VIA),
        action="kms:CreateGrant",
        on=KEY,
        keys=AWS_GRANT,
    ),
    row(
        "a service that is no caller",
        SILENT,
        statement("Allow", {"Service": "backup.amazonaws.com"}, USE),
        who=TARGET_SLR,
        action="kms:Decrypt",
        on=KEY,
    ),
    row("everybody", ALLOW, statement("Allow", "*", "kms:*"), who=TARGET_SLR, action="kms:CreateGrant", on=KEY),
]
