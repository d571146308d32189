"""What the organization's service control policies keep roles from, also where IAM does not try them out. Pure.

IAM passes over those with conditions, so they are judged here by what is known of the request. What is not known holds
nothing up. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ...engine.declared import Desired, Destination
from ...engine.looks import UNASKED, Look, Seen, Unseen
from ...engine.observed import Sight
from ...iam.context import FROM_HERE, UNSEEN, Caller, Fact, Request, ServiceCaller
from ...iam.decisions import Barrier
from ..organization import ORGANIZATION
from ..organization.controls import CONTROLS, RESOURCE_CONTROLS, Level, barred, told, told_doubtful
from .declared import COPY_ROLE
from .trials import INTO, OUT, PASS_ROLE, SERVICE, Trial, samples

ASSUME = "sts:AssumeRole"


@dataclass(frozen=True, slots=True)
class Around:
    """What is known of the organization.

    Attributes:
        controls: The service control policies over the source's account.
        own: The organization of that account.
        other: That of the destination's.
        resource: The resource control policies over the source's account.
    """

    controls: Look[tuple[Level, ...]] = UNASKED
    own: Fact = UNSEEN
    other: Fact = UNSEEN
    resource: Look[tuple[Level, ...]] = UNASKED


NOWHERE = Around()
"""Nothing is known."""


def around(source: Sight, sight: Sight | None = None) -> Around:
    """Return what was seen of it."""
    other = UNSEEN if sight is None else _organization(sight)
    return Around(source[CONTROLS], _organization(source), other, source[RESOURCE_CONTROLS])


def _organization(sight: Sight) -> Fact:
    look = sight[ORGANIZATION]
    if isinstance(look, Unseen):
        return UNSEEN
    return look.value.id if look.value is not None else ""


# --- Requests ------------------------------------------------------------------------------------------------------


def asked(desired: Desired, destination: Destination, actions: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return on which resources the copy role does what."""
    source, partition = desired.source, desired[COPY_ROLE].split(":")[1]
    every = {OUT: samples(source.account.account_id, source.region, partition), INTO: (destination.vault.arn,)}
    return {action: resources for action, resources in every.items() if action in actions}


def _requests(desired: Desired, destination: Destination, known: Around, action: str, resource: str) -> list[Request]:
    """Return the request as AWS Backup may make it: in which of the two Regions it does, AWS does not say."""
    own = desired.source.account.account_id
    caller = Caller(desired[COPY_ROLE], own, known.own, known.own if action == OUT else known.other)
    leaving: dict[str, Fact] = {
        "backup:copytargets": destination.vault.arn,
        "backup:copytargetorgpaths": FROM_HERE,
        "aws:resourceaccount": own,
    }
    facts = leaving if action == OUT else {}
    places = dict.fromkeys((desired.source.region, destination.vault.region))
    return [Request(caller, resource, {**facts, "aws:requestedregion": each}) for each in places]


def _passing(desired: Desired, known: Around) -> Request | None:
    """Return the request to pass the copy role; None without a role that asks."""
    account = desired.source.account
    if account.role_arn is None:
        return None
    facts: dict[str, Fact] = {"iam:passedtoservice": SERVICE, "aws:requestedregion": desired.source.region}
    return Request(Caller(account.role_arn, account.account_id, known.own, known.own), desired[COPY_ROLE], facts)


def _assuming(role_arn: str, service: str, account_id: str, known: Around) -> Request:
    """Return the request of a service to assume a role."""
    facts: dict[str, Fact] = {
        "aws:sourceaccount": account_id,
        "aws:sourceorgid": known.own,
        "aws:resourceorgid": known.own,
        "aws:securetransport": "true",
    }
    return Request(ServiceCaller(service, role_arn.split(":")[1]), role_arn, facts)


# --- Named ---------------------------------------------------------------------------------------------------------


def named(desired: Desired, destination: Destination, known: Around, actions: Mapping[str, Collection[str]]) -> str:
    """Name the policies that keep the copy role from something, or may do so; empty where none is known."""
    every = _every(desired, destination, known, actions)
    return next(filter(None, (told(known.controls, requests, [action]) for action, requests in every)), "")


def doubtful(desired: Desired, destination: Destination, known: Around, actions: Mapping[str, Collection[str]]) -> str:
    """Name those that may keep the copy role from something, where none certainly does."""
    every = _every(desired, destination, known, actions)
    return next(filter(None, (told_doubtful(known.controls, requests, action) for action, requests in every)), "")


def _every(
    desired: Desired, destination: Destination, known: Around, actions: Mapping[str, Collection[str]]
) -> Iterator[tuple[str, list[Request]]]:
    for action, resources in actions.items():
        for each in resources:
            yield action, _requests(desired, destination, known, action, each)


def named_for_passing(desired: Desired, known: Around) -> str:
    """Name those that keep the operator from passing the copy role."""
    request = _passing(desired, known)
    return told(known.controls, [request], [PASS_ROLE]) if request is not None else ""


def undecided(desired: Desired, destination: Destination, known: Around) -> str:
    """Say which control policies may keep the copy role from copying, as a sentence, or that none could be read."""
    if known.controls is UNASKED:
        return ""
    if isinstance(known.controls, Unseen):
        return "Control policies with conditions, which IAM does not try out, were not seen."
    clause = doubtful(desired, destination, known, asked(desired, destination, (OUT, INTO)))
    return f"Not decided, and copies are tried: {clause}." if clause else ""


def assumption(role_arn: str, service: str, account_id: str, known: Around) -> tuple[str, str]:
    """Name the resource control policies that keep a service from assuming a role of an account, and those that may."""
    if isinstance(known.resource, Unseen):
        return "", ""
    requests = [_assuming(role_arn, service, account_id, known)]
    certain = barred(known.resource.value, requests, ASSUME)
    clause = told(known.resource, requests, [ASSUME])
    return (clause, "") if certain else ("", clause)


# --- Judged --------------------------------------------------------------------------------------------------------


def under(desired: Desired, destination: Destination, look: Look[Trial | None], known: Around) -> Look[Trial | None]:
    """Return what was tried out with what control policies certainly deny besides."""
    trial = None if isinstance(look, Unseen) else look.value
    if trial is None or isinstance(known.controls, Unseen):
        return look
    actions = asked(desired, destination, (OUT, INTO))
    denied = {
        (action, each)
        for action, resources in actions.items()
        for each in resources
        if barred(known.controls.value, _requests(desired, destination, known, action, each), action)
    }
    forms = {form for action, form in denied if action == OUT}
    kept = {**dict(trial.kept), **{each: dict(trial.kept).get(each, frozenset()) | _BARRED for each in forms}}
    lacking = {**dict(trial.lacking), **{each: tuple(dict.fromkeys((OUT, *trial.lacks(each)))) for each in forms}}
    trial = replace(trial, lacking=tuple(lacking.items()))
    none_left = set(actions[OUT]) <= set(kept)
    lost = {OUT} if none_left and forms else set()
    lost |= {action for action, _ in denied if action == INTO}
    return Seen(replace(_without(trial, lost), kept=() if none_left or lost & {OUT} else tuple(kept.items())))


def under_passing(desired: Desired, look: Look[Trial | None], known: Around) -> Look[Trial | None]:
    """Return what was tried out about passing the copy role with what control policies certainly deny besides."""
    trial, request = None if isinstance(look, Unseen) else look.value, _passing(desired, known)
    if trial is None or request is None or isinstance(known.controls, Unseen):
        return look
    return Seen(_without(trial, {PASS_ROLE} if barred(known.controls.value, [request], PASS_ROLE) else set()))


_BARRED = frozenset({Barrier.ORGANIZATION})


def _without(trial: Trial, lost: Iterable[str]) -> Trial:
    """Return what was tried with some actions denied that no policy of the role can allow."""
    lost = set(lost)
    if not lost:
        return trial
    decisions = tuple((action, False if action in lost else allowed) for action, allowed in trial.decisions)
    return replace(trial, decisions=decisions, barriers=trial.barriers | _BARRED, bare=trial.bare - lost)
