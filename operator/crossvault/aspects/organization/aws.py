"""What AWS Organizations and the global settings of AWS Backup say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

from botocore.exceptions import ClientError

from ...aws import pages, probe, regions
from ...aws.answers import UnexpectedAnswerError
from ...aws.entered import Entered
from ...aws.errors import code_of
from ...aws.hands import Hands, Looked, Looking, Reach, Scene
from ...aws.places import DENIED, Age, Pending, Place, known
from ...engine.declared import partition_of
from ...engine.looks import UNASKED, Look, Seen, Unseen
from ...engine.parts import Parts
from ...engine.plan import Result
from ...words.problems import CrossvaultError
from .controls import RESOURCE, SERVICE, ControlPolicy, Controls, Level
from .seen import (
    ADMINISTRATORS,
    DEPARTURES,
    MEMBERS,
    ORGANIZATION,
    SETTINGS,
    SWITCH,
    Administrator,
    Organization,
    Settings,
)
from .switch import SetSwitch

DEEPEST = 8
TWENTY: Any = {"PageSize": 20}
"""The longest pages that Organizations has."""
FIFTY: Any = {"PageSize": 50}
"""The longest pages that CloudTrail has."""

_HISTORY = {"aws": "us-east-1", "aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1"}
"""Where CloudTrail keeps what Organizations does.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_cloudtrail-integration.html
"""
_ACCOUNT = re.compile(r"[0-9]{12}")


def look(scene: Scene) -> Looking:
    """See the organizations of all accounts, and the switch as the source's account sees it."""
    if scene.desired.deleting:
        return Looked()
    source, sides = account(scene.source), [of(place) for _, place in scene.sides()]
    yield
    return Looked(source(), tuple(Parts().having(ORGANIZATION, pending()) for pending in sides))


def account(place: Place) -> Callable[[], Parts]:
    """See the organization of one account and its switch."""
    organization_of, switch = of(place), _switch(place)
    return lambda: Parts().having(ORGANIZATION, organization_of()).having(SWITCH, switch())


def of(place: Place) -> Pending[Organization | None]:
    """Begin to ask; the answer is the same in all Regions."""
    access, home = place.access, regions.known_like(place.region)
    key = ("organization", access.fingerprint)
    return place.setting(key, lambda: organization(access, home), regional=False, age=Age.SETTLED)


def management(reach: Reach, place: Place, departures: bool) -> Callable[[], Parts]:
    """See what the management account shows of its organization.

    Members come in pages of twenty and hardly change, so they may be as old as what is seen of other settings.
    """
    access, home = place.access, regions.known_like(place.region)

    def lasts(seen: Look[Any]) -> timedelta:
        return timedelta() if isinstance(seen, Unseen) else reach.settled

    def rarely(seen: Look[Any]) -> timedelta:
        return DENIED if isinstance(seen, Unseen) else reach.settled

    organization_of, settings = of(place), _settings(place)
    listed = place.slowly(("members", access.fingerprint), lambda: members(access, home), lasts, regional=False)
    delegated = place.slowly(
        ("administrators", access.fingerprint), lambda: administrators(access, home), lasts, regional=False
    )
    left: Pending[dict[str, datetime]] = known(UNASKED)
    if departures:
        left = place.slowly(("departures", access.fingerprint), lambda: departed(access, home), rarely, regional=False)
    return lambda: (
        Parts()
        .having(ORGANIZATION, organization_of())
        .having(SETTINGS, settings())
        .having(MEMBERS, listed())
        .having(ADMINISTRATORS, delegated())
        .having(DEPARTURES, left())
    )


def _switch(place: Place) -> Pending[bool]:
    pending = _settings(place)

    def switch() -> Look[bool]:
        seen = pending()
        return seen if isinstance(seen, Unseen) else Seen(seen.value.on)

    return switch


def _settings(place: Place) -> Pending[Settings]:
    access, region = place.access, place.region
    key = probe.key(access.fingerprint, region)
    pending = place.setting(key, lambda: probe.global_settings(access, region))

    def settings() -> Look[Settings]:
        seen = pending()
        return seen if isinstance(seen, Unseen) else Seen(Settings(seen.value.crossing, seen.value.changed))

    return settings


def path(place: Place, account_id: str, organization_id: str) -> Pending[str]:
    """Begin to ask where an account is in the organization."""
    access, region = place.access, place.region
    key = ("organization path", access.fingerprint, account_id)
    return place.setting(key, lambda: organization_path(access, region, account_id, organization_id))


def organization(access: Entered, region: str) -> Organization | None:
    """Describe the organization the account belongs to; every member may."""
    with access.asking("read the organization", "organizations:DescribeOrganization"):
        try:
            answer = access.organizations(region).describe_organization()["Organization"]
        except ClientError as error:
            if code_of(error) == "AWSOrganizationsNotInUseException":
                return None
            raise
    return Organization(answer["Id"], answer["MasterAccountId"], answer.get("FeatureSet") or "")


def members(access: Entered, region: str) -> dict[str, str]:
    """List the accounts of the organization with their states; a page may be empty although more follow.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
    """
    what = "list the accounts of the organization (its management account and delegated administrators may)"
    with access.asking(what, "organizations:ListAccounts"):
        asked = access.organizations(region).get_paginator("list_accounts").paginate(PaginationConfig=TWENTY)
        rows = pages.walked(asked, "Accounts", _id)
        return {each["Id"]: each.get("State") or each.get("Status") or "" for each in rows}


def administrators(access: Entered, region: str) -> tuple[Administrator, ...]:
    """List who administers AWS Backup besides the management account.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListDelegatedAdministrators.html
    """
    with access.asking("list the delegated administrators", "organizations:ListDelegatedAdministrators"):
        asked = (
            access.organizations(region)
            .get_paginator("list_delegated_administrators")
            .paginate(ServicePrincipal="backup.amazonaws.com", PaginationConfig=TWENTY)
        )
        found = {
            each["Id"]: each.get("DelegationEnabledDate")
            for each in pages.walked(asked, "DelegatedAdministrators", _id)
        }
    return tuple(Administrator(name, since) for name, since in sorted(found.items()))


def departed(access: Entered, region: str) -> dict[str, datetime]:
    """Look up when accounts left the organization, as far back as CloudTrail's event history goes.

    It is documented that the record has ``departureTime``, and not where it names the account; so every account that
    the event is about counts, in whatever member.
    https://docs.aws.amazon.com/organizations/latest/APIReference/API_RemoveAccountFromOrganization.html
    """
    wanted = [{"AttributeKey": "EventName", "AttributeValue": "AccountDepartedOrganization"}]
    what = "look up in CloudTrail when accounts left the organization"
    found: dict[str, datetime] = {}
    with access.asking(what, "cloudtrail:LookupEvents"):
        trail = access.cloudtrail(_HISTORY[partition_of(region)])
        asked = trail.get_paginator("lookup_events").paginate(LookupAttributes=wanted, PaginationConfig=FIFTY)
        for each in pages.walked(asked, "Events", lambda row: str(row.get("CloudTrailEvent"))):
            at = each.get("EventTime")
            for account in _accounts_in(each.get("CloudTrailEvent") or "") if at is not None else ():
                found[account] = max(at, found.get(account, at))
    return found


def _accounts_in(text: str) -> set[str]:
    """Return the accounts that an event is about."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return set()
    about = record.get("serviceEventDetails") if isinstance(record, dict) else None
    return {each for each in _texts(about) if _ACCOUNT.fullmatch(each)}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def _id(row: Any) -> str:  # noqa: ANN401 - a row of either listing
    return str(row["Id"])


def organization_path(access: Entered, region: str, account_id: str, organization_id: str) -> str:
    """Return an account's place as ``aws:PrincipalOrgPaths`` has it: ``o-1/r-1/ou-1/ou-2/``, from the root down.

    Only the management account and delegated administrators may ask
    (https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListParents.html); units nest five deep.
    """
    what = f"read where account {account_id} is in its organization (delegated administrators may)"
    above = [account_id]
    with access.asking(what, "organizations:ListParents"):
        while not above[-1].startswith("r-"):
            answer = access.organizations(region).list_parents(ChildId=above[-1])
            parents = [each["Id"] for each in answer["Parents"]]
            if not parents or len(above) >= DEEPEST:
                raise UnexpectedAnswerError("the answer lacks a parent")
            above += parents[:1]
    return "/".join((organization_id, *reversed(above[1:]), ""))


def control_policies(access: Entered, region: str, account_id: str) -> Controls:
    """Read the control policies over an account, level by level, from the account up to the root.

    The management account and delegated administrators may ask.
    https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListPoliciesForTarget.html
    """
    targets = [account_id, *reversed(organization_path(access, region, account_id, "").strip("/").split("/"))]
    read = partial(_levels, access, region, targets)
    service = read(SERVICE)
    try:
        return Controls(service, Seen(read(RESOURCE)))
    except CrossvaultError as error:  # not every partition has them
        return Controls(service, Unseen(error.problem))


def _levels(access: Entered, region: str, targets: Iterable[str], kind: str) -> tuple[Level, ...]:
    documents: dict[str, str] = {}
    return tuple(Level(each, _attached(access, region, each, kind, documents), kind) for each in targets)


_FILTERS = {SERVICE: "SERVICE_CONTROL_POLICY", RESOURCE: "RESOURCE_CONTROL_POLICY"}


def _attached(
    access: Entered, region: str, target: str, kind: str, documents: dict[str, str]
) -> tuple[ControlPolicy, ...]:
    client = access.organizations(region)
    with access.asking(f"list the control policies on {target}", "organizations:ListPoliciesForTarget"):
        asked = client.get_paginator("list_policies_for_target").paginate(
            TargetId=target, Filter=cast("Any", _FILTERS[kind]), PaginationConfig=TWENTY
        )
        names = {each["Id"]: each.get("Name") or each["Id"] for each in pages.walked(asked, "Policies", _id)}
    for each in (one for one in names if one not in documents):
        with access.asking(f"read control policy {each}", "organizations:DescribePolicy"):
            documents[each] = client.describe_policy(PolicyId=each)["Policy"]["Content"]
    return tuple(ControlPolicy(each, name, documents[each]) for each, name in names.items())


def turn(reach: Reach, action: SetSwitch) -> Result:
    """Turn the switch, unless it has been turned since it was looked at; no other setting is sent."""
    access, home = reach.sessions.enter(action.account), reach.sessions.home(action.account)
    with reach.turns.of(f"organization {action.organization_id}"):
        try:
            access.verify()
            found = _turned(access, home, on=action.on)
        except CrossvaultError as error:
            return Result(action, error.problem)
        finally:
            reach.reads.invalidate(probe.key(access.fingerprint, home))
        return Result(action, found=found)


def _turned(access: Entered, region: str, *, on: bool) -> bool:
    """Turn the switch; True where somebody else has."""
    if probe.global_settings(access, region).crossing is on:
        return True
    with access.asking("update the global settings of AWS Backup", "backup:UpdateGlobalSettings", region):
        access.backup(region).update_global_settings(
            GlobalSettings={"isCrossAccountBackupEnabled": "true" if on else "false"}
        )
    return False


def hands(reach: Reach) -> Hands:
    """Return what this room does in AWS."""
    return Hands(look, account, partial(management, reach), acts={SetSwitch: partial(turn, reach)})
