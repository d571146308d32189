"""What the reasons mean that stand in conditions and rows."""

from __future__ import annotations

from collections.abc import Mapping

from ..reasons import Reason
from .meaning import AUTHOR, AWS_ADMIN, NOBODY, PLATFORM, US, Explanation

OBJECTS: Mapping[Reason, Explanation] = {
    Reason.PROTECTED: Explanation("Nothing in scope lacks its copy, and nothing is wrong.", NOBODY, ""),
    Reason.NOTHING_COPYABLE: Explanation(
        "There are recovery points in scope, and AWS can copy none of them.",
        AUTHOR,
        "See why under ineligible, and change the scope, the destination, or how the backups are made.",
    ),
    Reason.CATCHING_UP: Explanation(
        "The first backfill is under way.",
        NOBODY,
        "Wait. What waits as Budget goes sooner with a higher copying.maxConcurrent.",
    ),
    Reason.COPIES_PENDING: Explanation(
        "Recovery points have no copy yet; none is older than the objective, none is failing, they are on their way.",
        NOBODY,
        "Wait.",
    ),
    Reason.OBJECTIVE_MISSED: Explanation(
        "A recovery point without a copy is older than objectives.maxCopyLag.",
        PLATFORM,
        "Look at failed, waiting and missing of the destination, and at prerequisites.",
    ),
    Reason.DRIFTED: Explanation(
        "AWS is not as declared and the operator may not, or could not, change it.",
        PLATFORM,
        "See what differs; set mode: Enforce, end the suspension, or find who else writes it.",
    ),
    Reason.PREREQUISITE_UNMET: Explanation(
        "AWS lacks something that copies need.", PLATFORM, "Do what the row of the prerequisite says."
    ),
    Reason.COPIES_FAILING: Explanation(
        "Copies failed when they were last tried, or wait for somebody, or copies that were complete are gone.",
        PLATFORM,
        "Look up the reason of the failures on this page; each entry says who acts and when it is tried again.",
    ),
    Reason.CANNOT_OBSERVE: Explanation(
        "The last look at AWS was not complete; nothing is known for sure.", PLATFORM, "The message names the cause."
    ),
    Reason.INVALID_SPEC: Explanation("The manifest contradicts itself.", AUTHOR, "Correct every field that is named."),
    Reason.ACCOUNT_NOT_FOUND: Explanation(
        "A BackupAccount is missing, or does not let this namespace use this vault, or this copy role, like that; all"
        " of these read the same on purpose.",
        AUTHOR,
        "Correct the reference, or have whoever keeps the BackupAccount allow it in spec.grants or"
        " spec.allowedNamespaces.",
    ),
    Reason.POLICY_LIMIT_REACHED: Explanation(
        "The namespace has more policies with a BackupAccount than its grant allows; the oldest ones have the places.",
        AUTHOR,
        "Delete a policy, or have whoever keeps the BackupAccount raise limits.policies of the grant.",
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
        "Check role, trust policy and External ID, in this order.",
    ),
    Reason.EXTERNAL_ID_UNREADABLE: Explanation(
        "The Secret that holds the External ID is not there, has no such key, or may not be read.",
        PLATFORM,
        "Create it in the operator's namespace, correct externalIdSecretRef, or set rbac.externalIdSecrets.",
    ),
    Reason.EXTERNAL_ID_IN_CLUSTER: Explanation(
        "The External ID lies in a Secret of the operator's namespace, which no command on files can read.",
        PLATFORM,
        "Declare externalId in the file; or, where an operator runs, ask that: crossvault doctor -n NAMESPACE NAME.",
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
    Reason.NO_CREDENTIALS: Explanation("The operator has no AWS identity.", PLATFORM, "Do as the message says."),
    Reason.CREDENTIALS_EXPIRED: Explanation(
        "The credentials ran out and could not be renewed.", PLATFORM, "Renew them."
    ),
    Reason.CREDENTIALS_REFUSED: Explanation("AWS does not know the operator's credentials.", PLATFORM, "Replace them."),
    Reason.INSECURE_ENDPOINT: Explanation(
        "The endpoint that is set instead of AWS's own is plain http to another machine, or no plain address; nothing"
        " was sent.",
        PLATFORM,
        "Set an endpoint with https (AWS_ENDPOINT_URL), or none.",
    ),
    Reason.ROLE_SHARED: Explanation(
        "Another BackupAccount enters the same account in the same way: whoever may name one of them reaches what the"
        " other one guards, and each has limits of its own. The status of the BackupAccount names it.",
        PLATFORM,
        "Keep one of them, with the namespaces of both; or give them different roles.",
    ),
    Reason.PERMISSION_MISSING: Explanation(
        "The role of a BackupAccount may not do something that policies or an organization need of it, as IAM decides"
        " when it is asked to try it out, or as AWS has denied it. No copy waits for that: what AWS takes is done.",
        AWS_ADMIN,
        "Do what its row says; crossvault iam prints everything that the role needs.",
    ),
    Reason.PERMISSION_UNCLEAR: Explanation(
        "IAM could not say whether the role of a BackupAccount may do what is needed of it: conditions decide that are"
        " not known beforehand, or it is allowed on some resources and not on all.",
        AWS_ADMIN,
        "Nothing, as long as AWS denies nothing.",
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
    Reason.ACCESS_DENIED: Explanation(
        "The role lacks a permission.",
        AWS_ADMIN,
        "Allow the action that is named, or take away what denies it.",
    ),
    Reason.THROTTLED: Explanation("AWS asks for fewer requests.", PLATFORM, "Lower the account's limits if it lasts."),
    Reason.SERVICE_UNAVAILABLE: Explanation("AWS answered with a server error.", NOBODY, "Wait."),
    Reason.TIMED_OUT: Explanation("AWS did not answer in time.", NOBODY, "Wait; check the network if it lasts."),
    Reason.UNREACHABLE: Explanation("AWS could not be reached.", PLATFORM, "Check network, DNS and egress rules."),
    Reason.REQUEST_REFUSED: Explanation(
        "AWS refused a request as it stands.", PLATFORM, "The message names the cause."
    ),
    Reason.NOT_FOUND: Explanation("AWS does not know what was asked for.", PLATFORM, "The message names it."),
    Reason.CHANGED_MEANWHILE: Explanation(
        "Somebody changed the policy, or the lock, between our look and our write, and nothing was written; or while it"
        " was written, and the message names what is missing.",
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
    Reason.DECLARED_KEY_NOT_FOUND: Explanation(
        "The destination vault is there, and vault.encryptionKey names no key, so it cannot be told whether the vault"
        " has the one that is meant; copies go on.",
        AUTHOR,
        "Correct vault.encryptionKey, or take it out: a vault keeps the key that it has.",
    ),
    Reason.VAULT_LOCK_DIFFERS: Explanation(
        "The vault's lock is not the one that vault.lock declares, or there is none; copies go on.",
        PLATFORM,
        "The row says what is done, or has to be accepted: a least retention is shortened with shortenToDays only.",
    ),
    Reason.VAULT_LOCK_FIXED: Explanation(
        "The vault's lock is in compliance mode, or that of an air-gapped vault, with other bounds than declared; the"
        " operator never touches it.",
        AUTHOR,
        "Declare the bounds that it has. Until the date that the row gives whoever administers the account may change"
        " it.",
    ),
    Reason.VAULT_LOCK_CONFLICT: Explanation(
        "Another policy declares another lock for the same vault; neither writes it.",
        PLATFORM,
        "Declare the same lock in both, or in one of them only.",
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
    Reason.COLD_STORAGE_IGNORED: Explanation(
        "A move to cold storage is declared, and none of the declared types has one, or is opted in to it; AWS ignores"
        " that, and the copies stay warm.",
        AUTHOR,
        "Take lifecycle.moveToColdStorageAfterDays out; for EBS set lifecycle.optInToArchive.",
    ),
    Reason.FOREIGN_KEY: Explanation(
        "The key belongs to an account other than the vault's, and KMS is not asked about it.",
        NOBODY,
        "AWS decides when a copy is made with it.",
    ),
    Reason.PRINCIPAL_UNKNOWN: Explanation(
        "KMS refuses a policy that names a role which does not exist: it was just made, or it was deleted and its"
        " unique id (AROA…) stands there.",
        AWS_ADMIN,
        "Wait a minute after a role was made; remove statements of others that name a deleted one.",
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
    Reason.BACKUP_PLAN_MISSING: Explanation(
        "The backup plan that spec.schedule declares, or adopts, is not there.",
        AUTHOR,
        "Nothing where the operator creates it; correct spec.schedule.adopt where it names a plan.",
    ),
    Reason.BACKUP_PLAN_DIFFERS: Explanation(
        "The backup plan, or what it selects, is otherwise than spec.schedule declares.",
        NOBODY,
        "Nothing: the operator puts it right, unless mode, suspension or AWS hold it back.",
    ),
    Reason.BACKUP_PLAN_OF_OTHERS: Explanation(
        "The backup plan belongs to another policy, perhaps of another cluster, or of one that was made anew since.",
        AUTHOR,
        "Set spec.schedule.adopt to the plan's id to take it over, or delete it, or one of the two schedules.",
    ),
    Reason.BACKUP_ROLE_MISSING: Explanation(
        "A role that a schedule names does not exist: AWS refuses the selection, or scans fail.",
        AWS_ADMIN,
        "Create it with the commands of the row, or name another role.",
    ),
    Reason.BACKUP_ROLE_UNTRUSTING: Explanation(
        "A role that a schedule names does not let AWS Backup, or GuardDuty, assume it, or that depends on conditions.",
        AWS_ADMIN,
        "Allow sts:AssumeRole to the service that the row names in the role's trust policy.",
    ),
    Reason.SELECTED_NEVER_COPIED: Explanation(
        "A schedule backs up resources of types that AWS Backup copies to no destination; the row counts them.",
        AUTHOR,
        "Leave them out by notResources, or list in recoveryPoints.resourceTypes the types to be copied.",
    ),
    Reason.NOTHING_SELECTED: Explanation(
        "A selection of a schedule means no resource today: nothing has the tags that it asks for.",
        AUTHOR,
        "Correct the tags that the row names, tag the resources, or take the selection out.",
    ),
    Reason.DESTINATION_TAKES_NOTHING: Explanation(
        "Nothing that a schedule selects is of a type that AWS Backup copies to one of the destinations.",
        AUTHOR,
        "Select other types, or take the destination out.",
    ),
    Reason.BACKUPS_FAILING: Explanation(
        "The last backup job of some resource of a schedule failed, was aborted, or expired; the row has AWS's words.",
        AWS_ADMIN,
        "Put right what AWS names; it ends with a later job that makes a recovery point.",
    ),
    Reason.COPIES_ARE_SNAPSHOTS: Explanation(
        "Copies of continuous backups are snapshots, without recovery to a point in time, and would live as shortly as"
        " the backups themselves.",
        AUTHOR,
        "Declare with the destination how long snapshots are to be kept there.",
    ),
    Reason.SCHEDULE_TOO_TIGHT: Explanation(
        "Backups of a rule may be gone, or cold, before AWS comes to copy them.",
        AUTHOR,
        "Shorten the start window of the rule, or keep its backups longer.",
    ),
    Reason.SCHEDULE_TOO_SPARSE: Explanation(
        "The rules run less often than objectives.maxCopyLag promises copies of what is new, or not at all any more.",
        AUTHOR,
        "Let a rule run more often, or raise the objective.",
    ),
    Reason.OVERLAPPING_RULES: Explanation(
        "Start windows of two rules overlap: AWS Backup leaves runs of the one out that keeps its backups less long.",
        AUTHOR,
        "Let them begin further apart than their start windows, or shorten those.",
    ),
    Reason.SCHEDULE_WITHOUT_EFFECT: Explanation(
        "A rule declares an index, a scan for malware, or an air-gapped vault, and AWS Backup does it for none of its"
        " backups.",
        AUTHOR,
        "Take it out of the rule, or declare it where there are such backups.",
    ),
    Reason.AIR_GAPPED_TARGET_UNUSABLE: Explanation(
        "The vault that backups of a rule go into first is not there, or is not logically air-gapped.",
        AUTHOR,
        "Correct airGappedVault of the rule, or create the vault by hand: it is locked for ever from the beginning.",
    ),
    Reason.REGION_DOUBTFUL: Explanation(
        "This release knows no such Region. Nothing is sent there unless the BackupAccount lists it; listed, it did not"
        " answer.",
        AUTHOR,
        "Correct the Region; one newer than this release works once spec.regions of the BackupAccount lists it.",
    ),
    Reason.REGION_DISABLED: Explanation(
        "A Region in which a BackupAccount is declared or used has to be opted into, and the account has not. AWS"
        " refuses requests there as if the credentials were wrong.",
        AWS_ADMIN,
        "Enable the Region in the account, or take it out of the manifests.",
    ),
    Reason.REGION_UNSEEN: Explanation(
        "Not looked at, because nothing is asked in the Region.", AUTHOR, "See the row with RegionDoubtful."
    ),
}
