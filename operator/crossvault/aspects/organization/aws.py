"""What AWS Organizations and the global settings of AWS Backup say."""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import ClientError

from ...aws import probe, regions
from ...aws.answers import UnexpectedAnswerError
from ...aws.entered import Entered
from ...aws.errors import code_of
from ...aws.hands import Hands, Looked, Looking, Reach, Scene
from ...aws.places import Pending, Place
from ...engine.parts import Parts
from . import ORGANIZATION, SWITCH, Organization

DEEPEST = 8


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
    return place.setting(key, lambda: organization(access, home), regional=False)


def _switch(place: Place) -> Pending[bool]:
    access, region = place.access, place.region
    key = probe.key(access.fingerprint, region)
    return place.setting(key, lambda: probe.cross_account_backup(access, region))


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
    return Organization(answer["Id"], answer["MasterAccountId"])


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


def hands(_reach: Reach) -> Hands:
    """Return what this room does in AWS."""
    return Hands(look, account)
