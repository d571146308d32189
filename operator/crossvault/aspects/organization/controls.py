"""Which control policy keeps somebody from something, by its name and statement. Pure.

Service control policies bind who is in an account, resource control policies who comes to what is in it.

They allow nothing by themselves: at every level above an account one of them has to allow what is done there, and none
may deny it. https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...engine.looks import UNASKED, Look, Unseen
from ...engine.parts import Part
from ...iam import documents, evaluation
from ...iam.context import Request
from ...iam.documents import MalformedPolicyError
from ...iam.evaluation import Ground, Judgement, Verdict

_SHOWN = 2
SERVICE, RESOURCE = "service control policy", "resource control policy"


@dataclass(frozen=True, slots=True)
class ControlPolicy:
    """One service control policy, or resource control policy."""

    id: str
    name: str
    document: str


@dataclass(frozen=True, slots=True)
class Level:
    """What is attached to an account, to a unit above it, or to the root."""

    target: str
    policies: tuple[ControlPolicy, ...]
    kind: str = SERVICE


@dataclass(frozen=True, slots=True)
class Controls:
    """All that governs an account, from the account up: those who are in it, and what is in it."""

    service: tuple[Level, ...]
    resource: Look[tuple[Level, ...]]


CONTROLS: Part[Look[tuple[Level, ...]]] = Part("control policies", UNASKED)
"""The service control policies over the source's account, from the account up."""

RESOURCE_CONTROLS: Part[Look[tuple[Level, ...]]] = Part("resource control policies", UNASKED)
"""The resource control policies over the same."""


def told(look: Look[tuple[Level, ...]], requests: Sequence[Request], actions: Iterable[str]) -> str:
    """Name what keeps somebody from some actions, or may do so, as a clause; empty where nothing is known of it.

    Where a request may be made in several ways, only what is in the way of all is certain.
    """
    if isinstance(look, Unseen):
        return ""
    found = [_whatever(look.value, requests, action) for action in actions]
    certain = dict.fromkeys(each for one, _ in found for each in one)
    return _listed(certain or dict.fromkeys(each for _, one in found for each in one))


def told_doubtful(look: Look[tuple[Level, ...]], requests: Sequence[Request], action: str) -> str:
    """Name only what may keep somebody from an action, as a clause; empty where that is certain, or nothing is."""
    return "" if isinstance(look, Unseen) else _listed(dict.fromkeys(doubted(look.value, requests, action)))


def _listed(grounds: Iterable[Ground]) -> str:
    shown = [*map(str, grounds)]
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more


def barred(levels: tuple[Level, ...], requests: Sequence[Request], action: str) -> tuple[Ground, ...]:
    """Return what certainly keeps somebody from an action, in whatever way it is asked for."""
    return tuple(_whatever(levels, requests, action)[0])


def doubted(levels: tuple[Level, ...], requests: Sequence[Request], action: str) -> tuple[Ground, ...]:
    """Return what may keep somebody from an action."""
    return tuple(_whatever(levels, requests, action)[1])


def _whatever(levels: tuple[Level, ...], requests: Sequence[Request], action: str) -> tuple[list[Ground], list[Ground]]:
    found = [_grounds(levels, each, action) for each in requests]
    every = [*dict.fromkeys(ground for one in found for part in one for ground in part)]
    if all(certain for certain, _ in found):
        return [*dict.fromkeys(ground for certain, _ in found for ground in certain)], []
    return [], every


def _grounds(levels: Iterable[Level], request: Request, action: str) -> tuple[list[Ground], list[Ground]]:
    """Return what is certain to keep somebody from an action, and what may be."""
    certain: list[Ground] = []
    doubtful: list[Ground] = []
    for level in levels:
        judged = [(each, _judged(each, request, action)) for each in level.policies]
        # Where one allows it, it says nothing that another one may not.
        allows = any(one.allowed and not _is_of_some(policy, request) for policy, one in judged)
        for policy, one in judged:
            where = f"of {level.kind} {policy.name} ({policy.id}) on {level.target}"
            found = one.doubts if allows and one.verdict is Verdict.UNKNOWN else (*one.grounds, *one.doubts)
            named = [Ground(f"{each.statement} {where}", each.why) for each in dict.fromkeys(found)]
            if one.verdict is Verdict.DENIED and not _is_of_some(policy, request):
                certain += named
            elif one.verdict in {Verdict.UNKNOWN, Verdict.DENIED} or one.doubts:
                doubtful += named
        if judged and all(one.allowed is False for _, one in judged):
            listed = " and ".join(f"{each.name} ({each.id})" for each in level.policies)
            lists = Ground(f"{level.kind} {listed} on {level.target}", f"it does not allow {action}")
            some = any(_is_of_some(policy, request) for policy, _ in judged)
            doubtful += [lists] if some else []
            certain += [] if certain or some else [lists]
    return certain, doubtful


def _is_of_some(policy: ControlPolicy, request: Request) -> bool:
    """Tell whether a policy may speak of some resources only of those that a pattern stands for."""
    if "*" not in request.vault_arn:
        return False
    try:
        found = documents.statements(policy.document)
    except MalformedPolicyError:
        return True
    return any(
        "NotResource" in each or (each.get("Effect") == "Allow" and each.get("Resource", "*") not in ("*", ["*"]))
        for each in found
    )


def _judged(policy: ControlPolicy, request: Request, action: str) -> Judgement:
    """Judge one of them, which is about every principal of an account."""
    try:
        read = documents.read(policy.document)
        everybody = {**read, "Statement": [{**each, "Principal": "*"} for each in read["Statement"]]}
        return evaluation.evaluate(json.dumps(everybody), request, action)
    except MalformedPolicyError:
        return Judgement(Verdict.UNKNOWN, (), None)
