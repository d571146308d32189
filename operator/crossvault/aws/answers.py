"""What AWS always answers, in one table, and the one check of every answer against it: half an answer is none.

The check reads the wire before botocore does, which turns a null and a missing member alike into "there is none" and
fails on another kind. What may be missing is what the service models and AWS's documentation call optional and what
people have recorded as missing; it says that there is none, as null does. What the table does not name is taken out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from botocore import parsers
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.utils import parse_timestamp

from . import xml_answers
from .rows import EARLIEST, LATEST, Rows

LARGEST_BODY = 16 * 2**20
"""Bytes of one answer that are read. A page of 1,000 recovery points is one megabyte."""
LONGEST_TEXT = 128 * 2**10
"""How long a text in an answer may be; the largest are policies, which AWS keeps below 20 KB."""
CUT = frozenset({"CopyJobs[].StatusMessage", "Messages[].Body"})
"""Texts that are cut, or thrown away, where they are read: one that is too long must not hide what stands beside it."""

NOTHING = "The answer has nothing of what the operation answers"


class UnexpectedAnswerError(parsers.ResponseParserError):
    """An answer of AWS that cannot be believed; the text completes "Cannot …:"."""


@dataclass(frozen=True, slots=True)
class Members:
    """The members that are read of one operation's answer, as ``Member``, ``Member.Inner``, or ``Rows[].Member``.

    Attributes:
        always: AWS sends them always, and with a value; without one of them the answer is none.
        sometimes: Absent and null both say that there is none. Other kinds of values are no answer here either.
        many: It has rows by the thousand, which are decoded by :mod:`.rows` and not by botocore.
    """

    always: tuple[str, ...] = ()
    sometimes: tuple[str, ...] = ()
    many: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer that can be believed.

    Attributes:
        body: What botocore has to read.
        members: What has been read already, as it will stand beside that.
    """

    body: bytes
    members: Mapping[str, Any] = field(default_factory=dict)


_CREDENTIALS = Members(
    (
        "Credentials",
        "Credentials.AccessKeyId",
        "Credentials.SecretAccessKey",
        "Credentials.SessionToken",
        "Credentials.Expiration",
    )
)

ANSWERS: dict[str, Members] = {
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    "GetCallerIdentity": Members(("Account",)),
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_Credentials.html: all required
    "AssumeRole": _CREDENTIALS,
    # Asked and read by botocore, where a pod has a web identity.
    "AssumeRoleWithWebIdentity": _CREDENTIALS,
    # https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
    "DescribeOrganization": Members(
        ("Organization", "Organization.Id", "Organization.MasterAccountId"), ("Organization.FeatureSet",)
    ),
    # https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html. Status was retired for State in
    # September 2026; an answer may have either.
    "ListAccounts": Members(("Accounts", "Accounts[].Id"), ("Accounts[].State", "Accounts[].Status", "NextToken")),
    # https://docs.aws.amazon.com/organizations/latest/APIReference/API_DelegatedAdministrator.html
    "ListDelegatedAdministrators": Members(
        ("DelegatedAdministrators", "DelegatedAdministrators[].Id"),
        ("DelegatedAdministrators[].DelegationEnabledDate", "NextToken"),
    ),
    # https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListParents.html: what is not the root has one
    "ListParents": Members(("Parents", "Parents[].Id")),
    # https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
    "LookupEvents": Members(("Events",), ("Events[].EventTime", "Events[].CloudTrailEvent", "NextToken")),
    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html: every role has an ARN and a trust policy
    "GetRole": Members(("Role", "Role.Arn", "Role.AssumeRolePolicyDocument")),
    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html: resource and keys may be absent.
    "SimulatePrincipalPolicy": Members(
        ("EvaluationResults", "EvaluationResults[].EvalActionName", "EvaluationResults[].EvalDecision"),
        ("EvaluationResults[].EvalResourceName", "EvaluationResults[].MissingContextValues"),
    ),
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DescribeGlobalSettings.html: also of a switch never
    # touched; an account outside of any organization is refused instead.
    "DescribeGlobalSettings": Members(
        ("GlobalSettings", "GlobalSettings.isCrossAccountBackupEnabled"), ("LastUpdateTime",)
    ),
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DescribeRegionSettings.html: which types there are
    # differs from Region to Region; what is not named is not known.
    "DescribeRegionSettings": Members((), ("ResourceTypeOptInPreference", "ResourceTypeManagementPreference")),
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DescribeBackupVault.html. Every vault has a key, an
    # air-gapped one that of AWS. Answers from before there were locks have no Locked; bounds are a lock's only.
    "DescribeBackupVault": Members(
        ("BackupVaultArn", "BackupVaultName", "EncryptionKeyArn"),
        (
            *("Locked", "MinRetentionDays", "MaxRetentionDays", "VaultType", "EncryptionKeyType", "CreationDate"),
            *("NumberOfRecoveryPoints", "VaultState"),
        ),
    ),
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupVaultListMember.html: the same of each vault. A
    # row without ARN or key is that of a vault of which nothing is known yet; it must not hide all others.
    "ListBackupVaults": Members(
        ("BackupVaultList", "BackupVaultList[].BackupVaultName"),
        (
            *("BackupVaultList[].BackupVaultArn", "BackupVaultList[].EncryptionKeyArn"),
            *("BackupVaultList[].Locked", "BackupVaultList[].MinRetentionDays", "BackupVaultList[].MaxRetentionDays"),
            *("BackupVaultList[].VaultType", "BackupVaultList[].EncryptionKeyType", "BackupVaultList[].CreationDate"),
            *("BackupVaultList[].NumberOfRecoveryPoints", "BackupVaultList[].VaultState", "NextToken"),
        ),
        many=True,
    ),
    # A vault without a policy answers ResourceNotFoundException.
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/API_GetBackupVaultAccessPolicy.html
    "GetBackupVaultAccessPolicy": Members(("Policy",)),
    # https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html
    "DescribeKey": Members(("KeyMetadata", "KeyMetadata.Arn", "KeyMetadata.KeyManager", "KeyMetadata.KeyState")),
    # https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html: every key has one
    "GetKeyPolicy": Members(("Policy",)),
    # https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantListEntry.html: the model promises nothing of a
    # grant; one that is not for whom it was asked for is none of ours.
    "ListGrants": Members(
        ("Grants",),
        (
            *("Grants[].GranteePrincipal", "Grants[].Operations", "Grants[].Constraints"),
            *("Grants[].Constraints.EncryptionContextSubset", "Grants[].Constraints.EncryptionContextEquals"),
            *("Truncated", "NextMarker"),
        ),
    ),
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/API_RecoveryPointByBackupVault.html. A point that is
    # being made has no size, one that is not encrypted no key, one without a lifecycle null; the model does not
    # promise the resource's ARN.
    "ListRecoveryPointsByBackupVault": Members(
        (
            "RecoveryPoints",
            "RecoveryPoints[].RecoveryPointArn",
            "RecoveryPoints[].ResourceType",
            "RecoveryPoints[].CreationDate",
            "RecoveryPoints[].Status",
        ),
        (
            *("RecoveryPoints[].ResourceArn", "RecoveryPoints[].BackupSizeInBytes"),
            "RecoveryPoints[].EncryptionKeyArn",
            "RecoveryPoints[].CalculatedLifecycle",
            "RecoveryPoints[].CalculatedLifecycle.DeleteAt",
            "RecoveryPoints[].CalculatedLifecycle.MoveToColdStorageAt",
            "RecoveryPoints[].Lifecycle",
            "RecoveryPoints[].Lifecycle.DeleteAfterDays",
            "RecoveryPoints[].IsEncrypted",
            "RecoveryPoints[].SourceBackupVaultArn",
            "RecoveryPoints[].ParentRecoveryPointArn",
            "RecoveryPoints[].IsParent",
            "NextToken",
        ),
        many=True,
    ),
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CopyJob.html. What was copied from where to where is
    # the request itself; the copy, its end and its size are not there before it has them.
    "ListCopyJobs": Members(
        (
            "CopyJobs",
            "CopyJobs[].CopyJobId",
            "CopyJobs[].State",
            "CopyJobs[].SourceRecoveryPointArn",
            "CopyJobs[].SourceBackupVaultArn",
            "CopyJobs[].DestinationBackupVaultArn",
            "CopyJobs[].CreationDate",
        ),
        (
            *("CopyJobs[].ResourceArn", "CopyJobs[].ResourceType"),
            "CopyJobs[].CompletionDate",
            "CopyJobs[].DestinationRecoveryPointArn",
            *("CopyJobs[].StatusMessage", "CopyJobs[].MessageCategory"),
            *("CopyJobs[].BackupSizeInBytes", "CopyJobs[].ParentJobId", "CopyJobs[].IamRoleArn"),
            "CopyJobs[].DestinationRecoveryPointLifecycle",
            "CopyJobs[].DestinationRecoveryPointLifecycle.DeleteAfterDays",
            "NextToken",
        ),
        many=True,
    ),
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/API_StartCopyJob.html
    "StartCopyJob": Members(("CopyJobId",)),
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DescribeRecoveryPoint.html: a point that is kept for
    # ever has no lifecycle, and one that is being made no storage class
    "DescribeRecoveryPoint": Members(
        ("CreationDate", "Status"),
        (
            *("CalculatedLifecycle", "CalculatedLifecycle.DeleteAt", "CalculatedLifecycle.MoveToColdStorageAt"),
            *("Lifecycle", "Lifecycle.DeleteAfterDays", "Lifecycle.MoveToColdStorageAfterDays"),
            *("Lifecycle.OptInToArchiveForSupportedResources", "Lifecycle.DeleteAfterEvent", "StorageClass"),
        ),
    ),
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html: no message is no
    # member. What anybody may have sent must not keep the messages beside it from being read, or itself from being
    # deleted, so nothing has to be there.
    "ReceiveMessage": Members(sometimes=("Messages", "Messages[].Body", "Messages[].ReceiptHandle")),
    # Nothing is read of these: what they did is looked at.
    **dict.fromkeys(("CreateBackupVault", "UpdateRecoveryPointLifecycle", "UpdateGlobalSettings"), Members()),
    **dict.fromkeys(("PutBackupVaultAccessPolicy", "DeleteBackupVaultAccessPolicy", "PutKeyPolicy"), Members()),
    "CreateServiceLinkedRole": Members(),
    "CreateLogicallyAirGappedBackupVault": Members(),
    # What was not deleted comes again.
    "DeleteMessageBatch": Members(),
}


@dataclass(frozen=True, slots=True)
class _Member:
    path: str
    wire: str
    always: bool
    type_name: str
    inner: tuple[_Member, ...]
    rows: bool
    texts: bool

    @property
    def longest(self) -> int | None:
        return None if self.path in CUT else LONGEST_TEXT


_Compiled: TypeAlias = tuple[_Member, ...]
_compiled: dict[str, _Compiled] = {}
_many: dict[str, Rows] = {}


# --- One answer ----------------------------------------------------------------------------------------------------


def checked(model: OperationModel, status: int, body: bytes) -> Checked:
    """Return what is read of a success and nothing else, so that nothing else can do harm.

    Raises:
        UnexpectedAnswerError: Something is missing, too long, or of another kind than the service model says.
        ResponseParserError: The body is not what the protocol says, or has nothing of what the operation answers.
    """
    if len(body) > LARGEST_BODY:
        raise UnexpectedAnswerError(f"the answer is larger than {LARGEST_BODY:,} bytes")
    shape = model.output_shape
    if status >= 300 or shape is None:
        return Checked(body)
    protocol = model.service_model.resolved_protocol
    members = _members_of(model.name, shape)
    if protocol in {"json", "rest-json"}:

        def thoroughly() -> dict[str, Any]:
            return _kept(_from_json(body, shape, by_name=bool(members)), members)

        if model.name in ANSWERS and ANSWERS[model.name].many:
            return Checked(b"{}", _rows_of(model.name, members).decoded(body, thoroughly))
        kept = thoroughly()
        return Checked(json.dumps(kept).encode() if model.name in ANSWERS else body)
    if protocol == "query" and model.name in ANSWERS:
        found = xml_answers.read(body, shape)
        if found is None:
            raise parsers.ResponseParserError(NOTHING)
        return Checked(xml_answers.write(body, shape, _kept(found, members)))
    return Checked(body)


def _rows_of(operation: str, members: _Compiled) -> Rows:
    found = _many.get(operation)
    if found is None:
        found = _many[operation] = Rows.of(operation, members)
    return found


def _members_of(operation: str, shape: StructureShape) -> _Compiled:
    found = _compiled.get(operation)
    if found is None:
        listed = ANSWERS.get(operation, Members())
        always = frozenset(listed.always)
        found = _compiled[operation] = _compile("", [*listed.always, *listed.sometimes], always, shape)
    return found


def _compile(prefix: str, paths: list[str], always: frozenset[str], shape: Shape) -> _Compiled:
    """Return what of ``paths`` lies directly below ``prefix``, with what lies below that."""
    made = []
    for path in paths:
        name = path.removeprefix(prefix)
        if not path.startswith(prefix) or "." in name:
            continue
        member = shape.members[name] if isinstance(shape, StructureShape) else shape
        member = shape.value if isinstance(shape, MapShape) else member
        wire = member.serialization.get("name", name) if isinstance(shape, StructureShape) else name
        start, below = (f"{path}[].", member.member) if isinstance(member, ListShape) else (f"{path}.", member)
        inner = _compile(start, paths, always, below)
        listed, rows = below is not member, isinstance(below, StructureShape)
        made.append(_Member(path, wire, path in always, member.type_name, inner, listed and rows, listed and not rows))
    return tuple(made)


def _kept(answer: Mapping[str, Any], members: _Compiled) -> dict[str, Any]:
    """Return the members that are read."""
    kept: dict[str, Any] = {}
    for each in members:
        value = answer.get(each.wire)
        if value is None or (each.always and value == ""):
            if each.always:
                raise UnexpectedAnswerError(f"the answer lacks {each.path}")
            continue
        if not _KINDS[each.type_name](value):
            raise UnexpectedAnswerError(f"{each.path} in the answer is of another kind than AWS documents")
        if each.texts and not all(isinstance(one, str) for one in value):
            raise UnexpectedAnswerError(f"the answer has a row of another kind in {each.path}")
        if isinstance(value, str) and each.longest is not None and len(value) > each.longest:
            raise UnexpectedAnswerError(f"{each.path} in the answer is longer than {LONGEST_TEXT:,} characters")
        kept[each.wire] = _rows(value, each) if each.rows else _kept(value, each.inner) if each.inner else value
    return kept


def _rows(rows: list[Any], member: _Member) -> list[dict[str, Any]]:
    if not all(isinstance(row, dict) for row in rows):
        raise UnexpectedAnswerError(f"the answer has a row without anything in {member.path}")
    return [_kept(row, member.inner) for row in rows]


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_instant(value: object) -> bool:
    """Tell whether botocore can make a date of it; AWS sends seconds as 1.57E9, and a few services ISO 8601."""
    if isinstance(value, str):
        try:
            value = parse_timestamp(value).timestamp()
        except (ValueError, RuntimeError, OverflowError):
            return False
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return EARLIEST <= value <= LATEST


_KINDS: dict[str, Callable[[Any], bool]] = {
    "structure": lambda value: isinstance(value, dict),
    "map": lambda value: isinstance(value, dict),
    "list": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_number,
    "long": _is_number,
    "timestamp": _is_instant,
}


def _from_json(body: bytes, shape: StructureShape, *, by_name: bool) -> dict[str, Any]:
    """Return the answer as it came; where its members are not checked ``by_name``, it has to have one of them."""
    names = _names(shape)
    if not names:
        return {}
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise parsers.ResponseParserError("The answer is not JSON, or only a part of it") from error
    if not isinstance(answer, dict) or not (by_name or names & answer.keys()):
        raise parsers.ResponseParserError(NOTHING)
    return answer


def _names(shape: StructureShape) -> set[str]:
    """Return the names of the members that stand in a body."""
    return {
        member.serialization.get("name", name)
        for name, member in shape.members.items()
        if "location" not in member.serialization
    }
