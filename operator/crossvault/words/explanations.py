"""What every reason means, who acts, and how: the source of ``docs/reference/reasons.md``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .reasons import Reason


class Explanation(NamedTuple):
    """What a reason means, who acts, and what they do."""

    meaning: str
    who: str
    remedy: str


NOBODY, PLATFORM, AWS_ADMIN, AUTHOR, US = "nobody", "platform team", "AWS administrator", "author of the policy", "us"

EXPLANATIONS: Mapping[Reason, Explanation] = {
    Reason.PROTECTED: Explanation("Nothing in scope lacks its copy, and nothing is wrong.", NOBODY, ""),
    Reason.COPIES_PENDING: Explanation(
        "Recovery points have no copy yet; none is older than the objective, none is failing, they are on their way.",
        NOBODY,
        "Wait.",
    ),
    Reason.CATCHING_UP: Explanation(
        "The first backfill is under way.",
        NOBODY,
        "Wait. What waits as Budget goes sooner with a higher copying.maxConcurrent.",
    ),
    Reason.OBJECTIVE_MISSED: Explanation(
        "A recovery point without a copy is older than objectives.maxCopyLag.",
        PLATFORM,
        "Look at failed, waiting and missing of the destination, and at prerequisites.",
    ),
    Reason.DRIFTED: Explanation(
        "AWS is not as declared and the operator may not, or could not, change it.",
        PLATFORM,
        "Look at status.drift; set mode: Enforce, end the suspension, or find who else writes it.",
    ),
    Reason.PREREQUISITE_UNMET: Explanation(
        "AWS lacks something that copies need.", PLATFORM, "Do what the row in status.prerequisites says."
    ),
    Reason.COPIES_FAILING: Explanation(
        "Copies failed when they were last tried, or copies that were complete are gone.",
        PLATFORM,
        "Look up the reason in status.failures on this page; the entry says who acts and when it is tried again.",
    ),
    Reason.CANNOT_OBSERVE: Explanation(
        "The last look at AWS was not complete; nothing is known for sure.", PLATFORM, "The message names the cause."
    ),
    Reason.INVALID_SPEC: Explanation("The manifest contradicts itself.", AUTHOR, "Correct every field that is named."),
    Reason.ACCOUNT_NOT_FOUND: Explanation(
        "A BackupAccount is missing, or does not let this namespace use this vault, or this copy role, like that; all"
        " of these read the same on purpose.",
        AUTHOR,
        "Correct the reference, or have a cluster administrator allow it in spec.grants or spec.allowedNamespaces.",
    ),
    Reason.POLICY_LIMIT_REACHED: Explanation(
        "The namespace has more policies with a BackupAccount than its grant allows; the oldest ones have the places.",
        AUTHOR,
        "Delete a policy, or have a cluster administrator raise limits.policies of the grant.",
    ),
    Reason.NOTHING_COPYABLE: Explanation(
        "There are recovery points in scope, and AWS can copy none of them.",
        AUTHOR,
        "See why under ineligible, and change the scope, the destination, or how the backups are made.",
    ),
    Reason.ALL_MET: Explanation("Every prerequisite is met.", NOBODY, ""),
    Reason.IN_SYNC: Explanation("Vaults and statements are as declared.", NOBODY, ""),
    Reason.NO_FAILURES: Explanation("No copy is failing.", NOBODY, ""),
    Reason.WITHIN_OBJECTIVE: Explanation("No gap is older than the objective.", NOBODY, ""),
    Reason.NO_OBJECTIVE: Explanation("No objective is declared.", AUTHOR, "Declare objectives.maxCopyLag."),
    Reason.COPYING: Explanation("A copy job is under way.", NOBODY, ""),
    Reason.VERIFIED: Explanation("The role leads into the declared account.", NOBODY, ""),
    Reason.ASSUME_ROLE_DENIED: Explanation(
        "STS refused AssumeRole. AWS gives the same answer for a missing role, a trust policy that does not name the"
        " operator, and a wrong External ID.",
        AWS_ADMIN,
        "Check role, trust policy and External ID, in this order. The status of the BackupAccount says who asked.",
    ),
    Reason.EXTERNAL_ID_UNREADABLE: Explanation(
        "The Secret that holds the External ID is not there, has no such key, or may not be read.",
        PLATFORM,
        "Create it in the operator's namespace, correct externalIdSecretRef, or set rbac.externalIdSecrets.",
    ),
    Reason.EXTERNAL_ID_REFUSED: Explanation(
        "STS said that the External ID does not fit.", AWS_ADMIN, "Correct externalId or the role's trust policy."
    ),
    Reason.ROLE_NOT_FOUND: Explanation(
        "STS said that the role does not exist.", AWS_ADMIN, "Create it, or correct roleArn."
    ),
    Reason.WRONG_ACCOUNT: Explanation(
        "The role leads into another account than declared; nothing was read or written with it.",
        PLATFORM,
        "Correct accountId or roleArn.",
    ),
    Reason.NO_CREDENTIALS: Explanation(
        "The operator has no AWS identity.", PLATFORM, "Give its ServiceAccount a role (IRSA or Pod Identity)."
    ),
    Reason.CREDENTIALS_EXPIRED: Explanation(
        "The credentials ran out and could not be renewed.", PLATFORM, "Renew them."
    ),
    Reason.CREDENTIALS_REFUSED: Explanation("AWS does not know the operator's credentials.", PLATFORM, "Replace them."),
    Reason.INSECURE_ENDPOINT: Explanation(
        "The endpoint that is set instead of AWS's own is plain http to another machine, or no plain address; nothing"
        " was sent.",
        PLATFORM,
        "Set an endpoint with https (aws.endpointUrl of the chart, AWS_ENDPOINT_URL), or none.",
    ),
    Reason.ROLE_SHARED: Explanation(
        "Another BackupAccount enters the same account in the same way: whoever may name one of them reaches what the"
        " other one guards, and each has limits of its own. The status of the BackupAccount names it.",
        PLATFORM,
        "Keep one of them, with the namespaces of both; or give them different roles.",
    ),
    Reason.NOT_MANAGED: Explanation(
        "The organization's switch for cross-account backup is only looked at.",
        NOBODY,
        "Declare crossAccountBackup: Enabled or Disabled to have it kept.",
    ),
    Reason.NOT_MANAGEMENT_ACCOUNT: Explanation(
        "The account that a BackupOrganization names is a member of the organization and does not manage it; nothing"
        " was written.",
        PLATFORM,
        "Name a BackupAccount of the management account, which the message gives, in spec.managementAccountRef.",
    ),
    Reason.DECLARATIONS_DISAGREE: Explanation(
        "Several BackupOrganizations declare different things of one organization's switch; none of them writes.",
        PLATFORM,
        "Declare the same in all of them, or delete what is too many; a deletion changes nothing in AWS.",
    ),
    Reason.FORMER_MEMBER_HOLDS_COPIES: Explanation(
        "An account that has left the organization, or is closed in it, still holds copies that policies made there.",
        PLATFORM,
        "Have that account reviewed. Its row goes once the account is a member again, or a policy counts no copy.",
    ),
    Reason.SWITCHED_ON: Explanation("Cross-account backup was switched on in the organization.", NOBODY, ""),
    Reason.SWITCHED_OFF: Explanation(
        "Cross-account backup was switched off in the organization; copies may go on for up to 15 minutes.",
        PLATFORM,
        "If nobody meant it: declare crossAccountBackup: Enabled on a BackupOrganization; CloudTrail has who did it.",
    ),
    Reason.ACCESS_DENIED: Explanation("The role lacks a permission.", AWS_ADMIN, "Allow the action that is named."),
    Reason.THROTTLED: Explanation("AWS asks for fewer requests.", PLATFORM, "Lower the account's limits if it lasts."),
    Reason.SERVICE_UNAVAILABLE: Explanation("AWS answered with a server error.", NOBODY, "Wait."),
    Reason.TIMED_OUT: Explanation("AWS did not answer in time.", NOBODY, "Wait; check the network if it lasts."),
    Reason.UNREACHABLE: Explanation("AWS could not be reached.", PLATFORM, "Check network, DNS and egress rules."),
    Reason.REQUEST_REFUSED: Explanation(
        "AWS refused a request as it stands.", PLATFORM, "The message names the cause."
    ),
    Reason.NOT_FOUND: Explanation("AWS does not know what was asked for.", PLATFORM, "The message names it."),
    Reason.CHANGED_MEANWHILE: Explanation(
        "Somebody changed the vault policy between our look and our write, and nothing was written; or while it was"
        " written, and the message names what is missing.",
        NOBODY,
        "Wait. Who writes the same policy again and again is in CloudTrail.",
    ),
    Reason.DEADLINE_EXCEEDED: Explanation(
        "A pass took too long and was cut short.", NOBODY, "Raise the account's limits."
    ),
    Reason.UNEXPECTED_ANSWER: Explanation(
        "AWS's answer was broken, cut off, or lacked what AWS always sends; nothing was concluded from it.",
        NOBODY,
        "Wait.",
    ),
    Reason.INTERNAL_ERROR: Explanation("A bug of Crossvault.", US, "Please report it with the log."),
    Reason.DIFFERENT_ORGANIZATION: Explanation(
        "The accounts are in different organizations; AWS copies within one only.", AWS_ADMIN, "Move one account."
    ),
    Reason.NO_ORGANIZATION: Explanation("An account is in no organization.", AWS_ADMIN, "Let it join."),
    Reason.CROSS_ACCOUNT_BACKUP_OFF: Explanation(
        "The organization's switch for cross-account backup is off.",
        AWS_ADMIN,
        "Declare crossAccountBackup: Enabled on a BackupOrganization; or in the management account: aws backup"
        " update-global-settings --global-settings isCrossAccountBackupEnabled=true",
    ),
    Reason.SOURCE_VAULT_MISSING: Explanation("The source vault does not exist.", AUTHOR, "Correct source.vault.name."),
    Reason.VAULT_NOT_READY: Explanation(
        "The destination vault is logically air-gapped and AWS is still creating it, or could not.",
        AWS_ADMIN,
        "Wait some minutes; a vault that could not be created has to be deleted by hand.",
    ),
    Reason.DESTINATION_VAULT_MISSING: Explanation(
        "The destination vault does not exist and is not to be created.", AUTHOR, "Set vault.create and encryptionKey."
    ),
    Reason.DEFAULT_VAULT: Explanation(
        "The default vault cannot take copies from another account.", AUTHOR, "Name another."
    ),
    Reason.AWS_MANAGED_VAULT_KEY: Explanation(
        "The vault's key is managed by AWS; most types cannot be copied into it, and it cannot be changed.",
        AUTHOR,
        "Name another vault with a customer managed key.",
    ),
    Reason.KEY_NOT_FOUND: Explanation("The declared key does not exist.", AUTHOR, "Correct vault.encryptionKey."),
    Reason.KEY_NOT_USABLE: Explanation(
        "The key is disabled, deleted or managed by AWS.", AWS_ADMIN, "Enable or replace it."
    ),
    Reason.VAULT_POLICY_MISSING: Explanation(
        "The vault's policy does not let the copy role in.", AUTHOR, "Set vaultPolicy: Manage, or add the statement."
    ),
    Reason.VAULT_POLICY_FULL: Explanation(
        "The vault's policy has as many statements of Crossvault as one account, or all together, may have.",
        PLATFORM,
        "Use fewer copy roles for this vault, let some policies copy into another vault, or allow the roles by one"
        " statement of your own, and set vaultPolicy: Check.",
    ),
    Reason.VAULT_POLICY_UNCLEAR: Explanation(
        "Conditions that cannot be judged from here decide; the row names them.",
        NOBODY,
        "Copies are tried: that tells.",
    ),
    Reason.VAULT_POLICY_DENIES: Explanation(
        "A Deny statement keeps the copy role out.", AWS_ADMIN, "Remove or narrow the one that the row names."
    ),
    Reason.RETENTION_OUT_OF_BOUNDS: Explanation(
        "The vault's lock does not allow the copies' retention; recovery points whose copies it would refuse are held.",
        AUTHOR,
        "Declare lifecycle.deleteAfterDays of the destination within the lock's bounds.",
    ),
    Reason.FOREIGN_KEY: Explanation(
        "The key belongs to an account other than the vault's, and KMS is not asked about it.",
        NOBODY,
        "AWS decides when a copy is made with it.",
    ),
    Reason.KEY_POLICY_UNCLEAR: Explanation(
        "Whether a key lets in who copies cannot be judged from here; the row names what decides.",
        NOBODY,
        "Copies are tried: that tells.",
    ),
    Reason.COPY_ROLE_MISSING: Explanation(
        "There is no role of this name in the source account that AWS Backup could assume.",
        AWS_ADMIN,
        "Create it as the remedy says, or correct spec.source.copyRole.",
    ),
    Reason.COPY_ROLE_UNTRUSTING: Explanation(
        "The copy role's trust policy does not let AWS Backup in, or it depends on conditions.",
        AWS_ADMIN,
        "Allow sts:AssumeRole to the service backup.amazonaws.com in the role's trust policy.",
    ),
    Reason.COPY_ROLE_LACKS: Explanation(
        "The copy role may not copy out of the source vault, or into the destination vault, or that depends on"
        " conditions.",
        AWS_ADMIN,
        "Allow it what the row names, or attach AWSBackupServiceRolePolicyForBackup.",
    ),
    Reason.COPY_ROLE_NOT_PASSED: Explanation(
        "The operator's role in the source account may not pass the copy role to AWS Backup, or that depends on"
        " conditions.",
        AWS_ADMIN,
        "Allow it iam:PassRole on the copy role.",
    ),
    Reason.REGION_DOUBTFUL: Explanation(
        "This release knows no such Region. Nothing is sent there unless the BackupAccount lists it; listed, it did not"
        " answer.",
        AUTHOR,
        "Correct the Region; one newer than this release works once spec.regions of the BackupAccount lists it.",
    ),
    Reason.REGION_UNSEEN: Explanation(
        "Not looked at, because nothing is asked in the Region.", AUTHOR, "See the row with RegionDoubtful."
    ),
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
        "Another copy of the same resource is running, whoever started it.", NOBODY, "Wait."
    ),
    Reason.HELD: Explanation("Not started while a prerequisite is unmet or unknown.", PLATFORM, "See prerequisites."),
    Reason.COPY_JOB_FORGOTTEN: Explanation(
        "AWS takes the request for a repetition of an earlier one whose copy job it no longer lists.",
        NOBODY,
        "It is asked again ever more seldom, until AWS has forgotten the earlier request, too.",
    ),
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
    Reason.LIFECYCLE_CONFLICT: Explanation(
        "Another policy copies the same vault into the same one and keeps the copies longer; it makes them.",
        AUTHOR,
        "Declare the same lifecycle in both, or name another vault.",
    ),
    Reason.ASSUMED_COPIED: Explanation(
        "Counted as copied because the policy says so (copying.whenUncertain), not because it was seen.", AUTHOR, ""
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
    Reason.KEY_ACCESS_DENIED: Explanation(
        "A key could not be used for the copy. AWS does not say why: the copy role lacks rights for KMS, the key's"
        " policy does not let the role or the destination in, or the key is disabled.",
        AWS_ADMIN,
        "First see that the copy role is allowed kms:DescribeKey, kms:CreateGrant, kms:Decrypt, kms:ReEncrypt* and"
        " kms:GenerateDataKey*; then that the key is enabled, and that its policy allows the same to the copy role and"
        " to the destination's AWSServiceRoleForBackup.",
    ),
    Reason.KEY_NOT_SHARED: Explanation(
        "The source's customer managed key does not let the destination use it.",
        AWS_ADMIN,
        "Let the copy role and the destination's AWSServiceRoleForBackup use the key and create grants.",
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
    Reason.TOO_MANY_TAGS: Explanation("The copy would carry more than 50 tags.", AUTHOR, "Remove tags at the source."),
    Reason.RESOURCE_STATE: Explanation("The resource was busy.", NOBODY, "Wait."),
    Reason.SOURCE_GONE: Explanation(
        "AWS could not find what was to be copied.", NOBODY, "Check that the source exists."
    ),
    Reason.UNSUPPORTED_COPY: Explanation("AWS cannot make this copy.", AUTHOR, "Exclude the type or the resource."),
    Reason.SERVICE_FAILURE: Explanation(
        "AWS failed; the copy is tried again.", NOBODY, "Contact AWS Support if it lasts."
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
    Reason.DESTINATION_VAULT_LOST: Explanation(
        "The destination vault that held copies is gone, or was made anew and holds them no more.",
        PLATFORM,
        "Find who deleted it (CloudTrail of the destination: DeleteBackupVault). Once there is a vault again, the"
        " copies are made again of the recovery points that still exist.",
    ),
    Reason.UNKNOWN_FAILURE: Explanation(
        "AWS's text is new to us; the copy is tried again.", US, "Please report the text."
    ),
    Reason.VAULT_CREATED: Explanation("The destination vault was created.", NOBODY, ""),
    Reason.VAULT_POLICY_UPDATED: Explanation("Our statement was added to the vault's policy.", NOBODY, ""),
    Reason.KEY_POLICY_UPDATED: Explanation(
        "Our statements were added to the policy of a key of the source (keyPolicy: Manage).", NOBODY, ""
    ),
    Reason.SERVICE_ROLE_CREATED: Explanation(
        "AWS Backup's service-linked role was created in a destination's account (serviceLinkedRole: Manage).",
        NOBODY,
        "",
    ),
    Reason.DRIFT_CORRECTED: Explanation(
        "Our statement was gone or changed, and was restored.", PLATFORM, "Find who did it."
    ),
    Reason.CONTESTED: Explanation(
        "What is declared was undone and restored three times or more within a day; the pauses between repairs grow"
        " from five minutes to six hours.",
        PLATFORM,
        "Find in CloudTrail who else writes it, and agree: declare it in one place, or set Check here.",
    ),
    Reason.COPIES_STARTED: Explanation("Copy jobs were started.", NOBODY, ""),
    Reason.LIFECYCLES_UPDATED: Explanation(
        "Existing copies were given the lifecycle that is declared (existingCopies: UpdateLifecycle).", NOBODY, ""
    ),
    Reason.DELETION_RETAINED: Explanation("The policy went; everything in AWS stays.", NOBODY, ""),
    Reason.DELETION_REMOVED: Explanation("The policy went, and our statements with it.", NOBODY, ""),
    Reason.DELETION_WAITING: Explanation(
        "The policy is being deleted, and our statement in a vault policy could not be removed yet.",
        AWS_ADMIN,
        "Mend what the message names. After five minutes the policy goes all the same; an event names what is left.",
    ),
    Reason.DELETION_INCOMPLETE: Explanation(
        "The policy went although our statement could not be removed.",
        AWS_ADMIN,
        "Remove the statement that the event names by hand, unless another policy needs it.",
    ),
}
