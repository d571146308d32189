"""What AWS Backup says of backup plans and their selections, and how they are made, changed and taken away."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from ....aws.entered import Entered, Fingerprint
from ....aws.errors import code_of
from ....aws.hands import Hands, Looked, Looking, Reach, Scene
from ....aws.pages import PAGES, walked
from ....aws.places import LONGEST, Age, Pending, Place
from ....aws.reads import ReadKey
from ....engine.declared import Desired
from ....engine.looks import Look, Seen, Unseen
from ....engine.parts import Parts
from ....engine.plan import Result
from ....words.problems import CrossvaultError, ErrorClass, Problem
from ....words.reasons import Reason
from ...copy_role import aws as copy_role
from ...vault import aws as vault
from .. import roles
from ..actions import CreatePlan, CreateSelection, DeletePlan, DeleteSelection, TagPlan, UpdatePlan
from ..declared import KNOWN_PLAN, SCHEDULE
from ..document import form_of, is_named_by_us, plan_name, selection_form
from ..jobs import JOBS
from ..roles import ROLES
from ..seen import MATCHES, PLANS, TARGETS, BackupPlan, PlanForm, Plans, Selected
from ..stock import FoundPlan
from . import jobs, matches

T = TypeVar("T")
_GONE = frozenset({"ResourceNotFoundException", "InvalidParameterValueException"})
"""How AWS Backup answers about a plan, or a selection, that is not there."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A plan as the list has it."""

    id: str
    arn: str
    name: str
    version: str


# --- Looking -------------------------------------------------------------------------------------------------------


def look(scene: Scene) -> Looking:
    """See the plans that the policy may mean: one list of the account's plans for all of its policies.

    A plan is read when it has another version than before, a selection once: it never changes.
    """
    if not _concerns(scene.desired):
        return Looked()
    place = scene.source
    schedule = scene.desired[SCHEDULE]
    looking = schedule if not scene.desired.deleting else None
    counted = matches.begin(place, looking) if looking is not None else {}
    bearers = roles.uses(looking) if looking is not None else ()
    assumed = {(each.service[0], each.arn): copy_role.begin(place, each.arn, each.service[0]) for each in bearers}
    ended = jobs.begin(place) if looking is not None else None
    targets = {name: vault.seen(place, name) for name in (looking.air_gapped_vaults if looking is not None else ())}
    listed = place.setting(
        plans_key(place.access.fingerprint, place.region), partial(plans, place.access, place.region)
    )
    yield
    seen = Parts()
    if counted:
        seen = seen.having(MATCHES, {name: pending() for name, pending in counted.items()})
    if targets:
        seen = seen.having(TARGETS, {name: pending() for name, pending in targets.items()})
    if assumed:
        seen = seen.having(ROLES, {key: pending() for key, pending in assumed.items()})
    if ended is not None:
        seen = seen.having(JOBS, ended())
    every = listed()
    if isinstance(every, Unseen):
        return Looked(seen.having(PLANS, every))
    candidates = _meant(scene.desired, every.value)
    others = {each.id: each.name for each in every.value if is_named_by_us(each.name) and each not in candidates}
    begun = [(each, _begin(place, each)) for each in candidates]
    yield
    selected = [(each, read, _selected(place, each, read[2]())) for each, read in begun]
    yield
    found = _all([_plan(each, read, documents) for each, read, documents in selected], others)
    return Looked(seen.having(PLANS, found))


def _concerns(desired: Desired) -> bool:
    """Tell whether a policy has, or had, a plan at all."""
    return desired[SCHEDULE] is not None or bool(desired[KNOWN_PLAN])


def _meant(desired: Desired, listed: tuple[Listed, ...]) -> tuple[Listed, ...]:
    schedule, known = desired[SCHEDULE], desired[KNOWN_PLAN]
    ids = {known, schedule.adopt if schedule is not None else ""} - {""}
    name = plan_name(desired.key, desired.source.arn)
    found = [each for each in listed if each.id in ids]
    found += [each for each in listed if each.name == name and each.id not in ids][:MOST_OF_ONE_NAME]
    return tuple(found)


MOST_OF_ONE_NAME = 5
"""So many plans of one name are looked at: AWS lets anybody make more."""

_Read = tuple[Pending[PlanForm], Pending[Mapping[str, str]], Pending[tuple[str, ...]]]


def _begin(place: Place, listed: Listed) -> _Read:
    access, region = place.access, place.region
    entry = access.fingerprint
    return (
        place.slowly(
            ("plan", entry, region, listed.id, listed.version),
            partial(form, access, region, listed.id),
            _as_long_as_seen,
        ),
        # What others do to these is as rare as what they do to the policy of a vault, and read as seldom.
        place.setting(tags_key(entry, region, listed.id), partial(tags, access, region, listed.arn), age=Age.SETTLED),
        place.setting(
            selections_key(entry, region, listed.id),
            partial(selections, access, region, listed.id),
            age=Age.SETTLED,
        ),
    )


def _selected(place: Place, listed: Listed, ids: Look[tuple[str, ...]]) -> Unseen | list[Pending[Selected | None]]:
    if isinstance(ids, Unseen):
        return ids
    access, region = place.access, place.region

    def begin(selection: str) -> Pending[Selected | None]:
        key: ReadKey = ("selection", access.fingerprint, region, listed.id, selection)
        return place.slowly(key, partial(selected, access, region, listed.id, selection), _as_long_as_it_is_there)

    return [begin(each) for each in ids.value]


def _as_long_as_seen(seen: Look[PlanForm]) -> timedelta:
    """Believe a version for long: one that says something else has another name."""
    return LONGEST if isinstance(seen, Seen) else timedelta(0)


def _as_long_as_it_is_there(seen: Look[Selected | None]) -> timedelta:
    return LONGEST if isinstance(seen, Seen) and seen.value is not None else timedelta(0)


def _plan(listed: Listed, read: _Read, documents: Unseen | list[Pending[Selected | None]]) -> Look[BackupPlan]:
    whole, own_tags = read[0](), read[1]()
    if isinstance(whole, Unseen):
        return whole
    if isinstance(own_tags, Unseen):
        return own_tags
    if isinstance(documents, Unseen):
        return documents
    found: list[Selected] = []
    for pending in documents:
        seen = pending()
        if isinstance(seen, Unseen):
            return seen
        if seen.value is not None:
            found.append(seen.value)
    plan = BackupPlan(listed.id, listed.arn, listed.name, listed.version, whole.value, own_tags.value, tuple(found))
    return Seen(plan)


def _all(looks: list[Look[BackupPlan]], others: Mapping[str, str]) -> Look[Plans]:
    """Return all plans, or why one of them is not known: it may be the policy's own."""
    unseen = next((each for each in looks if isinstance(each, Unseen)), None)
    return unseen or Seen(Plans(tuple(each.value for each in looks if isinstance(each, Seen)), others))


def plans_key(entry: Fingerprint, region: str) -> ReadKey:
    """Name ListBackupPlans."""
    return ("plans", entry, region)


def selections_key(entry: Fingerprint, region: str, plan_id: str) -> ReadKey:
    """Name ListBackupSelections."""
    return ("selections", entry, region, plan_id)


def tags_key(entry: Fingerprint, region: str, plan_id: str) -> ReadKey:
    """Name ListTags of a plan."""
    return ("plan tags", entry, region, plan_id)


# --- Asking --------------------------------------------------------------------------------------------------------


def plans(access: Entered, region: str) -> tuple[Listed, ...]:
    """List the backup plans of the account, without deleted ones."""
    with access.asking("list the backup plans", "backup:ListBackupPlans", region):
        pages = access.backup(region).get_paginator("list_backup_plans").paginate(PaginationConfig=PAGES)
        rows = list(walked(pages, "BackupPlansList", lambda row: str(row["BackupPlanId"])))
    return tuple(
        Listed(each["BackupPlanId"], each["BackupPlanArn"], each["BackupPlanName"], each["VersionId"]) for each in rows
    )


def form(access: Entered, region: str, plan_id: str) -> PlanForm:
    """Read the present version of a plan."""
    answer = _got(access, region, plan_id)
    return form_of(answer["BackupPlan"], answer.get("AdvancedBackupSettings"))


def _got(access: Entered, region: str, plan_id: str) -> Mapping[str, Any]:
    with access.asking(f"read backup plan {plan_id}", "backup:GetBackupPlan", region):
        return access.backup(region).get_backup_plan(BackupPlanId=plan_id)


def tags(access: Entered, region: str, arn: str) -> Mapping[str, str]:
    """Read the tags of a plan; it has fifty at most, which are one page."""
    with access.asking(f"read the tags of {arn}", "backup:ListTags", region):
        return dict(access.backup(region).list_tags(ResourceArn=arn).get("Tags") or {})


def selections(access: Entered, region: str, plan_id: str) -> tuple[str, ...]:
    """List the selections of a plan: their ids."""
    with access.asking(f"list the selections of plan {plan_id}", "backup:ListBackupSelections", region):
        pages = access.backup(region).get_paginator("list_backup_selections")
        paged = pages.paginate(BackupPlanId=plan_id, PaginationConfig=PAGES)
        rows = list(walked(paged, "BackupSelectionsList", lambda row: str(row["SelectionId"])))
    return tuple(each["SelectionId"] for each in rows)


def selected(access: Entered, region: str, plan_id: str, selection_id: str) -> Selected | None:
    """Read a selection; None for one that is not there, or not yet: AWS shows a new one late."""
    document = _selection(access, region, plan_id, selection_id)
    return Selected(selection_id, document["SelectionName"], selection_form(document)) if document else None


def _selection(access: Entered, region: str, plan_id: str, selection_id: str) -> Mapping[str, Any] | None:
    with access.asking(f"read selection {selection_id}", "backup:GetBackupSelection", region):
        try:
            answer = access.backup(region).get_backup_selection(BackupPlanId=plan_id, SelectionId=selection_id)
        except ClientError as error:
            if code_of(error) in _GONE:
                return None
            raise
    return answer["BackupSelection"]


def stock(access: Entered, region: str) -> tuple[FoundPlan, ...]:
    """Read all plans of the account with all that AWS says of them."""
    return tuple(_found(access, region, each) for each in plans(access, region))


def _found(access: Entered, region: str, listed: Listed) -> FoundPlan:
    answer = _got(access, region, listed.id)
    document = answer["BackupPlan"]
    # AWS gives the settings in the plan, beside it, or in both.
    settings = [one for each in (answer, document) for one in each.get("AdvancedBackupSettings") or ()]
    chosen = (_selection(access, region, listed.id, each) for each in selections(access, region, listed.id))
    return FoundPlan(
        listed.id,
        listed.arn,
        listed.name,
        {**document, "AdvancedBackupSettings": settings},
        tags(access, region, listed.arn),
        tuple(each for each in chosen if each is not None),
    )


# --- Acting --------------------------------------------------------------------------------------------------------


def hands(reach: Reach) -> Hands:
    """Return what this room does in AWS."""
    doing: dict[type[Any], Callable[[Entered, Any], bool]] = {
        CreatePlan: _create_plan,
        UpdatePlan: _update_plan,
        TagPlan: _tag_plan,
        CreateSelection: _create_selection,
        DeleteSelection: _delete_selection,
        DeletePlan: _delete_plan,
    }
    return Hands(look, acts={kind: partial(_act, reach, do) for kind, do in doing.items()})


def _act(reach: Reach, do: Callable[[Entered, Any], bool], action: Any) -> Result:  # noqa: ANN401 - one of those above
    def carry_out(write: T) -> T | None:
        access, region = reach.enter(action.vault), action.vault.region
        try:
            return write if do(access, write) else None
        finally:
            for key in _changed_by(action, access.fingerprint, region):
                reach.reads.invalidate(key)

    return reach.write(action, carry_out)


def _changed_by(action: Any, entry: Fingerprint, region: str) -> Iterator[ReadKey]:  # noqa: ANN401 - one of those above
    """Yield what is to be read anew after an action; the plans of an account are many policies' list."""
    match action:
        case CreateSelection() | DeleteSelection():
            yield selections_key(entry, region, action.plan_id)
        case TagPlan():
            yield tags_key(entry, region, action.plan_id)
        case _:
            yield plans_key(entry, region)


def _create_plan(access: Entered, action: CreatePlan) -> bool:
    with access.asking(f"create backup plan {action.name}", "backup:CreateBackupPlan", action.vault.region):
        access.backup(action.vault.region).create_backup_plan(
            BackupPlan=_input(action.document),
            BackupPlanTags=dict(action.tags),
            CreatorRequestId=_id_of((action.vault.arn, action.name, action.tags)),
        )
    return True


def _update_plan(access: Entered, action: UpdatePlan) -> bool:
    """Replace the version that was seen; AWS would let the last writer win."""
    region = action.vault.region
    if _got(access, region, action.plan_id)["VersionId"] != action.version:
        words = f"Backup plan {action.name} was changed by somebody else meanwhile; it is looked at again."
        raise CrossvaultError(Problem(Reason.CHANGED_MEANWHILE, words, ErrorClass.RETRY))
    with access.asking(f"update backup plan {action.name}", "backup:UpdateBackupPlan", region):
        access.backup(region).update_backup_plan(BackupPlanId=action.plan_id, BackupPlan=_input(action.document))
    return True


def _input(document_: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the type of the stubs is a private one
    return dict(document_)


def _tag_plan(access: Entered, action: TagPlan) -> bool:
    with access.asking(f"tag backup plan {action.name}", "backup:TagResource", action.vault.region):
        access.backup(action.vault.region).tag_resource(ResourceArn=action.arn, Tags=dict(action.tags))
    return True


def _create_selection(access: Entered, action: CreateSelection) -> bool:
    with access.asking(f"add selection {action.name}", "backup:CreateBackupSelection", action.vault.region):
        access.backup(action.vault.region).create_backup_selection(
            BackupPlanId=action.plan_id,
            BackupSelection=_input(action.document),
            CreatorRequestId=_id_of((action.plan_id, action.owner, action.instead_of, action.document)),
        )
    return True


def _delete_selection(access: Entered, action: DeleteSelection) -> bool:
    region = action.vault.region
    with access.asking(f"remove selection {action.name}", "backup:DeleteBackupSelection", region):
        return _unless_gone(
            lambda: access.backup(region).delete_backup_selection(
                BackupPlanId=action.plan_id, SelectionId=action.selection_id
            )
        )


def _delete_plan(access: Entered, action: DeletePlan) -> bool:
    region = action.vault.region
    with access.asking(f"remove backup plan {action.name}", "backup:DeleteBackupPlan", region):
        return _unless_gone(lambda: access.backup(region).delete_backup_plan(BackupPlanId=action.plan_id))


def _unless_gone(do: Callable[[], object]) -> bool:
    try:
        do()
    except ClientError as error:
        if code_of(error) in _GONE:
            return False
        raise
    return True


def _id_of(key: object) -> str:
    """Return the same id for the same request, so that a repeated one is recognised as a repetition."""
    return "crossvault-" + hashlib.sha256(repr(key).encode()).hexdigest()[:39]
