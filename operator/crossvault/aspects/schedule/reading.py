"""Reading ``schedule`` of a policy, and telling what is wrong with it. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from ...engine.declared import VaultRef, account_of, partition_of
from ...engine.parts import Parts
from ...engine.plan import Declaring
from ...manifest import cron as crons
from ...manifest.fields import Fields, show
from ..copy_role import DEFAULT, role_name
from ..lifecycle.declared import Lifecycle
from ..resource_types.arns import PARTS, PLACES
from .declared import (
    AFTER_COLD,
    COMPLETION_MINUTES,
    DAILY,
    LONGEST,
    LONGEST_CONTINUOUS,
    SCHEDULE,
    START_MINUTES,
    UTC,
    Conditions,
    Indexed,
    Rule,
    ScanMode,
    Scanned,
    ScanSettings,
    Schedule,
    Selection,
)

FIELD, SCAN = "schedule", "scanSettings"

LEAST_START_MINUTES, MOST_MINUTES = 60, 52_560_000
MOST_CONDITIONS, MOST_ARNS, MOST_PATTERNS = 30, 500, 30
"""Of one selection. https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupSelection.html"""

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,50}")
_VAULT = re.compile(r"[A-Za-z0-9_-]{2,50}")
_ROLE_NAME = re.compile(r"[A-Za-z0-9_+=,.@/-]{1,576}")
_ROLE_ARN = re.compile(r"arn:(aws|aws-cn|aws-us-gov):iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,576}")
_ARN = re.compile(r"arn:[^:\s]+:[^:\s]+:[^\s]+")


def policy(declaring: Declaring) -> Parts:
    """Read ``schedule`` of a policy."""
    spec = declaring.fields
    if not spec.has(FIELD):
        return Parts()
    schedule = schedule_from(spec.object(FIELD), declaring.vault)
    # Which room copies reads, too; what is wrong with it is said once.
    objective = spec.object("objectives").duration("maxCopyLag")
    return Parts().having(SCHEDULE, replace(schedule, objective=objective))


def roles_in(spec: Fields) -> tuple[str, ...]:
    """Return the roles that a schedule names, as :func:`~crossvault.aspects.copy_role.role_name` has them."""
    if not spec.has(FIELD):
        return ()
    schedule = spec.silently().object(FIELD)
    roles = [role_name(each.text("role", DEFAULT)) for each in schedule.objects("selections")]
    scanner = schedule.object(SCAN).optional_text("role")
    return (*roles, *((role_name(scanner),) if scanner else ()))


def vaults_in(spec: Fields) -> tuple[str, ...]:
    """Return the vaults beside the source's that a schedule backs up into."""
    if not spec.has(FIELD):
        return ()
    rules = spec.silently().object(FIELD).objects("rules")
    return tuple(sorted({each.optional_text("airGappedVault") or "" for each in rules} - {""}))


def schedule_from(fields: Fields, source: VaultRef) -> Schedule:
    """Read a schedule; what is wrong with it is said at its fields."""
    rules = tuple(_rule(each, source) for each in fields.objects("rules"))
    selections = tuple(_selection(each, source) for each in fields.objects("selections"))
    for what, names in (("rules", rules), ("selections", selections)):
        for name in _doubled(each.name for each in names):
            fields.fault(what, f"must have different names; {name} is there twice")
    adopt, vss = fields.optional_text("adopt") or "", fields.flag("windowsVss")
    return Schedule(rules, selections, adopt, vss, scan=_scan(fields, rules, source))


def _doubled(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1 and name]


def _name(fields: Fields) -> str:
    name = fields.text("name")
    if name and not _NAME.fullmatch(name):
        fields.fault("name", f"must be 1 to 50 letters, digits, -, _ or .; is {show(name)}")
    return name


def _scan(fields: Fields, rules: Iterable[Rule], source: VaultRef) -> ScanSettings | None:
    """Read how backups are scanned: AWS scans only where both the plan and a rule say so."""
    scanning = any(each.scan_mode is not None for each in rules)
    if fields.has(SCAN) is not scanning:
        words = "required by scanMode of a rule" if scanning else "only with scanMode of a rule, which says how"
        fields.fault(SCAN, words)
    if not fields.has(SCAN):
        return None
    settings = fields.object(SCAN)
    types = settings.choices("resourceTypes", Scanned)
    if Scanned.ALL in types and len(types) > 1:
        settings.fault("resourceTypes", "ALL goes with no other type")
    return ScanSettings(_role(settings, source, default=None), tuple(sorted(set(types))))


def _rule(fields: Fields, source: VaultRef) -> Rule:
    start, completion = _windows(fields)
    continuous = fields.flag("continuous")
    tags = fields.pairs("recoveryPointTags")
    for key, _ in tags:
        if key.lower().startswith("aws:"):
            fields.fault("recoveryPointTags", f"{key} begins with aws:, which AWS keeps for itself")
    cron, zone = fields.text("cron", DAILY), fields.text("timezone", UTC)
    for name, read in (("cron", crons.parse(cron)), ("timezone", crons.time_zone(zone))):
        if isinstance(read, str):
            fields.fault(name, read)
    return Rule(
        name=_name(fields),
        cron=cron,
        lifecycle=_lifecycle(fields.object("lifecycle", required=True), continuous=continuous),
        timezone=zone,
        start_window=start,
        completion_window=completion,
        continuous=continuous,
        recovery_point_tags=tags,
        indexed=tuple(sorted(set(fields.choices("indexResourceTypes", Indexed))))
        if fields.has("indexResourceTypes")
        else (),
        scan_mode=fields.choice("scanMode", ScanMode.FULL) if fields.has("scanMode") else None,
        air_gapped_vault=_air_gapped_vault(fields, source),
    )


def _air_gapped_vault(fields: Fields, source: VaultRef) -> str:
    name = fields.optional_text("airGappedVault") or ""
    if name and not _VAULT.fullmatch(name):
        fields.fault("airGappedVault", f"must be 2 to 50 letters, digits, - or _; is {show(name)}")
    elif name and name == source.name:
        fields.fault("airGappedVault", "must be another vault than spec.source.vault, which takes what does not go in")
    return name


def _windows(fields: Fields) -> tuple[int, int]:
    start = fields.integer("startWindowMinutes", START_MINUTES, minimum=LEAST_START_MINUTES)
    completion = fields.integer("completionWindowMinutes", COMPLETION_MINUTES, minimum=LEAST_START_MINUTES)
    for name, minutes in (("startWindowMinutes", start), ("completionWindowMinutes", completion)):
        if minutes > MOST_MINUTES:
            fields.fault(name, f"must be at most {MOST_MINUTES}, is {minutes}")
    if completion < start + LEAST_START_MINUTES:
        words = f"must be at least an hour more than startWindowMinutes, {start}; is {completion}"
        fields.fault("completionWindowMinutes", words)
    return start, completion


def _lifecycle(fields: Fields, *, continuous: bool) -> Lifecycle:
    """Read how long backups live; without an end they would be kept, and paid for, for ever."""
    cold = fields.optional_integer("moveToColdStorageAfterDays")
    days = fields.integer("deleteAfterDays", 0)
    if not fields.has("deleteAfterDays"):
        fields.fault("deleteAfterDays", "required: backups without it are kept for ever")
    most = LONGEST_CONTINUOUS if continuous else LONGEST
    if days > most:
        why = " with continuous: true" if continuous else ""
        fields.fault("deleteAfterDays", f"must be at most {most}{why}, is {days}")
    archive = fields.flag("optInToArchive")
    if cold is None:
        if archive:
            fields.fault("optInToArchive", "only with moveToColdStorageAfterDays, which says when")
        return Lifecycle(None, days)
    if continuous:
        fields.fault("moveToColdStorageAfterDays", "not with continuous: true, whose backups know no cold storage")
    elif cold < 1:
        fields.fault("moveToColdStorageAfterDays", f"must be at least 1, is {cold}")
    elif days and days < cold + AFTER_COLD:
        words = f"must be at least {AFTER_COLD} days after moveToColdStorageAfterDays, {cold + AFTER_COLD}; is {days}"
        fields.fault("deleteAfterDays", words)
    return Lifecycle(cold, days, archive)


# --- Selections ----------------------------------------------------------------------------------------------------


def _selection(fields: Fields, source: VaultRef) -> Selection:
    conditions = fields.object("conditions")
    tags = Conditions(
        equal=tuple(sorted({*fields.pairs("tags"), *conditions.pairs("equal")})),
        not_equal=conditions.pairs("notEqual"),
        like=conditions.pairs("like"),
        not_like=conditions.pairs("notLike"),
    )
    any_of = fields.pairs("anyOfTags")
    resources, without = (_arns(fields, name) for name in ("resources", "notResources"))
    if not (resources or any_of or len(tags)):
        fields.fault("resources", 'required without tags, anyOfTags and conditions; ["*"] means everything')
    for name, many in (("conditions", len(tags)), ("anyOfTags", len(any_of))):
        if many > MOST_CONDITIONS:
            fields.fault(name, f"must be at most {MOST_CONDITIONS} tags, are {many}")
    return Selection(
        name=_name(fields),
        role_arn=_role(fields, source),
        # AWS wants to be told that conditions choose from everything.
        resources=resources if resources or any_of else ("*",),
        not_resources=without,
        any_of_tags=any_of,
        conditions=tags,
    )


def _arns(fields: Fields, name: str) -> tuple[str, ...]:
    arns = fields.texts(name)
    most = MOST_PATTERNS if any("*" in each for each in arns) else MOST_ARNS
    if len(arns) > most:
        fields.fault(name, f"must be at most {MOST_ARNS} ARNs, or {MOST_PATTERNS} with *; are {len(arns)}")
    for number, each in enumerate(arns):
        if each != "*" and not _ARN.fullmatch(each):
            fields.fault(f"{name}[{number}]", f"must be an ARN, with * at its end for any, or *; is {show(each)}")
        elif "*" in _without_places(each)[:-1]:
            words = "may have * for the whole Region or account, and else at its end only"
            fields.fault(f"{name}[{number}]", f"{words}; is {show(each)}")
    return tuple(sorted(set(arns)))


def _without_places(pattern: str) -> str:
    """Return a pattern without a ``*`` that is a whole Region or account.

    The guide's own examples have both, as in ``arn:aws:ec2:*:*:volume/*``; the API's reference has ``*`` at the end
    only. https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources-json.html
    """
    steps = pattern.split(":", PARTS - 1)
    if len(steps) < PARTS and not pattern.endswith("*"):
        return pattern
    return ":".join("" if place in PLACES and each == "*" else each for place, each in enumerate(steps))


def _role(fields: Fields, source: VaultRef, default: str | None = DEFAULT) -> str:
    """Return the ARN of a role that makes backups, or reads them; a bare name belongs to the source account."""
    role, account_id = fields.text("role", default), source.account.account_id
    if role and not (_ROLE_NAME.fullmatch(role) or _ROLE_ARN.fullmatch(role)):
        fields.fault("role", f"must be the name of a role, such as {default or 'scanner'}, or its ARN; is {show(role)}")
        return role
    if not role.startswith("arn:"):
        return f"arn:{partition_of(source.region)}:iam::{account_id}:role/{role_name(role)}"
    if account_id and account_of(role) != account_id:
        fields.fault("role", f"must be a role of the source account {account_id}; is {show(role)}")
    return role
