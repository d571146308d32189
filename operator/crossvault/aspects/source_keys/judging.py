"""How each key behind recovery points stands towards one destination, and the rows about them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ...engine import fixes
from ...engine.declared import Desired, Destination, account_of
from ...engine.fixes import Fix
from ...engine.looks import Look, Seen, Unseen
from ...engine.observed import Sight
from ...engine.rows import UNKNOWN, Prerequisite, met, unmet
from ...iam.documents import MalformedPolicyError
from ...iam.evaluation import Verdict
from ...words.problems import Problem
from ...words.reasons import Reason
from ..organization.controls import RESOURCE
from ..resource_types.matrix import KEYED_BY_RESOURCE, NOT_AIR_GAPPED, service_of
from ..vault import KEYS, vault_of, vault_to_be
from ..vault.by_hand import enabling, mended
from ..vault.seen import Key
from . import by_hand
from .admission import Admission, Party, admit, parties, service_role
from .seen import SERVICE_ROLE, SOURCE_KEYS, Behind, Picture, SourceKeys

NAME = "SourceKeys"

_GONE_STATES = frozenset(
    {"Creating", "Disabled", "PendingDeletion", "PendingReplicaDeletion", "PendingImport", "Unavailable"}
)
"""In which a key does nothing for anybody. https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html"""
_ALLOW = "Allow the action that is named, as row Permissions of the account tells; copies are tried meanwhile."
_FIXED = 10
_GROUPS, _KEYS, _RESOURCES = 2, 3, 3
"""How many kinds of trouble, keys with the same trouble, and resources a row names; all others count."""


class Access(StrEnum):
    """Whether copies can be made of what a key encrypts."""

    OPEN = "open"
    CLOSED = "closed"
    UNCLEAR = "unclear"
    MANAGED = "managed"


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How one key behind recovery points of one type stands.

    Attributes:
        why: What is wrong or not known, but for what ``admissions`` say.
        admissions: Whom it does not let in, or not for certain.
    """

    behind: Behind
    access: Access
    reason: Reason = Reason.ALL_MET
    why: str = ""
    admissions: tuple[Admission, ...] = ()

    @property
    def trouble(self) -> tuple[object, ...]:
        """What keys with the same trouble have in common: one remedy serves all."""
        lacking = tuple((each.party.arn, each.verdict, each.need, each.grounds) for each in self.admissions)
        return self.access, self.reason, self.why, lacking


def judged(desired: Desired, destination: Destination, source: Sight, sight: Sight, keys: SourceKeys) -> list[Verdicts]:
    """Judge every key behind recovery points in scope, in a lasting order; not those of types that never get there.

    | key | copies of what it encrypts |
    |---|---|
    | managed by AWS, of a type keyed by the resource | none: managed |
    | managed by AWS, of a type that AWS Backup manages in full | open |
    | gone, disabled, or about to be deleted | closed |
    | not seen, or of another account than the source's | unclear |
    | its policy, or a grant, lets the copy role and the destination's service-linked role in | open |
    | one of them certainly not | closed |
    | anything else | unclear |
    """
    if desired.source.account.account_id == destination.vault.account.account_id:
        return []
    asked = parties(desired, destination, source, sight)
    regions = (desired.source.region, destination.vault.region)
    barred = NOT_AIR_GAPPED if _is_air_gapped(destination, sight) else frozenset[str]()
    meant = [each for each in keys.behind if each.resource_type not in barred]
    ordered = sorted(meant, key=lambda each: (each.key_arn, each.resource_type))
    return [_judged(each, keys.pictures.get(each.key_arn), asked, regions) for each in ordered]


def _is_air_gapped(destination: Destination, sight: Sight) -> bool:
    vault = vault_of(sight) or vault_to_be(destination, sight[KEYS].wanted)
    return vault is not None and vault.air_gapped


def _judged(behind: Behind, picture: Picture | None, asked: Iterable[Party], regions: tuple[str, ...]) -> Verdicts:
    if picture is None:
        owner = account_of(behind.key_arn) or "nobody known"
        why = f"the key belongs to account {owner}, which answers for it"
        return Verdicts(behind, Access.UNCLEAR, Reason.FOREIGN_KEY, why)
    unusable = usable(picture.key)
    if isinstance(picture.key, Unseen) or picture.key.value is None or unusable is not None:
        access = Access.UNCLEAR if isinstance(picture.key, Unseen) else Access.CLOSED
        reason, why = unusable or (Reason.KEY_NOT_FOUND, "the key does not exist")
        return Verdicts(behind, access, reason, why)
    if picture.key.value.manager != "CUSTOMER":
        managed = behind.resource_type in KEYED_BY_RESOURCE
        return Verdicts(behind, Access.MANAGED if managed else Access.OPEN)
    if isinstance(picture.policy, Unseen):
        return Verdicts(behind, Access.UNCLEAR, picture.policy.problem.reason, _said(picture.policy.problem))
    try:
        service = service_of(behind.resource_type)
        found = [admit(picture, picture.policy.value, each, behind.key_arn, service, regions) for each in asked]
    except MalformedPolicyError as error:
        return Verdicts(behind, Access.UNCLEAR, Reason.KEY_POLICY_UNCLEAR, f"its policy cannot be read: {error}")
    return _added_up(behind, found)


def _added_up(behind: Behind, found: list[Admission]) -> Verdicts:
    closed = tuple(each for each in found if each.verdict in {Verdict.NOT_ALLOWED, Verdict.DENIED})
    if closed:
        return Verdicts(behind, Access.CLOSED, Reason.KEY_NOT_SHARED, admissions=closed)
    unclear = tuple(each for each in found if each.verdict is Verdict.UNKNOWN)
    if unclear:
        return Verdicts(behind, Access.UNCLEAR, Reason.KEY_POLICY_UNCLEAR, admissions=unclear)
    return Verdicts(behind, Access.OPEN)


def usable(look: Look[Key | None]) -> tuple[Reason, str] | None:
    """Say why a key cannot be used, whoever asks, or why that is not known; None where it can."""
    if isinstance(look, Unseen):
        return look.problem.reason, _said(look.problem)
    if look.value is None:
        return Reason.KEY_NOT_FOUND, "the key does not exist"
    if look.value.state in _GONE_STATES:
        return Reason.KEY_NOT_USABLE, f"the key is {look.value.state}"
    return None


def _said(problem: Problem) -> str:
    return problem.message.removesuffix(".")


# --- The row -------------------------------------------------------------------------------------------------------


def row(desired: Desired, destination: Destination, sight: Sight, found: list[Verdicts]) -> Prerequisite:
    """Return the row about all keys.

    | keys | row |
    |---|---|
    | one is closed | Unmet; what it encrypts is held, all else is copied |
    | none, but one is unclear | Unknown; copies are tried |
    | all others | Met; what is on keys that AWS manages is named |
    """
    closed = _grouped(each for each in found if each.access is Access.CLOSED)
    unclear = _grouped(each for each in found if each.access is Access.UNCLEAR)
    if closed:
        first = closed[0][0]
        message = _sentences(closed) + " Recovery points on it are held." * (len(closed) == 1)
        fix = _fix(desired, destination, sight, [one for group in closed for one in group])
        remedy = " ".join(_remedy(each, sight, fix) for each in closed[:_GROUPS])
        every = frozenset(group[0].reason for group in closed)
        return unmet(NAME, destination.name, first.reason, message, remedy, blocks=False, explains=every, fix=fix)
    if unclear:
        reason = unclear[0][0].reason
        remedy = _ALLOW if reason is Reason.ACCESS_DENIED else "Nothing: copies are tried, and their result tells."
        return Prerequisite(NAME, destination.name, UNKNOWN, reason, _sentences(unclear), remedy)
    cleared = Reason.KEY_NOT_SHARED, Reason.KEY_ACCESS_DENIED
    return met(NAME, destination.name, _met(desired, destination, found), clears=cleared)


def _met(desired: Desired, destination: Destination, found: list[Verdicts]) -> str:
    managed = [each for each in found if each.access is Access.MANAGED]
    good = len({each.behind.key_arn for each in found if each.access is Access.OPEN})
    names = f"{desired.source.account.name} and {destination.vault.account.name}"
    message = f"{good} {_keys(good)} behind the recovery points can be used by {names}." if good else ""
    if managed:
        resources = sum(each.behind.resources for each in managed)
        shown = _listed([arn for each in managed for arn in each.behind.examples], _RESOURCES, resources)
        message = (
            f"Keys that AWS manages cannot be shared: encrypt {shown} with a customer managed key; what is backed up"
            f" from then on is copied. {message}"
        ).strip()
    return message or "No recovery point in scope is on a key of its own account."


def concerning(found: list[Verdicts], uncopied: Collection[tuple[str, str]]) -> list[Verdicts]:
    """Leave out keys that nobody can use any more, and that encrypt nothing that is still to be copied.

    A key that only has to let somebody in is told all the same: the next backup is on it.

    Args:
        found: How each key stands.
        uncopied: Keys, by ARN and resource type, of recovery points without a copy.
    """
    return [
        each
        for each in found
        if each.reason not in {Reason.KEY_NOT_FOUND, Reason.KEY_NOT_USABLE}
        or (each.behind.key_arn, each.behind.resource_type) in uncopied
    ]


def held(found: Iterable[Verdicts]) -> Mapping[tuple[str, str], tuple[Reason, str]]:
    """Return why no copy is started of what closed keys encrypt, by ARN of the key and resource type."""
    closed = (each for each in found if each.access is Access.CLOSED)
    return {
        (each.behind.key_arn, each.behind.resource_type): (each.reason, f"Key {each.behind.key_arn}: {_why(each)}.")
        for each in closed
    }


def _grouped(found: Iterable[Verdicts]) -> list[list[Verdicts]]:
    """Put together what one remedy serves, first what concerns most resources."""
    groups: dict[tuple[object, ...], list[Verdicts]] = {}
    for each in found:
        groups.setdefault(each.trouble, []).append(each)
    return sorted(groups.values(), key=lambda group: -sum(each.behind.resources for each in group))


def _sentences(groups: list[list[Verdicts]]) -> str:
    shown = [f"{_named(group, 1)}: {_why(group[0])}." for group in groups[:_GROUPS]]
    more = len(groups) - _GROUPS
    return " ".join([*shown, *([f"{more} more keys have other troubles."] if more > 0 else [])])


def _why(one: Verdicts) -> str:
    if not one.admissions:
        return one.why
    return "; ".join(_lacks(each) for each in one.admissions)


def _lacks(one: Admission) -> str:
    name, what = one.party.arn.rsplit("/", 1)[-1], " or ".join(one.need)
    who = f"{name} of account {one.party.where}"
    grounds = ", ".join(map(str, one.grounds[:2]))
    match one.verdict:
        case Verdict.DENIED:
            by = "what governs its account" if RESOURCE in grounds else "its policy"
            return f"{by} denies {who} {what}: {grounds}"
        case Verdict.NOT_ALLOWED:
            return f"it does not let {who} use {what}"
        case _:
            return f"whether {who} may {what} depends on {grounds}"


def _remedy(group: list[Verdicts], sight: Sight, fix: Fix) -> str:
    first, named = group[0], _named(group, _KEYS)
    if first.reason is not Reason.KEY_NOT_SHARED:
        gone = first.reason is Reason.KEY_NOT_FOUND
        lost = "What a deleted key encrypts is lost: exclude the resources, or delete their recovery points."
        return lost if gone else f"{named}: {' or '.join(_mended(group, sight))}."
    denying = [each for each in first.admissions if each.verdict is Verdict.DENIED]
    if denying:
        grounds = dict.fromkeys(ground.statement for each in denying for ground in each.grounds)
        return f"{named}: remove or narrow {', '.join(grounds)}."
    arns = [each.party.arn for each in first.admissions]
    stale = "".join(dict.fromkeys(_correct(one, sight, arns) for one in group[:_KEYS]))
    added = by_hand.added(arns, f"{named[0].lower()}{named[1:]}", fixes.NONE if stale else fix)
    return f"{_role_first(arns, sight)}{stale}{added}"


def _mended(group: list[Verdicts], sight: Sight) -> Iterator[str]:
    """Yield what brings back keys that are there and cannot be used, each once."""
    pictures = {} if isinstance(look := sight[SOURCE_KEYS], Unseen) else look.value.pictures
    looks = (pictures[arn].key for arn in dict.fromkeys(one.behind.key_arn for one in group) if arn in pictures)
    yield from dict.fromkeys(mended(each.value.state) for each in looks if isinstance(each, Seen) and each.value)


def _correct(one: Verdicts, sight: Sight, arns: list[str]) -> str:
    look = sight[SOURCE_KEYS]
    picture = None if isinstance(look, Unseen) else look.value.pictures.get(one.behind.key_arn)
    return by_hand.correcting(one.behind.key_arn, picture, arns) if picture is not None else ""


def _fix(desired: Desired, destination: Destination, sight: Sight, closed: list[Verdicts]) -> Fix:
    """Return what mends the first few keys: the next look tells the others. What is denied is for people to judge."""
    pictures = {} if isinstance(look := sight[SOURCE_KEYS], Unseen) else look.value.pictures
    account, lacking, found = desired.source.account, list[str](), dict[Fix, None]()
    for one in closed:
        picture = pictures.get(one.behind.key_arn, Picture())
        if one.reason is Reason.KEY_NOT_USABLE and not isinstance(picture.key, Unseen) and picture.key.value:
            found[fixes.within(account, *enabling(picture.key.value))] = None
        if one.reason is Reason.KEY_NOT_SHARED and all(each.verdict is not Verdict.DENIED for each in one.admissions):
            arns = [each.party.arn for each in one.admissions]
            found[by_hand.sharing(account, one.behind.key_arn, picture, arns)] = None
            lacking += arns
    lines = [line for each in list(found)[:_FIXED] for line in each]
    return (*by_hand.service_role(destination.vault, lacking, sight[SERVICE_ROLE]), *fixes.joined(lines))


def _role_first(arns: list[str], sight: Sight) -> str:
    """KMS refuses a policy that names a role which does not exist."""
    look = sight[SERVICE_ROLE]
    lacking = [arn for arn in arns if ":role/aws-service-role/" in arn]
    if not lacking or isinstance(look, Unseen) or look.value:
        return ""
    command = "aws iam create-service-linked-role --aws-service-name backup.amazonaws.com"
    return f"First create the role in account {account_of(lacking[0])}: {command}. "


def _named(group: list[Verdicts], most: int) -> str:
    arns = list(dict.fromkeys(each.behind.key_arn for each in group))
    return f"{_keys(len(arns)).capitalize()} {_listed(arns, most, len(arns))}"


def _keys(count: int) -> str:
    return "key" if count == 1 else "keys"


def _listed(names: list[str], most: int, total: int) -> str:
    shown = list(dict.fromkeys(names))[:most]
    more = total - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


__all__ = ["NAME", "Access", "Verdicts", "held", "judged", "row", "service_role", "usable"]
