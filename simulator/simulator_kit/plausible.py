"""What arguments mean: where the names that operations take come from, and texts that have a form.

`candidates` looks a member up under `Operation.Member`, `Structure.Member`, `service.Member` and `Member`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import scenes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from backup_simulator.records.state import Account, Region, State

HOST = "oidc.eks.eu-west-1.amazonaws.com/id/CLUSTER1"
SUBJECT = "system:serviceaccount:crossvault:operator"
COMPOSITE = f"arn:aws:backup:{scenes.HOME}:{scenes.SOURCE}:recovery-point:composite:eks/shop"
FULL = "arn:aws:iam::aws:policy/ReadOnlyAccess"
WORDS = ("one", "two")
OPERATIONS_OF_GRANTS = ("Decrypt", "DescribeKey", "Encrypt")


def _open(action: str, principal: Any, effect: str = "Allow") -> str:
    statement = {"Effect": effect, "Principal": principal, "Action": action, "Resource": "*"}
    return scenes.text(scenes.policy(statement))


def trust_of_pods() -> scenes.Json:
    """A trust policy for a cluster's service account."""
    return scenes.policy(
        {
            "Effect": "Allow",
            "Principal": {"Federated": f"arn:aws:iam::{scenes.SOURCE}:oidc-provider/{HOST}"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{HOST}:sub": SUBJECT}},
        }
    )


TRUST = scenes.text(
    scenes.policy({"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"})
)
DENY = scenes.text(scenes.policy({"Effect": "Deny", "Action": "backup:DeleteRecoveryPoint", "Resource": "*"}))
ALLOW = scenes.text(scenes.allow("backup:*", "sts:AssumeRole"))
TAGGING = scenes.text({"tags": {"team": {"tag_key": {"@@assign": "team"}}}})
PATTERN = scenes.text({"source": ["aws.backup"]})
EVENT = scenes.text(
    {
        "id": "1",
        "account": scenes.SOURCE,
        "source": "aws.backup",
        "time": "2026-03-01T00:00:00Z",
        "region": scenes.HOME,
        "resources": [],
        "detail-type": "Copy Job State Change",
        "detail": {},
    }
)

NUMBERS: Mapping[str, tuple[int, ...]] = {
    "DurationSeconds": (900, 3600),
    "MaxSessionDuration": (3600, 7200),
    "PendingWindowInDays": (7, 30),
    "DeleteAfterDays": (120, 200),
    "MoveToColdStorageAfterDays": (10, 20),
    "MinRetentionDays": (7,),
    "MaxRetentionDays": (400,),
    "ChangeableForDays": (3, 5),
    "StartWindowMinutes": (60, 120),
    "CompletionWindowMinutes": (240, 600),
    "VisibilityTimeout": (0, 30),
    "WaitTimeSeconds": (0,),
    "DelaySeconds": (0, 5),
    "ResourcesPerPage": (10, 20),
    "TagsPerPage": (100,),
}
RARE = frozenset(
    {
        "AppSyncParameters", "BatchParameters", "BypassPolicyLockoutSafetyCheck", "CallerArn", "Constraints",
        "ContextEntries", "CustomKeyStoreId", "CustomerMasterKeySpec", "DeadLetterConfig",
        "DestinationEncryptionAlgorithm", "DestinationEncryptionContext", "DryRun", "DryRunModifiers",
        "EcsParameters", "EncryptionAlgorithm", "EncryptionContext", "EndpointId", "EventSourceName", "GrantTokens",
        "GranteeServicePrincipal", "HttpParameters", "IdempotencyToken", "IndexActions", "Input", "InputPath",
        "InputTransformer", "KeySpec", "KeyUsage", "KinesisParameters", "KmsKeyIdentifier", "LogConfig", "Marker",
        "MessageAttributes", "MessageSystemAttributes", "NextToken", "Origin", "PaginationToken",
        "PermissionsBoundaryPolicyInputList", "PolicyArns", "ProvidedContexts", "ProviderId", "Recipient",
        "RedshiftDataParameters", "ResourceHandlingOption", "ResourceOwner", "ResourcePolicy",
        "RetiringServicePrincipal", "RunCommandParameters", "SageMakerPipelineParameters", "ScanActions",
        "ScanSettings", "SerialNumber", "SourceEncryptionAlgorithm", "SourceEncryptionContext", "SqsParameters",
        "TokenCode", "TraceHeader", "XksKeyId",
    }
)  # fmt: skip
"""Optional members that mostly do not fit, or are not implemented."""


def share(member: str, operation: str) -> float:
    """How often an optional member is given; `operation` is that of which it is a member, if it is of none else."""
    if operation in TOGETHER:
        return 0.95 if member in TOGETHER[operation] else 0.0
    return 0.0 if member in RARE else 0.25


TOGETHER: Mapping[str, frozenset[str]] = {
    "PutPermission": frozenset({"Action", "Principal", "StatementId"}),
    "RemovePermission": frozenset({"StatementId"}),
    "RetireGrant": frozenset({"KeyId", "GrantId"}),
    "AssumeRole": frozenset({"ExternalId"}),
    "CreateAlias": frozenset(),
    "PutBackupVaultAccessPolicy": frozenset({"Policy"}),
}
"""Operations whose optional members go together, or not at all."""


def candidates(state: State, keys: Iterable[str], account: str, region: str) -> tuple[Any, ...]:
    """What a member may hold in an account and Region of the living world; () where nothing is known of it."""
    for key in keys:
        if key in _SAID:
            return tuple(
                each.format(account=account, region=region) if isinstance(each, str) and "{account}" in each else each
                for each in _SAID[key]
            )
        find = _LIVING.get(key)
        if find:
            return tuple(find(state, state.accounts[account], state.accounts[account].region(region)))
    return ()


def _points(_state: State, _account: Account, region: Region) -> list[str]:
    return [arn for vault in region.vaults.values() for arn in vault.points]


def _vault_arns(state: State, _account: Account, _region: Region) -> list[str]:
    regions = [region for account in state.accounts.values() for region in account.regions.values()]
    return [vault.arn for region in regions for vault in region.vaults.values()]


def _own_vaults(_state: State, _account: Account, region: Region) -> list[str]:
    return [*region.vaults, *WORDS]


def _own_arns(_state: State, _account: Account, region: Region) -> list[str]:
    """What AWS Backup can tag."""
    vaults, plans = region.vaults.values(), region.plans.values()
    return [*(vault.arn for vault in vaults), *(plan.arn for plan in plans), *_points(_state, _account, region)]


def _plans(_state: State, _account: Account, region: Region) -> list[str]:
    return [plan.plan_id for plan in region.plans.values() if plan.deleted is None]


def _selections(_state: State, _account: Account, region: Region) -> list[str]:
    return [each for plan in region.plans.values() for each in plan.selections]


def _plan_versions(_state: State, _account: Account, region: Region) -> list[str]:
    return [version.version_id for plan in region.plans.values() for version in plan.versions]


def _resources(_state: State, _account: Account, region: Region) -> list[str]:
    return [*region.resources]


def _keys(_state: State, _account: Account, region: Region) -> list[str]:
    return [each for key in region.keys.values() for each in (key.key_id, key.arn)]


def _grants(_state: State, _account: Account, region: Region) -> list[str]:
    return [grant for key in region.keys.values() for grant in key.grants]


def _aliases(_state: State, _account: Account, region: Region) -> list[str]:
    return [*region.aliases, "alias/one", "alias/two"]


def _queues(_state: State, account: Account, region: Region) -> list[str]:
    return [f"http://aws/{account.account_id}/{name}" for name in region.queues]


def _rules(_state: State, _account: Account, region: Region) -> list[str]:
    return [*(name for bus in region.buses.values() for name in bus.rules), *WORDS]


def _rule_arns(_state: State, _account: Account, region: Region) -> list[str]:
    return [each for bus in region.buses.values() for each in (bus.arn, *(rule.arn for rule in bus.rules.values()))]


def _buses(_state: State, _account: Account, region: Region) -> list[str]:
    return [*region.buses, "default"]


def _managed(_state: State, account: Account, _region: Region) -> list[str]:
    return [*(policy.arn for policy in account.policies.values()), FULL]


def _role_arns(_state: State, account: Account, _region: Region) -> list[str]:
    return [role.arn for role in account.roles.values()]


def _places(state: State, account: Account, _region: Region) -> list[str]:
    """The root and the units of the account's organization."""
    found = state.organization_of(account.account_id)
    return [found.root_id, *found.units] if found else []


def _units(state: State, account: Account, _region: Region) -> list[str]:
    found = state.organization_of(account.account_id)
    return [*found.units] if found else []


def _members(state: State, account: Account, _region: Region) -> list[str]:
    found = state.organization_of(account.account_id)
    return [*found.members] if found else []


def _controls(state: State, account: Account, _region: Region) -> list[str]:
    found = state.organization_of(account.account_id)
    return [*found.policies] if found else []


def _requests(state: State, account: Account, _region: Region) -> list[str]:
    found = state.organization_of(account.account_id)
    return [*found.requests] if found else []


def _in_tree(state: State, account: Account, region: Region) -> list[str]:
    return [*_places(state, account, region), *_members(state, account, region)]


def _tagged(state: State, account: Account, region: Region) -> list[str]:
    return [*_in_tree(state, account, region), *_controls(state, account, region)]


_LIVING: Mapping[str, Any] = {
    "BackupVaultName": _own_vaults,
    "SourceBackupVaultName": _own_vaults,
    "TargetBackupVaultName": _own_vaults,
    "DestinationBackupVaultArn": _vault_arns,
    "RecoveryPointArn": _points,
    "BackupPlanId": _plans,
    "SelectionId": _selections,
    "backup.VersionId": _plan_versions,
    "BackupJobId": lambda _state, _account, region: [*region.backup_jobs],
    "CopyJobId": lambda _state, _account, region: [*region.copy_jobs],
    "backup.ResourceArn": _own_arns,
    "StartBackupJob.ResourceArn": _resources,
    "DescribeProtectedResource.ResourceArn": _resources,
    "ListRecoveryPointsByResource.ResourceArn": _resources,
    "IamRoleArn": _role_arns,
    "AssumeRole.RoleArn": lambda state, _account, _region: [
        role.arn for account in state.accounts.values() for role in account.roles.values()
    ],
    "AssumeRoleWithWebIdentity.RoleArn": lambda state, _account, _region: [
        role.arn for role in state.accounts[scenes.SOURCE].roles.values()
    ],
    "RoleName": lambda _state, account, _region: [*account.roles, *WORDS],
    "UserName": lambda _state, account, _region: [*account.users, *WORDS],
    "PolicyArn": _managed,
    "PermissionsBoundary": _managed,
    "PolicySourceArn": lambda _state, account, _region: [
        *_role_arns(_state, account, _region), *(user.arn for user in account.users.values())
    ],
    "OpenIDConnectProviderArn": lambda _state, account, _region: [each.arn for each in account.providers.values()],
    "KeyId": _keys,
    "TargetKeyId": _keys,
    "GrantId": _grants,
    "AliasName": _aliases,
    "QueueUrl": _queues,
    "events.Name": _rules,
    "events.Rule": _rules,
    "events.ResourceARN": _rule_arns,
    "EventBusName": _buses,
    "DeleteEventBus.Name": _buses,
    "DescribeEventBus.Name": _buses,
    "UpdateEventBus.Name": _buses,
    "ParentId": _places,
    "SourceParentId": _places,
    "DestinationParentId": _places,
    "RootId": _places,
    "OrganizationalUnitId": _units,
    "organizations.AccountId": _members,
    "ChildId": _in_tree,
    "TargetId": _in_tree,
    "PolicyId": _controls,
    "ResourceId": _tagged,
    "HandshakeId": lambda state, _account, _region: [*state.handshakes],
    "CreateAccountRequestId": _requests,
    "tagging.ResourceARNList": lambda state, account, region: [
        *_own_arns(state, account, region), *_resources(state, account, region)
    ],
}  # fmt: skip
_SAID: Mapping[str, tuple[Any, ...]] = {
    "ExternalId": (scenes.EXTERNAL_ID,),
    "RoleSessionName": WORDS,
    "PutBackupVaultAccessPolicy.Policy": (_open("backup:CopyIntoBackupVault", {"AWS": scenes.SOURCE}),),
    "sts.Policy": (ALLOW,),
    "PutKeyPolicy.Policy": (_open("kms:*", {"AWS": scenes.SOURCE}), _open("kms:*", {"AWS": scenes.TARGET})),
    "CreateKey.Policy": (_open("kms:*", {"AWS": scenes.SOURCE}), _open("kms:*", {"AWS": scenes.TARGET})),
    "kms.PolicyName": ("default",),
    "iam.PolicyName": WORDS,
    "PolicyDocument": (ALLOW,),
    "AssumeRolePolicyDocument": (TRUST,),
    "UpdateAssumeRolePolicy.PolicyDocument": (TRUST,),
    "PolicyInputList": (ALLOW,),
    "ActionNames": ("backup:StartCopyJob", "backup:ListCopyJobs"),
    "ResourceArns": ("*",),
    "iam.VersionId": ("v1", "v2", "v3"),
    "Path": ("/",),
    "PathPrefix": ("/",),
    "NewPath": ("/",),
    "AWSServiceName": ("backup.amazonaws.com",),
    "DeleteServiceLinkedRole.RoleName": ("AWSServiceRoleForBackup",),
    "Url": (f"https://{HOST}", "https://issuer.example"),
    "ThumbprintList": ("0" * 40,),
    "ClientIDList": ("sts.amazonaws.com",),
    "Tag.Key": ("team", "stage"),
    "TagKeys": ("team", "stage"),
    "TagKeyList": ("team", "stage"),
    "Key": ("team", "stage"),
    "Tags.key": ("team", "stage"),
    "Email": ("one@company.example",),
    "ServicePrincipal": ("backup.amazonaws.com",),
    "Content": (DENY,),
    "CreatePolicy.Type": ("SERVICE_CONTROL_POLICY",),
    "PolicyType": ("SERVICE_CONTROL_POLICY", "TAG_POLICY", "RESOURCE_CONTROL_POLICY"),
    "DescribeEffectivePolicy.PolicyType": ("TAG_POLICY",),
    "Filter": ("SERVICE_CONTROL_POLICY",),
    "HandshakeParty.Id": (scenes.STRANGER,),
    "HandshakeParty.Type": ("ACCOUNT",),
    "GranteePrincipal": (scenes.COPIER,),
    "RetiringPrincipal": (f"arn:aws:iam::{scenes.SOURCE}:user/admin",),
    "CreateGrant.Operations": OPERATIONS_OF_GRANTS,
    "ScheduleExpression": ("cron(0 5 * * ? *)",),
    "ScheduleExpressionTimezone": ("Etc/UTC",),
    "Resources": ("*",),
    "NotResources": ("arn:aws:s3:::nothing",),
    "BackupSelection.IamRoleArn": (scenes.COPIER, "arn:aws:iam::{account}:role/operator"),
    "ResourceType": ("EBS", "EFS"),
    "ConditionKey": ("backup",),
    "GlobalSettings.key": ("isCrossAccountBackupEnabled",),
    "GlobalSettings": ("true", "false"),
    "ResourceTypeOptInPreference.key": ("EBS", "EFS"),
    "ResourceTypeManagementPreference.key": ("DynamoDB", "EFS"),
    "BackupOptions.key": ("WindowsVSS",),
    "BackupOptions": ("enabled", "disabled"),
    "AdvancedBackupSetting.ResourceType": ("EC2",),
    "EventPattern": (PATTERN,),
    "Event": (EVENT,),
    "Target.Id": ("target",),
    "Target.Arn": ("arn:aws:sqs:{region}:{account}:one",),
    "Ids": ("target",),
    "TargetArn": ("arn:aws:sqs:{region}:{account}:one",),
    "PutEventsRequestEntry.Source": ("shop",),
    "PutEventsRequestEntry.DetailType": ("sold",),
    "PutEventsRequestEntry.Detail": ("{}",),
    "PutPermission.Action": ("events:PutEvents",),
    "PutPermission.Principal": (scenes.TARGET,),
    "StatementId": WORDS,
    "CreateEventBus.Name": WORDS,
    "QueueName": ("one", "two"),
    "sqs.Attributes.key": ("VisibilityTimeout",),
    "sqs.Attributes": ("30",),
    "AttributeNames": ("All",),
    "AWSAccountIds": (scenes.TARGET,),
    "sqs.Actions": ("SendMessage",),
    "Label": WORDS,
    "sqs.Id": WORDS,
}
