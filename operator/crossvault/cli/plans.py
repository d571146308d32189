"""What a plan says to a person: the document of ``crossvault plan``, and its text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import click

from ..aspects import ROOMS
from ..aspects.copies import existing, figures
from ..aspects.copies.contents import ARRIVALS, contents
from ..aspects.copies.declared import COPIES
from ..aspects.copies.figures import Copies
from ..aspects.copies.held import accounting
from ..aspects.copies.judged import JUDGED, judged
from ..aspects.copies.losses import losses, told_once
from ..aspects.copies.outlook import Outlook, outlook
from ..aspects.copies.planned import State
from ..aspects.copies.proof import Proof, plan_row, proofs
from ..aspects.copies.updates import UpdateLifecycle
from ..aspects.vault import vault_of
from ..engine.declared import Desired, PolicyKey
from ..engine.looks import Seen
from ..engine.observed import Observed, Sight
from ..engine.parts import NONE, Parts
from ..engine.plan import Case, Drift, Plan, prerequisites
from ..engine.rows import Prerequisite, PrerequisiteStatus
from ..kinds.policy.summary import summarise
from ..kinds.rejected import Rejected
from ..status.outcome import Cadence
from ..words.instants import instant
from ..words.reasons import Reason
from ..words.texts import plural
from . import costs, never, pairings, sources, strays, vault_pairs, verdicts, ways, wrongs
from . import switches as switches_
from .render import API_VERSION, size
from .wrongs import WIDTH


def document(
    entries: Iterable[Mapping[str, Any]],
    *,
    reads: int,
    writes: int,
    organizations: Iterable[Mapping[str, Any]] = (),
    left: Iterable[Mapping[str, Any]] = (),
    roles_shared: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the whole answer, its summary first.

    What is to be done is summed up over the policies that act; over all where none does, as what would be done. Plans
    that may be ``left`` are told, and are nothing that was found: whose they are is not known.
    """
    policies, switches, roles = list(entries), list(organizations), list(roles_shared)
    lines = [each for policy in policies for each in policy.get("destinations", ())]
    sources_ = [policy["source"] for policy in policies if "source" in policy]
    rows = [row for each in (*sources_, *lines, *switches) for row in each.get("unmet", ())]
    acting = [policy for policy in policies if policy.get("acts")] or policies
    done = [each for policy in acting for each in policy.get("destinations", ())]
    counts = [each["copies"] for each in done]
    # Two policies that need one statement add it once.
    changes = {(one["aspect"], one["where"], one["what"]): one["change"] for each in done for one in each["changes"]}
    changes |= {
        (one["aspect"], one["where"], one["what"]): one["change"]
        for each in (*switches, *(policy["source"] for policy in acting if "source" in policy))
        for one in each.get("changes", ())
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "Plan",
        "summary": {
            "policies": len(policies),
            "toAdd": sum(each == "add" for each in changes.values()),
            "toChange": sum(each == "change" for each in changes.values()),
            "toRemove": sum(each == "remove" for each in changes.values()),
            "copies": sum(each["count"] for each in counts),
            "copiesBytes": sum(each["bytes"] for each in counts),
            "copiesFollow": sum(each["follow"] for each in counts),
            "copiesWait": sum(each["wait"] for each in counts),
            "copiesHeld": sum(each["held"] for each in counts),
            "copiesWhole": sum(each["whole"]["count"] for each in counts),
            "copiesWholeBytes": sum(each["whole"]["bytes"] for each in counts),
            "lifecycles": sum(each["existingCopies"]["pending"] for each in done),
            "unmet": sum(row["status"] == PrerequisiteStatus.UNMET for row in rows),
            "unknown": sum(row["status"] == PrerequisiteStatus.UNKNOWN for row in rows),
            "failed": sum(each["states"].get(State.FAILED, 0) for each in lines),
            "needsAction": sum(each["needsAction"] for each in lines),
            "lost": sum(row["count"] for each in lines for row in each["failures"] if row["copies"] == Copies.GONE),
            "hazards": sum(len(each["hazards"]) for each in (*lines, *sources_)) + len(roles),
            "notReady": sum((policy.get("ready") or {}).get("status") == "False" for policy in policies),
            "notLookedAt": sum(map(is_unseen, policies)) + sum(map(switches_.is_unseen, switches)),
            "sharedPairs": vault_pairs.planned(acting),
            "notActing": sum(policy.get("acts") is False for policy in policies),
            "awsReads": reads,
            "awsWrites": writes,
        },
        "policies": policies,
        "organizations": switches,
        "plansLeft": list(left),
        "rolesShared": roles,
    }


def is_unseen(policy: Mapping[str, Any]) -> bool:
    """Tell whether the picture of a policy is not whole, which Ready calls CannotObserve.

    What else is not known, and what copies do not depend on, is a row of its own.
    """
    return (
        "faults" in policy or "problem" in policy or any(not each["looked"] for each in policy.get("destinations", ()))
    )


def rejected(key: PolicyKey, reason: Rejected) -> dict[str, Any]:
    """Describe a policy that cannot be planned as it stands."""
    return {"policy": str(key), "reason": str(reason.reason), "faults": [str(each) for each in reason.faults]}


def entry(desired: Desired, observed: Observed, plan: Plan, *, around: Parts = NONE) -> dict[str, Any]:
    """Describe the plan of one policy, ``around`` which others have something at stake."""
    rows = plan.prerequisites if desired.acts else prerequisites(ROOMS, Case(desired, observed, around))
    problem = observed.problem
    described: dict[str, Any] = {
        "policy": str(desired.key),
        "mode": str(desired.mode),
        "suspended": desired.suspend,
        "acts": desired.acts,
        "source": {**sources.entry(desired, observed, plan), "unmet": _unmet("", rows)},
        "destinations": [_destination(each.name, desired, observed, plan, rows) for each in desired.destinations],
    }
    if not plan.actions:
        # Nothing will change, so what the next pass says of it is known already.
        told = summarise(desired, observed, plan, (), previous={}, now=observed.at, cadence=Cadence())
        described["ready"] = {
            name: (told.status or {})["conditions"][0][name] for name in ("status", "reason", "message")
        }
    if problem is not None:
        described["problem"] = {"reason": str(problem.reason), "message": problem.message}
    return described


def _destination(
    name: str, desired: Desired, observed: Observed, plan: Plan, rows: Iterable[Prerequisite]
) -> dict[str, Any]:
    declared = next(each for each in desired.destinations if each.name == name)
    standings, counted = judged(plan, name).standings, figures.states_of(judged(plan, name))
    told = [each.told() for each in plan.actions if each.destination == name]
    changes = [asdict(each) for each in told if each is not None]
    sight = next(each for each in observed.destinations if each.name == name)
    rows = tuple(rows)
    lost, others = told_once(
        [each for each in losses(desired, observed, plan[JUDGED], {}) if each.destination == name],
        figures.failures(name, standings),
    )
    return {
        "name": name,
        "vault": declared.vault.arn,
        "account": declared.vault.account.name,
        "looked": contents(observed.source, sight) is not None,
        "toAdd": sum(each["change"] == "add" for each in changes),
        "toChange": sum(each["change"] == "change" for each in changes),
        "changes": changes,
        "copies": _copies(outlook(plan, name, observed.at), desired),
        "existingCopies": _existing(plan, name, acts=desired.acts),
        "pairing": _pairing(proofs(judged(plan, name).evidence, standings, declared, desired.source.arn), sight),
        "unmet": _unmet(name, rows),
        "hazards": [_hazard(each) for each in plan.drift if each.destination == name and each.remedy],
        "states": {str(state): count for state, count in counted.items() if state is not State.OUT_OF_SCOPE},
        "reasons": never.with_types(
            figures.reason_rows(figures.reasons(judged(plan, name))),
            judged(plan, name),
            contents(observed.source, sight),
        ),
        "needsAction": figures.needing(standings),
        "failures": [figures.failure_row(each, accounting(rows, name, each.reason)) for each in (*lost, *others)],
    }


def _pairing(found: Iterable[Proof], sight: Sight) -> dict[str, Any]:
    """Return what the pairing rests on, and until when what would start could not be taken away again."""
    known = tuple(found)
    look, there = sight[ARRIVALS].jobs, vault_of(sight)
    oldest = look.value.first_created if isinstance(look, Seen) else None
    locked = there is not None and there.locked
    ends = [each.kept_until for each in known if each.kept_until is not None]
    until = "never" if any(each.endless for each in known) else instant(max(ends, default=None))
    return {
        "oldestJob": instant(oldest),
        **({"undeletableUntil": until} if locked and until else {}),
        "kinds": [plan_row(each) for each in known],
    }


def _unmet(name: str, rows: Iterable[Prerequisite]) -> list[dict[str, Any]]:
    """Return the rows of a destination, or of the source, that the next pass leaves unmet, or cannot know."""
    return [
        {
            "name": each.name,
            "status": str(each.status),
            "reason": str(each.reason),
            "message": each.message,
            "remedy": each.remedy,
        }
        for each in rows
        if each.destination == name and each.status is not PrerequisiteStatus.MET
    ]


def _hazard(each: Drift) -> dict[str, Any]:
    return {
        "aspect": each.aspect,
        "path": each.path,
        "desired": each.desired,
        "observed": each.observed,
        "remedy": each.remedy,
    }


def _copies(ahead: Outlook, desired: Desired) -> dict[str, Any]:
    """Return what the next pass starts, in its order, and how many others wait for what."""
    types = Counter(each.resource_type for each in ahead.start)
    return {
        "count": len(ahead.start),
        "bytes": sum(each.size for each in ahead.start),
        "types": dict(types.most_common()),
        "atOnce": desired[COPIES].copying.max_concurrent,
        "recoveryPoints": [each.arn for each in ahead.start],
        "follow": len(ahead.follow),
        "followReasons": {str(reason): count for reason, count in ahead.follow_reasons.items()},
        "wait": len(ahead.wait),
        "held": len(ahead.held),
        "stuck": len(ahead.stuck),
        **({"nextAttempt": instant(ahead.next_attempt)} if ahead.next_attempt else {}),
        "whole": costs.whole(ahead.whole, ahead.first),
    }


def _existing(plan: Plan, name: str, *, acts: bool) -> dict[str, Any]:
    """Return how many copies get another lifecycle, now and later, and what is told of those that live otherwise."""
    found = existing.lifecycles(plan, name)
    updates = (each for each in plan.actions if isinstance(each, UpdateLifecycle))
    return {
        "now": sum(each.destination == name for each in updates),
        "pending": found.pending,
        "copies": [existing.row(each, acts=acts) for each in found.groups],
    }


# --- Text ----------------------------------------------------------------------------------------------------------


def text(answer: Mapping[str, Any], *, verbose: bool = False) -> str:
    """Render the document for a person; ``verbose`` with what the pairing rests on of all that starts."""
    blocks = [line for each in answer.get("organizations", ()) for line in switches_.lines(each)]
    blocks += [block for policy in answer["policies"] for block in _policy(policy, verbose=verbose)]
    blocks += strays.lines(answer.get("plansLeft", ()))
    blocks += ways.lines(answer.get("rolesShared", ()))
    return "\n".join([*blocks, verdicts.line(answer)])


def _policy(policy: Mapping[str, Any], *, verbose: bool) -> list[str]:
    if "faults" in policy:
        head = click.style(policy["policy"], bold=True) + f"  {policy['reason']}"
        return [head, *(f"  ✗ {fault}" for fault in policy["faults"])]
    lines: list[str] = []
    if "problem" in policy and not _is_told(policy):
        lines += [f"{policy['policy']}  ? {policy['problem']['reason']}: {policy['problem']['message']}"]
    held = f"   ({policy['mode']} mode: only reported)" if policy["mode"] == "Observe" else ""
    held = "   (suspended: only reported)" if policy["suspended"] else held
    sides = [(policy["policy"], sources.lines(policy["source"]))]
    sides += [
        (
            f"{policy['policy']} → {each['name']}",
            _lines(each, acts=policy["acts"], verbose=verbose, source=policy["source"]["unmet"]),
        )
        for each in policy["destinations"]
    ]
    for name, inside in sides:
        lines += [click.style(name, bold=True) + held, *inside] if inside else []
    ready = policy.get("ready") or {}
    if not lines and ready.get("status") == "False":
        lines.append(f"{click.style(policy['policy'], bold=True)}  {ready['reason']}: {ready['message']}")
    return lines


def _is_told(policy: Mapping[str, Any]) -> bool:
    """Tell whether a row says already why the picture is not whole."""
    rows = [row for each in (policy["source"], *policy["destinations"]) for row in each["unmet"]]
    return all(each["looked"] for each in policy["destinations"]) and any(
        row["status"] == PrerequisiteStatus.UNKNOWN for row in rows
    )


def _lines(
    each: Mapping[str, Any], *, acts: bool, verbose: bool, source: Iterable[Mapping[str, Any]] = ()
) -> list[str]:
    lines = sources.change_lines(each["changes"])
    lines += _copy_line(each["copies"], sources.sign("add"), acts=acts)
    lines += costs.lines(each["copies"])
    lines += _existing_lines(each["existingCopies"], sources.sign("change"), acts=acts)
    lines += pairings.lines(each["pairing"], verbose=verbose)
    lines += wrongs.prerequisites(each["unmet"])
    lines += wrongs.failures(each["failures"], [*source, *each["unmet"]])
    lines += wrongs.hazards(each["hazards"])
    lines += wrongs.ineligible(each["reasons"])
    quiet = [
        f"{each['states'][state]} {state.replace('_', ' ')}"
        for state in ("copied", "in_progress")
        if each["states"].get(state)
    ]
    return [*lines, f"  # ({', '.join(quiet)})"] if lines and quiet else lines


def _copy_line(copies: Mapping[str, Any], sign: str, *, acts: bool) -> list[str]:
    """Return what starts now, and what the others wait for."""
    then = [
        *([f"{copies['follow']} {'follow' if acts else 'would follow'}{_behind(copies)}"] if copies["follow"] else []),
        *([f"{copies['wait']} wait until {copies['nextAttempt']} or later"] if copies["wait"] else []),
        *([f"{copies['held']} held until the prerequisites are met"] if copies["held"] else []),
        *([f"{copies['stuck']} not before somebody acts"] if copies["stuck"] else []),
    ]
    if not copies["count"]:
        return [f"  # {'copies':<{WIDTH}} none starts now: {', '.join(then)}"] if then else []
    kinds = ", ".join(f"{name} {count}" for name, count in copies["types"].items())
    starts = ("starts now" if copies["count"] == 1 else "start now") if acts else "would start"
    return [
        f"  {sign} {'copies':<{WIDTH}} {plural(copies['count'], 'recovery point')}, at most {size(copies['bytes'])}"
        f" ({kinds}), {starts}, newest of each resource first, {copies['atOnce']} at once"
        + "".join(f"; {each}" for each in then)
    ]


def _existing_lines(found: Mapping[str, Any], sign: str, *, acts: bool) -> list[str]:
    """Return what becomes of the lifecycles of copies that are there, with one copy of each kind as example."""
    lines = []
    for each in found["copies"]:
        nothing = each["change"] == existing.Step.NOTHING
        remedy = f" {each['remedy']}" if each.get("remedy") else ""
        lines.append(
            f"  {'#' if nothing else sign} {'lifecycles':<{WIDTH}} {each['message']}{remedy} Example: {each['example']}"
        )
    later = found["pending"] - found["now"]
    if lines and later > 0 and acts:
        lines.append(f"  # {'lifecycles':<{WIDTH}} {found['now']} of them now, {later} with the next passes")
    return lines


_BEHIND = {
    Reason.RESOURCE_BUSY: "behind another copy of their resource",
    Reason.BUDGET: "when copies under way have ended (limits)",
    Reason.ACCOUNT_LIMIT: "when copies of the account have ended (limits)",
}


def _behind(copies: Mapping[str, Any]) -> str:
    """Say what those wait for that follow by themselves."""
    counts = {_BEHIND[Reason(reason)]: count for reason, count in copies["followReasons"].items() if reason in _BEHIND}
    if not counts:
        return " with the next passes"
    if list(counts.values()) == [copies["follow"]]:
        return f" {next(iter(counts))}"
    return f" ({', '.join(f'{count} {words}' for words, count in counts.items())})"
