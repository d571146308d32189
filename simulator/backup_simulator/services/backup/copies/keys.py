"""KMS on both sides of a copy.

Source: types that AWS Backup does not manage in full are protected by the resource's key, the others by the source
vault's; either has to admit the copy role and, across accounts, the destination's service-linked role.
Destination: the vault's key; fully managed types go through the grant AWS Backup took when the vault was made, the
others through whoever copies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .... import arns
from ....fidelity import Behaviour
from ....identity import key_access
from ....records import keys
from ...iam import service_role
from ..job_rules import Rule
from . import texts
from .attempt import Attempt, Moment, copier

if TYPE_CHECKING:
    from ....policies.condition_keys import GatheredKeys
    from ....policies.principal import Principal
    from ....records.state import Key

LOOK, GRANT = "kms:DescribeKey", "kms:CreateGrant"
# Somebody else's data are read by one of these; a key policy need not have both (recordings).
READ = ("kms:ReEncryptFrom", "kms:Decrypt")
CONTEXT = {"ec2": "aws:ebs:id", "backup": keys.VAULT_CONTEXT, "rds": "aws:rds:db-id", "fsx": "aws:fsx:fs-id"}


def _known(key: Key, family: str) -> GatheredKeys:
    """The condition keys of a key's use through the service of a snapshot, or through AWS Backup."""
    service = family if family in CONTEXT else "backup"
    return {
        "kms:viaservice": (f"{service}.{key.region}.amazonaws.com",),
        "kms:grantisforawsresource": ("true",),
        "kms:encryptioncontextkeys": (CONTEXT[service],),
        "aws:requestedregion": (key.region,),
    }


def _managed_source_key(attempt: Attempt) -> str | None:
    row, key = attempt.row, attempt.source_key
    if not attempt.cross_account or row is None or row.fully_managed or key is None or key.manager != "AWS":
        return None
    return texts.EBS_DEFAULT_KEY if row.name in {"EBS", "Storage Gateway"} else texts.MANAGED_KEY


def _lost_source_key(attempt: Attempt) -> str | None:
    """The ARN of the source's key if that has been deleted."""
    point = attempt.point
    if point is None or point.key_arn is None or attempt.source_key or not _of_this_world(attempt, point.key_arn):
        return None
    return point.key_arn


def _source_key_gone(attempt: Attempt) -> str | None:
    return texts.KEY_GONE if _lost_source_key(attempt) and not _of_rds(attempt) else None


def _source_key_unusable(attempt: Attempt) -> str | None:
    """RDS has one text for keys that are unusable and for deleted ones, and so one category."""
    key, lost = attempt.source_key, _lost_source_key(attempt)
    if lost:
        return _source_text(attempt, lost, texts.KEY_GONE)
    return None if key is None or key.state == "Enabled" else _source_text(attempt, key.arn, texts.KEY_STATE)


def _source_key_closed(attempt: Attempt) -> str | None:
    """The key is fine, but somebody who has to read the source is not let in.

    What AWS Backup manages in full it reads itself when the vault has its own key: no policy of that key could name
    the other account (DG, encryption: the ban on keys that AWS manages is for the other types).
    """
    row, key = attempt.row, attempt.source_key
    if row is None or key is None or (row.fully_managed and key.manager == "AWS"):
        return None
    known = _known(key, row.family)
    if _role_reads(attempt) and not _role_admitted(attempt, key, known):
        return _source_text(attempt, key.arn, texts.KEY_CLOSED)
    slr = service_role.find(attempt.state, attempt.destination_account)
    if attempt.cross_account and (slr is None or not _may_read(attempt, slr, key, known)):
        return _source_text(attempt, key.arn, texts.KEY_CLOSED)
    return None


def _role_reads(attempt: Attempt) -> bool:
    """Within an account, what AWS Backup manages in full travels on the grants of the two vaults."""
    return attempt.cross_account or (attempt.row is not None and not attempt.row.fully_managed)


def _role_admitted(attempt: Attempt, key: Key, known: GatheredKeys) -> bool:
    """The copy role looks at the key and hands out a grant; a role deleted meanwhile has done so."""
    if attempt.role is None:
        return True
    role = copier(attempt.role)
    return all(key_access.refusal(attempt.state, role, key, action, known) is None for action in (LOOK, GRANT))


def _may_read(attempt: Attempt, principal: Principal, key: Key, known: GatheredKeys) -> bool:
    """The service-linked role's own rights are AWS's affair: the key is the only gate."""

    def admitted(action: str) -> bool:
        return key_access.admitted(attempt.state, principal, key, action, known)

    return admitted(LOOK) and admitted(GRANT) and any(map(admitted, READ))


def _of_rds(attempt: Attempt) -> bool:
    return attempt.row is not None and attempt.row.family == "rds"


def _source_text(attempt: Attempt, arn: str, otherwise: str) -> str:
    """Every service has words of its own for a key that it cannot use."""
    row = attempt.row
    if _of_rds(attempt):
        return texts.RDS_SOURCE_KEY.format(key=arn)
    if otherwise == texts.KEY_CLOSED:
        closed = {"EC2": texts.IMAGE_KEY, "EBS": texts.KEY_CLOSED, "Storage Gateway": texts.KEY_CLOSED}
        return closed.get(row.name if row else "", texts.KEY_STATE)
    return otherwise


def _lost_destination_key(attempt: Attempt) -> str | None:
    """The ARN of the destination vault's key if that has been deleted."""
    vault = attempt.destination
    if vault is None or attempt.destination_key or not _of_this_world(attempt, vault.key_arn):
        return None
    return vault.key_arn


def _destination_key_gone(attempt: Attempt) -> str | None:
    if attempt.stays_unencrypted or _of_rds(attempt) or not _lost_destination_key(attempt):
        return None
    return texts.KEY_GONE


def _destination_key_unusable(attempt: Attempt) -> str | None:
    key, lost = attempt.destination_key, _lost_destination_key(attempt)
    if attempt.stays_unencrypted:
        return None
    if lost:
        return _destination_text(attempt, lost, texts.KEY_GONE)
    return None if key is None or key.state == "Enabled" else _destination_text(attempt, key.arn, texts.KEY_STATE)


def _destination_key_closed(attempt: Attempt) -> str | None:
    row, key, vault = attempt.row, attempt.destination_key, attempt.destination
    if row is None or key is None or vault is None or key.manager == "AWS" or attempt.stays_unencrypted:
        return None
    if row.fully_managed or vault.air_gapped:
        return None if keys.vault_grant(key, vault) else texts.KEY_STATE
    known = _known(key, row.family)
    if attempt.cross_account:
        slr = service_role.find(attempt.state, attempt.destination_account)
        open_ = slr is not None and all(
            key_access.admitted(attempt.state, slr, key, action, known) for action in (LOOK, GRANT)
        )
    else:
        open_ = _role_admitted(attempt, key, known)
    return None if open_ else _destination_text(attempt, key.arn, texts.KEY_CLOSED)


def _destination_text(attempt: Attempt, arn: str, otherwise: str) -> str:
    if _of_rds(attempt):
        return texts.RDS_TARGET_KEY.format(key=arn)
    return _source_text(attempt, arn, otherwise)


def _of_this_world(attempt: Attempt, arn: str) -> bool:
    """Keys of accounts that the world does not have belong to AWS and cannot go."""
    return arns.of(arn).account in attempt.state.accounts


END = (
    Rule("source key managed by AWS", Moment.END, "ACCESS_DENIED", _managed_source_key),
    Rule("source key deleted", Moment.END, "RESOURCE_NOT_FOUND", _source_key_gone),
    Rule("source key unusable", Moment.END, "KMS_KEY_ERROR", _source_key_unusable),
    Rule("source key does not admit who copies", Moment.END, "KMS_KEY_ERROR", _source_key_closed),
    Rule("destination key deleted", Moment.END, "RESOURCE_NOT_FOUND", _destination_key_gone),
    Rule("destination key unusable", Moment.END, "KMS_KEY_ERROR", _destination_key_unusable),
    Rule("destination key does not admit who copies", Moment.END, "KMS_KEY_ERROR", _destination_key_closed),
)

FIDELITY = (
    Behaviour(
        "Source key: AWS managed keys are refused for types that are not fully managed; deleted, disabled and dying "
        "keys fail; key policy and grants have to admit the copy role and the destination's service-linked role",
        "DG, issue, recordings",
        "test_copy_keys.py::test_a_source_key_admits_both_who_share_and_who_copy",
    ),
    Behaviour(
        "Fully managed types leave a source vault on `aws/backup` for another account",
        "DG (the ban is for the other types); that such copies complete assumed",
        "test_copy_keys.py::test_fully_managed_types_leave_a_vault_on_the_key_of_aws_backup",
    ),
    Behaviour(
        "Deleted keys: `Given key ID does not exist`; RDS, Aurora, DocumentDB and Neptune say it with the text they "
        "have for disabled keys, as KMS_KEY_ERROR",
        "DG (texts); that RDS has one text for all assumed",
        "test_copy_keys.py::test_a_deleted_key_fails_in_the_words_of_the_service",
    ),
    Behaviour(
        "Which KMS actions are asked for: DescribeKey and CreateGrant by the role; those and ReEncryptFrom or Decrypt "
        "by the service-linked role",
        "DG, recordings; that no others are needed assumed",
        "test_copy_keys.py::test_a_source_key_admits_both_who_share_and_who_copy",
    ),
    Behaviour(
        "Destination key: fully managed types use the vault's grant, the others need the service-linked role (within "
        "the account: the copy role) admitted",
        "DG; the grant's part assumed",
        "test_copy_keys.py::test_a_destination_key_admits_who_copies",
    ),
)
