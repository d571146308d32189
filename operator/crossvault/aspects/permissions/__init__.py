"""What the role of an account may do of all that is wanted of it. It informs, and holds nothing up.

IAM is asked to try it out; what AWS has denied to a pass counts, whatever IAM thinks. Neither holds up a copy: IAM does
not know every condition, and of keys and vaults not the policies, so its no may be wrong. Where IAM may not be asked,
harmless reads tell, and it is said which actions nobody has tried.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import chain, product

from ...engine import fixes
from ...engine.declared import Account
from ...engine.fixes import Fix
from ...engine.looks import UNASKED, Look, Unseen
from ...engine.observed import Sight
from ...engine.plan import Room
from ...engine.rights import ANY
from ...engine.rows import UNKNOWN, UNMET, PrerequisiteStatus
from ...engine.wants import Want
from ...iam.decisions import Barrier, Decision, Decisions, told
from ...words.reasons import Reason
from . import rights
from .seen import ATTEMPTS, DENIALS, PASSED, TRIAL, Denial

__all__ = ["NAME", "ROOM", "Lack", "judge", "probes", "standing"]

NAME = "Permissions"
TRIED = 8
"""So many resources of a statement are tried out: each action is, on all resources of all statements. With eight there
is room for a recovery point of each form, and an account has one page of a thousand answers."""
LONGEST_FIX = 2000
"""A longer statement is printed by ``crossvault iam``, which can split it."""


class Standing(Enum):
    """What is known of an action."""

    ALLOWED = auto()
    DENIED = auto()
    EXPLICITLY_DENIED = auto()
    CONDITIONAL = auto()
    PARTLY = auto()
    UNTRIED = auto()


@dataclass(frozen=True, slots=True)
class Lack:
    """A statement that is not known to be allowed.

    Attributes:
        actions: Which of its actions.
        tried: What AWS has let pass of all that is wanted, where IAM decides nothing; of that ``untried`` is known of
            no action.
    """

    want: Want
    status: PrerequisiteStatus
    reason: Reason
    actions: tuple[str, ...]
    message: str
    remedy: str = ""
    fix: Fix = fixes.NONE
    tried: tuple[str, ...] = ()
    untried: tuple[str, ...] = ()


def probes(want: Want) -> tuple[tuple[str, ...], ...]:
    """Return the resources to try a statement out on; of those that are together one is enough.

    They name one role whose path nobody knows.
    """
    groups: dict[str, list[str]] = {}
    for each in want.resources:
        start, found, path = each.partition(":role/")
        groups.setdefault(f"{start}{found}{path.rsplit('/', 1)[-1]}" if found else each, []).append(each)
    return tuple(tuple(each) for each in list(groups.values())[:TRIED])


# --- One action ----------------------------------------------------------------------------------------------------


def standing(want: Want, action: str, decisions: Decisions) -> tuple[Standing, tuple[str, ...]]:
    """Return what is known of an action, and the keys on which it depends.

    | IAM decided, on a resource that is tried | the action is |
    |---|---|
    | allowed on each | allowed |
    | denied by a statement on any | denied explicitly |
    | not allowed on one that is named in full | denied |
    | keys decide that nobody gave | conditional |
    | not allowed on all resources of a form, such as all keys | partly: a role that names some may do |
    | nothing | untried |
    """
    found = [_any_of(group, action, decisions) for group in probes(want)]
    missing = tuple(sorted({key for _, keys in found for key in keys}))
    worst = max(found, key=lambda each: _ORDER.index(each[0]), default=(Standing.UNTRIED, ()))
    return worst[0], missing if worst[0] is Standing.CONDITIONAL else ()


_ORDER = (
    *(Standing.ALLOWED, Standing.UNTRIED, Standing.PARTLY, Standing.CONDITIONAL),
    *(Standing.DENIED, Standing.EXPLICITLY_DENIED),
)


_NO = frozenset({Standing.DENIED, Standing.EXPLICITLY_DENIED})


def _any_of(group: tuple[str, ...], action: str, decisions: Decisions) -> tuple[Standing, tuple[str, ...]]:
    """Return the best of what was decided about one resource, under whatever name."""
    found = [_one(each, decisions[action, each]) for each in group if (action, each) in decisions]
    return min(found, key=lambda each: _ORDER.index(each[0]), default=(Standing.UNTRIED, ()))


def _one(resource: str, decision: Decision) -> tuple[Standing, tuple[str, ...]]:
    if decision.allowed is None:
        return Standing.CONDITIONAL, decision.missing
    if decision.allowed:
        return Standing.ALLOWED, ()
    if decision.explicitly:
        return Standing.EXPLICITLY_DENIED, ()
    return (Standing.PARTLY if "*" in resource and resource not in ANY else Standing.DENIED), ()


# --- All of them ---------------------------------------------------------------------------------------------------


def judge(sight: Sight, wants: Iterable[Want]) -> tuple[Lack, ...]:
    """Return what is not known to be allowed, in the order of the rooms; what is denied before what is unknown."""
    look, denials = sight[TRIAL], {each.action: each for each in sight[DENIALS]}
    held = tuple(wants)
    decisions: Mapping[tuple[str, str], Decision] = {}
    if not isinstance(look, Unseen) and look.value is not None:
        decisions = look.value
    explained = {each.besides for each in held if _is_denied(each, decisions)}
    denials = {action: each for action, each in denials.items() if action not in explained}
    found = [_lack(sight.account, want, decisions, denials, sight[PASSED]) for want in held]
    lacks = [each for each in found if each is not None]
    untried = _untried(sight.account, held, look, sight[DENIALS])
    lacks += [_instead(untried, sight, held)] if untried is not None else []
    return tuple(sorted(lacks, key=lambda each: each.status is not UNMET))


def _is_denied(want: Want, decisions: Decisions) -> bool:
    """Tell whether IAM denies any of it: AWS refuses what it is wanted besides, by that name."""
    return any(standing(want, action, decisions)[0] in _NO for action in want.actions)


def _lack(
    account: Account, want: Want, decisions: Decisions, denials: Mapping[str, Denial], passed: frozenset[str]
) -> Lack | None:
    """Judge one statement: what AWS denied, then what IAM denies, then what is not clear."""
    known = {action: standing(want, action, decisions) for action in want.actions}
    heard = [denials[action] for action in want.actions if action in denials and action != rights.ACTION]
    overtaken = [each for each in heard if known[each.action][0] is Standing.ALLOWED and each.by_the_role]
    refused = [each for each in heard if each not in overtaken]
    no = {action for action in want.actions if known[action][0] in _NO} | {each.action for each in refused}
    if no:
        # Of what is wanted for the same, nobody asks for one before the other was allowed.
        also = Standing.PARTLY if refused else None
        denied = tuple(action for action in want.actions if action in no or known[action][0] is also)
        barriers = frozenset[Barrier]().union(*_barriers(want, denied, decisions))
        lack = _denied(account, want, denied, refused, {known[action][0] for action in denied}, barriers)
        return lack if refused or passed.isdisjoint(denied) else replace(lack, message=f"{lack.message} {_PASSED}")
    unclear = {Standing.CONDITIONAL, Standing.PARTLY}
    actions = tuple(action for action in want.actions if known[action][0] in unclear)
    if not actions:
        return _overtaken(account, want, overtaken) if overtaken else None
    keys = sorted({key for action in actions for key in known[action][1]})
    if keys:
        return Lack(want, UNKNOWN, Reason.PERMISSION_UNCLEAR, actions, _on_conditions(account, want, actions, keys))
    return _nowhere(account, want, actions)


_DENY_FIRST = (
    "A statement denies it, in the role's policies, its boundary or a control policy of the organization."
    " That has to go first."
)


def _barriers(want: Want, actions: tuple[str, ...], decisions: Decisions) -> Iterator[frozenset[Barrier]]:
    """Yield what stands before the actions, on each resource that was tried."""
    for action, resource in product(actions, chain.from_iterable(probes(want))):
        decision = decisions.get((action, resource))
        if decision is not None and decision.allowed is False:
            yield decision.barriers


def _denied(
    account: Account,
    want: Want,
    denied: tuple[str, ...],
    refused: list[Denial],
    how: set[Standing],
    barriers: frozenset[Barrier],
) -> Lack:
    lost = f" {want.without}" if want.without else ""
    what = f"{_who(account)} may not do {_and(denied)}, which is needed to {want.why}.{lost}"
    said = f" {refused[0].message}" if refused else ""
    if barriers:
        remedy = f"This is not allowed by {told(barriers)}, which has to change; no other policy of the role helps."
        return Lack(want, UNMET, Reason.PERMISSION_MISSING, denied, what + said, remedy)
    remedy = _nothing_to_allow(how, named=any(each.explicitly for each in refused))
    fix = fixes.NONE if remedy else _allowing(account, want)
    remedy = remedy or (_AS_THE_COMMAND if fix else _AS_PRINTED)
    return Lack(want, UNMET, Reason.PERMISSION_MISSING, denied, what + said, remedy, fix)


def _nothing_to_allow(how: set[Standing], *, named: bool) -> str:
    """Return what else than an Allow mends it; empty where that does.

    Args:
        how: What IAM decided of the actions.
        named: AWS has named a statement that denies.
    """
    if Standing.EXPLICITLY_DENIED in how:
        return _DENY_FIRST
    if how & {Standing.DENIED, Standing.PARTLY, Standing.UNTRIED}:
        return _NAMED_DENY_FIRST if named else ""
    if Standing.CONDITIONAL in how:
        return _ON_CONDITIONS
    return _ELSEWHERE if named else _LATER_OR_ELSEWHERE


_NAMED_DENY_FIRST = "A statement denies it, in the policy that AWS names. That has to go first."
_ON_CONDITIONS = (
    "IAM decides it by conditions, so those, or the policy of a key or a vault, refuse it: see what AWS says."
)
_AS_THE_COMMAND = (
    "Allow it in a policy of the role, as the command does; crossvault iam prints everything that it needs."
)
_AS_PRINTED = "Give the role what crossvault iam prints for it."
_ELSEWHERE = "IAM allows it, so the policy of a key or a vault, or conditions, refuse it: see what AWS says."
_LATER_OR_ELSEWHERE = (
    "IAM allows it by now, and a change of IAM takes some minutes until it is true everywhere: wait for the next look."
    " If AWS refuses it still, the policy of a key or a vault, or conditions, do: see what AWS says."
)


_PASSED = (
    "AWS has let it pass at least once within the last hour: it was changed since, or IAM decides without all that AWS"
    " knows."
)


def _and(actions: Iterable[str]) -> str:
    """Return actions in words."""
    return " and ".join(actions)


def _overtaken(account: Account, want: Want, refused: list[Denial]) -> Lack:
    """Judge what AWS refused because the role's own policies did not allow it, and IAM allows since."""
    actions = tuple(each.action for each in refused)
    words = (
        f"IAM says that {_who(account)} may do {_and(actions)} by now, to {want.why}; AWS refused it within the"
        " last hour. A change of IAM takes some minutes until it is true everywhere. It is asked for again by itself."
    )
    return Lack(want, UNKNOWN, Reason.PERMISSION_UNCLEAR, actions, words)


def _on_conditions(account: Account, want: Want, actions: tuple[str, ...], keys: list[str]) -> str:
    what = f"Whether {_who(account)} may do {_and(actions)}, to {want.why},"
    return f"{what} depends on conditions on {', '.join(keys)}. It is done all the same."


def _nowhere(account: Account, want: Want, actions: tuple[str, ...]) -> Lack:
    """Judge what IAM does not allow on everything: nobody names the keys, say, that a role may be allowed to use.

    No member of IAM's answer tells a role that is allowed some of it from one that is allowed nothing.
    """
    words = (
        f"{_who(account)} is not known to be allowed {_and(actions)}, to {want.why}: IAM does not allow it on all that"
        " it is wanted on, perhaps on nothing. It is done all the same."
    )
    fix = _allowing(account, want)
    remedy = f"Unless the role's policies allow it on what matters: {_AS_THE_COMMAND if fix else _AS_PRINTED}"
    return Lack(want, UNKNOWN, Reason.PERMISSION_UNCLEAR, actions, words, remedy, fix)


def _who(account: Account) -> str:
    return f"role {account.role_arn.rsplit('/', 1)[-1]}" if account.role_arn else "the operator's own identity"


def _allowing(account: Account, want: Want) -> Fix:
    """Return what gives the role the statement, as a policy of its own beside all others."""
    document = fixes.policy_of([want.statement])
    if account.role_arn is None or len(document) > LONGEST_FIX:
        return fixes.NONE
    command = fixes.aws(
        "iam",
        "put-role-policy",
        region=fixes.IAM[account.partition],
        role_name=account.role_arn.rsplit("/", 1)[-1],
        policy_name=f"Crossvault{want.sid}",
        policy_document=document,
    )
    return fixes.within(account, command)


def _untried(
    account: Account, wants: tuple[Want, ...], look: Look[Decisions | None], denials: tuple[Denial, ...]
) -> Lack | None:
    """Say why IAM decided nothing; None where it did, or where there is nothing to decide."""
    if not wants or (not isinstance(look, Unseen) and look.value is not None):
        return None
    own = next((each for each in wants if rights.ACTION in each.actions), None)
    want = own or Want(rights.SID, "have IAM decide what it may do", (rights.ACTION,), ANY, {})
    if account.role_arn is None:
        words = "Without roleArn the operator's own identity works in the account, and nobody tries out what it may do."
        return Lack(want, UNKNOWN, Reason.PERMISSION_UNCLEAR, (), words)
    if not isinstance(look, Unseen):
        words = f"IAM knows no role {account.role_arn}, so what it may do was not tried out."
        return Lack(want, UNKNOWN, Reason.ROLE_NOT_FOUND, (), words)
    if look is UNASKED or look.problem.reason is not Reason.ACCESS_DENIED:
        return Lack(want, UNKNOWN, look.problem.reason, (), look.problem.message)
    if any(each.action == rights.ACTION and each.explicitly for each in denials):
        return Lack(want, UNKNOWN, Reason.ACCESS_DENIED, (rights.ACTION,), look.problem.message, _NAMED_DENY_FIRST)
    fix = _allowing(account, want) if own is not None else fixes.NONE
    remedy = f"Allow {rights.ACTION} on the role itself; without it only harmless reads tell, and what AWS has denied."
    return Lack(want, UNKNOWN, Reason.ACCESS_DENIED, (rights.ACTION,), look.problem.message, remedy, fix)


def _instead(lack: Lack, sight: Sight, wants: tuple[Want, ...]) -> Lack:
    """Say what is known without IAM: which actions AWS has let pass, and of which nobody knows anything."""
    attempts = sight[ATTEMPTS]
    if attempts is UNASKED:
        return lack
    wanted = {action for want in wants for action in want.actions} - {rights.ACTION}
    read = {} if isinstance(attempts, Unseen) else attempts.value
    denied = {each.action for each in sight[DENIALS]}
    tried = wanted & (sight[PASSED] | {action for action, passed in read.items() if passed}) - denied
    untried = wanted - tried - denied
    words = (
        f"Instead AWS was asked to read: {len(tried)} of {len(wanted)} actions passed; {len(untried)} were not tried."
    )
    message = f"{words} {lack.message}"
    return replace(lack, message=message, tried=tuple(sorted(tried)), untried=tuple(sorted(untried)))


ROOM = Room("permissions", rights=rights.RIGHTS, rows=(NAME,))
