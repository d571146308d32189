"""Backup plans as AWS has them, and the schedules that declare the same. Pure.

What no schedule declares is told and never dropped: with one word missing, adopting a plan would change it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ...engine.declared import account_of, partition_of, region_of
from ..copy_role import DEFAULT, role_name
from .declared import COMPLETION_MINUTES, START_MINUTES, UTC
from .document import SCAN_MODES, SCANNER, Document
from .seen import PUSHED, STACK_TAG

Json: TypeAlias = dict[str, Any]

_TAG_KEY = "aws:ResourceTag/"
_GROUPS = (
    ("StringEquals", "equal"),
    ("StringNotEquals", "notEqual"),
    ("StringLike", "like"),
    ("StringNotLike", "notLike"),
)
_LIFECYCLE = frozenset(("MoveToColdStorageAfterDays", "DeleteAfterDays", "OptInToArchiveForSupportedResources"))
_PLAN = frozenset(("BackupPlanName", "Rules", "AdvancedBackupSettings", "ScanSettings"))
_RULE = frozenset(
    (
        *("RuleName", "RuleId", "TargetBackupVaultName", "ScheduleExpression", "ScheduleExpressionTimezone"),
        *("StartWindowMinutes", "CompletionWindowMinutes", "Lifecycle", "RecoveryPointTags", "CopyActions"),
        *("EnableContinuousBackup", "IndexActions", "ScanActions", "TargetLogicallyAirGappedBackupVaultArn"),
    )
)
_INDEX, _SCAN = frozenset(("ResourceTypes",)), frozenset(("MalwareScanner", "ScanMode"))
_SCANS = frozenset(("MalwareScanner", "ResourceTypes", "ScannerRoleArn"))
_COPY = frozenset(("DestinationBackupVaultArn", "Lifecycle"))
_SETTING = frozenset(("ResourceType", "BackupOptions"))
_SELECTION = frozenset(("SelectionName", "IamRoleArn", "Resources", "NotResources", "ListOfTags", "Conditions"))
_TEST = frozenset(("ConditionType", "ConditionKey", "ConditionValue"))


@dataclass(frozen=True, slots=True)
class FoundPlan:
    """A backup plan with all that AWS says of it.

    Attributes:
        document: ``BackupPlan`` of GetBackupPlan, with the settings that AWS gives beside it.
        selections: ``BackupSelection`` of each of its selections.
    """

    id: str
    arn: str
    name: str
    document: Document
    tags: Mapping[str, str] = field(default_factory=dict)
    selections: tuple[Document, ...] = ()

    @property
    def rules(self) -> tuple[Document, ...]:
        """Its rules."""
        return tuple(self.document.get("Rules") or ())

    @property
    def is_pushed(self) -> bool:
        """Whether it comes from a backup policy of the organization, and can be changed only there."""
        return self.id.startswith(PUSHED) or self.arn.rpartition(":")[2].startswith(PUSHED)

    @property
    def stack(self) -> str:
        """The stack of CloudFormation that made it; empty where none did."""
        return self.tags.get(STACK_TAG, "")

    @property
    def copies(self) -> frozenset[str]:
        """The ARNs of the vaults that any of its rules copies into."""
        return frozenset().union(*map(copies_of, self.rules))

    def __str__(self) -> str:
        return f"backup plan {self.name} ({self.id})"


def copies_of(rule: Document) -> frozenset[str]:
    """Return the ARNs of the vaults that a rule copies into."""
    return frozenset(str(each["DestinationBackupVaultArn"]) for each in rule.get("CopyActions") or ())


@dataclass(frozen=True, slots=True)
class Reading:
    """A plan as it would be declared.

    Attributes:
        spec: ``spec.schedule``.
        vault: The vault that it backs up into.
        copies: ``lifecycle`` of every destination by the ARN of its vault; empty for copies that live as long as the
            backups.
        lacks: What keeps it from being declared, in sentences without a full stop; empty where all of it can be.
    """

    spec: Json
    vault: str
    copies: Mapping[str, Json]
    lacks: tuple[str, ...]

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that make its backups, those of most selections first."""
        counted = Counter(str(each["role"]) for each in self.spec["selections"])
        return tuple(sorted(counted, key=lambda role: (-counted[role], role)))


def read(plan: FoundPlan) -> Reading:
    """Read a plan as the schedule that would keep it as it is."""
    lacks: list[str] = []
    lacks += _strange("the plan", plan.document, _PLAN)
    rules = [_rule(each, plan, lacks) for each in plan.rules]
    vss, scans = _settings(plan.document, lacks), _scans(plan, lacks)
    selections = [_selection(each, plan, lacks) for each in plan.selections]
    lacks += _doubled("rules", rules)
    lacks += _doubled("selections", selections)
    if not selections:
        lacks.append("it selects nothing, and a schedule has to")
    copies = _copies(plan, lacks)
    beside = {**({"windowsVss": True} if vss else {}), **({"scanSettings": scans} if scans else {})}
    spec: Json = {"adopt": plan.id, **beside, "rules": rules, "selections": selections}
    return Reading(spec, _vault(plan, lacks), copies, tuple(dict.fromkeys(lacks)))


def _strange(where: str, document: Document, known: frozenset[str]) -> Iterator[str]:
    """Tell of members that nothing here understands; AWS writes out some that are not used as empty."""
    for name, value in document.items():
        if name not in known and value is not None and value not in ("", [], {}):
            yield f"{where} has {name}, which cannot be declared"


def _doubled(what: str, found: list[Json]) -> Iterator[str]:
    for name, count in Counter(each["name"] for each in found).items():
        if count > 1:
            yield f"{count} {what} are named {name}"


def _vault(plan: FoundPlan, lacks: list[str]) -> str:
    names = sorted({str(each.get("TargetBackupVaultName", "")) for each in plan.rules})
    if len(names) > 1:
        lacks.append(f"its rules back up into several vaults ({', '.join(names)}), and a policy is of one")
    return names[0] if names else ""


# --- Rules ---------------------------------------------------------------------------------------------------------


def _rule(rule: Document, plan: FoundPlan, lacks: list[str]) -> Json:
    name = str(rule.get("RuleName", ""))
    where = f"rule {name}"
    lacks += _strange(where, rule, _RULE)
    spec: Json = {"name": name}
    for member, given, usual in (
        ("cron", rule.get("ScheduleExpression"), None),
        ("timezone", rule.get("ScheduleExpressionTimezone"), UTC),
        ("startWindowMinutes", rule.get("StartWindowMinutes"), START_MINUTES),
        ("completionWindowMinutes", rule.get("CompletionWindowMinutes"), COMPLETION_MINUTES),
    ):
        if given and given != usual:
            spec[member] = given
    spec["lifecycle"] = _lifecycle(where, rule.get("Lifecycle"), lacks)
    if "deleteAfterDays" not in spec["lifecycle"]:
        lacks.append(f"{where} keeps its backups for ever, and a schedule has to say how long")
    if rule.get("EnableContinuousBackup"):
        spec["continuous"] = True
    if rule.get("RecoveryPointTags"):
        spec["recoveryPointTags"] = dict(rule["RecoveryPointTags"])
    return {**spec, **dict(_beside_copies(rule, plan, lacks))}


def _beside_copies(rule: Document, plan: FoundPlan, lacks: list[str]) -> Iterator[tuple[str, Any]]:
    """Yield what else is done with the backups of a rule."""
    where = f"rule {rule.get('RuleName', '')}"
    indexes, scans = rule.get("IndexActions") or (), rule.get("ScanActions") or ()
    for name, found in (("IndexActions", indexes), ("ScanActions", scans)):
        if len(found) > 1:
            lacks.append(f"{where} has {len(found)} {name}, of which one can be declared")
    for each in indexes[:1]:
        lacks += _strange(f"an index action of {where}", each, _INDEX)
        yield "indexResourceTypes", sorted(each.get("ResourceTypes") or ())
    for each in scans[:1]:
        lacks += _strange(f"a scan action of {where}", each, _SCAN)
        mode = next((str(name) for name, said in SCAN_MODES.items() if said == each.get("ScanMode")), "")
        if not mode or each.get("MalwareScanner") != SCANNER:
            said = f"{each.get('MalwareScanner')} {each.get('ScanMode')}"
            lacks.append(f"{where} is scanned by {said}, which cannot be declared")
        yield "scanMode", mode
    arn = str(rule.get("TargetLogicallyAirGappedBackupVaultArn") or "")
    if arn:
        if (account_of(arn), region_of(arn)) != (account_of(plan.arn), region_of(plan.arn)):
            lacks.append(f"{where} backs up into {arn} first, which is not of this account and Region")
        yield "airGappedVault", arn.rpartition(":")[2]


def _scans(plan: FoundPlan, lacks: list[str]) -> Json:
    """Return how backups are scanned for malware; of several settings the first."""
    found = plan.document.get("ScanSettings") or ()
    if len(found) > 1:
        lacks.append(f"the plan has {len(found)} ScanSettings, of which one can be declared")
    for each in found[:1]:
        lacks += _strange("the scan settings", each, _SCANS)
        if each.get("MalwareScanner") != SCANNER:
            lacks.append(f"the plan is scanned by {each.get('MalwareScanner')}, which cannot be declared")
        role, types = _role(str(each.get("ScannerRoleArn") or ""), plan), sorted(each.get("ResourceTypes") or ())
        return {"role": role, "resourceTypes": types}
    return {}


def _lifecycle(where: str, given: Document | None, lacks: list[str]) -> Json:
    lifecycle = given or {}
    lacks += _strange(f"the lifecycle of {where}", lifecycle, _LIFECYCLE)
    spec: Json = {}
    for member, name in (
        ("MoveToColdStorageAfterDays", "moveToColdStorageAfterDays"),
        ("DeleteAfterDays", "deleteAfterDays"),
    ):
        days = lifecycle.get(member)
        if days is not None and days > 0:  # -1 is AWS's word for never
            spec[name] = days
    if lifecycle.get("OptInToArchiveForSupportedResources"):
        spec["optInToArchive"] = True
    return spec


def _settings(document: Document, lacks: list[str]) -> bool:
    """Return whether Windows instances are backed up with their shadow copies, the one setting that is declared."""
    vss = False
    for each in document.get("AdvancedBackupSettings") or ():
        kind = str(each.get("ResourceType", ""))
        lacks += _strange(f"the settings of {kind}", each, _SETTING)
        for name, value in (each.get("BackupOptions") or {}).items():
            if (kind, name) != ("EC2", "WindowsVSS"):
                lacks.append(f"the settings of {kind} have {name}={value}, which cannot be declared")
            elif value not in {"enabled", "disabled"}:
                lacks.append(f"WindowsVSS is {value}, which is neither enabled nor disabled")
            vss = vss or (kind, name, value) == ("EC2", "WindowsVSS", "enabled")
    return vss


# --- Copies --------------------------------------------------------------------------------------------------------


def _copies(plan: FoundPlan, lacks: list[str]) -> dict[str, Json]:
    """Return the lifecycle of every destination: every rule has to copy to all of them, and alike."""
    into = sorted(plan.copies)
    own = account_of(plan.arn)
    lacks += (
        f"it copies into vault {arn} of its own account, and a policy copies into others only"
        for arn in into
        if account_of(arn) == own
    )
    for rule in plan.rules:
        name, actions = rule.get("RuleName", ""), rule.get("CopyActions") or ()
        for each in actions:
            lacks += _strange(f"a copy action of rule {name}", each, _COPY)
        if len(actions) != len(copies_of(rule)):
            lacks.append(f"rule {name} copies into one vault more than once")
        missing = [arn for arn in into if arn not in copies_of(rule)]
        if missing:
            lacks.append(f"rule {name} does not copy into {', '.join(missing)}, and every rule of a schedule does")
    return {arn: _kept(arn, plan, lacks) for arn in into}


def _kept(arn: str, plan: FoundPlan, lacks: list[str]) -> Json:
    """Return the one lifecycle that a destination has for the copies of all rules.

    | the copies of the rules live | declared |
    |---|---|
    | all alike | as they do |
    | each as long as the backups of its rule, and go cold alike | no ``deleteAfterDays`` |
    | for ever, or otherwise | cannot be |
    """
    found: list[tuple[Json, Json]] = []
    for rule in plan.rules:
        for each in rule.get("CopyActions") or ():
            if each["DestinationBackupVaultArn"] == arn:
                where = f"the copies of rule {rule.get('RuleName', '')} in {arn}"
                copy = _lifecycle(where, each.get("Lifecycle"), lacks)
                if "deleteAfterDays" not in copy:
                    lacks.append(f"{where} are kept for ever, and a schedule has to say how long")
                found.append((_lifecycle("", rule.get("Lifecycle"), []), copy))
    first = found[0][1]
    if all(copy == first for _, copy in found):
        return first
    inherited = {name: value for name, value in first.items() if name != "deleteAfterDays"}
    if all({**inherited, "deleteAfterDays": rule.get("deleteAfterDays")} == copy for rule, copy in found):
        return inherited
    days = ", ".join(str(copy.get("deleteAfterDays", "for ever")) for _, copy in found)
    lacks.append(f"its rules let copies in {arn} live differently (days: {days}), and a destination has one lifecycle")
    return {}


# --- Selections ----------------------------------------------------------------------------------------------------


def _selection(document: Document, plan: FoundPlan, lacks: list[str]) -> Json:
    name = str(document.get("SelectionName", ""))
    where = f"selection {name}"
    lacks += _strange(where, document, _SELECTION)
    any_of = _any_of(where, document, lacks)
    conditions = _conditions(where, document, lacks)
    tags = conditions.pop("equal", {})
    resources = list(document.get("Resources") or ())
    if resources == ["*"] and not any_of and (tags or conditions):
        resources = []  # tags alone choose from everything
    members: Json = {
        "tags": tags,
        "conditions": conditions,
        "anyOfTags": any_of,
        "resources": resources,
        "notResources": list(document.get("NotResources") or ()),
    }
    spec = {name: value for name, value in members.items() if value}
    return {"name": name, "role": _role(str(document.get("IamRoleArn", "")), plan), **spec}


def _role(arn: str, plan: FoundPlan) -> str:
    account, partition = account_of(plan.arn), partition_of(region_of(plan.arn))
    return DEFAULT if arn == f"arn:{partition}:iam::{account}:role/{role_name(DEFAULT)}" else arn


def _any_of(where: str, document: Document, lacks: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in document.get("ListOfTags") or ():
        kind = each.get("ConditionType")
        lacks += _strange(f"a tag of {where}", each, _TEST)
        if kind != "STRINGEQUALS":
            lacks.append(f"{where} compares a tag by {kind}, which cannot be declared")
        _put(found, each, f"any of the tags of {where}", lacks)
    return found


def _conditions(where: str, document: Document, lacks: list[str]) -> Json:
    given = document.get("Conditions") or {}
    groups = frozenset(group for group, _ in _GROUPS)
    lacks += _strange(f"the conditions of {where}", given, groups)
    found: Json = {}
    for group, member in _GROUPS:
        pairs: dict[str, str] = {}
        for each in given.get(group) or ():
            lacks += _strange(f"a condition of {where}", each, _TEST)
            _put(pairs, each, f"{group} of {where}", lacks, prefix=_TAG_KEY)
        if pairs:
            found[member] = pairs
    return found


def _put(found: dict[str, str], test: Document, where: str, lacks: list[str], prefix: str = "") -> None:
    """Take in a tag and its value; a manifest has each tag once."""
    whole, value = str(test.get("ConditionKey", "")), str(test.get("ConditionValue", ""))
    key = whole.removeprefix(prefix)
    if not whole.startswith(prefix):
        lacks.append(f"{where} asks for {whole}, which is no tag of a resource")
    elif found.setdefault(key, value) != value:
        lacks.append(f"{where} names tag {key} with several values, and a manifest has one")


__all__ = ["STACK_TAG", "FoundPlan", "Reading", "copies_of", "read"]
