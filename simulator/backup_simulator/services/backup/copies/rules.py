"""Everything that can go wrong with a copy, as one table: what, when, with which words.

The rows stand in four modules: what StartCopyJob refuses (`refusals`), who may copy (`access`), what can be
copied (`support`), keys (`keys`). Here is their order: of several broken rules the first one speaks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from .. import job_rules, lives
from . import access, keys, refusals, support
from .attempt import Moment

if TYPE_CHECKING:
    from ..job_rules import Rule
    from ..lives import Ending
    from .attempt import Attempt

VAULT_ARN = refusals.VAULT_ARN

RULES: tuple[Rule[Attempt], ...] = (
    *refusals.RULES,
    *support.FIRST,
    *access.START,
    *support.START,
    *access.END,
    *keys.END,
    *support.END,
)


def refusal(attempt: Attempt) -> tuple[str, str] | None:
    """What StartCopyJob answers to a copy that breaks one of its rules: message and code."""
    return job_rules.first_broken(RULES, Moment.REFUSED, attempt)


def failure(moment: Moment, attempt: Attempt) -> Ending | None:
    """How a copy ends that breaks a rule of a moment."""
    return lives.failure(job_rules.first_broken(RULES, moment, attempt))


FIDELITY = (
    Behaviour(
        "The rules of copies are one table; its rows say *refused* (by StartCopyJob), *admission* "
        "(before it queues), *start* (CREATED to FAILED) or *end* (RUNNING to FAILED)",
        "assumed (derived; AWS documents only the error names)",
        "test_copy_refusals.py::test_every_rule_of_the_table_is_shown_by_a_row",
    ),
    Behaviour(
        "Tag policies over the destination refuse copies, those over the source refuse backups, whose tags break them; "
        "calls that tag (TagResource, CreateBackupVault) are not judged: missing",
        "DG (Knowledge Center: that copies fail); text and category: assumed",
        "test_tag_policies.py::test_a_copy_whose_tags_break_a_policy_fails",
    ),
    Behaviour(
        "Every text and MessageCategory that AWS documents for failed copies: brought about by the rule that stands "
        "for its cause, or ordered where the cause is AWS's own",
        "DG, issue (`texts.py`; texts without a public source stand under *assumed* there)",
        "test_copy_documented.py::test_a_documented_failure_is_brought_about",
    ),
    Behaviour(
        "Around documented fragments of texts stand words of ours; `Unsupported resource type` for types without "
        "copies",
        "assumed",
        "test_copy_documented.py::test_a_documented_failure_is_brought_about",
    ),
    Behaviour(
        "A role that does not trust AWS Backup: StartBackupJob refuses at once, StartCopyJob takes the job, which "
        "fails as it leaves CREATED, with the same words",
        "issue, DG (text and category of the job); that StartCopyJob does not refuse: assumed",
        "test_copy_failures.py::test_a_copy_fails_later",
    ),
    Behaviour(
        "Vault policies are judged with the copy role as principal",
        "DG",
        "test_copy_failures.py::test_a_copy_fails_later",
    ),
    Behaviour(
        "A missing destination vault gives `Access Denied trying to call AWS Backup service`",
        "DG (category); text assumed",
        "test_copy_failures.py::test_a_copy_fails_later",
    ),
    Behaviour(
        "The vault `Default` is refused with the service-managed-key text",
        "DG (rule); text assumed",
        "test_copy_documented.py::test_a_documented_failure_is_brought_about",
    ),
    Behaviour(
        "Types that are not fully managed are not copied into a vault on `aws/backup`, within the account neither",
        "DG (rule, text across accounts); the text within the account and that it fails, not falls back to the "
        "service's default key, assumed",
        "test_copy_keys.py::test_a_vault_on_the_key_of_aws_backup_takes_no_snapshots",
    ),
    Behaviour(
        "Copies in one account need neither organization nor toggle nor vault policy",
        "DG",
        "test_copy_jobs.py::test_a_copy_inside_the_account_needs_no_vault_policy",
    ),
    Behaviour(
        "The copy role needs the sharing call of the resource's service across accounts, its copying call within one, "
        "and may list tags; after running",
        "DG, issue; which calls and when assumed",
        "test_copy_support.py::test_a_right_that_lacks_fails_the_copy",
    ),
    Behaviour(
        "The parts of AWSBackupServiceRolePolicyForBackup are enough for every type that is copied across accounts",
        "DG",
        "test_copy_support.py::test_what_aws_gives_the_copy_role_is_enough",
    ),
    Behaviour(
        "Service control policies and boundaries hold the copy role, with `backup:CopyTargets`, "
        "`backup:CopyTargetOrgPaths` and the tags of the destination vault; they come out as failed jobs",
        "DG; that the Region of CopyIntoBackupVault is the destination's assumed",
        "test_copy_controls.py::test_control_policies_hold_the_copy_role",
    ),
    Behaviour(
        "Neptune, Timestream and CloudFormation are not copied across accounts from or into Regions to opt into; "
        "Multi-AZ clusters of RDS never",
        "DG",
        "test_copy_support.py::test_some_types_stay_out_of_regions_to_opt_into",
    ),
    Behaviour(
        "Allowed AMIs of the destination account",
        "DG; the category assumed",
        "test_copy_support.py::test_allowed_amis_of_the_destination_count",
    ),
    Behaviour(
        "Copies of unencrypted clusters (Aurora, DocumentDB, Neptune) stay unencrypted; air-gapped vaults refuse them",
        "DG",
        "test_copy_support.py::test_unencrypted_clusters_stay_unencrypted",
    ),
    Behaviour(
        "Incremental copies: nothing shows whether one is",
        "missing",
    ),
)
