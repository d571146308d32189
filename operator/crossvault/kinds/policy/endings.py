"""The end of a policy: what goes, what stays and for whom, and what a deletion waits for.

Only statements of ours ever go, and only when the policy was deleted by name with ``deletionPolicy: RemoveOwned``.
What another policy needs stays: taking it away, or telling somebody to, would lock that policy's copies out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias

from ...aspects.schedule.actions import DeletePlan
from ...aspects.schedule.declared import KNOWN_PLAN, OWNER, SCHEDULE
from ...aspects.schedule.seen import PLANS
from ...aspects.source_keys.declared import KEY_POLICY
from ...aspects.source_keys.statement import GRANTS, USE
from ...aspects.vault_policy import OWNERSHIP, POLICY, guest_of
from ...aspects.vault_policy.statement import SID_PREFIX, is_left, sid_of, written_in
from ...engine.declared import (
    DeletionPolicy,
    Desired,
    Destination,
    Ownership,
    PolicyKey,
    VaultRef,
    account_of,
    region_of,
)
from ...engine.looks import Unseen
from ...engine.observed import Observed
from ...engine.plan import Postponed, Result
from ...status.announcements import transitions
from ...status.conditions import FALSE, TRUE, Condition, sentence, stamp, with_last_changed
from ...status.events import Event
from ...status.outcome import Cadence, Outcome
from ...status.unseen import bare_report
from ...words.problems import Problem
from ...words.reasons import Reason
from ...words.texts import clean, clip
from ..account.parse import AccountDeclaration
from ..rejected import Rejected
from . import conditions, stakes
from .parse import parse_policy

Claim: TypeAlias = tuple[str, str]
Claimants: TypeAlias = Mapping[Claim, tuple[PolicyKey, ...]]
Accounts: TypeAlias = Mapping[str, AccountDeclaration]


@dataclass(frozen=True, slots=True)
class Ending:
    """What the deletion of one policy comes down to.

    Attributes:
        desired: The policy with the destinations that have something to be looked for; None when none has.
        kept: What stays on purpose, in sentences.
        lost: What stays because it cannot be found any more, in sentences.
        written: The statements that the policy is recorded as having written: their digests by ARN of the vault.
        claims: (vault ARN, Sid) of the statements that other policies want.
        claimants: Which policies those are, as far as that is known.
    """

    desired: Desired | None
    kept: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    written: Mapping[str, str] = field(default_factory=dict)
    claims: AbstractSet[Claim] = frozenset()
    claimants: Claimants = field(default_factory=dict)


def prepare(
    body: Mapping[str, Any],
    accounts: Accounts,
    namespace_labels: Mapping[str, str],
    *,
    claims: AbstractSet[Claim],
    claimants: Claimants,
    ordered: bool,
) -> Ending:
    """Find out what there is to do for a policy that is being deleted, without asking AWS.

    Args:
        body: The object, with a deletionTimestamp.
        accounts: Every declared account by name.
        namespace_labels: Labels of the policy's namespace.
        claims: (vault ARN, Sid) of the statements that other policies want.
        claimants: Which policies those are, as far as that is known.
        ordered: The deletion was of this one policy by name.
    """
    if not wants_removal(body) or not ordered:
        return Ending(None, kept=(_retained(body), *_in_keys(body), *_plan_left(body)))
    desired, unresolved = _resolved(body, accounts, namespace_labels)
    lost = tuple(_lost(body, name, why) for name, why in unresolved)
    if desired is None:
        return Ending(None, lost=(*lost, *_plan_left(body)))
    sids = {each.name: _sid(desired, each) for each in desired.destinations}
    managed = [each for each in desired.destinations if each[OWNERSHIP] is Ownership.MANAGE]
    needed = [each for each in managed if (each.vault.arn, sids[each.name]) in claims]
    written = stakes.written_by(body.get("status") or {})
    others = [each for each in managed if each not in needed and each.vault.arn not in written]
    kept = (
        *(_needed(each.vault.arn, sids[each.name], claimants, desired.key) for each in needed),
        *(_by_others(each.vault.arn, sids[each.name]) for each in others),
    )
    plan = bool(desired[KNOWN_PLAN]) or desired[SCHEDULE] is not None
    kept = (*(kept if managed or plan else (_retained(body),)), *_in_keys(body))
    ours = tuple(each for each in managed if each not in needed and each not in others)
    left = replace(desired, destinations=ours) if ours or plan else None
    return Ending(left, kept, lost, written, claims, claimants)


def _sid(desired: Desired, destination: Destination) -> str:
    return sid_of(guest_of(desired, destination))


def wants_removal(body: Mapping[str, Any]) -> bool:
    """Tell whether anything is to be removed, as ``engine.plan.removes_something`` does for what is parsed."""
    spec = body.get("spec")
    spec = spec if isinstance(spec, Mapping) else {}
    acts = spec.get("mode") in (None, "Enforce") and not spec.get("suspend")
    return acts and spec.get("deletionPolicy") == DeletionPolicy.REMOVE_OWNED


def _resolved(
    body: Mapping[str, Any], accounts: Accounts, labels: Mapping[str, str]
) -> tuple[Desired | None, tuple[tuple[str, str], ...]]:
    """Return the policy with every destination whose account can be entered, and (destination, why) of the others."""
    whole = parse_policy(body, accounts, labels)
    if isinstance(whole, Desired):
        return whole, ()
    spec = body.get("spec")
    declared = spec.get("destinations") if isinstance(spec, Mapping) else None
    found: list[Desired] = []
    lost: list[tuple[str, str]] = []
    for each in declared if isinstance(declared, list) else ():
        alone = parse_policy({**body, "spec": {**(spec or {}), "destinations": [each]}}, accounts, labels)
        if isinstance(alone, Rejected):
            name = str(each.get("name")) if isinstance(each, Mapping) else "?"
            lost.append((name, " ".join(fault.message for fault in alone.faults[:1])))
        else:
            found.append(alone)
    if not found:
        return None, tuple(lost) or (("?", " ".join(map(str, whole.faults[:1]))),)
    return replace(found[0], destinations=tuple(one for each in found for one in each.destinations)), tuple(lost)


# --- What stays ----------------------------------------------------------------------------------------------------


def _retained(body: Mapping[str, Any]) -> str:
    spec = body.get("spec")
    destinations = spec.get("destinations") if isinstance(spec, Mapping) else None
    rows = [each for each in destinations if isinstance(each, Mapping)] if isinstance(destinations, list) else []
    managed = {each.get("name") for each in rows if each.get("vaultPolicy") in (None, "Manage")}
    status = (body.get("status") or {}).get("destinations") or ()
    statements = sum("statementWritten" in each and each.get("name") in managed for each in status)
    copies = ((body.get("status") or {}).get("summary") or {}).get("copied", "0/0").split("/")[0]
    kept = f"{statements} policy statement{'' if statements == 1 else 's'}, {copies} copies"
    return f"Left in AWS: {kept}. No backup was touched."


def _in_keys(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Say of our statements in keys that they stay: which keys those are, only a look at what is backed up tells."""
    spec = body.get("spec")
    source = spec.get("source") if isinstance(spec, Mapping) else None
    if not isinstance(source, Mapping) or source.get(KEY_POLICY) != Ownership.MANAGE:
        return ()
    text = f"Left in AWS, if they are there: our statements ({USE}…, {GRANTS}…) in the policies of the source's keys."
    return (f"{text} Remove them by hand once no other policy copies what is on those keys.",)


def _plan_left(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Say of the policy's backup plan, where it has one, that it goes on running."""
    known = plan_known(body)
    return (f"Left in AWS, running: {known}. It goes on backing up and copying.",) if known else ()


def plan_known(body: Mapping[str, Any]) -> str:
    """Name the backup plan that a status says is the policy's own; empty where it has none."""
    schedule = (body.get("status") or {}).get("schedule")
    if not isinstance(schedule, Mapping) or not schedule.get("planId"):
        return ""
    return clean(f"backup plan {schedule.get('planName')} ({schedule['planId']})")


def statement(vault_arn: str, sid: str) -> str:
    """Name a statement of ours as an administrator finds it."""
    return f"statement {sid} in the policy of vault {vault_arn}"


def _short(vault: VaultRef, sid: str) -> str:
    """Name a statement in few words, so that the cause behind it is not cut off."""
    return f"statement {sid} of vault {vault.name} ({vault.account.name}, {vault.region})"


def _needed(vault_arn: str, sid: str, claimants: Claimants, key: PolicyKey) -> str:
    """Say who needs a statement; of policies in other namespaces nobody here may learn more than that they exist."""
    known = sorted(claimants.get((vault_arn, sid), ()), key=str)
    near = [str(each) for each in known if each.namespace == key.namespace]
    shown = ", ".join(near[:3]) + (f" and {len(near) - 3} more" if len(near) > 3 else "")
    others = "others" if near and len(near) < len(known) else ""
    who = " and ".join(each for each in (shown, others) if each) or "another policy"
    one = len(known) <= 1
    return f"Left in AWS: {statement(vault_arn, sid)}, because {who} need{'s' if one else ''} it."


def _by_others(vault_arn: str, sid: str) -> str:
    """Say of a statement that this policy found, or never got to write, that it is not its to remove."""
    where = statement(vault_arn, sid)
    return f"Left in AWS, if it is there: {where}, which this policy is not recorded as having written."


def _changed(vault_arn: str, sid: str) -> str:
    return f"Left in AWS: {statement(vault_arn, sid)}, because somebody changed it since this policy wrote it."


def _lost(body: Mapping[str, Any], destination: str, why: str) -> str:
    rows = (body.get("status") or {}).get("destinations") or ()
    arn = next((str(each["vaultArn"]) for each in rows if each.get("name") == destination and "vaultArn" in each), "")
    where = f"the policy of vault {arn}" if arn else f"the vault policy of destination {destination}"
    return (
        f"Left in AWS: our statement {SID_PREFIX}… in {where}, because it cannot be looked for: "
        f"{sentence(why)} Remove it by hand, unless another policy lets the same role in."
    )


# --- What is said --------------------------------------------------------------------------------------------------


def farewell(ending: Ending, removed: int = 0, results: tuple[Result, ...] = ()) -> Outcome:
    """Let the object go and say what stays."""
    events: list[Event] = []
    if ending.desired is not None:
        plan = " and the backup plan" if any(isinstance(each.action, DeletePlan) for each in results) else ""
        statements = f"{removed} policy statement{'' if removed == 1 else 's'}"
        text = f"Removed {statements}{plan}. No backup, vault or key was touched."
        events.append(Event("Normal", Reason.DELETION_REMOVED, text))
    events += [Event("Normal", Reason.DELETION_RETAINED, text) for text in ending.kept]
    events += [Event("Warning", Reason.DELETION_INCOMPLETE, text) for text in ending.lost]
    said = " ".join(each.message for each in events)
    return Outcome(None, events=tuple(events), done=True, summary=said, results=results)


def summarise(
    ending: Ending,
    observed: Observed,
    results: tuple[Result, ...],
    postponed: tuple[Postponed, ...] = (),
    *,
    body: Mapping[str, Any],
    now: datetime,
    cadence: Cadence,
) -> Outcome:
    """Let the object go once nothing of ours is left, as observed; until then say what it waits for."""
    desired = ending.desired
    if desired is None:
        return farewell(ending)
    refused = {each.action.destination: each.problem for each in postponed}
    refused |= {each.action.destination: each.problem for each in results if each.problem is not None}
    left: list[tuple[str, Problem]] = []
    stays: list[str] = []
    for declared, sight in zip(desired.destinations, observed.destinations, strict=True):
        arn, sid, policy = declared.vault.arn, _sid(desired, declared), sight[POLICY]
        if isinstance(policy, Unseen):
            left.append((_short(declared.vault, sid), policy.problem))
            continue
        # In a policy that nobody can read there is none to take out.
        written = written_in(policy.value, ending.written.get(arn))
        if written is not None and (arn, written["Sid"]) in ending.claims:
            stays.append(_needed(arn, written["Sid"], ending.claimants, desired.key))
        elif written is not None:
            left.append((_short(declared.vault, written["Sid"]), refused.get(declared.name, _INTERRUPTED)))
        elif is_left(policy.value, guest_of(desired, declared)):
            stays.append(_changed(arn, sid))
    stays += [*_plans_of_others(desired, observed), *_plan_elsewhere(desired, body)]
    left += _plan_standing(desired, observed, refused, body)
    if left:
        return replace(waiting(left, body, now=now, requeue=cadence), results=results)
    # What was sent and is gone was removed, also where the reply was lost.
    removed = len({each.action.destination for each in results if each.action.destination and not each.found})
    return farewell(replace(ending, kept=(*ending.kept, *stays)), removed, results)


def _plan_standing(
    desired: Desired, observed: Observed, refused: Mapping[str, Problem | None], body: Mapping[str, Any]
) -> list[tuple[str, Problem]]:
    """Return what the removal of the policy's backup plan waits for, while it is there."""
    look = observed.source[PLANS]
    if not desired[KNOWN_PLAN] and desired[SCHEDULE] is None:
        return []
    if isinstance(look, Unseen):
        return [(plan_known(body) or "its backup plan, if there is one", look.problem)]
    own = look.value.own(desired[OWNER], desired[KNOWN_PLAN])
    if own is None:
        return []
    return [(f"backup plan {own.name} ({own.id})", refused.get("") or _INTERRUPTED)]


def _plan_elsewhere(desired: Desired, body: Mapping[str, Any]) -> list[str]:
    """Return where the plan stays that the status knows, when the source is another account or Region by now."""
    arn = str(((body.get("status") or {}).get("schedule") or {}).get("planArn") or "")
    here = (desired.source.account.account_id, desired.source.region)
    if not arn or (account_of(arn), region_of(arn)) == here:
        return []
    return [clean(f"Left in AWS, running: {plan_known(body)}, {arn}, from before the source was another place.")]


def _plans_of_others(desired: Desired, observed: Observed) -> list[str]:
    """Return what stays because its tags say that it is not the policy's own, in sentences."""
    look = observed.source[PLANS]
    found = () if isinstance(look, Unseen) else look.value.found
    return [
        f"Left in AWS, running: backup plan {each.name} ({each.id}), which is not this policy's by its tags."
        for each in found
        if each.owner != desired[OWNER]
    ]


_INTERRUPTED = Problem(Reason.DELETION_WAITING, "The pass ended before it was done.")


def unfinished(
    body: Mapping[str, Any], ending: Ending, problem: Problem, *, now: datetime, cadence: Cadence
) -> Outcome:
    """Say what a deletion waits for whose pass did not come to its end."""
    desired = ending.desired
    names = [_short(each.vault, _sid(desired, each)) for each in desired.destinations] if desired is not None else []
    names += [plan_known(body)] if plan_known(body) else []
    return waiting([(name, problem) for name in names or ["what this policy owned"]], body, now=now, requeue=cadence)


def waiting(
    left: Iterable[tuple[str, Problem]], body: Mapping[str, Any], *, now: datetime, requeue: Cadence
) -> Outcome:
    """Say what a deletion waits for, in the status and once as an event, naming vault and Sid."""
    pairs = list(left)
    causes: dict[str, list[str]] = {}
    for name, problem in pairs:
        causes.setdefault(sentence(problem.message), []).append(name)
    # What is left stands first: a long cause may be cut, and it is told by the account, too.
    message = " ".join(f"Not removed yet: {_listed(names)}. {cause}" for cause, names in causes.items())
    previous, generation = body.get("status") or {}, body["metadata"].get("generation", 1)
    judged = (
        Condition("Ready", FALSE, Reason.DELETION_WAITING, message),
        *sorted(
            (
                *conditions.parts_unseen(previous, Reason.DELETION_WAITING, message),
                Condition("Reconciling", TRUE, Reason.DELETION_WAITING, message),
            ),
            key=lambda each: each.type,
        ),
    )
    after: dict[str, Any] = {
        **previous,
        "observedGeneration": generation,
        "conditions": stamp(judged, previous, generation, now),
        "summary": {**(previous.get("summary") or {}), "message": clip(message)},
    }
    return Outcome(
        with_last_changed(after, previous, now),
        events=transitions(judged, previous),
        requeue=requeue.follow,
        failed=True,
        report=bare_report(body, judged, after),
        problem=Problem(pairs[0][1].reason, message, pairs[0][1].error_class),
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")


def given_up(problem: Problem | None) -> Event:
    """Say what is left when a deletion has waited long enough; the remedy is one for whoever may change the vault."""
    why = problem.message if problem is not None else "Not removed: what this policy owned."
    why = why.replace("Not removed yet", "Left in AWS")
    text = f"{sentence(why)} Remove it by hand, unless another policy needs it by now."
    return Event("Warning", Reason.DELETION_INCOMPLETE, text)


__all__ = [
    "Claimants",
    "Ending",
    "farewell",
    "given_up",
    "prepare",
    "summarise",
    "unfinished",
    "waiting",
    "wants_removal",
]
