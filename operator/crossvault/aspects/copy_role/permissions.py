"""What the copy role may do, and whether the operator may pass it: as IAM itself decides when it is asked to try.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ...engine import fixes
from ...engine.declared import Desired, Destination
from ...engine.fixes import Fix
from ...engine.looks import UNASKED, Look, Unseen
from ...engine.rows import UNKNOWN, Prerequisite, met, unknown, unmet
from ...iam.conditions import like
from ...iam.decisions import Barrier, told
from ...words.reasons import Reason
from ...words.texts import held
from . import controlled
from .controlled import NOWHERE, Around
from .declared import COPY_ROLE
from .trials import COPYING, INTO, OUT, PASS_ROLE, PASSING, SERVICE, Trial, samples

__all__ = [
    "COPYING",
    "INTO",
    "MANAGED",
    "MAY_COPY",
    "OUT",
    "PASS",
    "PASSING",
    "PASS_ROLE",
    "SERVICE",
    "Trial",
    "attaching",
    "holding",
    "kept",
    "lifting",
    "may_copy",
    "may_pass",
    "samples",
]

MAY_COPY, PASS = "CopyRolePermissions", "PassRole"
MANAGED = "service-role/AWSBackupServiceRolePolicyForBackup"


def kept(look: Look[Trial | None]) -> Mapping[str, tuple[Reason, str]]:
    """Return why recovery points of some forms certainly do not leave, where others do; by form."""
    trial = None if isinstance(look, Unseen) else look.value
    if trial is None:
        return {}
    lacks = {form: " and ".join(trial.lacks(form)) for form, _ in trial.kept}
    return {
        form: (Reason.COPY_ROLE_LACKS, f"The copy role may not do {each} on {form}.") for form, each in lacks.items()
    }


def holding(
    desired: Desired,
    destination: Destination,
    look: Look[Trial | None],
    arns: Collection[str],
    around: Around = NOWHERE,
) -> Prerequisite:
    """Return the row of a role that may copy some forms of recovery points and not those of what is there.

    Args:
        desired: What the policy declares.
        destination: Where copies go.
        look: What was tried out.
        arns: The recovery points that are held because of it.
        around: What is known of the organization.
    """
    role, account = desired[COPY_ROLE], desired.source.account
    trial = None if isinstance(look, Unseen) else look.value
    kept = [each for each in (trial.kept if trial is not None else ()) if any(like(arn, each[0]) for arn in arns)]
    forms = " and ".join(form for form, _ in kept)
    bare = role.rsplit("/", 1)[-1]
    actions = tuple(dict.fromkeys(each for form, _ in kept for each in (trial.lacks(form) if trial else ())))
    lacks = " and ".join(actions)
    where = f"account {account.name} ({account.account_id})"
    words = f"Role {bare} in {where} may not do {lacks} on {forms}; {held(len(arns))}"
    barriers = frozenset[Barrier]().union(*(each for _, each in kept))
    if barriers:
        barred, free = (tuple(form for form, each in kept if bool(each) is those) for those in (True, False))
        named = controlled.named(desired, destination, around, {OUT: barred})
        where = f" on {' and '.join(barred)}" if free else ""
        words = f"{words.removesuffix('.')}: {told(barriers)} does not allow it{where}."
        alone = tuple(dict.fromkeys(each for form in barred for each in (trial.lacks(form) if trial else ())))
        remedy, fix = lifting(barriers, alone, named, _besides(role, free)), fixes.NONE
    else:
        remedy, fix = _attach(role), fixes.within(account, attaching(role, desired.source.region))
    return unmet(MAY_COPY, destination.name, Reason.COPY_ROLE_LACKS, words, remedy, blocks=False, fix=fix)


def may_copy(
    desired: Desired,
    destination: Destination,
    look: Look[Trial | None],
    role: str,
    around: Around = NOWHERE,
) -> tuple[Prerequisite, ...]:
    """Judge what the copy role may do for one destination.

    | tried out | row |
    |---|---|
    | not asked, or there is no such role | none: another row is about that |
    | not seen, or not allowed to try | Unknown, holds nothing up |
    | an action is denied | Unmet; told apart where the organization, or a boundary, does not allow it |
    | keys decide that nobody gave | Unknown, holds nothing up |
    | both allowed | Met; of forms of recovery points that it may not copy out see :func:`holding` |

    Control policies that IAM does not try out have their say in what is tried (:mod:`.controlled`); what of them cannot
    be decided is told, and holds nothing up.
    """
    if look is UNASKED or (not isinstance(look, Unseen) and look.value is None):
        return ()
    name, bare = destination.name, role.rsplit("/", 1)[-1]
    if isinstance(look, Unseen) or look.value is None:
        return (unknown(MAY_COPY, name, look.problem),) if isinstance(look, Unseen) else ()
    where = f"account {desired.source.account.name} ({desired.source.account.account_id})"
    denied = look.value.denied
    if denied and look.value.barriers:
        return (_barred(desired, destination, look.value, role, around),)
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
        named = controlled.doubtful(desired, destination, around, controlled.asked(desired, destination, open_))
        which = f": {named}" if named else ""
        words = f"Whether role {bare} in {where} may copy depends on conditions of its policies{which}."
        words += " Copies are tried."
        return (Prerequisite(MAY_COPY, name, UNKNOWN, Reason.COPY_ROLE_LACKS, words),)
    words = f"Role {bare} may copy out of the source and into vault {destination.vault.name}."
    more = f"{controlled.undecided(desired, destination, around)} {_of_keys(look.value)}".strip()
    return (met(MAY_COPY, name, f"{words} {more}".rstrip(), clears=[Reason.COPY_ROLE_DENIED]),)


def _barred(desired: Desired, destination: Destination, trial: Trial, role: str, around: Around) -> Prerequisite:
    """Return the row where something stands before what the role may not do; it need not before all of that."""
    denied, account = trial.denied, desired.source.account
    barred = tuple(each for each in denied if each not in trial.bare) or denied
    free = tuple(each for each in denied if each not in barred)
    named = controlled.named(desired, destination, around, controlled.asked(desired, destination, barred))
    what = f"Role {role.rsplit('/', 1)[-1]} in account {account.name} ({account.account_id}) may not do"
    vault = destination.vault.arn
    words = f"{what} {' and '.join(denied)} for vault {vault}: {told(trial.barriers)} does not allow it."
    if free:  # told first: a status clips what is long
        words = f"{what} {' and '.join(free)}, nor by {told(trial.barriers)} {' and '.join(barred)}, for vault {vault}."
    remedy = lifting(trial.barriers, barred, named, _besides(role, free))
    return unmet(MAY_COPY, destination.name, Reason.COPY_ROLE_LACKS, words, remedy)


def _besides(role: str, free: tuple[str, ...]) -> str:
    """Say what else has to be done, about what nothing stands before; empty for nothing."""
    return f"About {' and '.join(free)}: {_attach(role)}" if free else ""


def _of_keys(trial: Trial) -> str:
    """Say what IAM does not let the role do with keys: whether a key does, the row about keys tells."""
    if not trial.of_keys:
        return ""
    return f"IAM does not let it do {' and '.join(trial.of_keys)}: it may use only keys whose own policies name it."


def _attach(role: str) -> str:
    bare, partition = role.rsplit("/", 1)[-1], role.split(":")[1]
    return (
        f"Allow it in a policy of the role, or attach AWS's: aws iam attach-role-policy --role-name {bare}"
        f" --policy-arn arn:{partition}:iam::aws:policy/{MANAGED}. A Deny in its policies, its boundary or a"
        " control policy of the organization has to go first."
    )


def may_pass(
    desired: Desired, look: Look[Trial | None], role: str, around: Around = NOWHERE
) -> tuple[Prerequisite, ...]:
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
        named = controlled.named_for_passing(desired, around)
        return (unmet(PASS, "", Reason.COPY_ROLE_NOT_PASSED, words, lifting(barriers, (PASS_ROLE,), named)),)
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


def lifting(barriers: frozenset[Barrier], actions: tuple[str, ...], named: str = "", besides: str = "") -> str:
    """Return what has to be done where no policy of the role helps, and who can do it.

    Args:
        barriers: What stands before it.
        actions: What they have to allow.
        named: What is known of them.
        besides: What has to be done about what a policy of the role does help with.
    """
    who = {
        Barrier.ORGANIZATION: "The management account, or who administers its policies, has to let the service control"
        " policies above this account allow",
        Barrier.BOUNDARY: "The permissions boundary of the role has to allow",
    }
    ways = [f"{words} {' and '.join(actions)}." for each, words in who.items() if each in barriers]
    which = [f"It is {named}."] if named else []
    return " ".join([*which, *ways, besides or "No other policy of the role helps."])


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
