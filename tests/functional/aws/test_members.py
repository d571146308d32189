"""Half an answer is none: each member that AWS always sends, missing, null or of another kind, one by one.

The world of these tests is whole: a source vault with one recovery point, a destination vault with somebody's Deny in
its policy, a copy on its way. What is taken out of it must never look like "there is none".
"""

from __future__ import annotations

import copy
import functools
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Never
from urllib.parse import quote

import botocore.session
import msgspec
import pytest
from _pytest.mark import ParameterSet
from botocore.client import BaseClient
from botocore.model import OperationModel, ServiceModel
from botocore.parsers import ResponseParserError, create_parser
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.judging import diff
from tests.kit.scripted_aws import (
    DESTINATION_ID,
    Answer,
    Script,
    account,
    accounts,
    error_json,
    let_in,
    policy,
    scripted,
)

from crossvault.aspects.copies.aws import listing
from crossvault.aspects.copies.contents import ARRIVALS, POINTS
from crossvault.aspects.copies.inventory import Inventory
from crossvault.aspects.copies.jobs import JobBook
from crossvault.aspects.copies.planned import StartCopy
from crossvault.aspects.copies.seen import RecoveryPoint
from crossvault.aspects.copies.updates import UpdateLifecycle
from crossvault.aspects.copy_role import COPY_ROLE, ROLE
from crossvault.aspects.copy_role.permissions import COPYING, PASSING
from crossvault.aspects.identity import IDENTITY
from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.lifecycle.existing import Existing, ExistingCopies, Fate, Verdict
from crossvault.aspects.organization import MANAGERS, ORGANIZATION, SWITCH
from crossvault.aspects.organization.controls import CONTROLS
from crossvault.aspects.organization.seen import ADMINISTRATORS, DEPARTURES
from crossvault.aspects.organization.seen import MEMBERS as MEMBERS_SEEN
from crossvault.aspects.organization.switch import SetSwitch
from crossvault.aspects.regions import OPT_INS
from crossvault.aspects.resource_types.seen import REGION_SETTINGS
from crossvault.aspects.schedule import (
    MATCHES,
    OWNER,
    PLANS,
    SCHEDULE,
    CreatePlan,
    CreateSelection,
    DeletePlan,
    DeleteSelection,
    TagPlan,
    UpdatePlan,
)
from crossvault.aspects.schedule.aws import jobs as backup_jobs
from crossvault.aspects.schedule.declared import Conditions, Rule, Schedule, Selection
from crossvault.aspects.schedule.document import plan_document, plan_name, selection_document
from crossvault.aspects.schedule.jobs import JOBS
from crossvault.aspects.schedule.seen import MANAGED_TAG, OWNER_TAG, POLICY_TAG
from crossvault.aspects.schedule.stock import read as read_plan
from crossvault.aspects.source_keys import CreateServiceRole, PutKeyPolicy
from crossvault.aspects.source_keys.seen import VAULT_KEY
from crossvault.aspects.vault import CreateVault, PutVaultLock
from crossvault.aspects.vault import aws as vault_rows
from crossvault.aspects.vault.seen import KEYS, VAULT
from crossvault.aspects.vault_policy import PATHS, POLICY, PutVaultPolicy
from crossvault.aws import answers, rows
from crossvault.aws import pages as paging
from crossvault.aws.members import ANSWERS
from crossvault.aws.queue import QueuePlace, Received
from crossvault.engine.declared import Desired
from crossvault.engine.looks import Look, Seen, Unseen
from crossvault.engine.observed import Observed
from crossvault.engine.parts import Part
from crossvault.engine.plan import Result
from crossvault.words import texts
from crossvault.words.problems import CrossvaultError, ErrorClass
from crossvault.words.reasons import Reason

Json = dict[str, Any]

# One account plays both parts, so that one identity answers for all.
WHO = account()
BARE = policy(WHO, replace(WHO, name="dr"), encryption_key=None, create=False)
RULE = Rule("daily", "cron(0 5 ? * * *)", Lifecycle(30, 400), recovery_point_tags=(("kept", "long"),))
SELECTION = Selection(
    "tagged",
    "arn:aws:iam::111111111111:role/backup",
    ("arn:aws:ec2:*",),
    ("arn:aws:ec2:eu-west-1:*",),
    (("backup", "true"),),
    Conditions(*(((name, "1"),) for name in ("a", "b", "c", "d"))),
)
SCHEDULED = Schedule((RULE,), (SELECTION,), windows_vss=True)
DESIRED = BARE.having(SCHEDULE, SCHEDULED).having(OWNER, "uid")
PLAN = plan_name(DESIRED.key, DESIRED.source.arn)
PLAN_DOCUMENT = plan_document(DESIRED, SCHEDULED, PLAN)
SOURCE, TARGET = DESIRED.source, DESIRED.destinations[0].vault
KEY = "arn:aws:kms:eu-central-1:111111111111:key/1"
SERVICE_ROLE = "arn:aws:iam::111111111111:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"
DENY = {"Sid": "theirs", "Effect": "Deny", "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*"}
PLACED = {
    "Sid": "placed",
    "Effect": "Allow",
    "Principal": "*",
    "Action": "backup:DescribeBackupVault",
    "Resource": "*",
    "Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abcdefghij/r-root/*"}},
}
"""Makes the places of accounts in the organization worth a look."""
GOOD: dict[str, Json] = {
    "DescribeOrganization": {
        "Organization": {"Id": "o-abcdefghij", "MasterAccountId": "999999999999", "FeatureSet": "ALL"}
    },
    "ListAccounts": {
        "Accounts": [
            {"Id": "111111111111", "State": "ACTIVE", "Status": "ACTIVE"},
            {"Id": "222222222222", "State": None, "Status": "SUSPENDED"},
        ],
        "NextToken": None,
    },
    "ListDelegatedAdministrators": {
        "DelegatedAdministrators": [{"Id": "111111111111", "DelegationEnabledDate": 1.795e9}],
        "NextToken": None,
    },
    "ListParents": {"Parents": [{"Id": "r-root"}]},
    "ListPoliciesForTarget": {"Policies": [{"Id": "p-abcdefgh", "Name": "no-copies"}], "NextToken": None},
    "DescribePolicy": {"Policy": {"Content": json.dumps({"Statement": [{"Effect": "Allow", "Action": "*"}]})}},
    "GetResources": {
        "ResourceTagMappingList": [
            {
                "ResourceARN": "arn:aws:ec2:us-east-1:111111111111:volume/vol-1",
                "Tags": [{"Key": "backup", "Value": "true"}],
            }
        ],
        "PaginationToken": None,
    },
    "ListRegions": {"Regions": [{"RegionName": "eu-south-1", "RegionOptStatus": "ENABLED"}], "NextToken": None},
    "LookupEvents": {
        "Events": [
            {
                "EventTime": 1.795e9,
                "CloudTrailEvent": json.dumps({"serviceEventDetails": {"accountId": "222222222222"}}),
            }
        ],
        "NextToken": None,
    },
    "DescribeGlobalSettings": {"GlobalSettings": {"isCrossAccountBackupEnabled": "true"}, "LastUpdateTime": 1.795e9},
    "UpdateGlobalSettings": {},
    "DescribeRegionSettings": {
        "ResourceTypeOptInPreference": {"EFS": True, "DynamoDB": False},
        "ResourceTypeManagementPreference": {"DynamoDB": True},
    },
    "DescribeBackupVault": {
        "BackupVaultArn": TARGET.arn,
        "BackupVaultName": TARGET.name,
        "EncryptionKeyArn": KEY,
        "Locked": True,
        "MinRetentionDays": 1,
        "MaxRetentionDays": 400,
        "VaultType": "BACKUP_VAULT",
        "EncryptionKeyType": "CUSTOMER_MANAGED_KMS_KEY",
        "CreationDate": 1.795e9,
        "NumberOfRecoveryPoints": 1,
        "VaultState": "AVAILABLE",
        "LockDate": 1.796e9,
    },
    "ListBackupVaults": {
        "BackupVaultList": [
            {
                "BackupVaultArn": vault.arn,
                "BackupVaultName": vault.name,
                "EncryptionKeyArn": KEY,
                "Locked": True,
                "MinRetentionDays": 1,
                "MaxRetentionDays": 400,
                "VaultType": "BACKUP_VAULT",
                "EncryptionKeyType": "CUSTOMER_MANAGED_KMS_KEY",
                "CreationDate": 1.795e9,
                "NumberOfRecoveryPoints": 1,
                "VaultState": "AVAILABLE",
                "LockDate": 1.796e9,
            }
            for vault in (TARGET, SOURCE)
        ],
        "NextToken": None,
    },
    "GetBackupVaultAccessPolicy": {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [DENY, PLACED]})},
    "DescribeKey": {"KeyMetadata": {"Arn": KEY, "KeyManager": "CUSTOMER", "KeyState": "Enabled"}},
    "GetKeyPolicy": {"Policy": json.dumps({"Version": "2012-10-17", "Statement": []})},
    "ListGrants": {
        "Grants": [
            {
                "GranteePrincipal": SERVICE_ROLE,
                "Operations": ["DescribeKey"],
                "Constraints": {
                    "EncryptionContextSubset": {"aws:ebs:id": "vol-1"},
                    "EncryptionContextEquals": {"aws:ebs:id": "vol-1"},
                },
            }
        ],
        "Truncated": False,
        "NextMarker": "more",
    },
    "ListRecoveryPointsByBackupVault": {
        "RecoveryPoints": [
            {
                "RecoveryPointArn": "arn:aws:ec2:eu-west-1::snapshot/snap-1",
                "ResourceArn": "arn:aws:ec2:eu-west-1:111111111111:volume/vol-1",
                "ResourceType": "EBS",
                "CreationDate": 1.795410000123e9,
                "Status": "COMPLETED",
                "BackupSizeInBytes": 5,
                "EncryptionKeyArn": KEY,
                "CalculatedLifecycle": {"DeleteAt": 1.9e9, "MoveToColdStorageAt": 1.85e9},
                "Lifecycle": {"DeleteAfterDays": 400},
                "IsEncrypted": True,
                "SourceBackupVaultArn": SOURCE.arn,
                "ParentRecoveryPointArn": "arn:parent",
                "IsParent": False,
                "CompletionDate": 1.795420000123e9,
                "CreatedBy": {"BackupPlanId": "plan-1"},
            }
        ],
        "NextToken": None,
    },
    "ListBackupJobs": {
        "BackupJobs": [
            {
                "BackupJobId": "1",
                "State": "FAILED",
                "ResourceArn": "arn:aws:ec2:eu-west-1:111111111111:volume/vol-1",
                "CompletionDate": 1.795420000123e9,
                "StatusMessage": "text",
                "CreatedBy": {"BackupPlanId": "plan-1"},
                "ParentJobId": "",
            }
        ],
        "NextToken": None,
    },
    "ListCopyJobs": {
        "CopyJobs": [
            {
                "CopyJobId": "1",
                "DestinationRecoveryPointLifecycle": {"DeleteAfterDays": 35},
                "State": "RUNNING",
                "SourceRecoveryPointArn": "arn:aws:ec2:eu-west-1::snapshot/snap-1",
                "SourceBackupVaultArn": SOURCE.arn,
                "DestinationBackupVaultArn": TARGET.arn,
                "CreationDate": 1.795410000123e9,
                "ResourceArn": "arn:aws:ec2:eu-west-1:111111111111:volume/vol-1",
                "ResourceType": "EBS",
                "CompletionDate": 1.795420000123e9,
                "DestinationRecoveryPointArn": "arn:aws:ec2:eu-central-1::snapshot/snap-2",
                "StatusMessage": "text",
                "MessageCategory": "SUCCESS",
                "BackupSizeInBytes": 5,
                "ParentJobId": "0",
                "IamRoleArn": "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole",
            }
        ],
        "NextToken": None,
    },
    "ListBackupPlans": {
        "BackupPlansList": [
            {
                "BackupPlanId": "plan-1",
                "BackupPlanArn": "arn:aws:backup:eu-west-1:111111111111:backup-plan:plan-1",
                "BackupPlanName": PLAN,
                "VersionId": "1",
            }
        ],
        "NextToken": None,
    },
    "GetBackupPlan": {
        "VersionId": "1",
        "BackupPlan": {
            "BackupPlanName": PLAN,
            "Rules": [
                {
                    **PLAN_DOCUMENT["Rules"][0],
                    "Lifecycle": {
                        **PLAN_DOCUMENT["Rules"][0]["Lifecycle"],
                        "OptInToArchiveForSupportedResources": False,
                    },
                    "CopyActions": [
                        {
                            **PLAN_DOCUMENT["Rules"][0]["CopyActions"][0],
                            "Lifecycle": {
                                "MoveToColdStorageAfterDays": -1,
                                "DeleteAfterDays": 400,
                                "OptInToArchiveForSupportedResources": False,
                            },
                        }
                    ],
                    "TargetLogicallyAirGappedBackupVaultArn": SOURCE.arn,
                    "IndexActions": [{"ResourceTypes": ["EBS"]}],
                    "ScanActions": [{"MalwareScanner": "GUARDDUTY", "ScanMode": "FULL_SCAN"}],
                }
            ],
            "AdvancedBackupSettings": [{"ResourceType": "EC2", "BackupOptions": {"WindowsVSS": "enabled"}}],
            "ScanSettings": [
                {"MalwareScanner": "GUARDDUTY", "ResourceTypes": ["EBS"], "ScannerRoleArn": SELECTION.role_arn}
            ],
        },
        "AdvancedBackupSettings": [{"ResourceType": "EC2", "BackupOptions": {"WindowsVSS": "enabled"}}],
    },
    "ListTags": {"Tags": {OWNER_TAG: "uid", MANAGED_TAG: "crossvault", POLICY_TAG: str(DESIRED.key)}},
    "ListBackupSelections": {"BackupSelectionsList": [{"SelectionId": "selection-1"}], "NextToken": None},
    "GetBackupSelection": {"BackupSelection": selection_document(SELECTION)},
    "CreateBackupPlan": {},
    "UpdateBackupPlan": {},
    "DeleteBackupPlan": {},
    "TagResource": {},
    "CreateBackupSelection": {},
    "DeleteBackupSelection": {},
    "StartCopyJob": {"CopyJobId": "J"},
    "DescribeRecoveryPoint": {
        "CreationDate": 1.795410000123e9,
        "Status": "COMPLETED",
        "CalculatedLifecycle": {"DeleteAt": 1.9e9, "MoveToColdStorageAt": 1.85e9},
        "Lifecycle": {
            "DeleteAfterDays": 1210,
            "MoveToColdStorageAfterDays": 632,
            "OptInToArchiveForSupportedResources": True,
            "DeleteAfterEvent": "",
        },
        "StorageClass": "WARM",
    },
    "UpdateRecoveryPointLifecycle": {"RecoveryPointArn": "arn:p"},
    "ReceiveMessage": {"Messages": [{"Body": "{}", "ReceiptHandle": "receipt", "MessageId": "1", "MD5OfBody": "0"}]},
    "DeleteMessageBatch": {"Successful": [{"Id": "0"}], "Failed": []},
    "CreateBackupVault": {"BackupVaultName": TARGET.name},
    "PutBackupVaultAccessPolicy": {},
    "PutKeyPolicy": {},
    "CreateLogicallyAirGappedBackupVault": {},
    "PutBackupVaultLockConfiguration": {},
    "DeleteBackupVaultAccessPolicy": {},
}
XML = frozenset({"AssumeRole", "GetCallerIdentity"})
GET_ROLE = "GetRole"
TRIED = "SimulatePrincipalPolicy"
MADE = "CreateServiceLinkedRole"
BY_BOTOCORE = "AssumeRoleWithWebIdentity"
DESCRIBED = "DescribeBackupVault"
"""Is asked only where vaults may not be listed, and of one whose row says too little."""
NO_LIST = error_json("AccessDeniedException", status=403)
OTHERS: Json = {"BackupVaultList": [{"BackupVaultName": "others"}]}
OF_ORGANIZATIONS: dict[str, Part[Any]] = {
    "ListAccounts": MEMBERS_SEEN,
    "ListDelegatedAdministrators": ADMINISTRATORS,
    "LookupEvents": DEPARTURES,
}
"""Are asked for a BackupOrganization only."""
REGIONS_OF = "ListRegions"
"""Is asked of an account by itself, where that is used in a Region to opt into."""
CONTROLLING = ("ListPoliciesForTarget", "DescribePolicy")
"""Are asked only where a service control policy is in the way, of who manages the organization."""
MANAGED = DESIRED.having(MANAGERS, (("999999999999", WHO),))
FAR = replace(WHO, regions=("eu-west-1", "eu-south-1"))
RECEIVED = "ReceiveMessage"
QUEUE = QueuePlace("https://sqs.eu-west-1.amazonaws.com/555555555555/events", "555555555555", "events", "eu-west-1")
DESCRIBED_TO_CHANGE = "DescribeRecoveryPoint"
"""Is asked only of a copy that is to get another lifecycle."""


def parts(path: str) -> list[str]:
    """Return the steps of a path; ``[]`` stands for every row."""
    return path.replace("[]", ".[]").split(".")


def put_in(value: Any, steps: list[str], instead: str) -> None:
    """Take a member out of an answer, or put null or another kind in its place."""
    name, *rest = steps
    if name == "[]":
        for row in value:
            put_in(row, rest, instead)
    elif rest:
        put_in(value[name], rest, instead)
    elif instead == "nothing":
        del value[name]
    elif instead == "null":
        value[name] = None
    elif instead == "empty":
        value[name] = ""
    else:
        value[name] = {"of": "another kind"} if isinstance(value[name], str) else "another kind"


def spoiled(operation: str, path: str, instead: str) -> Answer:
    """Return a good answer without one of its members."""
    answer = copy.deepcopy(GOOD[operation])
    put_in(answer, parts(path), instead)
    return Answer(json.dumps(answer))


def script_a_whole_world(script: Script) -> None:
    """Let everything be there."""
    let_in(script)
    script.on(GET_ROLE, role_xml())
    script.on(TRIED, trial_xml())
    script.on(MADE, Answer(f'<{MADE}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/"></{MADE}Response>'))
    for operation, answer in GOOD.items():
        script.on(operation, answer)


def role_xml() -> Answer:
    """Return a copy role that AWS Backup may assume."""
    trust = {"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = quote(json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    return Answer(
        '<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role>'
        f"<Arn>{DESIRED[COPY_ROLE]}</Arn>"
        f"<AssumeRolePolicyDocument>{document}</AssumeRolePolicyDocument>"
        "</Role></GetRoleResult></GetRoleResponse>"
    )


def trial_xml() -> Answer:
    """Return that the copy role may copy, and be passed; and that a control policy forbids what nobody asked about."""
    resources = {
        "backup:CopyFromBackupVault": "arn:aws:backup:eu-west-1:111111111111:recovery-point:*",
        "backup:CopyIntoBackupVault": TARGET.arn,
        "iam:PassRole": DESIRED[COPY_ROLE],
    }
    results = "".join(
        f"<member><EvalActionName>{action}</EvalActionName><EvalResourceName>{resource}</EvalResourceName>"
        "<EvalDecision>allowed</EvalDecision><MissingContextValues><member>aws:x</member></MissingContextValues></member>"
        for action, resource in resources.items()
    )
    results += (
        "<member><EvalActionName>iam:CreateUser</EvalActionName><EvalResourceName>*</EvalResourceName>"
        "<EvalDecision>implicitDeny</EvalDecision><OrganizationsDecisionDetail><AllowedByOrganizations>false"
        "</AllowedByOrganizations></OrganizationsDecisionDetail><PermissionsBoundaryDecisionDetail>"
        "<AllowedByPermissionsBoundary>true</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail></member>"
    )
    return Answer(
        '<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
        f"<SimulatePrincipalPolicyResult><EvaluationResults>{results}</EvaluationResults>"
        "<IsTruncated>false</IsTruncated><Marker></Marker>"
        "</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"
    )


def barred() -> Answer:
    """Return a trial after which control policies are worth a look."""
    return Answer(trial_xml().body.replace("<EvalDecision>allowed<", "<EvalDecision>implicitDeny<"))


def now() -> datetime:
    """Return the present."""
    return datetime.now(UTC)


def looks_of(observed: Observed) -> list[Look[Any] | None]:
    """Return everything that was looked at."""
    found: list[Look[Any] | None] = [
        observed.source[IDENTITY],
        observed.source[ORGANIZATION],
        observed.source[SWITCH],
        observed.source[REGION_SETTINGS],
        observed.source[VAULT],
        observed.source[POINTS],
        observed.source[ROLE],
        observed.source[PLANS],
        observed.source[JOBS],
        *observed.source[MATCHES].values(),
    ]
    for each in observed.destinations:
        found += [each[IDENTITY], each[ORGANIZATION], each[VAULT], each[POLICY], each[KEYS].own]
        found += [each[VAULT_KEY].policy, *each[VAULT_KEY].grants.values()]
        found += [each[ARRIVALS].copies, each[ARRIVALS].jobs, each[PATHS].source, each[PATHS].vault]
    return found


def see(script: Script, desired: Desired = DESIRED) -> Observed:
    """Look at the scripted world."""
    aws = accounts(script.url)
    observed = aws.observe(desired, not_before=now())
    aws.close()
    return observed


def messages(observed: Observed) -> set[str]:
    """Return why something was not seen."""
    return {each.problem.message for each in looks_of(observed) if isinstance(each, Unseen)}


MEMBERS = [
    pytest.param(operation, path, path in members.always, id=f"{operation}: {path}")
    for operation, members in ANSWERS.items()
    if operation not in {*XML, GET_ROLE, TRIED, MADE, BY_BOTOCORE, "StartCopyJob", DESCRIBED_TO_CHANGE, RECEIVED}
    if operation not in {*OF_ORGANIZATIONS, *CONTROLLING, REGIONS_OF}
    for path in (*members.always, *members.sometimes)
    if path not in {"NextToken", "PaginationToken"}
]
HOLDS_UP: dict[str, set[Any]] = {
    "DescribeBackupVault": {PutVaultPolicy, StartCopy, CreateVault, PutVaultLock},
    "ListBackupVaults": {PutVaultPolicy, StartCopy, CreateVault, PutVaultLock},
    "GetBackupVaultAccessPolicy": {PutVaultPolicy, StartCopy},
    "ListRecoveryPointsByBackupVault": {StartCopy},
    "ListCopyJobs": {StartCopy},
    **{
        operation: {CreatePlan, UpdatePlan, TagPlan, CreateSelection, DeleteSelection}
        for operation in ("ListBackupPlans", "GetBackupPlan", "ListTags", "ListBackupSelections", "GetBackupSelection")
    },
}
"""What must not follow where an answer was none. Organization, switch and key only explain: AWS itself judges those."""


def test_a_whole_world_is_seen_whole() -> None:
    """The control: with every member there, everything is seen, and the statement is missing."""
    with scripted() as script:
        script_a_whole_world(script)
        observed = see(script)

    assert messages(observed) == set()
    assert [type(each) for each in diff(DESIRED, observed).actions] == [PutVaultPolicy, UpdatePlan]


@pytest.mark.parametrize("instead", ["nothing", "null", "empty", "other"])
@pytest.mark.parametrize(("operation", "path", "always"), MEMBERS)
def test_a_member_that_is_missing(operation: str, path: str, always: bool, instead: str) -> None:
    """What AWS always sends makes the look unseen, with a sentence that names it, and nothing follows from it."""
    with scripted() as script:
        script_a_whole_world(script)
        if operation == DESCRIBED:
            script.on("ListBackupVaults", NO_LIST)
        script.on(operation, spoiled(operation, path, instead))
        observed = see(script)
    planned = {type(each) for each in diff(DESIRED, observed).actions}

    if not always and instead in {"nothing", "null"}:
        assert messages(observed) == set()
        return
    if not always and isinstance(_value(operation, path), str) and instead == "empty":
        assert messages(observed) == set()
        return
    assert messages(observed)
    for each in looks_of(observed):
        if isinstance(each, Unseen):
            assert (each.problem.reason, each.problem.error_class) == (Reason.UNEXPECTED_ANSWER, ErrorClass.RETRY)
            assert path in each.problem.message
            assert re.match(r"Cannot .* in account .*: .*\. It is tried again by itself\.$", each.problem.message)
    assert not planned & HOLDS_UP.get(operation, set())


STOCK = ("ListBackupPlans", "GetBackupPlan", "ListTags", "ListBackupSelections", "GetBackupSelection", "ListCopyJobs")


@pytest.mark.parametrize("instead", ["nothing", "null", "empty", "other"])
@pytest.mark.parametrize(
    ("operation", "path"),
    [
        pytest.param(operation, path, id=f"{operation}: {path}")
        for operation in STOCK
        for path in ANSWERS[operation].always
    ],
)
def test_an_import_of_half_an_answer_is_none(operation: str, path: str, instead: str) -> None:
    """What was not seen in whole is not declared."""
    with scripted() as script:
        script_a_whole_world(script)
        aws = accounts(script.url)
        whole = aws.take_stock(SOURCE.account, SOURCE.region)
        script.on(operation, spoiled(operation, path, instead))
        half = aws.take_stock(SOURCE.account, SOURCE.region)
        aws.close()

    assert isinstance(whole, Seen)
    assert [(each.name, len(each.rules), len(each.selections)) for each in whole.value.plans] == [(PLAN, 1, 1)]
    assert isinstance(half, Unseen)
    assert (half.problem.reason, path in half.problem.message) == (Reason.UNEXPECTED_ANSWER, True)


def _value(operation: str, path: str) -> Any:
    value: Any = GOOD[operation]
    for step in parts(path):
        value = value[0] if step == "[]" else value[step]
    return value


@pytest.mark.parametrize("row", [None, "text", 5])
@pytest.mark.parametrize(
    ("operation", "member"),
    [
        ("ListRecoveryPointsByBackupVault", "RecoveryPoints"),
        ("ListCopyJobs", "CopyJobs"),
        ("ListBackupJobs", "BackupJobs"),
        ("ListBackupVaults", "BackupVaultList"),
        ("ListGrants", "Grants"),
        ("GetResources", "ResourceTagMappingList"),
    ],
)
def test_a_row_without_anything(operation: str, member: str, row: Any) -> None:
    """A row that is null is a recovery point or a job of which nothing is known: the listing is none."""
    with scripted() as script:
        script_a_whole_world(script)
        script.on(operation, {member: [*GOOD[operation][member], row]})
        observed = see(script)

    assert all(member in each for each in messages(observed))
    assert messages(observed)


@pytest.mark.parametrize(
    "at",
    [
        *(1e300, -1e300, 2.6e11, 253402300799, -62135596800, -1e11, 10**400, True),
        *([], "yesterday", "2026-13-45T00:00:00Z", "99999-01-01T00:00:00Z", "1e300", "NaN"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"),
    ],
    ids=str,
)
def test_an_instant_that_is_none(at: Any) -> None:
    """A date that no calendar has is half an answer, too, and not a crash."""
    with scripted() as script:
        script_a_whole_world(script)
        answer = copy.deepcopy(GOOD["ListCopyJobs"])
        answer["CopyJobs"][0]["CreationDate"] = at
        script.on("ListCopyJobs", answer)
        observed = see(script)

    look = observed.destinations[0][ARRIVALS].jobs
    assert isinstance(look, Unseen)
    assert look.problem.reason is Reason.UNEXPECTED_ANSWER


@pytest.mark.parametrize("at", [1.57e9, 1570000000, -62135424000, 253402128000, "2026-11-29T01:02:03.004Z", "1.57e9"])
def test_an_instant_as_aws_may_write_it(at: Any) -> None:
    """Seconds with and without a fraction, ISO 8601, the ends of the calendar."""
    with scripted() as script:
        script_a_whole_world(script)
        answer = copy.deepcopy(GOOD["ListCopyJobs"])
        answer["CopyJobs"][0]["CreationDate"] = at
        script.on("ListCopyJobs", answer)
        observed = see(script)

    assert messages(observed) == set()


@pytest.mark.parametrize("instead", ["nothing", "null", "empty", "other"])
@pytest.mark.parametrize("path", ["BackupVaultList", "BackupVaultList[].BackupVaultName"])
def test_a_list_of_vaults_without_its_names_does_not_say_that_one_is_missing(path: str, instead: str) -> None:
    """Only a whole list says that a vault is missing; nobody else is asked about one that half a list lacks."""
    with scripted() as script:
        script_a_whole_world(script)
        script.on("ListBackupVaults", OTHERS)
        missing = see(script).destinations[0][VAULT]
        script.on("ListBackupVaults", spoiled("ListBackupVaults", path, instead))
        unseen = see(script).destinations[0][VAULT]

    assert missing == Seen(None)
    assert isinstance(unseen, Unseen)
    assert path in unseen.problem.message
    assert script.count(DESCRIBED) == 0


@pytest.mark.parametrize("path", ["BackupVaultList", "BackupVaultList[].BackupVaultName"])
def test_a_denied_vault_is_not_missing_because_its_name_is(path: str) -> None:
    """AWS denies a vault that is missing and one that may not be described alike; once it may be, the list tells."""
    with scripted() as script:
        script_a_whole_world(script)
        script.on(DESCRIBED, NO_LIST)
        script.on("ListBackupVaults", NO_LIST, NO_LIST, spoiled("ListBackupVaults", path, "nothing"))
        aws = accounts(script.url)
        looks = [aws.observe(DESIRED, not_before=now()).destinations[0][VAULT] for _ in range(2)]
        script.on("ListBackupVaults", OTHERS)
        missing = aws.observe(DESIRED, not_before=now()).destinations[0][VAULT]
        aws.close()

    denied, half = [each.problem for each in looks if isinstance(each, Unseen)]
    assert denied.reason is Reason.ACCESS_DENIED
    assert path in half.message
    assert missing == Seen(None)


@pytest.mark.parametrize("instead", ["nothing", "null", "empty"])
@pytest.mark.parametrize("path", ["BackupVaultList[].BackupVaultArn", "BackupVaultList[].EncryptionKeyArn"])
def test_a_row_that_says_too_little_of_a_vault_has_it_described(path: str, instead: str) -> None:
    """What every vault has is asked of that one alone, and what is then known of it is the same."""
    with scripted() as script:
        script_a_whole_world(script)
        whole = see(script).destinations[0][VAULT]
        assert script.count(DESCRIBED) == 0
        script.on("ListBackupVaults", spoiled("ListBackupVaults", path, instead))
        described = see(script).destinations[0][VAULT]
        script.on(DESCRIBED, spoiled(DESCRIBED, parts(path)[-1], instead))
        half = see(script).destinations[0][VAULT]

    assert described == whole
    assert script.count(DESCRIBED) == 4
    assert isinstance(half, Unseen)
    assert half.problem.reason is Reason.UNEXPECTED_ANSWER


def test_a_vault_that_a_list_has_lost_is_described_before_it_is_missing() -> None:
    """A list may be late; nobody is told that a vault with copies is lost because of that."""
    with scripted() as script:
        script_a_whole_world(script)
        aws = accounts(script.url)
        found = [aws.observe(DESIRED, not_before=now()).destinations[0][VAULT]]
        script.on("ListBackupVaults", OTHERS)
        found += [aws.observe(DESIRED, not_before=now()).destinations[0][VAULT] for _ in range(2)]
        script.on(DESCRIBED, NO_LIST)
        lost = aws.observe(DESIRED, not_before=now()).destinations[0][VAULT]
        script.on("ListBackupVaults", GOOD["ListBackupVaults"])
        found.append(aws.observe(DESIRED, not_before=now()).destinations[0][VAULT])
        described = script.count(DESCRIBED)
        found.append(aws.observe(DESIRED, not_before=now()).destinations[0][VAULT])
        aws.close()

    assert all(each == found[0] for each in found)
    assert isinstance(found[0], Seen)
    assert found[0].value is not None
    assert lost == Seen(None)
    assert script.count(DESCRIBED) == described


def test_a_vault_of_somebody_else_is_none_of_ours() -> None:
    """A shared vault of the same name stands in the list, with an ARN of another account."""
    foreign = GOOD["ListBackupVaults"]["BackupVaultList"][0]
    foreign = {**foreign, "BackupVaultArn": foreign["BackupVaultArn"].replace(WHO.account_id, DESTINATION_ID)}
    ours = GOOD["ListBackupVaults"]["BackupVaultList"]
    with scripted() as script:
        script_a_whole_world(script)
        script.on("ListBackupVaults", {"BackupVaultList": [*ours, foreign]})
        both = see(script).destinations[0][VAULT]
        script.on("ListBackupVaults", {"BackupVaultList": [ours[1], foreign]})
        alone = see(script).destinations[0][VAULT]

    assert isinstance(both, Seen)
    assert both.value is not None
    assert both.value.arn == TARGET.arn
    assert alone == Seen(None)


@pytest.mark.parametrize("text", ["", "yes", "1", "enabled"])
def test_a_switch_that_is_neither_on_nor_off(text: str) -> None:
    """Any other word than true and false says nothing."""
    with scripted() as script:
        script_a_whole_world(script)
        script.on("DescribeGlobalSettings", {"GlobalSettings": {"isCrossAccountBackupEnabled": text}})
        found = see(script).source[SWITCH]

    assert isinstance(found, Unseen)
    assert found.problem.reason is Reason.UNEXPECTED_ANSWER


@pytest.mark.parametrize("instead", ["nothing", "null", "empty", "other"])
@pytest.mark.parametrize("path", ANSWERS[RECEIVED].sometimes)
def test_a_message_without_a_member(path: str, instead: str) -> None:
    """Anybody may have sent it: what is missing is missing, and the messages beside it are read."""
    with scripted() as script:
        script_a_whole_world(script)
        script.on(RECEIVED, spoiled(RECEIVED, path, instead))
        aws = accounts(script.url)
        queue = aws.queue(QUEUE)
        if instead == "other" or (path == "Messages" and instead == "empty"):
            with pytest.raises(CrossvaultError, match=re.escape(path)):
                queue.receive()
            return
        found = queue.receive()
        queue.delete(found)
        aws.close()

    absent = "" if instead == "empty" else None
    whole = {"Messages[].Body": Received(absent, "receipt"), "Messages[].ReceiptHandle": Received("{}", absent)}
    assert found == ((whole[path],) if path in whole else ())
    assert script.count("DeleteMessageBatch") == (path == "Messages[].Body")


XML_MEMBERS = [
    pytest.param(operation, path, id=f"{operation}: {path}")
    for operation in sorted(XML)
    for path in ANSWERS[operation].always
]


def without_element(answer: Answer, path: str, instead: str) -> Answer:
    """Return an answer of STS without an element."""
    element = path.rpartition(".")[2]
    new = {"nothing": "", "empty": f"<{element}/>", "other": f"<{element}><Of>x</Of></{element}>"}[instead]
    return Answer(re.sub(f"<{element}>.*?</{element}>", new, answer.body))


@pytest.mark.parametrize("instead", ["nothing", "empty", "other"])
@pytest.mark.parametrize("path", ANSWERS[GET_ROLE].always)
def test_a_copy_role_without_a_member(path: str, instead: str) -> None:
    """Whether the role is there, and whom it trusts, is unknown then; AWS itself judges it when a copy starts."""
    with scripted() as script:
        script_a_whole_world(script)
        whole = see(script).source[ROLE]
        script.on(GET_ROLE, without_element(role_xml(), path, instead))
        observed = see(script)

    assert isinstance(whole, Seen)
    look = observed.source[ROLE]
    assert isinstance(look, Unseen)
    assert (look.problem.reason, path in look.problem.message) == (Reason.UNEXPECTED_ANSWER, True)


@pytest.mark.parametrize("instead", ["nothing", "empty", "other"])
@pytest.mark.parametrize("path", [*ANSWERS[TRIED].always, *ANSWERS[TRIED].sometimes])
def test_a_trial_without_a_member(path: str, instead: str) -> None:
    """What the copy role may do is unknown then, which holds nothing up; half a result is no denial."""
    with scripted() as script:
        script_a_whole_world(script)
        whole = see(script)
        script.on(TRIED, without_element(trial_xml(), path, instead))
        half = see(script)

    found = (whole.destinations[0][COPYING], whole.source[PASSING])
    assert [each.value.denied for each in found if isinstance(each, Seen) and each.value] == [(), ()]
    for look in (half.destinations[0][COPYING], half.source[PASSING]):
        if isinstance(look, Unseen):
            assert path in look.problem.message
        else:
            assert look.value is not None
            assert look.value.denied == ()
            assert path in {"EvaluationResults", *ANSWERS[TRIED].sometimes}


@pytest.mark.parametrize("instead", ["nothing", "empty", "other"])
@pytest.mark.parametrize("path", ANSWERS[BY_BOTOCORE].always)
def test_a_pods_own_identity_without_a_member(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: str, instead: str
) -> None:
    """Botocore exchanges a pod's web identity by itself, and would fail with a KeyError of its own."""
    token = tmp_path / "token"
    token.write_text("a.web.identity")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::555555555555:role/operator")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with scripted() as script:
        monkeypatch.setenv("AWS_ENDPOINT_URL", script.url)
        script_a_whole_world(script)
        whole = Answer(script.answers["AssumeRole"][0].body.replace("AssumeRole", BY_BOTOCORE))
        script.on(BY_BOTOCORE, without_element(whole, path, instead))
        observed = see(script)

    look = observed.source[IDENTITY]
    assert isinstance(look, Unseen)
    assert look.problem.reason is Reason.UNEXPECTED_ANSWER
    assert path in look.problem.message
    assert {operation for operation, _ in script.asked} == {BY_BOTOCORE}


@pytest.mark.parametrize("instead", ["nothing", "empty", "other"])
@pytest.mark.parametrize(("operation", "path"), XML_MEMBERS)
def test_an_identity_without_a_member(operation: str, path: str, instead: str) -> None:
    """Without account or credentials nobody is entered: nothing else is asked, and nothing written."""
    with scripted() as script:
        script_a_whole_world(script)
        script.on(operation, without_element(script.answers[operation][0], path, instead))
        observed = see(script)
        aws = accounts(script.url)
        results = [aws.apply(each) for each in ACTIONS]
        aws.close()

    assert all(path in each for each in messages(observed))
    assert isinstance(observed.source[IDENTITY], Unseen)
    assert all(isinstance(each, Unseen) or each is None for each in looks_of(observed))
    assert {each.problem.reason for each in results if each.problem} == {Reason.UNEXPECTED_ANSWER}
    assert {operation for operation, _ in script.asked} <= XML


POINT = RecoveryPoint("arn:p", "arn:r", "EBS", now(), "COMPLETED")
START = StartCopy("dr", POINT, SOURCE, TARGET.arn, "arn:role", None, "token-1")
OURS = {"Sid": "CrossvaultCopyIn", "Effect": "Allow", "Principal": "*", "Action": "x", "Resource": "*"}
THEIRS = GOOD["GetBackupVaultAccessPolicy"]["Policy"]
BOTH = json.dumps({"Version": "2012-10-17", "Statement": [DENY, PLACED, OURS]})
EMPTY = json.dumps({"Version": "2012-10-17", "Statement": []})
SHARED = json.dumps({"Version": "2012-10-17", "Statement": [{**DENY, "Sid": "CrossvaultKeyUse1"}]})
PUT = PutVaultPolicy("dr", TARGET, THEIRS, BOTH, "CrossvaultCopyIn", 2)
UPDATE = UpdateLifecycle(
    *("dr", SOURCE, TARGET, POINT, Lifecycle(None, 3650), Existing(ExistingCopies.UPDATE_LIFECYCLE)),
    Verdict(Fate.PROLONG, Lifecycle(632, 3650)),
)
TURN = SetSwitch(WHO, "o-abcdefghij", on=False)
SHARE = PutKeyPolicy("dr", TARGET, SOURCE, KEY, EMPTY, SHARED, ("CrossvaultKeyUse1",))
AIR_GAPPED = CreateVault("dr", TARGET, "", (7, 365))
BOLT = PutVaultLock("dr", TARGET, None, (7, 365))
PLANNED = (
    CreatePlan(SOURCE, PLAN, PLAN_DOCUMENT, ()),
    UpdatePlan(SOURCE, "plan-1", PLAN, "1", PLAN_DOCUMENT, ()),
    TagPlan(SOURCE, "plan-1", "arn:plan", PLAN, ()),
    CreateSelection(SOURCE, "plan-1", "tagged", selection_document(SELECTION), "uid"),
    DeleteSelection(SOURCE, "plan-1", "tagged", "selection-1"),
    DeletePlan(SOURCE, "plan-1", PLAN),
)
ACTIONS = (
    *(CreateVault("dr", TARGET, KEY), PUT, START, UPDATE, TURN, SHARE, CreateServiceRole("dr", TARGET), AIR_GAPPED),
    *PLANNED,
    BOLT,
)


@pytest.mark.parametrize("instead", ["nothing", "null", "empty", "other"])
def test_a_started_copy_without_its_id(instead: str) -> None:
    """The copy may have been started: it is a problem that the next look clears, never a success."""
    with scripted() as script:
        script_a_whole_world(script)
        script.on("StartCopyJob", spoiled("StartCopyJob", "CopyJobId", instead))
        aws = accounts(script.url)
        result = aws.apply(START)
        aws.close()

    assert result.problem is not None
    assert (result.problem.reason, result.problem.error_class) == (Reason.UNEXPECTED_ANSWER, ErrorClass.RETRY)


@pytest.mark.parametrize("instead", ["nothing", "null", "empty", "other"])
@pytest.mark.parametrize("path", ANSWERS[DESCRIBED_TO_CHANGE].always)
def test_a_copy_that_is_half_described_is_not_changed(path: str, instead: str) -> None:
    """The look before a change is a look, too: nothing is sent on half an answer."""
    with scripted() as script:
        script_a_whole_world(script)
        script.on(DESCRIBED_TO_CHANGE, spoiled(DESCRIBED_TO_CHANGE, path, instead))
        aws = accounts(script.url)
        result = aws.apply(UPDATE)
        aws.close()

    assert result.problem is not None
    assert (result.problem.reason, result.problem.error_class) == (Reason.UNEXPECTED_ANSWER, ErrorClass.RETRY)
    assert script.count("UpdateRecoveryPointLifecycle") == 0


@pytest.mark.parametrize("instead", ["nothing", "null", "empty", "other"])
@pytest.mark.parametrize("path", [*ANSWERS[DESCRIBED].always, "Locked"])
def test_a_vault_that_is_half_described_is_not_locked(path: str, instead: str) -> None:
    """The look before the write is one, too: a lock for ever would lose its date by a lock that is not."""
    with scripted() as script:
        script_a_whole_world(script)
        script.on(DESCRIBED, spoiled(DESCRIBED, path, instead))
        aws = accounts(script.url)
        result = aws.apply(BOLT)
        aws.close()

    assert result.problem is not None
    assert (result.problem.reason, result.problem.error_class) == (Reason.UNEXPECTED_ANSWER, ErrorClass.RETRY)
    assert script.count("PutBackupVaultLockConfiguration") == 0


@pytest.mark.parametrize("expected", [THEIRS, None], ids=["planned on the policy", "planned on an empty one"])
@pytest.mark.parametrize("instead", ["nothing", "null", "empty", "other"])
def test_a_policy_that_cannot_be_read_again_is_not_written(instead: str, expected: str | None) -> None:
    """The guard before a write is a look, too: without Policy nothing is put, whatever was planned."""
    with scripted() as script:
        script_a_whole_world(script)
        script.on("GetBackupVaultAccessPolicy", spoiled("GetBackupVaultAccessPolicy", "Policy", instead))
        aws = accounts(script.url)
        result = aws.apply(replace(PUT, expected=expected))
        aws.close()

    assert result.problem is not None
    assert result.problem.reason is Reason.UNEXPECTED_ANSWER
    assert script.count("PutBackupVaultAccessPolicy") == 0


# --- The table is what is read -------------------------------------------------------------------------------------


class Told(dict[str, Any]):
    """An answer that notes what is read of it."""

    def __init__(self, found: Json, prefix: str, read: set[str]) -> None:
        super().__init__({name: _told(each, f"{prefix}{name}", read) for name, each in found.items()})
        self._prefix, self._read = prefix, read

    def __getitem__(self, name: str) -> Any:
        """Note the name."""
        self._read.add(f"{self._prefix}{name}")
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Note the name."""
        self._read.add(f"{self._prefix}{name}")
        return super().get(name, default)


class ToldRow:
    """A row, or a part of one, that notes what is read of it."""

    def __init__(self, row: Any, prefix: str, read: set[str]) -> None:
        self._row, self._prefix, self._read = row, prefix, read

    def read(self) -> ToldRow:
        """Decode it."""
        return ToldRow(self._row.read(), self._prefix, self._read)

    def __getattr__(self, name: str) -> Any:
        """Note the name."""
        self._read.add(f"{self._prefix}{name}")
        return _told(getattr(self._row, name), f"{self._prefix}{name}", self._read)


def _told(value: Any, path: str, read: set[str]) -> Any:
    if isinstance(value, msgspec.Struct | rows.Row):
        return ToldRow(value, f"{path}.", read)
    if isinstance(value, dict):
        return Told(value, f"{path}.", read)
    if isinstance(value, list):
        return [_told(each, f"{path}[]", read) for each in value]
    return value


@contextmanager
def noted(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, set[str]]]:
    """Note for every operation what is read of its answers."""
    read: dict[str, set[str]] = defaultdict(set)
    ask = BaseClient._make_api_call  # type: ignore[attr-defined]

    def make(client: Any, operation: str, parameters: Json) -> Any:
        answer = ask(client, operation, parameters)
        told = Told(answer, "", read[operation])
        read[operation].discard("ResponseMetadata")
        return told

    with monkeypatch.context() as patched:
        patched.setattr(BaseClient, "_make_api_call", make)
        yield read


def do_everything(script: Script) -> list[Result]:
    """Let the edge make every call it knows."""
    script_a_whole_world(script)
    see(script)
    script.on("ListBackupVaults", NO_LIST)
    see(script)
    script.on("ListBackupVaults", OTHERS)
    script.on("DescribeBackupVault", error_json("ResourceNotFoundException"))
    see(script, policy(WHO, replace(WHO, name="dr")))
    script.on(TRIED, barred())
    see(script, MANAGED)
    script.on(TRIED, trial_xml())
    script.on(
        "GetBackupVaultAccessPolicy", {"Policy": THEIRS}, {"Policy": BOTH}, error_json("ResourceNotFoundException")
    )
    aws = accounts(script.url)
    aws.look_at_account(FAR, not_before=now())
    aws.look_at_organization(WHO, not_before=now(), departures=True)
    stock = aws.take_stock(SOURCE.account, SOURCE.region)
    assert isinstance(stock, Seen)
    assert [read_plan(each).vault for each in stock.value.plans] == [SOURCE.name]
    remove = replace(PUT, expected=BOTH, document=None, sid="theirs")
    gone = error_json("ResourceNotFoundException")
    script.on(DESCRIBED, gone, gone, {**GOOD[DESCRIBED], "Locked": False, "LockDate": None})
    results = [aws.apply(each) for each in (*ACTIONS, remove)]
    queue = aws.queue(QUEUE)
    queue.delete(queue.receive())
    aws.close()
    return results


def test_what_is_read_of_every_answer_stands_in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member that is read and not in the table would never be checked; one in the table and not read is dead."""
    with scripted() as script, noted(monkeypatch) as read:
        do_everything(script)

    paged = {operation for operation, members in ANSWERS.items() if "NextToken" in members.sometimes}
    assert set(read) <= set(ANSWERS)
    for operation, found in read.items():
        # botocore's paginators read the tokens, and put off what is left of a page.
        listed = {*ANSWERS[operation].always, *ANSWERS[operation].sometimes}
        assert found - {""} == listed, operation
    own = {"ListBackupJobs", "ListBackupPlans", "ListBackupSelections", "ListPoliciesForTarget", REGIONS_OF}
    assert paged == {"ListBackupVaults", "ListCopyJobs", "ListRecoveryPointsByBackupVault", *own, *OF_ORGANIZATIONS}


def members_of(operations: Iterable[str]) -> list[ParameterSet]:
    """Return what is read of the answers of some operations, but for the pointer to the next page."""
    return [
        pytest.param(operation, path, id=f"{operation}: {path}")
        for operation in operations
        for path in (*ANSWERS[operation].always, *ANSWERS[operation].sometimes)
        if path != "NextToken"
    ]


@pytest.mark.parametrize("instead", ["nothing", "null", "empty", "other"])
@pytest.mark.parametrize(("operation", "path"), members_of(OF_ORGANIZATIONS))
def test_half_a_list_of_members_is_none(operation: str, path: str, instead: str) -> None:
    """An account whose row is spoiled has not left; what may be missing is missed by nobody."""
    with scripted() as script:
        script_a_whole_world(script)
        script.on(operation, spoiled(operation, path, instead))
        aws = accounts(script.url)
        look = aws.look_at_organization(WHO, not_before=now(), departures=True)[OF_ORGANIZATIONS[operation]]
        aws.close()

    if path not in ANSWERS[operation].always and (
        instead in {"nothing", "null"} or (instead == "empty" and "Date" not in path and "Time" not in path)
    ):
        assert isinstance(look, Seen)
        return
    assert isinstance(look, Unseen)
    assert (look.problem.reason, look.problem.error_class) == (Reason.UNEXPECTED_ANSWER, ErrorClass.RETRY)
    assert path in look.problem.message


@pytest.mark.parametrize("instead", ["nothing", "null", "empty", "other"])
@pytest.mark.parametrize(("operation", "path"), members_of(CONTROLLING))
def test_half_of_what_controls_an_account_is_none(operation: str, path: str, instead: str) -> None:
    """No control policy is named then, and nothing else comes of it; one without a name has its id."""
    with scripted() as script:
        script_a_whole_world(script)
        script.on(TRIED, barred())
        whole = see(script, MANAGED).source[CONTROLS]
        script.on(operation, spoiled(operation, path, instead))
        look = see(script, MANAGED).source[CONTROLS]

    assert isinstance(whole, Seen)
    assert {each.name for level in whole.value for each in level.policies} == {"no-copies"}
    if path == "Policies[].Name" and instead != "other":
        assert isinstance(look, Seen)
        assert {each.name for level in look.value for each in level.policies} == {"p-abcdefgh"}
        return
    assert isinstance(look, Unseen)
    assert (look.problem.reason, path in look.problem.message) == (Reason.UNEXPECTED_ANSWER, True)


@pytest.mark.parametrize("instead", ["nothing", "null", "empty", "other"])
@pytest.mark.parametrize("path", ANSWERS[REGIONS_OF].always)
def test_half_a_list_of_regions_is_none(path: str, instead: str) -> None:
    """A Region is not disabled because nothing was said of it."""
    with scripted() as script:
        script_a_whole_world(script)
        script.on(REGIONS_OF, spoiled(REGIONS_OF, path, instead))
        aws = accounts(script.url)
        look = aws.look_at_account(FAR, not_before=now())[OPT_INS]
        aws.close()

    assert isinstance(look, Unseen)
    assert (look.problem.reason, look.problem.error_class) == (Reason.UNEXPECTED_ANSWER, ErrorClass.RETRY)
    assert path in look.problem.message


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.datetimes().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
JSON = [name for name in ANSWERS if name not in {*XML, GET_ROLE, TRIED, MADE, BY_BOTOCORE}]
READ: dict[str, tuple[str, Any]] = {
    "ListRecoveryPointsByBackupVault": ("RecoveryPoints", lambda row: tuple(Inventory.listed([row], listing._point))),
    "ListBackupJobs": ("BackupJobs", backup_jobs._job),
    "ListCopyJobs": ("CopyJobs", lambda row: tuple(JobBook.listed([row], listing._job))),
    "ListBackupVaults": ("BackupVaultList", lambda row: vault_rows._listed(row.read())),
}


def model_of(operation: str) -> OperationModel:
    """Return the model of an operation of AWS."""
    organizations = ("DescribeOrganization", "ListParents", *CONTROLLING, *OF_ORGANIZATIONS)
    services = {
        **dict.fromkeys(organizations, "organizations"),
        **dict.fromkeys(("DescribeKey", "GetKeyPolicy", "ListGrants", "PutKeyPolicy"), "kms"),
        "LookupEvents": "cloudtrail",
        REGIONS_OF: "account",
        "GetResources": "resourcegroupstaggingapi",
    }
    services |= {RECEIVED: "sqs", "DeleteMessageBatch": "sqs"}
    service = services.get(operation, "backup")
    return _service(service).operation_model(operation)


@functools.cache
def _service(name: str) -> ServiceModel:
    return botocore.session.Session().get_service_model(name)


@given(st.data(), st.sampled_from(JSON))
def test_no_answer_whatsoever_is_more_than_a_problem(drawn: st.DataObject, operation: str) -> None:
    """Anything in the place of any member, known or not: the answer is refused, or can be read to the end."""
    answer = copy.deepcopy(GOOD[operation])
    model = model_of(operation)
    places: list[Json] = [answer]
    for value in answer.values():
        places += [value] if isinstance(value, dict) else value if isinstance(value, list) else []
    shape: Any = model.output_shape
    known = [*GOOD[operation], *(shape.members if shape else ()), "CreatedBy", "Lifecycle", "Status", "State", "Arn"]
    drawn.draw(st.sampled_from(places))[drawn.draw(st.sampled_from(known))] = drawn.draw(ANYTHING)
    body = json.dumps(answer).encode()
    try:
        kept = answers.checked(model, 200, body)
    except ResponseParserError:
        return
    response = {"status_code": 200, "headers": {}, "body": kept.body}
    parsed = create_parser(model.service_model.resolved_protocol).parse(response, shape) | kept.members
    if operation in READ:
        member, read = READ[operation]
        for row in parsed[member]:
            with suppress(ResponseParserError):
                assert read(row)


AWKWARD: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", True, False, 0, -1, 5.0, 1.5, 1e300, 2**70, "2026-11-29T01:02:03Z", "x" * 200_000, [], {}, "\ud83d", "é"]
)


class NeverDecodes:
    """A decoder that takes nothing."""

    def __init__(self, _kind: type) -> None: ...

    def decode(self, _body: bytes) -> Never:
        """Refuse it."""
        raise msgspec.DecodeError


@given(st.data(), st.sampled_from(sorted(READ)))
def test_rows_are_decoded_as_all_other_answers_are_read(drawn: st.DataObject, operation: str) -> None:
    """Whatever stands in whatever member: both ways say the same, or refuse it in the same words."""
    member, read = READ[operation]
    answer = copy.deepcopy(GOOD[operation])
    row = answer[member][0]
    places: list[Json] = [answer, row, *(each for each in row.values() if isinstance(each, dict))]
    for _ in range(drawn.draw(st.integers(0, 3))):
        place = drawn.draw(st.sampled_from(places))
        place[drawn.draw(st.sampled_from([*place, "Other"]))] = drawn.draw(ANYTHING | AWKWARD)
    body = json.dumps(answer, ensure_ascii=drawn.draw(st.booleans())).encode("utf-8", "surrogatepass")
    cut = drawn.draw(st.sampled_from([body, body[: len(body) // 2], b"\xef\xbb\xbf" + body, body + b" ", body + b"x"]))
    model = model_of(operation)

    def found() -> Any:
        try:
            return [read(row) for row in answers.checked(model, 200, cut).members[member]]
        except ResponseParserError as error:
            return str(error)

    quick = found()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(answers, "_many", {})
        patched.setattr(msgspec.json, "Decoder", NeverDecodes)
        thorough = found()

    assert quick == thorough


def test_every_call_that_is_made_stands_in_the_table() -> None:
    """All operations that the edge can ask are in the table, and no other."""
    with scripted() as script:
        do_everything(script)
    asked = {operation for operation, _ in script.asked}

    assert asked | {"DeleteBackupVaultAccessPolicy", BY_BOTOCORE} == set(ANSWERS)


# --- Listings without an end ---------------------------------------------------------------------------------------


def _pages(script: Script, *pages: Json) -> str:
    """List recovery points over pages, the last of which is answered for ever; return what was said."""
    script_a_whole_world(script)
    script.on("ListRecoveryPointsByBackupVault", *pages)
    aws = accounts(script.url)
    access = aws._reach.sessions.enter(WHO)
    with pytest.raises(CrossvaultError) as caught:
        listing.recovery_points(access, "eu-west-1", "orders")
    aws.close()
    assert caught.value.problem.reason is Reason.UNEXPECTED_ANSWER
    return caught.value.problem.message


ROWS = GOOD["ListRecoveryPointsByBackupVault"]["RecoveryPoints"]


@pytest.mark.parametrize("rows", [[], ROWS], ids=["empty pages", "pages with the same rows"])
def test_pages_that_go_round_in_a_circle_end(rows: list[Json]) -> None:
    """A token that was there before leads nowhere new."""
    circle = [{"RecoveryPoints": rows, "NextToken": token} for token in ("a", "b", "a")]
    with scripted() as script:
        told = _pages(script, *circle)

    assert "the pages of RecoveryPoints do not end" in told
    assert script.count("ListRecoveryPointsByBackupVault") == 3


def test_empty_pages_for_ever_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with a token of its own, and nothing in them."""
    monkeypatch.setattr(paging, "BARREN", 7)
    pages = [{"RecoveryPoints": [], "NextToken": str(number)} for number in range(50)]
    with scripted() as script:
        _pages(script, *pages)

    assert script.count("ListRecoveryPointsByBackupVault") == 8


def test_some_empty_pages_are_no_end() -> None:
    """AWS filters after it has cut the pages: empty ones in between are ordinary."""
    pages: list[Json] = [{"RecoveryPoints": [], "NextToken": str(number)} for number in range(30)]
    with scripted() as script:
        script_a_whole_world(script)
        script.on("ListRecoveryPointsByBackupVault", *pages, {"RecoveryPoints": ROWS})
        aws = accounts(script.url)
        found = listing.recovery_points(aws._reach.sessions.enter(WHO), "eu-west-1", "orders")
        aws.close()

    assert [each.arn for each in found] == [ROWS[0]["RecoveryPointArn"]]
    assert DESTINATION_ID not in next(iter(found)).resource_arn


def test_full_pages_for_ever_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with a row and a token of its own: there are more rows than any vault has."""
    monkeypatch.setattr(paging, "MOST_ROWS", 5)
    pages = [
        {"RecoveryPoints": [{**ROWS[0], "RecoveryPointArn": f"arn:{number}"}], "NextToken": str(number)}
        for number in range(50)
    ]
    with scripted() as script:
        told = _pages(script, *pages)

    assert "do not end" in told
    assert script.count("ListRecoveryPointsByBackupVault") == 6


@pytest.mark.parametrize(
    ("row", "member"),
    [
        pytest.param({"NextToken": "x" * 5_000_000}, "NextToken", id="a page token of megabytes"),
        pytest.param(
            {"RecoveryPoints": [{**ROWS[0], "ResourceArn": "x" * 5_000_000}]},
            "RecoveryPoints[].ResourceArn",
            id="a name of megabytes",
        ),
    ],
)
def test_text_without_end_is_no_answer(row: Json, member: str) -> None:
    """It is not kept, and not sent back to AWS."""
    with scripted() as script:
        told = _pages(script, {"RecoveryPoints": ROWS, **row})

    assert f"{member} in the answer is longer than" in told
    assert script.count("ListRecoveryPointsByBackupVault") == 1


def test_body_without_end_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that came another way than through our own connection."""
    monkeypatch.setattr(answers, "LARGEST_BODY", 1000)
    model = model_of("ListBackupVaults")

    with pytest.raises(ResponseParserError, match="larger than 1,000 bytes"):
        answers.checked(model, 200, b" " * 1001)


def test_long_reason_of_a_failed_job_hides_no_job() -> None:
    """What AWS says of one job is cut; the job, and all beside it, are seen."""
    jobs = GOOD["ListCopyJobs"]["CopyJobs"]
    with scripted() as script:
        script_a_whole_world(script)
        script.on("ListCopyJobs", {"CopyJobs": [{**jobs[0], "StatusMessage": "no\n\x1b[2J " * 500_000}]})
        aws = accounts(script.url)
        found = tuple(listing.copy_jobs(aws._reach.sessions.enter(WHO), "eu-west-1"))
        aws.close()

    assert len(found) == 1
    assert (found[0].message or "").startswith("no [2J no [2J")
    assert len(found[0].message or "") <= texts.LONGEST
