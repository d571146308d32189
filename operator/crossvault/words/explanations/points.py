"""What the reasons mean that stand at recovery points and at copies that failed."""

from __future__ import annotations

from collections.abc import Mapping

from ..reasons import Reason
from .meaning import AUTHOR, AWS_ADMIN, NOBODY, PLATFORM, US, Explanation

POINTS: Mapping[Reason, Explanation] = {
    Reason.CONTINUOUS_BACKUP: Explanation(
        "Continuous recovery points cannot be copied.", NOBODY, "Add a snapshot rule."
    ),
    Reason.COLD_STORAGE: Explanation(
        "Recovery points in cold storage cannot be copied.", AUTHOR, "Copy before they move."
    ),
    Reason.EXPIRING: Explanation(
        "The recovery point is about to expire.", NOBODY, "See recoveryPoints.minRemainingDays."
    ),
    Reason.EXPIRED: Explanation(
        "The recovery point is past its retention and AWS could not delete it: something still uses it, such as an"
        " image made from the snapshot, or the right to delete it is missing. It is never copied, and goes on costing"
        " money.",
        AWS_ADMIN,
        "End what uses it, then delete it by hand.",
    ),
    Reason.NOT_COMPLETED: Explanation("The recovery point is not in a state that can be copied.", NOBODY, ""),
    Reason.TYPE_NOT_SUPPORTED: Explanation(
        "AWS does not copy this type into such a vault, or to another account at all.",
        NOBODY,
        "List the types that are meant in spec.recoveryPoints.resourceTypes, or name another vault.",
    ),
    Reason.BASIC_DYNAMODB: Explanation(
        "DynamoDB is backed up without advanced features in the source's Region; such basic backups cannot be copied.",
        AWS_ADMIN,
        "Turn advanced features on in the Region settings of AWS Backup (the row has the command); what is backed up"
        " from then on is copied.",
    ),
    Reason.NESTED: Explanation(
        "It is a part of a composite recovery point that cannot be copied or is gone, and is not copied by itself.",
        PLATFORM,
        "Disassociate it from its composite (aws backup disassociate-recovery-point-from-parent) where AWS allows that;"
        " then it is copied like any other.",
    ),
    Reason.BUDGET: Explanation(
        "Waits for a running copy of the policy to end: it has as many as copying.maxConcurrent allows.",
        NOBODY,
        "Raise copying.maxConcurrent.",
    ),
    Reason.ACCOUNT_LIMIT: Explanation(
        "Waits for a running copy of the account to end, whoever started it: there are as many as maxConcurrentCopies"
        " of the BackupAccount, or AWS's own number for the type and the destination Region, leave to the policy.",
        NOBODY,
        "Wait. Raise maxConcurrentCopies where it is below what AWS makes at once.",
    ),
    Reason.RESOURCE_BUSY: Explanation(
        "Another copy of the same resource is running, or starts before it, whoever starts it.", NOBODY, "Wait."
    ),
    Reason.HELD: Explanation("Not started while a prerequisite is unmet or unknown.", PLATFORM, "See prerequisites."),
    Reason.COPY_UNCERTAIN: Explanation(
        "Whether a copy exists cannot be told: the recovery point pairs with nothing, a job of it would be forgotten by"
        " now, and the destination holds recovery points that nothing explains. Copying it could make a second copy.",
        PLATFORM,
        "Look at the figures of `crossvault plan`. Copy jobs of the type prove it by themselves in time; or declare"
        " copying.whenUncertain: AssumeMissing or AssumeCopied.",
    ),
    Reason.COPY_EXPIRES_EARLY: Explanation(
        "There is a copy, but it expires earlier than the policy declares.",
        PLATFORM,
        "Set existingCopies: UpdateLifecycle to have it prolonged, prolong it yourself (aws backup"
        " update-recovery-point-lifecycle in the destination), or declare the shorter lifecycle.",
    ),
    Reason.COPY_COLD_EARLY: Explanation(
        "There is a good copy, but it goes to cold storage earlier than the policy declares.",
        PLATFORM,
        "Somebody made the copy with another lifecycle; AWS moves nothing back from cold storage. Before it is there,"
        " set existingCopies: UpdateLifecycle, or change its lifecycle yourself (aws backup"
        " update-recovery-point-lifecycle in the destination).",
    ),
    Reason.COPY_LIVES_LONGER: Explanation(
        "There is a good copy, and it lives longer than the policy declares. Told only with existingCopies:"
        " UpdateLifecycle.",
        AUTHOR,
        "Set shortenExistingToDays to the declared retention to have such copies deleted earlier, or declare the longer"
        " one.",
    ),
    Reason.LIFECYCLE_LOCKED: Explanation(
        "The lifecycles of existing copies are not changed, because their vault is locked: AWS refuses that.",
        AUTHOR,
        "Copies made from now on live as declared, within the lock's bounds. Nobody can take away the lock of an"
        " air-gapped vault, or one in compliance mode; one in governance mode is for the vault's owner to weigh.",
    ),
    Reason.LIFECYCLE_KEPT: Explanation(
        "The lifecycle of an existing copy is not changed, for the reason in the message: it would be deleted at once,"
        " it is in cold storage or about to be, it is a composite, it may be somebody else's, or AWS took another"
        " lifecycle for it and goes on showing the old one.",
        NOBODY,
        "",
    ),
    Reason.EXPECTED_FROM_PLAN: Explanation(
        "The policy's own backup plan made the recovery point and is about to copy it.",
        NOBODY,
        "Wait. After copying.planGracePeriod the operator copies it itself.",
    ),
    Reason.LIFECYCLE_CONFLICT: Explanation(
        "Another policy copies the same vault into the same one and keeps the copies longer; it makes them.",
        AUTHOR,
        "Declare the same lifecycle in both, or name another vault.",
    ),
    Reason.ASSUMED_COPIED: Explanation(
        "Counted as copied because the policy says so (copying.whenUncertain), not because it was seen.", AUTHOR, ""
    ),
    Reason.COPY_EXPIRING: Explanation(
        "A copy made now would expire in fewer days than recoveryPoints.minRemainingDays, or at once: the lifecycle"
        " of the destination counts from the creation of the backup. It is out of scope, and has no copy any more.",
        NOBODY,
        "To have them copied, declare a longer lifecycle.deleteAfterDays of the destination.",
    ),
    Reason.SAME_BACKUP: Explanation(
        "Another recovery point in the source vault is the same backup and is the one that is copied.", NOBODY, ""
    ),
    Reason.CAME_FROM_DESTINATION: Explanation(
        "It was copied here from the destination vault, which no longer has it; it is not sent back.", NOBODY, ""
    ),
    Reason.QUEUED: Explanation("Is started with the next pass.", NOBODY, "Wait."),
    Reason.NOT_SAME_ORGANIZATION: Explanation(
        "AWS refused the copy: not one organization.", AWS_ADMIN, "Move one account."
    ),
    Reason.FEATURE_NOT_ENABLED: Explanation(
        "AWS refused the copy: cross-account backup is off (or was, up to 15 minutes ago).", AWS_ADMIN, "Switch it on."
    ),
    Reason.COPY_DENIED: Explanation(
        "AWS Backup was refused the copy into the destination vault.",
        AWS_ADMIN,
        "See that the copy role is allowed backup:CopyIntoBackupVault, then that the vault's policy and the SCPs over"
        " both accounts allow it.",
    ),
    Reason.COPY_ROLE_DENIED: Explanation(
        "The copy role lacks a permission, or AWS Backup may not assume it.",
        AWS_ADMIN,
        "Mend the copy role: attach AWSBackupServiceRolePolicyForBackup, or allow it what that policy allows.",
    ),
    Reason.KEY_NOT_SHARED: Explanation(
        "The source's customer managed key does not let the destination use it.",
        AWS_ADMIN,
        "Let the copy role and the destination's AWSServiceRoleForBackup use the key and create grants.",
    ),
    Reason.KEY_ACCESS_DENIED: Explanation(
        "A key could not be used for the copy. AWS does not say why: the copy role lacks rights for KMS, the key's"
        " policy does not let the role or the destination in, or the key is disabled.",
        AWS_ADMIN,
        "First see that the copy role is allowed kms:DescribeKey, kms:CreateGrant, kms:Decrypt, kms:ReEncrypt* and"
        " kms:GenerateDataKey*; then that the key is enabled, and that its policy allows the same to the copy role and"
        " to the destination's AWSServiceRoleForBackup.",
    ),
    Reason.AWS_MANAGED_KEY: Explanation(
        "Snapshots of EBS, EC2, RDS, Aurora, DocumentDB, Neptune, FSx and Storage Gateway on a key that AWS manages"
        " (aws/ebs, aws/rds, ...) cannot be shared with another account.",
        AWS_ADMIN,
        "Encrypt the resource with a customer managed key; recovery points made from then on are copied.",
    ),
    Reason.VAULT_KEY_UNSUITABLE: Explanation("The vault's key does not fit this type.", AUTHOR, "Name another vault."),
    Reason.RETENTION_REFUSED: Explanation("The vault's lock refused the retention.", AUTHOR, "Correct the lifecycle."),
    Reason.TOO_MANY_COPIES: Explanation("AWS runs as many copies as it allows.", NOBODY, "Wait."),
    Reason.QUOTA_EXCEEDED: Explanation("A quota of AWS is exhausted.", AWS_ADMIN, "Have the quota raised if it lasts."),
    Reason.TOO_MANY_TAGS: Explanation("The copy would carry more than 50 tags.", AUTHOR, "Remove tags at the source."),
    Reason.TAG_POLICY_REFUSED: Explanation(
        "A tag policy of the organization, in force over the destination account, does not allow a tag that travels"
        " with the copy; AWS's text names the tag.",
        AWS_ADMIN,
        "Give the tag of the recovery point a value that the tag policy allows, or change the tag policy.",
    ),
    Reason.LIFECYCLE_REFUSED: Explanation(
        "AWS does not accept the lifecycle that copies are to have.",
        AUTHOR,
        "Correct spec.destinations[].lifecycle: deleteAfterDays has to be 90 days after moveToColdStorageAfterDays.",
    ),
    Reason.RESOURCE_STATE: Explanation("The resource was busy.", NOBODY, "Wait."),
    Reason.SOURCE_GONE: Explanation(
        "AWS could not find what was to be copied.", NOBODY, "Check that the source exists."
    ),
    Reason.UNSUPPORTED_COPY: Explanation("AWS cannot make this copy.", AUTHOR, "Exclude the type or the resource."),
    Reason.SERVICE_FAILURE: Explanation(
        "AWS failed; the copy is tried again.", NOBODY, "Contact AWS Support if it lasts."
    ),
    Reason.SNAPSHOTS_STAY_SHARED: Explanation(
        "The copy role was deleted, or made anew, while it copied: the copies are made, and AWS cannot take back the"
        " sharing of the snapshots with the destination account.",
        AWS_ADMIN,
        "Take the sharing back by hand, as the remedy says, and keep a copy role until its copies have ended.",
    ),
    Reason.COPY_PARTIAL: Explanation("Parts of a composite were not copied.", AWS_ADMIN, "Look at the child jobs."),
    Reason.COPY_VANISHED: Explanation(
        "The copy job completed, but the copy is not there any more: somebody deleted it. It is made again once, a day"
        " later, where jobs of its type name their copies as they are listed; in a locked vault not at all.",
        PLATFORM,
        "Find who deletes in the destination vault (CloudTrail there: DeleteRecoveryPoint); a vault lock prevents it."
        " To have copies made again that are not by themselves, once, set spec.copying.whenUncertain: AssumeMissing.",
    ),
    Reason.COPY_NOT_LISTED: Explanation(
        "The copy job completed a while ago, and its copy is not listed. It is counted as on its way for two hours, and"
        " as vanished from then on.",
        PLATFORM,
        "See whether somebody deleted it (CloudTrail of the destination: DeleteRecoveryPoint).",
    ),
    Reason.COPY_JOB_STUCK: Explanation(
        "A copy job has not ended for a week. AWS copies a resource once at a time, so what else is to be copied of it"
        " waits.",
        AWS_ADMIN,
        "Open a case with AWS Support and name the job: a copy job cannot be cancelled.",
    ),
    Reason.COPY_JOB_FORGOTTEN: Explanation(
        "AWS takes the request for a repetition of an earlier one whose copy job it no longer lists.",
        NOBODY,
        "It is asked again ever more seldom, until AWS has forgotten the earlier request, too.",
    ),
    Reason.DESTINATION_VAULT_LOST: Explanation(
        "The destination vault that held copies is gone, or was made anew and holds them no more.",
        PLATFORM,
        "Find who deleted it (CloudTrail of the destination: DeleteBackupVault). Once there is a vault again, the"
        " copies are made again of the recovery points that still exist.",
    ),
    Reason.UNKNOWN_FAILURE: Explanation(
        "AWS's text is new to us; the copy is tried again.", US, "Please report the text."
    ),
}
