"""Which service control policy keeps a role from something, by its name and statement. Pure.

They allow nothing by themselves: at every level above an account one of them has to allow what is done there, and none
may deny it. https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from ...engine.looks import UNASKED, Look, Unseen
from ...engine.parts import Part
from ...iam import documents, evaluation
from ...iam.context import Request
from ...iam.documents import MalformedPolicyError
from ...iam.evaluation import Ground, Judgement, Verdict

_SHOWN = 2


@dataclass(frozen=True, slots=True)
class ControlPolicy:
    """One service control policy."""

    id: str
    name: str
    document: str


@dataclass(frozen=True, slots=True)
class Level:
    """What is attached to an account, to a unit above it, or to the root."""

    target: str
    policies: tuple[ControlPolicy, ...]


CONTROLS: Part[Look[tuple[Level, ...]]] = Part("control policies", UNASKED)
"""The service control policies over the source's account, from the account up; asked only where one is in the way."""


def told(look: Look[tuple[Level, ...]], request: Request, actions: Iterable[str]) -> str:
    """Name what keeps somebody from some actions, or may do so, as a clause; empty where nothing is known of it."""
    if isinstance(look, Unseen):
        return ""
    found = [_grounds(look.value, request, action) for action in actions]
    certain = dict.fromkeys(each for one, _ in found for each in one)
    doubtful = dict.fromkeys(each for _, one in found for each in one)
    shown = [*certain] or [*doubtful]
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(map(str, shown[:_SHOWN])) + more


def _grounds(levels: Iterable[Level], request: Request, action: str) -> tuple[list[Ground], list[Ground]]:
    """Return what is certain to keep somebody from an action, and what may be."""
    certain: list[Ground] = []
    doubtful: list[Ground] = []
    for level in levels:
        judged = [(each, _judged(each, request, action)) for each in level.policies]
        for policy, one in judged:
            where = f"of service control policy {policy.name} ({policy.id}) on {level.target}"
            named = [Ground(f"{each.statement} {where}", each.why) for each in (*one.grounds, *one.doubts)]
            if one.verdict is Verdict.DENIED:
                certain += named
            elif one.verdict is Verdict.UNKNOWN or one.doubts:
                doubtful += named
        if judged and all(one.allowed is False for _, one in judged):
            listed = " and ".join(f"{each.name} ({each.id})" for each in level.policies)
            lists = Ground(f"service control policy {listed} on {level.target}", f"it does not allow {action}")
            certain += [] if certain else [lists]
    return certain, doubtful


def _judged(policy: ControlPolicy, request: Request, action: str) -> Judgement:
    """Judge one of them, which is about every principal of an account."""
    try:
        read = documents.read(policy.document)
        everybody = {**read, "Statement": [{**each, "Principal": "*"} for each in read["Statement"]]}
        return evaluation.evaluate(json.dumps(everybody), request, action)
    except MalformedPolicyError:
        return Judgement(Verdict.UNKNOWN, (), None)
