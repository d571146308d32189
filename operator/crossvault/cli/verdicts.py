"""The last line of a plan: what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..aspects.copies.planned import State
from ..words.texts import plural
from . import switches as switches_
from . import vault_pairs
from .render import size

FOUND_IN = (
    "toAdd",
    "toChange",
    "toRemove",
    "copies",
    "copiesFollow",
    "copiesWait",
    "copiesHeld",
    "lifecycles",
    "unmet",
    "unknown",
    "failed",
    "needsAction",
    "lost",
    "hazards",
    "notReady",
)
"""The members of the summary that say that something was found."""


_DONE = FOUND_IN[: FOUND_IN.index("unmet")]
"""Those of them that say that something is to be done."""


def line(answer: Mapping[str, Any]) -> str:
    """Sum up a plan in a line."""
    summary = answer["summary"]
    looks = f"Read-only: {plural(summary['awsReads'], 'AWS read')}, {plural(summary['awsWrites'], 'write')}."
    if summary["notLookedAt"]:
        told = f"Not everything could be looked at: {_unseen(answer)}."
        return f"{told} {_planned(answer)} {looks}" if any(summary[each] for each in _DONE) else f"{told} {looks}"
    if not any(summary[each] for each in FOUND_IN):
        states = [each["states"] for policy in answer["policies"] for each in policy["destinations"]]
        copied = sum(each.get(State.COPIED, 0) for each in states)
        running = sum(each.get(State.IN_PROGRESS, 0) for each in states)
        ineligible = sum(each.get(State.INELIGIBLE, 0) for each in states)
        return (
            f"No changes. {_looked(answer)};"
            f" {plural(copied, 'recovery point')} copied, {running} in progress,"
            f" {ineligible} ineligible, 0 not looked at. {looks}"
        )
    return f"{_planned(answer)} {looks}"


def _planned(answer: Mapping[str, Any]) -> str:
    """Sum up what is to be done, and what is amiss."""
    summary = answer["summary"]
    idle = summary["notActing"] == summary["policies"] and not _turns(answer)
    later = "".join(
        f", {summary[name]} {word}"
        for name, word in (("copiesFollow", "to follow"), ("copiesWait", "waiting"), ("copiesHeld", "held"))
        if summary[name]
    )
    more = summary["copiesWhole"] > summary["copies"]
    whole = f", {summary['copiesWhole']:,} in all (at most {size(summary['copiesWholeBytes'])})" if more else ""
    lives = f" {plural(summary['lifecycles'], 'lifecycle')} to change," if summary["lifecycles"] else ""
    acts = "needs action" if summary["needsAction"] == 1 else "need action"
    unknown = f", {summary['unknown']} unknown" if summary["unknown"] else ""
    unknown += f", {plural(summary['hazards'], 'hazard')}" if summary["hazards"] else ""
    amiss = "".join(
        f", {summary[name]:,} {word}"
        for name, word in (("failed", "failed"), ("lost", "lost"), ("needsAction", acts))
        if summary[name]
    )
    told = (
        f"{'Would be' if idle else 'Plan'}: {summary['toAdd']} to add, {summary['toChange']} to change,"
        f" {summary['toRemove']} to remove,"
        f" {plural(summary['copies'], 'copy', 'copies')} to start (at most {size(summary['copiesBytes'])}){later}"
        f"{whole},{lives} {summary['unmet']} unmet{unknown}{amiss}."
    )
    return f"{told}{vault_pairs.words(summary['sharedPairs'])}{_held(summary, idle=idle)}"


def _looked(answer: Mapping[str, Any]) -> str:
    """Count what was looked at."""
    organizations = len(answer.get("organizations", ()))
    policies = plural(answer["summary"]["policies"], "policy", "policies")
    return f"{policies}, {plural(organizations, 'organization')}" if organizations else policies


def _unseen(answer: Mapping[str, Any]) -> str:
    """Count the policies and the organizations that were not looked at in whole."""
    organizations = sum(map(switches_.is_unseen, answer.get("organizations", ())))
    policies = answer["summary"]["notLookedAt"] - organizations
    counts = [plural(policies, "policy", "policies")] if policies else []
    return ", ".join([*counts, *([plural(organizations, "organization")] if organizations else [])])


def _turns(answer: Mapping[str, Any]) -> bool:
    """Tell whether the switch of an organization would be turned."""
    return any(each.get("changes") for each in answer.get("organizations", ()))


def _held(summary: Mapping[str, Any], *, idle: bool) -> str:
    """Say of policies that do not act that nothing of their plan is done."""
    if not summary["notActing"]:
        return ""
    if idle:
        return " Nothing of it is done: the policy only observes or is suspended."
    return (
        f" Nothing is done for {plural(summary['notActing'], 'policy', 'policies')} that only observe or are suspended."
    )
