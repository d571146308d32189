"""What the reasons mean of events about what was done."""

from __future__ import annotations

from collections.abc import Mapping

from ..reasons import Reason
from .meaning import AWS_ADMIN, NOBODY, PLATFORM, Explanation

DEEDS: Mapping[Reason, Explanation] = {
    Reason.VAULT_CREATED: Explanation("The destination vault was created.", NOBODY, ""),
    Reason.VAULT_LOCKED: Explanation(
        "The lock of the destination vault was put, in governance mode, with the bounds of vault.lock.", NOBODY, ""
    ),
    Reason.VAULT_POLICY_UPDATED: Explanation("Our statement was put into the vault's policy.", NOBODY, ""),
    Reason.KEY_POLICY_UPDATED: Explanation(
        "Our statements were put into the policy of a key of the source (keyPolicy: Manage).", NOBODY, ""
    ),
    Reason.SERVICE_ROLE_CREATED: Explanation(
        "AWS Backup's service-linked role was created in a destination's account (serviceLinkedRole: Manage).",
        NOBODY,
        "",
    ),
    Reason.BACKUP_PLAN_CREATED: Explanation("The backup plan of spec.schedule was created.", NOBODY, ""),
    Reason.BACKUP_PLAN_UPDATED: Explanation(
        "The backup plan, or what it selects, was made as spec.schedule declares.", NOBODY, ""
    ),
    Reason.BACKUP_PLAN_ADOPTED: Explanation(
        "A plan that was there was taken over (spec.schedule.adopt): from now on it is kept as declared.", NOBODY, ""
    ),
    Reason.BACKUP_PLAN_REMOVED: Explanation(
        "The policy, or its schedule, went, and its backup plan with it. Backups and copies stay.", NOBODY, ""
    ),
    Reason.BACKUP_PLAN_LEFT: Explanation(
        "The policy, or its schedule, went; its backup plan goes on running as it is.",
        PLATFORM,
        "Delete the plan by hand if nothing is to be backed up by it any more.",
    ),
    Reason.DRIFT_CORRECTED: Explanation(
        "What is declared was gone or changed, and was restored.", PLATFORM, "Find who did it."
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
