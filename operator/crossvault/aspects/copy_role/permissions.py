"""What the copy role may do, and whether the operator may pass it: as IAM itself decides when it is asked to try.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ...engine import fixes
from ...engine.declared import Desired, Destination
from ...engine.fixes import Fix
from ...engine.looks import UNASKED, Look, Unseen
from ...engine.parts import Part
from ...engine.rows import UNKNOWN, Prerequisite, met, unknown, unmet
from ...iam.conditions import like
from ...iam.context import FROM_HERE, Caller, Fact, Request
from ...iam.decisions import Barrier, told
from ...words.reasons import Reason
from ..organization.controls import Level
from ..organization.controls import told as named_controls
from .declared import COPY_ROLE

MAY_COPY, PASS = "CopyRolePermissions", "PassRole"
OUT, INTO, PASS_ROLE = "backup:CopyFromBackupVault", "backup:CopyIntoBackupVault", "iam:PassRole"
SERVICE = "backup.amazonaws.com"
MANAGED = "service-role/AWSBackupServiceRolePolicyForBackup"


@dataclass(frozen=True, slots=True)
class Trial:
    """What IAM decided, by action: True for allowed, False for denied, None where keys decide that nobody gave.

    Attributes:
        barriers: What of those that are denied no policy of the role can allow.
        kept: The forms of recovery points, as :func:`samples` has them, of which the role may certainly copy none out
            although it may of others; with what no policy of the role can allow.
    """

    decisions: tuple[tuple[str, bool | None], ...]
    barriers: frozenset[Barrier] = frozenset()
    kept: tuple[tuple[str, frozenset[Barrier]], ...] = ()

    def of(self, action: str) -> bool | None:
        """Return the decision about an action; None for one that was not tried."""
        return dict(self.decisions).get(action)

    @property
    def denied(self) -> tuple[str, ...]:
        """The actions that are denied for certain."""
        return tuple(action for action, allowed in self.decisions if allowed is False)


COPYING: Part[Look[Trial | None]] = Part("may copy", UNASKED)
"""Whether the copy role may copy into a destination; None when there is no such role."""

PASSING: Part[Look[Trial | None]] = Part("may pass", UNASKED)
"""Whether the operator's role in the source's account may pass the copy role."""


def samples(account_id: str, region: str, partition: str) -> tuple[str, ...]:
    """Return ARNs of recovery points of each form: a policy may name the forms that it is for, and none is all."""
    start = f"arn:{partition}"
    return (
        f"{start}:backup:{region}:{account_id}:recovery-point:*",
        f"{start}:ec2:{region}::snapshot/snap-*",
        f"{start}:ec2:{region}::image/ami-*",
        f"{start}:rds:{region}:{account_id}:snapshot:awsbackup:*",
        f"{start}:rds:{region}:{account_id}:cluster-snapshot:awsbackup:*",
        f"{start}:fsx:{region}:{account_id}:backup/backup-*",
    )


def kept(look: Look[Trial | None]) -> Mapping[str, tuple[Reason, str]]:
    """Return why recovery points of some forms certainly do not leave, where others do; by form."""
    trial = None if isinstance(look, Unseen) else look.value
    forms = (form for form, _ in (trial.kept if trial is not None else ()))
    return {form: (Reason.COPY_ROLE_LACKS, f"The copy role may not do {OUT} on {form}.") for form in forms}


def holding(
    desired: Desired,
    destination: Destination,
    look: Look[Trial | None],
    arns: Collection[str],
    controls: Look[tuple[Level, ...]] = UNASKED,
) -> Prerequisite:
    """Return the row of a role that may copy some forms of recovery points and not those of what is there.

    Args:
        desired: What the policy declares.
        destination: Where copies go.
        look: What was tried out.
        arns: The recovery points that are held because of it.
        controls: The policies of the organization, where they were read.
    """
    role, account = desired[COPY_ROLE], desired.source.account
    trial = None if isinstance(look, Unseen) else look.value
    kept = [each for each in (trial.kept if trial is not None else ()) if any(like(arn, each[0]) for arn in arns)]
    forms = " and ".join(form for form, _ in kept)
    bare, points = (
        role.rsplit("/", 1)[-1],
        "1 recovery point is" if len(arns) == 1 else f"{len(arns)} recovery points are",
    )
    words = f"Role {bare} in account {account.name} ({account.account_id}) may not do {OUT} on {forms}; {points} held."
    barriers = frozenset[Barrier]().union(*(each for _, each in kept))
    if barriers:
        named = _named(desired, destination, controls, {OUT: tuple(form for form, _ in kept)})
        words = f"{words.removesuffix('.')}: {told(barriers)} does not allow it."
        remedy, fix = lifting(barriers, (OUT,), named), fixes.NONE
    else:
        remedy, fix = _attach(role), fixes.within(account, attaching(role, desired.source.region))
    return unmet(MAY_COPY, destination.name, Reason.COPY_ROLE_LACKS, words, remedy, blocks=False, fix=fix)


def _named(
    desired: Desired, destination: Destination, controls: Look[tuple[Level, ...]], asked: Mapping[str, Collection[str]]
) -> str:
    """Name the policies of the organization that keep the copy role from something; empty where they were not read."""
    account_id = desired.source.account.account_id
    caller = Caller(desired[COPY_ROLE], account_id)
    leaving: dict[str, Fact] = {
        "backup:copytargets": destination.vault.arn,
        "backup:copytargetorgpaths": FROM_HERE,
        "aws:resourceaccount": account_id,
    }
    found = (
        clause
        for action, resources in asked.items()
        for each in resources
        if (clause := named_controls(controls, Request(caller, each, leaving if action == OUT else {}), [action]))
    )
    return next(found, "")


def _asked(desired: Desired, destination: Destination, actions: Collection[str]) -> dict[str, tuple[str, ...]]:
    source, partition = desired.source, desired[COPY_ROLE].split(":")[1]
    every = {OUT: samples(source.account.account_id, source.region, partition), INTO: (destination.vault.arn,)}
    return {action: resources for action, resources in every.items() if action in actions}


def may_copy(
    desired: Desired,
    destination: Destination,
    look: Look[Trial | None],
    role: str,
    controls: Look[tuple[Level, ...]] = UNASKED,
) -> tuple[Prerequisite, ...]:
    """Judge what the copy role may do for one destination.

    | tried out | row |
    |---|---|
    | not asked, or there is no such role | none: another row is about that |
    | not seen, or not allowed to try | Unknown, holds nothing up |
    | an action is denied | Unmet; told apart where the organization, or a boundary, does not allow it |
    | keys decide that nobody gave | Unknown, holds nothing up |
    | both allowed | Met; of forms of recovery points that it may not copy out see :func:`holding` |
    """
    if look is UNASKED or (not isinstance(look, Unseen) and look.value is None):
        return ()
    name, bare = destination.name, role.rsplit("/", 1)[-1]
    if isinstance(look, Unseen) or look.value is None:
        return (unknown(MAY_COPY, name, look.problem),) if isinstance(look, Unseen) else ()
    where = f"account {desired.source.account.name} ({desired.source.account.account_id})"
    denied = look.value.denied
    if denied and look.value.barriers:
        what = f"Role {bare} in {where} may not do {' and '.join(denied)} for vault {destination.vault.arn}"
        named = _named(desired, destination, controls, _asked(desired, destination, denied))
        words = f"{what}: {told(look.value.barriers)} does not allow it."
        return (unmet(MAY_COPY, name, Reason.COPY_ROLE_LACKS, words, lifting(look.value.barriers, denied, named)),)
    if denied:
        return (
            unmet(
                MAY_COPY,
                name,
                Reason.COPY_ROLE_LACKS,
                f"Role {bare} in {where} may not do {' and '.join(denied)} for vault {destination.vault.arn}.",
                _attach(role),
                fix=fixes.within(desired.source.account, attaching(role, desired.source.region)),
            ),
        )
    if any(allowed is None for _, allowed in look.value.decisions):
        open_ = [action for action, allowed in look.value.decisions if allowed is None]
        named = _named(desired, destination, controls, _asked(desired, destination, open_))
        which = f": {named}" if named else ""
        words = f"Whether role {bare} in {where} may copy depends on conditions of its policies{which}."
        words += " Copies are tried."
        return (Prerequisite(MAY_COPY, name, UNKNOWN, Reason.COPY_ROLE_LACKS, words),)
    return (met(MAY_COPY, name, f"Role {bare} may copy out of the source and into vault {destination.vault.name}."),)


def _attach(role: str) -> str:
    bare, partition = role.rsplit("/", 1)[-1], role.split(":")[1]
    return (
        f"Allow it in a policy of the role, or attach AWS's: aws iam attach-role-policy --role-name {bare}"
        f" --policy-arn arn:{partition}:iam::aws:policy/{MANAGED}. A Deny in its policies, its boundary or a"
        " control policy of the organization has to go first."
    )


def may_pass(desired: Desired, look: Look[Trial | None], role: str) -> tuple[Prerequisite, ...]:
    """Judge whether the operator may name the copy role to AWS Backup, as the table of :func:`may_copy` does."""
    if look is UNASKED:
        return ()
    if isinstance(look, Unseen):
        return (unknown(PASS, "", look.problem),)
    if look.value is None:
        return ()
    own = desired.source.account.role_arn or ""
    allowed, barriers = look.value.of(PASS_ROLE), look.value.barriers
    if allowed is False and barriers:
        words = f"{own} may not pass role {role} to AWS Backup: {told(barriers)} does not allow it."
        return (unmet(PASS, "", Reason.COPY_ROLE_NOT_PASSED, words, lifting(barriers, (PASS_ROLE,))),)
    if allowed is None:
        words = f"Whether {own} may pass role {role} depends on conditions. Copies are tried."
        return (Prerequisite(PASS, "", UNKNOWN, Reason.COPY_ROLE_NOT_PASSED, words),)
    if not allowed:
        return (
            unmet(
                PASS,
                "",
                Reason.COPY_ROLE_NOT_PASSED,
                f"{own} may not pass role {role} to AWS Backup, so no copy can be started with it.",
                f"Allow {own} the action {PASS_ROLE} on {role}, with iam:PassedToService {SERVICE}.",
                fix=_passing(desired, role),
            ),
        )
    return (met(PASS, "", f"{own} may pass role {role.rsplit('/', 1)[-1]} to AWS Backup."),)


def lifting(barriers: frozenset[Barrier], actions: tuple[str, ...], named: str = "") -> str:
    """Return what has to be done where no policy of the role helps, and who can do it; ``named`` is what is known."""
    who = {
        Barrier.ORGANIZATION: "The management account, or who administers its policies, has to let the service control"
        " policies above this account allow",
        Barrier.BOUNDARY: "The permissions boundary of the role has to allow",
    }
    ways = [f"{words} {' and '.join(actions)}." for each, words in who.items() if each in barriers]
    which = [f"It is {named}."] if named else []
    return " ".join([*which, *ways, "No other policy of the role helps."])


def attaching(role: str, region: str) -> str:
    """Return the command that gives the copy role AWS's own policy; IAM takes any Region of its partition."""
    partition = role.split(":")[1]
    arn = f"arn:{partition}:iam::aws:policy/{MANAGED}"
    return fixes.aws("iam", "attach-role-policy", region=region, role_name=role.rsplit("/", 1)[-1], policy_arn=arn)


def _passing(desired: Desired, role: str) -> Fix:
    """Return what lets the operator's role pass the copy role: a policy of its own, beside all others."""
    account, bare = desired.source.account, role.rsplit("/", 1)[-1]
    if account.role_arn is None:
        return fixes.NONE
    statement = {
        "Effect": "Allow",
        "Action": PASS_ROLE,
        "Resource": role,
        "Condition": {"StringEquals": {"iam:PassedToService": SERVICE}},
    }
    command = fixes.aws(
        "iam",
        "put-role-policy",
        region=desired.source.region,
        role_name=account.role_arn.rsplit("/", 1)[-1],
        policy_name=f"CrossvaultPass-{bare}",
        policy_document=fixes.policy_of([statement]),
    )
    return fixes.within(account, command)
