"""What is read of every answer of AWS, in one table: what is always there, and what may be missing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Members:
    """The members that are read of one operation's answer, as ``Member``, ``Member.Inner``, or ``Rows[].Member``.

    Attributes:
        always: AWS sends them always, and with a value; without one of them the answer is none.
        sometimes: Absent and null both say that there is none. Other kinds of values are no answer here either.
        many: It has rows by the thousand, which botocore would take too long to read: JSON is decoded by :mod:`.rows`,
            and of XML, which is read to be checked, nothing may be more than text, booleans and what has these.
    """

    always: tuple[str, ...] = ()
    sometimes: tuple[str, ...] = ()
    many: bool = False


_CREDENTIALS = Members(
    (
        "Credentials",
        "Credentials.AccessKeyId",
        "Credentials.SecretAccessKey",
        "Credentials.SessionToken",
        "Credentials.Expiration",
    )
)

_LIFECYCLE = (
    *("Lifecycle", "Lifecycle.MoveToColdStorageAfterDays", "Lifecycle.DeleteAfterDays"),
    "Lifecycle.OptInToArchiveForSupportedResources",
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
    # https://docs.aws.amazon.com/organizations/latest/APIReference/API_PolicySummary.html
    "ListPoliciesForTarget": Members(("Policies", "Policies[].Id"), ("Policies[].Name", "NextToken")),
    # https://docs.aws.amazon.com/organizations/latest/APIReference/API_Policy.html
    "DescribePolicy": Members(("Policy", "Policy.Content")),
    "ListParents": Members(("Parents", "Parents[].Id")),
    # https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
    "LookupEvents": Members(("Events",), ("Events[].EventTime", "Events[].CloudTrailEvent", "NextToken")),
    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html: every role has an ARN and a trust policy
    "GetRole": Members(("Role", "Role.Arn", "Role.AssumeRolePolicyDocument")),
    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html: resource and keys may be absent.
    "SimulatePrincipalPolicy": Members(
        ("EvaluationResults", "EvaluationResults[].EvalActionName", "EvaluationResults[].EvalDecision"),
        (
            *("EvaluationResults[].EvalResourceName", "EvaluationResults[].MissingContextValues", "Marker"),
            "EvaluationResults[].OrganizationsDecisionDetail",
            "EvaluationResults[].OrganizationsDecisionDetail.AllowedByOrganizations",
            "EvaluationResults[].PermissionsBoundaryDecisionDetail",
            "EvaluationResults[].PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary",
        ),
        many=True,
    ),
    # https://docs.aws.amazon.com/accounts/latest/reference/API_Region.html: the model promises neither member; a row
    # without one of them tells nothing.
    "ListRegions": Members(("Regions", "Regions[].RegionName", "Regions[].RegionOptStatus"), ("NextToken",)),
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
            *("NumberOfRecoveryPoints", "VaultState", "LockDate"),
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
            *("BackupVaultList[].NumberOfRecoveryPoints", "BackupVaultList[].VaultState", "BackupVaultList[].LockDate"),
            "NextToken",
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
            *("RecoveryPoints[].IsParent", "RecoveryPoints[].CompletionDate"),
            *("RecoveryPoints[].CreatedBy", "RecoveryPoints[].CreatedBy.BackupPlanId"),
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
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupJob.html. A job by hand is of no plan, one that
    # runs has no end, and most end without a message.
    "ListBackupJobs": Members(
        ("BackupJobs", "BackupJobs[].BackupJobId", "BackupJobs[].State"),
        (
            *("BackupJobs[].ResourceArn", "BackupJobs[].CompletionDate", "BackupJobs[].StatusMessage"),
            *("BackupJobs[].CreatedBy", "BackupJobs[].CreatedBy.BackupPlanId", "BackupJobs[].ParentJobId"),
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
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupPlansListMember.html: the model promises nothing;
    # a plan without id, name or version cannot be told from others.
    "ListBackupPlans": Members(
        (
            *("BackupPlansList", "BackupPlansList[].BackupPlanId", "BackupPlansList[].BackupPlanArn"),
            *("BackupPlansList[].BackupPlanName", "BackupPlansList[].VersionId"),
        ),
        ("NextToken",),
    ),
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupRule.html: what is not said has AWS's default.
    # What no schedule can declare is read, too: an update replaces it, and it has to be told.
    "GetBackupPlan": Members(
        (
            *("VersionId", "BackupPlan", "BackupPlan.Rules"),
            *("BackupPlan.Rules[].RuleName", "BackupPlan.Rules[].TargetBackupVaultName"),
            "BackupPlan.Rules[].CopyActions[].DestinationBackupVaultArn",
        ),
        (
            *("BackupPlan.Rules[].ScheduleExpression", "BackupPlan.Rules[].ScheduleExpressionTimezone"),
            *("BackupPlan.Rules[].StartWindowMinutes", "BackupPlan.Rules[].CompletionWindowMinutes"),
            *("BackupPlan.Rules[].RecoveryPointTags", "BackupPlan.Rules[].EnableContinuousBackup"),
            *(f"BackupPlan.Rules[].{each}" for each in _LIFECYCLE),
            "BackupPlan.Rules[].CopyActions",
            *(f"BackupPlan.Rules[].CopyActions[].{each}" for each in _LIFECYCLE),
            "BackupPlan.Rules[].TargetLogicallyAirGappedBackupVaultArn",
            *("BackupPlan.Rules[].IndexActions", "BackupPlan.Rules[].IndexActions[].ResourceTypes"),
            *("BackupPlan.Rules[].ScanActions", "BackupPlan.Rules[].ScanActions[].MalwareScanner"),
            *("BackupPlan.Rules[].ScanActions[].ScanMode", "BackupPlan.ScanSettings"),
            *("BackupPlan.ScanSettings[].MalwareScanner", "BackupPlan.ScanSettings[].ResourceTypes"),
            "BackupPlan.ScanSettings[].ScannerRoleArn",
            *(
                f"{where}AdvancedBackupSettings{member}"
                for where in ("", "BackupPlan.")
                for member in ("", "[].ResourceType", "[].BackupOptions")
            ),
        ),
    ),
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/API_ListTags.html: no tags is no member
    "ListTags": Members((), ("Tags",)),
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupSelectionsListMember.html
    "ListBackupSelections": Members(("BackupSelectionsList", "BackupSelectionsList[].SelectionId"), ("NextToken",)),
    # https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupSelection.html
    "GetBackupSelection": Members(
        ("BackupSelection", "BackupSelection.SelectionName", "BackupSelection.IamRoleArn"),
        (
            *("BackupSelection.Resources", "BackupSelection.NotResources", "BackupSelection.ListOfTags"),
            *(f"BackupSelection.ListOfTags[].{each}" for each in ("ConditionKey", "ConditionValue", "ConditionType")),
            "BackupSelection.Conditions",
            *(
                f"BackupSelection.Conditions.{group}{member}"
                for group in ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike")
                for member in ("", "[].ConditionKey", "[].ConditionValue")
            ),
        ),
    ),
    # https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_ResourceTagMapping.html: what once had
    # tags has none. A row without its resource would be counted as none.
    "GetResources": Members(
        (
            *("ResourceTagMappingList", "ResourceTagMappingList[].ResourceARN"),
            *("ResourceTagMappingList[].Tags[].Key", "ResourceTagMappingList[].Tags[].Value"),
        ),
        ("ResourceTagMappingList[].Tags", "PaginationToken"),
    ),
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html: no message is no
    # member. What anybody may have sent must not keep the messages beside it from being read, or itself from being
    # deleted, so nothing has to be there.
    "ReceiveMessage": Members(sometimes=("Messages", "Messages[].Body", "Messages[].ReceiptHandle")),
    # Nothing is read of these: what they did is looked at.
    **dict.fromkeys(("CreateBackupVault", "UpdateRecoveryPointLifecycle", "UpdateGlobalSettings"), Members()),
    **dict.fromkeys(("PutBackupVaultAccessPolicy", "DeleteBackupVaultAccessPolicy", "PutKeyPolicy"), Members()),
    "CreateServiceLinkedRole": Members(),
    **dict.fromkeys(("CreateLogicallyAirGappedBackupVault", "PutBackupVaultLockConfiguration"), Members()),
    **dict.fromkeys(("CreateBackupPlan", "UpdateBackupPlan", "DeleteBackupPlan", "TagResource"), Members()),
    **dict.fromkeys(("CreateBackupSelection", "DeleteBackupSelection"), Members()),
    # What was not deleted comes again.
    "DeleteMessageBatch": Members(),
}
