"""What AWS was recorded to answer: our bytes are as many as its bytes, and our members have the types of its members.

The recordings are those that cloud-custodian keeps (Apache-2.0), made in 2019 and 2020. Kept here are lengths and
forms; names and ids were replaced by others of the same length.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.model import ServiceModel

from backup_simulator.engine import answers, catalogue
from backup_simulator.simulator import Simulator
from backup_simulator.world import files
from simulator_kit import requests, scenes

if TYPE_CHECKING:
    from backup_simulator.wire import Params, Request

ACCOUNT = "1" * 12
UUID = "12345678-1234-1234-1234-123456789012"
VERSION = "A" * 48
PLAN_ARN = f"arn:aws:backup:us-east-1:{ACCOUNT}:backup-plan:{UUID}"
VOLUME = f"arn%3Aaws%3Aec2%3Aeu-west-1%3A{scenes.SOURCE}%3Avolume%2Fvol-1"
KEY_ARN = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{UUID}"

# The members that the shapes had when the answers were recorded; AWS has added to them since.
VAULT = {
    "BackupVaultName", "BackupVaultArn", "EncryptionKeyArn", "CreationDate", "CreatorRequestId",
    "NumberOfRecoveryPoints",
}  # fmt: skip
RULE = {
    "RuleName", "TargetBackupVaultName", "ScheduleExpression", "StartWindowMinutes", "CompletionWindowMinutes",
    "Lifecycle", "RecoveryPointTags", "RuleId",
}  # fmt: skip
PLAN = {
    "BackupPlanId",
    "BackupPlanArn",
    "VersionId",
    "CreatorRequestId",
    "CreationDate",
    "DeletionDate",
    "LastExecutionDate",
}
IN_2019 = {
    "GetBackupPlanOutput": PLAN | {"BackupPlan"},
    "BackupPlansListMember": PLAN | {"BackupPlanName"},
    "BackupPlan": {"BackupPlanName", "Rules"},
    "BackupRule": RULE,
    "Lifecycle": {"MoveToColdStorageAfterDays", "DeleteAfterDays"},
    "DescribeBackupVaultOutput": VAULT,
    "BackupVaultListMember": VAULT,
}
IN_2020 = IN_2019 | {"BackupRule": RULE | {"CopyActions"}}


def service_of(name: str, year: str, members: dict[str, set[str]]) -> catalogue.Service:
    """A service with the members of a year."""
    document = copy.deepcopy(
        botocore.session.Session().get_component("data_loader").load_service_model(name, "service-2")
    )
    for shape, kept in members.items():
        if shape in document["shapes"]:
            found = document["shapes"][shape]["members"]
            document["shapes"][shape]["members"] = {each: found[each] for each in found if each in kept}
    model = ServiceModel(document, name)
    operations = {each: model.operation_model(each) for each in model.operation_names}
    protocol = str(model.metadata["protocol"])
    return catalogue.Service(f"{name}-{year}", protocol, model, operations, "", "", "1.1", query_compatible=False)


@pytest.fixture(scope="module")
def services() -> dict[str, catalogue.Service]:
    """AWS Backup in two years, and KMS."""
    return {
        "backup 2019": service_of("backup", "2019", IN_2019),
        "backup 2020": service_of("backup", "2020", IN_2020),
        "kms 2020": service_of("kms", "2020", {}),
    }


def rule(name: str, lifecycle: Params, **more: Any) -> Params:
    """A rule of a plan."""
    return {
        "RuleName": name,
        "TargetBackupVaultName": "Default",
        "ScheduleExpression": "cron(0 5 ? * * *)",
        "StartWindowMinutes": 480,
        "CompletionWindowMinutes": 10080,
        "Lifecycle": lifecycle,
        "RuleId": UUID,
    } | more


MADE, EXECUTED = 1547726518.667, 1579475564.186
IDS = {"BackupPlanArn": PLAN_ARN, "BackupPlanId": UUID, "VersionId": VERSION, "CreationDate": MADE}
RULES = [
    rule("dev", {"DeleteAfterDays": 21}, RecoveryPointTags={"CostCenter": "Backup"}),
    rule("weekly-archive", {"MoveToColdStorageAfterDays": 90, "DeleteAfterDays": 180}),
]
STORED_PLAN = IDS | {"BackupPlan": {"BackupPlanName": "test", "Rules": RULES}}
STORED_VAULT = {
    "BackupVaultName": "Default",
    "BackupVaultArn": f"arn:aws:backup:us-east-1:{ACCOUNT}:backup-vault:Default",
    "EncryptionKeyArn": KEY_ARN,
    "CreationDate": 1574163740.907,
    "CreatorRequestId": "Default",
    "NumberOfRecoveryPoints": 35,
}
STORED_KEY = {
    "AWSAccountId": ACCOUNT,
    "KeyId": UUID,
    "Arn": KEY_ARN,
    "CreationDate": 1574163740.817,
    "Enabled": True,
    "Description": "Default master key that protects my Backup data when no other key is defined",
    "KeyUsage": "ENCRYPT_DECRYPT",
    "KeyState": "Enabled",
    "Origin": "AWS_KMS",
    "KeyManager": "AWS",
    "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
    "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
}
LENGTHS = [
    pytest.param("backup 2019", "GetBackupPlan", STORED_PLAN, 988, id="a plan"),
    pytest.param(
        "backup 2020", "GetBackupPlan", STORED_PLAN | {"LastExecutionDate": EXECUTED}, 1038, id="a plan later"
    ),
    pytest.param(
        "backup 2019", "ListBackupPlans", {"BackupPlansList": [IDS | {"BackupPlanName": "test"}]}, 387, id="plans"
    ),
    pytest.param(
        "backup 2020",
        "ListBackupPlans",
        {"BackupPlansList": [IDS | {"BackupPlanName": "test", "LastExecutionDate": EXECUTED}]},
        399,
        id="plans that ran",
    ),
    pytest.param("backup 2019", "ListTags", {"Tags": {"App": "Backups"}}, 43, id="tags"),
    pytest.param("backup 2020", "ListTags", {"Tags": {"target-tag": "yes"}}, 46, id="other tags"),
    pytest.param("backup 2020", "ListTags", {"Tags": {}}, 28, id="no tags"),
    pytest.param("backup 2020", "DescribeBackupVault", STORED_VAULT, 293, id="a vault"),
    pytest.param("backup 2020", "ListBackupVaults", {"BackupVaultList": [STORED_VAULT]}, 332, id="vaults"),
    pytest.param("kms 2020", "DescribeKey", {"KeyMetadata": STORED_KEY}, 495, id="a key"),
]


@pytest.mark.parametrize(("service", "operation", "result", "length"), LENGTHS)
def test_our_answer_has_as_many_bytes_as_awss(
    services: dict[str, catalogue.Service], service: str, operation: str, result: Params, length: int
) -> None:
    """The Content-Length recorded from AWS holds only if nulls, numbers, dates and spaces are as AWS writes them."""
    found = services[service]
    _, body = answers.write(found, found.operations[operation], result, "id")

    assert len(body) == length


TEXT, NUMBER, TRUTH = str, (int, float), bool
FORMS: list[Any] = [
    pytest.param(
        lambda: requests.signed("backup", "GET", "/backup-vaults/backups"),
        "",
        {
            "BackupVaultName": TEXT,
            "BackupVaultArn": TEXT,
            "EncryptionKeyArn": TEXT,
            "CreationDate": NUMBER,
            "NumberOfRecoveryPoints": int,
        },
        id="DescribeBackupVault",
    ),
    pytest.param(
        lambda: requests.signed("backup", "GET", "/backup-vaults/"),
        "BackupVaultList",
        {"BackupVaultName": TEXT, "BackupVaultArn": TEXT, "CreationDate": NUMBER, "NumberOfRecoveryPoints": int},
        id="ListBackupVaults",
    ),
    pytest.param(
        lambda: requests.signed("backup", "GET", f"/resources/{VOLUME}/recovery-points/"),
        "RecoveryPoints",
        {
            "RecoveryPointArn": TEXT,
            "CreationDate": NUMBER,
            "Status": TEXT,
            "EncryptionKeyArn": TEXT,
            "BackupVaultName": TEXT,
            "BackupSizeBytes": int,
        },
        id="ListRecoveryPointsByResource",
    ),
    pytest.param(
        lambda: target("kms", "TrentService.DescribeKey", {"KeyId": "alias/aws/backup"}),
        "KeyMetadata",
        {
            "AWSAccountId": TEXT,
            "KeyId": TEXT,
            "Arn": TEXT,
            "CreationDate": NUMBER,
            "Enabled": TRUTH,
            "Description": TEXT,
            "KeyUsage": TEXT,
            "KeyState": TEXT,
            "Origin": TEXT,
            "KeyManager": TEXT,
            "CustomerMasterKeySpec": TEXT,
            "EncryptionAlgorithms": list,
        },
        id="DescribeKey",
    ),
    pytest.param(
        lambda: target("kms", "TrentService.ListAliases", {}),
        "Aliases",
        {"AliasName": TEXT, "AliasArn": TEXT},
        id="ListAliases",
    ),
    pytest.param(
        lambda: target("organizations", "AWSOrganizationsV20161128.DescribeOrganization", {}),
        "Organization",
        {
            "Id": TEXT,
            "Arn": TEXT,
            "FeatureSet": TEXT,
            "MasterAccountArn": TEXT,
            "MasterAccountId": TEXT,
            "MasterAccountEmail": TEXT,
            "AvailablePolicyTypes": list,
        },
        id="DescribeOrganization",
    ),
]


def target(service: str, name: str, params: Params) -> Request:
    """A request of the json protocol."""
    return requests.signed(service, "POST", "/", json.dumps(params).encode(), {"X-Amz-Target": name})


@pytest.mark.parametrize(("request_of", "within", "form"), FORMS)
def test_our_members_have_the_types_of_awss(request_of: Any, within: str, form: dict[str, Any]) -> None:
    """Every member that AWS was recorded to send is there; dates are numbers."""
    answer = Simulator(files.from_object(scenes.world())).handle(request_of())
    assert answer.status == 200, answer.body
    found = json.loads(answer.body)
    found = found[within] if within else found
    found = found[0] if isinstance(found, list) else found

    assert [name for name in form if not isinstance(found.get(name), form[name])] == []


def test_the_tokens_of_lists_are_null_on_the_last_page() -> None:
    """Recorded as `"NextToken":null`, not left out, in AWS Backup; KMS leaves it out."""
    simulator = Simulator(files.from_object(scenes.world()))
    vaults = json.loads(simulator.handle(requests.signed("backup", "GET", "/backup-vaults/")).body)
    keys = json.loads(simulator.handle(target("kms", "TrentService.ListKeys", {})).body)

    assert vaults["NextToken"] is None
    assert "NextMarker" not in keys
