"""What is declared of a schedule: the rules of a backup plan, and what they back up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ...engine.declared import VaultRef, account_of, partition_of
from ...engine.parts import Part, Parts
from ...engine.plan import Declaring
from ...manifest import cron as crons
from ...manifest.fields import Fields, show
from ..copy_role import DEFAULT, role_name
from ..lifecycle.declared import Lifecycle

FIELD = "schedule"

START_MINUTES, COMPLETION_MINUTES = 480, 10_080
"""AWS's own windows. https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupRuleInput.html"""
LEAST_START_MINUTES, MOST_MINUTES = 60, 52_560_000
DAILY, UTC = crons.DEFAULT, crons.DEFAULT_ZONE
LONGEST, LONGEST_CONTINUOUS = 36_500, 35
"""Days of retention: AWS's most, and that of continuous backups.
https://docs.aws.amazon.com/aws-backup/latest/devguide/point-in-time-recovery.html"""
AFTER_COLD = 90
"""Days for which what went cold has to stay. https://docs.aws.amazon.com/aws-backup/latest/devguide/API_Lifecycle.html"""
MOST_CONDITIONS, MOST_ARNS, MOST_PATTERNS = 30, 500, 30
"""Of one selection. https://docs.aws.amazon.com/aws-backup/latest/devguide/API_BackupSelection.html"""

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,50}")
_ROLE_NAME = re.compile(r"[A-Za-z0-9_+=,.@/-]{1,576}")
_ROLE_ARN = re.compile(r"arn:(aws|aws-cn|aws-us-gov):iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,576}")
_ARN = re.compile(r"arn:[^:\s]+:[^:\s]+:[^\s]+")

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a plan, with AWS's defaults in the place of what is not said. Windows are minutes."""

    name: str
    cron: str
    lifecycle: Lifecycle
    timezone: str = UTC
    start_window: int = START_MINUTES
    completion_window: int = COMPLETION_MINUTES
    continuous: bool = False
    recovery_point_tags: Pairs = ()

    def next_run(self, after: datetime) -> datetime | None:
        """Return when it runs next after an instant, in UTC; None when it does not any more."""
        read = self._read()
        return crons.following(*read, after) if read is not None else None

    def longest_distance(self, since: datetime) -> timedelta | None:
        """Return the longest time from one run to the next; None when there are no two."""
        read = self._read()
        return crons.longest_distance(*read, since) if read is not None else None

    def _read(self) -> tuple[crons.Cron, ZoneInfo] | None:
        cron, zone = crons.parse(self.cron), crons.time_zone(self.timezone)
        return None if isinstance(cron, str) or isinstance(zone, str) else (cron, zone)


MOST_OF_A_JOB = timedelta(days=1)
"""What a backup that has begun seldom takes more than, whatever its completion window allows."""


def longest_interval(rules: Iterable[Rule], since: datetime) -> timedelta | None:
    """Return the longest time without the run of any rule; None where there are no two runs.

    It is that of the rule that runs most often: what others add between its runs is not counted on.
    """
    return min((each for rule in rules if (each := rule.longest_distance(since)) is not None), default=None)


def overdue_after(rules: Iterable[Rule], since: datetime) -> timedelta | None:
    """Return how old the newest backup may become while all goes well: a run, its late begin, and the job itself."""
    ends = [
        distance + timedelta(minutes=rule.start_window) + min(timedelta(minutes=rule.completion_window), MOST_OF_A_JOB)
        for rule in rules
        if (distance := rule.longest_distance(since)) is not None
    ]
    return min(ends, default=None)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Which tags a resource has to have, all of them: name and value."""

    equal: Pairs = ()
    not_equal: Pairs = ()
    like: Pairs = ()
    not_like: Pairs = ()

    def __len__(self) -> int:
        return len(self.equal) + len(self.not_equal) + len(self.like) + len(self.not_like)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a plan backs up, and with which role.

    Attributes:
        resources: ARNs, with patterns; ``*`` for everything.
        any_of_tags: One of these tags is enough.
        conditions: All of these have to hold.
    """

    name: str
    role_arn: str
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    any_of_tags: Pairs = ()
    conditions: Conditions = Conditions()


@dataclass(frozen=True, slots=True)
class Schedule:
    """A backup plan and what it backs up.

    Attributes:
        adopt: The id of a plan that is there already, and is taken over; empty for one of our own.
        windows_vss: Whether Windows instances are backed up with the Volume Shadow Copy Service.
        objective: How long a recovery point may be without its copy; None where nothing is promised.
    """

    rules: tuple[Rule, ...]
    selections: tuple[Selection, ...]
    adopt: str = ""
    windows_vss: bool = False
    objective: timedelta | None = None


SCHEDULE: Part[Schedule | None] = Part("schedule", None)
"""None where nothing is declared."""

KNOWN_PLAN: Part[str] = Part("known plan", "")
"""The id of the plan that a status says is the policy's own; empty for none."""

FILES = "files:"
"""How the owner begins that a policy of a file is."""

OWNER: Part[str] = Part("owner", "")
"""What tells the policy from every other one, of other clusters too, in the tags of its plan."""


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
    """Return the roles that selections name, as :func:`~crossvault.aspects.copy_role.role_name` has them."""
    if not spec.has(FIELD):
        return ()
    return tuple(role_name(each.text("role", DEFAULT)) for each in spec.object(FIELD).objects("selections"))


def schedule_from(fields: Fields, source: VaultRef) -> Schedule:
    """Read a schedule; what is wrong with it is said at its fields."""
    rules = tuple(_rule(each) for each in fields.objects("rules"))
    selections = tuple(_selection(each, source) for each in fields.objects("selections"))
    for what, names in (("rules", rules), ("selections", selections)):
        for name in _doubled(each.name for each in names):
            fields.fault(what, f"must have different names; {name} is there twice")
    return Schedule(rules, selections, fields.optional_text("adopt") or "", fields.flag("windowsVss"))


def _doubled(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1 and name]


def _name(fields: Fields) -> str:
    name = fields.text("name")
    if name and not _NAME.fullmatch(name):
        fields.fault("name", f"must be 1 to 50 letters, digits, -, _ or .; is {show(name)}")
    return name


def _rule(fields: Fields) -> Rule:
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
    )


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
        elif "*" in each[:-1]:
            fields.fault(f"{name}[{number}]", f"may have * at its end only; is {show(each)}")
    return tuple(sorted(set(arns)))


def _role(fields: Fields, source: VaultRef) -> str:
    """Return the ARN of the role that makes the backups; a bare name belongs to the source account."""
    role, account_id = fields.text("role", DEFAULT), source.account.account_id
    if role and not (_ROLE_NAME.fullmatch(role) or _ROLE_ARN.fullmatch(role)):
        fields.fault("role", f"must be the name of a role, such as {DEFAULT}, or its ARN; is {show(role)}")
        return role
    if not role.startswith("arn:"):
        return f"arn:{partition_of(source.region)}:iam::{account_id}:role/{role_name(role)}"
    if account_id and account_of(role) != account_id:
        fields.fault("role", f"must be a role of the source account {account_id}; is {show(role)}")
    return role
