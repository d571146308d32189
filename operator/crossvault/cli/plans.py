"""What a plan says to a person: the document of ``crossvault plan``, and its text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import click

from .. import vaultpolicy
from ..manifest import Rejected
from ..model import (
    CreateVault,
    Desired,
    Destination,
    Observed,
    Ownership,
    Plan,
    PolicyKey,
    PrerequisiteStatus,
    PutVaultPolicy,
    Standing,
    State,
)
from ..reasons import Reason
from .render import API_VERSION, plural, size

_TO_START = frozenset({State.MISSING, State.WAITING})
_WIDTH = len("OrganizationToggle")


def document(entries: Iterable[Mapping[str, Any]], *, reads: int, writes: int) -> dict[str, Any]:
    """Return the whole answer, its summary first."""
    policies = list(entries)
    lines = [each for policy in policies for each in policy.get("destinations", ())]
    return {
        "apiVersion": API_VERSION,
        "kind": "Plan",
        "summary": {
            "policies": len(policies),
            "toAdd": sum(each["toAdd"] for each in lines),
            "toChange": sum(each["toChange"] for each in lines),
            "toRemove": 0,
            "copies": sum(each["copies"]["count"] for each in lines),
            "copiesBytes": sum(each["copies"]["bytes"] for each in lines),
            "unmet": sum(row["status"] == PrerequisiteStatus.UNMET for each in lines for row in each["unmet"]),
            "unknown": sum(row["status"] == PrerequisiteStatus.UNKNOWN for each in lines for row in each["unmet"]),
            "failed": sum(each["states"].get(State.FAILED, 0) for each in lines),
            "notLookedAt": sum("problem" in policy or "faults" in policy for policy in policies),
            "awsReads": reads,
            "awsWrites": writes,
        },
        "policies": policies,
    }


def rejected(key: PolicyKey, reason: Rejected) -> dict[str, Any]:
    """Describe a policy that cannot be planned as it stands."""
    return {"policy": str(key), "reason": str(reason.reason), "faults": [str(each) for each in reason.faults]}


def entry(desired: Desired, observed: Observed, plan: Plan) -> dict[str, Any]:
    """Describe the plan of one policy."""
    problem = observed.problem
    described: dict[str, Any] = {
        "policy": str(desired.key),
        "mode": str(desired.mode),
        "suspended": desired.suspend,
        "destinations": [_destination(each.name, desired, observed, plan) for each in desired.destinations],
    }
    if problem is not None:
        described["problem"] = {"reason": str(problem.reason), "message": problem.message}
    return described


def _destination(name: str, desired: Desired, observed: Observed, plan: Plan) -> dict[str, Any]:
    declared = next(each for each in desired.destinations if each.name == name)
    standings = plan.standings.get(name, ())
    actions = [_action(each) for each in plan.actions if each.destination == name]
    changes = [each for each in actions if each is not None]
    changes += _follows(declared, desired, changes)
    unmet = [
        {
            "name": each.name,
            "status": str(each.status),
            "reason": str(each.reason),
            "message": each.message,
            "remedy": each.remedy,
        }
        for each in plan.prerequisites
        if each.destination in {"", name} and each.status is not PrerequisiteStatus.MET
    ]
    sight = next(each for each in observed.destinations if each.name == name)
    left = [each for each in unmet if not _mended(each, changes)]
    blocking = {each.name for each in plan.prerequisites if each.blocks}
    held = any(each["name"] in blocking for each in left)
    return {
        "name": name,
        "vault": declared.vault.arn,
        "account": declared.vault.account.name,
        "looked": observed.contents(sight) is not None,
        "toAdd": sum(each["change"] == "add" for each in changes),
        "toChange": sum(each["change"] == "change" for each in changes),
        "changes": changes,
        "copies": _copies([] if held else [each for each in standings if _starts(each)], desired),
        "unmet": left,
        "states": dict(Counter(str(each.state) for each in standings if each.state is not State.OUT_OF_SCOPE)),
    }


def _starts(standing: Standing) -> bool:
    return standing.state in _TO_START and not standing.needs_action


def _follows(declared: Destination, desired: Desired, changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what comes right after a vault is created: a look later, but in the same pass."""
    if declared.vault_policy is not Ownership.MANAGE or not any(each["aspect"] == "vault" for each in changes):
        return []
    where = f"{declared.vault.account.name}/{declared.vault.name}"
    what = f"statement {vaultpolicy.sid_of(desired.copy_role_arn)} (the vault is new)"
    return [{"change": "add", "aspect": "vault policy", "where": where, "what": what}]


def _mended(row: Mapping[str, Any], changes: list[dict[str, Any]]) -> bool:
    """Tell whether the plan itself mends an unmet prerequisite."""
    aspects = {each["aspect"] for each in changes}
    if row["name"] == "DestinationVault":
        return "vault" in aspects
    # Our statement does not help where another one denies.
    missing = row["name"] == "VaultPolicy" and row["reason"] != Reason.VAULT_POLICY_DENIES
    return missing and bool(aspects & {"vault", "vault policy"})


def _action(action: object) -> dict[str, Any] | None:
    match action:
        case CreateVault(vault=vault, key_arn=key):
            where = f"{vault.account.name}/{vault.name}"
            return {"change": "add", "aspect": "vault", "where": where, "what": f"with key {key}"}
        case PutVaultPolicy(vault=vault, sid=sid, foreign_statements=others, expected=expected):
            where = f"{vault.account.name}/{vault.name}"
            what = f"statement {sid} ({plural(others, 'foreign statement')} kept)"
            change = "add" if expected is None or sid not in expected else "change"
            return {
                "change": change,
                "aspect": "vault policy",
                "where": f"{vault.account.name}/{vault.name}",
                "what": what,
            }
        case _:
            return None


def _copies(standings: list[Standing], desired: Desired) -> dict[str, Any]:
    types = Counter(each.point.resource_type for each in standings)
    return {
        "count": len(standings),
        "bytes": sum(each.point.size for each in standings),
        "types": dict(types.most_common()),
        "atOnce": desired.copying.max_concurrent,
        "recoveryPoints": [each.point.arn for each in standings],
    }


# --- Text ----------------------------------------------------------------------------------------------------------


def text(answer: Mapping[str, Any]) -> str:
    """Render the document for a person."""
    blocks = [block for policy in answer["policies"] for block in _policy(policy)]
    return "\n".join([*blocks, _last_line(answer)])


def _policy(policy: Mapping[str, Any]) -> list[str]:
    if "faults" in policy:
        return [click.style(policy["policy"], bold=True), *(f"  ✗ {fault}" for fault in policy["faults"])]
    lines: list[str] = []
    if "problem" in policy:
        lines += [f"{policy['policy']}  ? {policy['problem']['reason']}: {policy['problem']['message']}"]
    for each in policy["destinations"]:
        inside = _lines(each)
        if inside:
            held = f"   ({policy['mode']} mode: only reported)" if policy["mode"] == "Observe" else ""
            held = "   (suspended: only reported)" if policy["suspended"] else held
            lines += [click.style(f"{policy['policy']} → {each['name']}", bold=True) + held, *inside]
    return lines


def _lines(each: Mapping[str, Any]) -> list[str]:
    signs = {"add": click.style("+", fg="green"), "change": click.style("~", fg="yellow")}
    lines = [
        f"  {signs[one['change']]} {one['aspect']:<{_WIDTH}} {one['where']}   {one['what']}" for one in each["changes"]
    ]
    copies = each["copies"]
    if copies["count"]:
        kinds = ", ".join(f"{name} {count}" for name, count in copies["types"].items())
        lines.append(
            f"  {signs['add']} {'copies':<{_WIDTH}} {plural(copies['count'], 'recovery point')}, at most"
            f" {size(copies['bytes'])} ({kinds}), newest of each resource first, {copies['atOnce']} at once"
        )
    same: dict[tuple[str, str, str], list[str]] = {}
    for row in each["unmet"]:
        same.setdefault((row["status"], row["message"], row["remedy"]), []).append(row["name"])
    for (status, message, remedy), names in same.items():
        sign = click.style("!", fg="red") if status == "Unmet" else "?"
        lines += [f"  {sign} {names[0]:<{_WIDTH}} {message}"] if len(names) == 1 else []
        lines += [f"  {sign} {', '.join(dict.fromkeys(names))}", f"      {message}"] if len(names) > 1 else []
        lines += [f"      do: {remedy}"] if remedy else []
    failed = each["states"].get(State.FAILED, 0)
    if failed:
        lines.append(
            f"  {click.style('!', fg='red')} {'failed':<{_WIDTH}} {plural(failed, 'recovery point')}"
            " until somebody acts"
        )
    quiet = [
        f"{each['states'][state]} {state.replace('_', ' ')}"
        for state in ("copied", "in_progress", "ineligible")
        if each["states"].get(state)
    ]
    return [*lines, f"  # ({', '.join(quiet)})"] if lines and quiet else lines


def _last_line(answer: Mapping[str, Any]) -> str:
    summary = answer["summary"]
    looks = f"Read-only: {plural(summary['awsReads'], 'AWS read')}, {plural(summary['awsWrites'], 'write')}."
    if summary["notLookedAt"]:
        return f"Not everything could be looked at: {plural(summary['notLookedAt'], 'policy', 'policies')}. {looks}"
    if not any(summary[each] for each in ("toAdd", "toChange", "copies", "unmet", "unknown", "failed")):
        states = [each["states"] for policy in answer["policies"] for each in policy["destinations"]]
        copied = sum(each.get(State.COPIED, 0) for each in states)
        running = sum(each.get(State.IN_PROGRESS, 0) for each in states)
        ineligible = sum(each.get(State.INELIGIBLE, 0) for each in states)
        return (
            f"No changes. {plural(summary['policies'], 'policy', 'policies')};"
            f" {plural(copied, 'recovery point')} copied, {running} in progress,"
            f" {ineligible} ineligible, 0 not looked at. {looks}"
        )
    return (
        f"Plan: {summary['toAdd']} to add, {summary['toChange']} to change, 0 to remove,"
        f" {plural(summary['copies'], 'copy', 'copies')} to start (at most {size(summary['copiesBytes'])}),"
        f" {summary['unmet']} unmet. {looks}"
    )
