"""The schedule: a backup plan whose rules copy to every destination, and what it backs up, kept as declared.

A plan is the policy's own by its tags: whose they are not, it is never written. AWS Backup does not change selections,
so a new one is there before the old one goes: what is backed up grows before it shrinks.
https://docs.aws.amazon.com/aws-backup/latest/devguide/creating-a-backup-plan.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ...engine.declared import Desired
from ...engine.looks import Unseen
from ...engine.observed import Sight
from ...engine.plan import Action, Base, Drift, Finding, Room
from ...engine.rows import Prerequisite, by_the_operator, met, unknown, unmet, unproven
from ...words.reasons import Reason
from . import jobs, left, rights, rivals, roles, selected
from .actions import (
    ASPECT,
    PLAN_ROW,
    SELECTIONS,
    SELECTIONS_ROW,
    CreatePlan,
    CreateSelection,
    DeletePlan,
    DeleteSelection,
    TagPlan,
    UpdatePlan,
    kept_by,
)
from .declared import CLUSTER, FILES, KNOWN_PLAN, OWNER, SCHEDULE, Schedule
from .document import (
    differences,
    form_of,
    plan_document,
    plan_name,
    selection_differences,
    selection_document,
    selection_form,
)
from .hazards import HAZARDS_ROW, hazards, refusal
from .reading import policy, roles_in
from .seen import CLUSTER_TAG, MANAGED_TAG, MATCHES, OWNER_TAG, PLANS, POLICY_TAG, BackupPlan, Plans, relies_on

MOST_OF_A_TAG = 256
"""Characters of a tag's value. https://docs.aws.amazon.com/aws-backup/latest/devguide/API_TagResource.html"""


def source(base: Base) -> Finding:
    """Judge the plan.

    | declared | plan | found |
    |---|---|---|
    | no | none known as ours | nothing |
    | no | ours | deletionPolicy RemoveOwned: selections go, then the plan; else it stays, and is ours no more |
    | yes | not seen | Unknown |
    | yes | none | Unmet, ours; CreatePlan |
    | yes | ours, as declared | Met |
    | yes | ours, otherwise | Unmet, ours; UpdatePlan; selections are added, then others removed |
    | yes | ours, without one of our other tags | Unmet, ours; TagPlan |
    | yes | pushed by a backup policy of the organization | Unmet; nothing is written |
    | yes | of somebody else, not adopted | Unmet; nothing is written |
    | yes | adopted, of another namespace | as if it were not there |
    | yes | adopted, with rules that back up into vaults that are not declared | Unmet; nothing is written |
    | yes | adopted by another policy, too, and not ours | Unmet; neither writes |
    | yes | adopted, nobody's, as declared | Met; nothing is written |
    | yes | adopted, not ours yet, otherwise | Unmet, ours; TagPlan, then as for ours |
    | yes | adopted, of another owner | Unmet, ours; TagPlan, then as for ours |
    | yes | adopted, was ours, and another owner has taken it over since | Unmet; nothing is written |
    | yes | AWS would refuse it | Unmet; nothing is written |
    """
    schedule, look = base.desired[SCHEDULE], base.sight[PLANS]
    if schedule is None:
        return left.judge(base, look)
    if isinstance(look, Unseen):
        return Finding((unknown(PLAN_ROW, "", look.problem),))
    risks = (roles.judge(base, schedule), selected.judge(base, schedule), *hazards(base, schedule))
    plan = meant(base.desired, schedule, look.value)
    if plan is None:
        refused = refusal(base, schedule)
        return _absent(base, schedule, risks) if refused is None else Finding((refused, *risks))
    whose = _not_ours(base, schedule, plan, look.value)
    if relies_on(base.desired, plan) or is_of_a_cluster(base.desired, plan):
        risks = (*risks, jobs.judge(base, plan))
    return Finding((whose, *risks)) if whose is not None else _there(base, schedule, plan, risks)


def _not_ours(base: Base, schedule: Schedule, plan: BackupPlan, plans: Plans) -> Prerequisite | None:
    """Return the row about a plan that is not to be written; None for one that is the policy's, or may become so."""
    desired = base.desired
    if plan.pushed:
        return _of_the_organization(plan)
    if plan.owner == desired[OWNER]:
        return None
    if is_of_a_cluster(desired, plan):
        message = f"Backup plan {plan.name} is kept by the operator of a cluster for this policy (owner {plan.owner})."
        return met(PLAN_ROW, "", message)
    if schedule.adopt != plan.id:
        return _of_others(desired, plan)
    if plan.owner and desired[KNOWN_PLAN] == plan.id:
        return _taken_away(desired, plan)
    own = plans.own(desired[OWNER])
    if own is not None:
        return _of_its_own(own)
    return (
        rivals.disagreement(base, plan) if _is_of_vaults(desired, schedule, plan) else _of_other_vaults(desired, plan)
    )


def meant(desired: Desired, schedule: Schedule, plans: Plans) -> BackupPlan | None:
    """Return the plan that a policy means: the adopted one, else its own, else one that has its name."""
    if schedule.adopt:
        return next((each for each in plans.found if each.id == schedule.adopt and _may_be_ours(desired, each)), None)
    own, name = plans.own(desired[OWNER], desired[KNOWN_PLAN]), plan_name(desired.key, desired.source.arn)
    return own or next((each for each in plans.found if each.name == name), None)


def _may_be_ours(desired: Desired, plan: BackupPlan) -> bool:
    """Tell whether a policy may take a plan over: that of another namespace is none for it, as all that is not its."""
    return plan.owner in {"", desired[OWNER]} or plan.tags.get(POLICY_TAG, "").startswith(f"{desired.key.namespace}/")


def own_plan(desired: Desired, source: Sight, vault_arn: str) -> str:
    """Return the id of the policy's own plan, if it copies what it makes into a vault; empty where none is seen."""
    look = source[PLANS]
    schedule = desired[SCHEDULE]
    if isinstance(look, Unseen) or schedule is None:
        return ""
    plan = meant(desired, schedule, look.value)
    if plan is None or not any(vault_arn in rule["copies"] for rule in plan.form.rules.values()):
        return ""
    return plan.id if relies_on(desired, plan) or is_of_a_cluster(desired, plan) else ""


def is_of_a_cluster(desired: Desired, plan: BackupPlan) -> bool:
    """Tell whether a policy of a file is one that a cluster keeps: that one keeps the plan, too."""
    of_files = desired[OWNER].startswith(FILES)
    return of_files and plan.owner not in {"", desired[OWNER]} and plan.tags.get(POLICY_TAG) == _policy_tag(desired)


def _tags(desired: Desired, before: BackupPlan | None = None) -> tuple[tuple[str, str], ...]:
    """Return what tells whose a plan is; of one that was another owner's, no cluster is left that is not ours."""
    stale = before is not None and CLUSTER_TAG in before.tags
    cluster = ((CLUSTER_TAG, desired[CLUSTER]),) if desired[CLUSTER] or stale else ()
    return (*cluster, (MANAGED_TAG, "crossvault"), (OWNER_TAG, desired[OWNER]), (POLICY_TAG, _policy_tag(desired)))


def _policy_tag(desired: Desired) -> str:
    return str(desired.key)[:MOST_OF_A_TAG]


def _absent(base: Base, schedule: Schedule, risks: tuple[Prerequisite, ...]) -> Finding:
    desired, where = base.desired, base.desired.source
    if schedule.adopt:
        message = f"Account {where.account.name} has no backup plan {schedule.adopt} in {where.region}."
        remedy = "Correct spec.schedule.adopt, or leave it out to have a plan created."
        return Finding((unmet(PLAN_ROW, "", Reason.BACKUP_PLAN_MISSING, message, remedy, blocks=False), *risks))
    name = plan_name(desired.key, where.arn)
    row = unmet(
        PLAN_ROW,
        "",
        Reason.BACKUP_PLAN_MISSING,
        f"Account {where.account.name} has no backup plan of this policy in {where.region}.",
        by_the_operator(desired, "creates it", unproven(base.rows, "")),
        blocks=False,
        ours=True,
    )
    create = CreatePlan(where, name, plan_document(desired, schedule, name), _tags(desired))
    return Finding((row, *risks), (Drift("", ASPECT, name, "present", "absent"),), (create,))


def _of_its_own(own: BackupPlan) -> Prerequisite:
    """Say that a policy has a plan already: with a second one everything would be backed up twice."""
    message = f"This policy keeps backup plan {own.name} ({own.id}) already, and would have two with the adopted one."
    remedy = (
        "Delete that plan, or take spec.schedule out with deletionPolicy: RemoveOwned while the operator, or"
        " `crossvault run`, goes on running, and adopt the other one then."
    )
    return unmet(PLAN_ROW, "", Reason.BACKUP_PLAN_OF_OTHERS, message, remedy, blocks=False)


def _whose(plan: BackupPlan) -> str:
    """Name the policy that says that a plan is its own, and its cluster where that is known."""
    return _named(plan.tags.get(POLICY_TAG, "?"), plan.owner, plan.tags.get(CLUSTER_TAG, ""))


def _own_name(desired: Desired) -> str:
    return _named(str(desired.key), desired[OWNER], desired[CLUSTER])


def _named(policy_: str, owner: str, cluster: str) -> str:
    return f"policy {policy_}, owner {owner}{f' in cluster {cluster}' if cluster else ''}"


def _taken_away(desired: Desired, plan: BackupPlan) -> Prerequisite:
    """Say who took the plan over: whoever takes it back would begin a fight without end."""
    message = (
        f"Backup plan {plan.name} ({plan.id}), which {_own_name(desired)}, adopts, was taken over by {_whose(plan)}."
        " Nothing is written."
    )
    remedy = (
        f"Take spec.schedule out of one of the two. To have the plan back here, take it out there, and then tag"
        f" {OWNER_TAG} off the plan."
    )
    return unmet(PLAN_ROW, "", Reason.BACKUP_PLAN_OF_OTHERS, message, remedy, blocks=False)


def _of_others(desired: Desired, plan: BackupPlan) -> Prerequisite:
    """Say whose plan it is: two clusters, or a policy that was made anew after its plan was left."""
    whose = f"of {_whose(plan)}" if plan.owner else "of nobody we know"
    message = f"Backup plan {plan.name} ({plan.id}) is {whose}; this is {_own_name(desired)}."
    remedy = f"Set spec.schedule.adopt: {plan.id} to take it over, or delete the plan, or the schedule, of one of them."
    return unmet(PLAN_ROW, "", Reason.BACKUP_PLAN_OF_OTHERS, message, remedy, blocks=False)


def _of_the_organization(plan: BackupPlan) -> Prerequisite:
    """Say that a plan follows a policy elsewhere: AWS refuses to change it here, and would push it again."""
    message = f"Backup plan {plan.name} ({plan.id}) is pushed by a backup policy of the organization, and left alone."
    remedy = (
        "Leave spec.schedule.adopt out to have a plan created; or take schedule out, and have the copy actions declared"
        " in the organization's backup policy."
    )
    return unmet(PLAN_ROW, "", Reason.BACKUP_PLAN_OF_OTHERS, message, remedy, blocks=False)


def _is_of_vaults(desired: Desired, schedule: Schedule, plan: BackupPlan) -> bool:
    """Tell whether a plan fills no vault but the policy's own, and the air-gapped ones that its schedule names."""
    gapped = {"", *(replace(desired.source, name=name).arn for name in schedule.air_gapped_vaults)}
    rules = plan.form.rules.values()
    return all(each["vault"] == desired.source.name and each.get("airGappedVault", "") in gapped for each in rules)


def _of_other_vaults(desired: Desired, plan: BackupPlan) -> Prerequisite:
    """Say that what a plan backs up into other vaults would be lost: who was granted one vault has no say in those."""
    message = f"Backup plan {plan.name} ({plan.id}) also backs up into other vaults than {desired.source.name}."
    remedy = (
        "Take those rules out of it by hand first, or leave spec.schedule.adopt out to have a plan created. An"
        " air-gapped vault can be named by airGappedVault of a rule."
    )
    return unmet(PLAN_ROW, "", Reason.BACKUP_PLAN_OF_OTHERS, message, remedy, blocks=False)


def _there(base: Base, schedule: Schedule, plan: BackupPlan, risks: tuple[Prerequisite, ...]) -> Finding:
    desired, where = base.desired, base.desired.source
    actions: list[Action] = []
    wanted, refused = plan_document(desired, schedule, plan.name), refusal(base, schedule)
    changes = differences(form_of(wanted), plan.form)
    drift = [Drift("", ASPECT, path, want, has) for path, want, has in changes]
    chosen, otherwise = _selections(desired, schedule, plan)
    # A plan that nobody claims and that is as declared is relied on as it is: what made it would fight for its tags.
    if plan.owner != desired[OWNER] and (plan.owner or chosen or (changes and refused is None)):
        whose = _whose(plan) if plan.owner else ""
        drift.insert(0, Drift("", ASPECT, "owner", _own_name(desired), whose or "nobody"))
        actions.append(TagPlan(where, plan.id, plan.arn, plan.name, _tags(desired, plan), whose=whose))
    elif plan.owner == desired[OWNER] and (lost := _lost(desired, plan)):
        drift[:0] = lost
        actions.append(TagPlan(where, plan.id, plan.arn, plan.name, _tags(desired), again=True))
    if changes and refused is None:
        actions.append(UpdatePlan(where, plan.id, plan.name, plan.version, wanted, changes, plan.maker))
    rows = (
        refused or _row(base, plan, actions, len(changes)),
        _selections_row(base, schedule, [each for each in chosen if isinstance(each, CreateSelection)], otherwise),
    )
    return Finding((*rows, *risks), (*drift, *otherwise), (*actions, *chosen))


def _lost(desired: Desired, plan: BackupPlan) -> list[Drift]:
    """Return the tags that the policy's own plan has lost: other policies, and people, tell by them whose it is."""
    return [
        Drift("", ASPECT, f"tags[{name}]", value, plan.tags.get(name) or "none")
        for name, value in _tags(desired)
        if plan.tags.get(name) != value
    ]


def _row(base: Base, plan: BackupPlan, actions: Iterable[Action], changes: int) -> Prerequisite:
    if not list(actions):
        return met(PLAN_ROW, "", f"Backup plan {plan.name} is as declared.")
    points = f"{changes} point{'' if changes == 1 else 's'}"
    message = f"Backup plan {plan.name} is otherwise than declared in {points}.{kept_by(plan.maker)}"
    if not changes:
        ours = plan.owner == base.desired[OWNER]
        message = f"Backup plan {plan.name} {'lacks tags that say whose it is' if ours else 'is to be taken over'}."
    remedy = by_the_operator(base.desired, "puts it right", unproven(base.rows, ""))
    return unmet(PLAN_ROW, "", Reason.BACKUP_PLAN_DIFFERS, message, remedy, blocks=False, ours=True)


def _selections_row(
    base: Base, schedule: Schedule, lacking: Iterable[CreateSelection], otherwise: Iterable[Drift]
) -> Prerequisite:
    names = [each.name for each in lacking]
    if not names and not list(otherwise):
        count = len(schedule.selections)
        return met(SELECTIONS_ROW, "", f"The plan has the {count} selection{'' if count == 1 else 's'} declared.")
    first = unproven(base.rows, "")
    does = by_the_operator(base.desired, "puts them right", first)
    message = f"The plan lacks: {', '.join(names)}." if names else "The plan selects more than is declared."
    by_hand = roles.mending(base, schedule, names) if first is None else ""
    if by_hand:
        return unmet(SELECTIONS_ROW, "", Reason.BACKUP_PLAN_DIFFERS, message, by_hand, blocks=False)
    return unmet(SELECTIONS_ROW, "", Reason.BACKUP_PLAN_DIFFERS, message, does, blocks=False, ours=True)


def _selections(desired: Desired, schedule: Schedule, plan: BackupPlan) -> tuple[list[Action], list[Drift]]:
    """Return what is added, then what is taken away: only once all that is declared is there."""
    unused, lacking = list(plan.selections), list[CreateSelection]()
    for each in schedule.selections:
        document = selection_document(each)
        form = selection_form(document)
        there = next((one for one in unused if one.form == form), None)
        if there is not None:
            unused.remove(there)
            continue
        old = [one for one in plan.selections if one.name == each.name]
        ids, changes = tuple(one.id for one in old), [selection_differences(form, one.form) for one in old[:1]]
        lacking.append(CreateSelection(desired.source, plan.id, each.name, document, desired[OWNER], ids, *changes))
    drift = [one for each in lacking for one in _selection_drift(each)]
    replaced = {one for each in lacking for one in each.instead_of}
    drift += (Drift("", SELECTIONS, one.name, "absent", "present") for one in unused if one.id not in replaced)
    if lacking:
        return list(lacking), drift
    return [DeleteSelection(desired.source, plan.id, one.name, one.id) for one in unused], drift


def _selection_drift(lacking: CreateSelection) -> Iterator[Drift]:
    """Tell what a selection has otherwise, member by member; of one that is not there that it is not."""
    if not lacking.instead_of:
        yield Drift("", SELECTIONS, lacking.name, "present", "absent")
    for member, want, has in lacking.changes:
        yield Drift("", SELECTIONS, f"{lacking.name}.{member}", want, has)


ROOM = Room(
    "schedule",
    source=source,
    remove_source=left.remove,
    policy=policy,
    drifts=(ASPECT, SELECTIONS),
    rights=rights.RIGHTS,
    rows=(roles.ROLES_ROW, PLAN_ROW, SELECTIONS_ROW, selected.SELECTED_ROW, HAZARDS_ROW, jobs.JOBS_ROW),
)

__all__ = [
    "KNOWN_PLAN",
    "MATCHES",
    "OWNER",
    "PLANS",
    "ROOM",
    "SCHEDULE",
    "CreatePlan",
    "CreateSelection",
    "DeletePlan",
    "DeleteSelection",
    "Schedule",
    "TagPlan",
    "UpdatePlan",
    "meant",
    "own_plan",
    "roles_in",
]
