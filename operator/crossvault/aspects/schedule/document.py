"""A schedule as the documents of AWS Backup, and what those that AWS shows say otherwise. Pure.

AWS gives a plan back with defaults, ids and an order of its own: both sides are brought to one form before they are
compared, so that equal plans are never written again (each write is a version, of which AWS keeps 2,000).
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar

from ...engine.declared import Desired, Destination, PolicyKey
from ...manifest import cron
from ..lifecycle.declared import LIFECYCLE, Lifecycle
from .declared import COMPLETION_MINUTES, DAILY, START_MINUTES, UTC, Pairs, Rule, ScanMode, Schedule, Selection
from .seen import PlanForm

T = TypeVar("T")

Document: TypeAlias = Mapping[str, Any]
Difference: TypeAlias = tuple[str, str, str]
"""Path, what is declared, what AWS has."""

LONGEST_NAME = 50
_TAG_KEY = "aws:ResourceTag/"
_CONDITIONS = (
    ("StringEquals", "equal"),
    ("StringNotEquals", "not_equal"),
    ("StringLike", "like"),
    ("StringNotLike", "not_like"),
)
SCANNER = "GUARDDUTY"
"""The one scanner there is. https://docs.aws.amazon.com/aws-backup/latest/devguide/API_ScanAction.html"""
SCAN_MODES = {ScanMode.FULL: "FULL_SCAN", ScanMode.INCREMENTAL: "INCREMENTAL_SCAN"}
_OFF = "WindowsVSS=disabled"
_VSS: Document = {"ResourceType": "EC2", "BackupOptions": {"WindowsVSS": "enabled"}}


def plan_name(key: PolicyKey, source_arn: str) -> str:
    """Return the name of a policy's plan: what a person recognises, and what no other policy has."""
    digest = hashlib.sha256(f"{key}\n{source_arn}".encode()).hexdigest()[:10]
    return f"crossvault-{key.name[: LONGEST_NAME - len(digest) - 12]}-{digest}"


def is_named_by_us(name: str) -> bool:
    """Tell whether a plan has a name such as policies give theirs."""
    return _NAMED.fullmatch(name) is not None


_NAMED = re.compile(r"crossvault-.{1,50}-[0-9a-f]{10}")


# --- What is sent --------------------------------------------------------------------------------------------------


def plan_document(desired: Desired, schedule: Schedule, name: str) -> dict[str, Any]:
    """Return ``BackupPlan`` of CreateBackupPlan and UpdateBackupPlan."""
    document: dict[str, Any] = {
        "BackupPlanName": name,
        "Rules": [_rule(each, desired) for each in schedule.rules],
    }
    if schedule.windows_vss:
        document["AdvancedBackupSettings"] = [dict(_VSS)]
    if schedule.scan is not None:
        role, types = schedule.scan.role_arn, list(schedule.scan.resource_types)
        document["ScanSettings"] = [{"MalwareScanner": SCANNER, "ResourceTypes": types, "ScannerRoleArn": role}]
    return document


def _rule(rule: Rule, desired: Desired) -> dict[str, Any]:
    document: dict[str, Any] = {
        "RuleName": rule.name,
        "TargetBackupVaultName": desired.source.name,
        "ScheduleExpression": rule.cron,
        "ScheduleExpressionTimezone": rule.timezone,
        "StartWindowMinutes": rule.start_window,
        "CompletionWindowMinutes": rule.completion_window,
        "Lifecycle": _lifecycle(rule.lifecycle),
        "EnableContinuousBackup": rule.continuous,
        "CopyActions": [_copy_action(rule, each) for each in desired.destinations],
    }
    if rule.recovery_point_tags:
        document["RecoveryPointTags"] = dict(rule.recovery_point_tags)
    if rule.indexed:
        document["IndexActions"] = [{"ResourceTypes": list(rule.indexed)}]
    if rule.scan_mode is not None:
        document["ScanActions"] = [{"MalwareScanner": SCANNER, "ScanMode": SCAN_MODES[rule.scan_mode]}]
    if rule.air_gapped_vault:
        document["TargetLogicallyAirGappedBackupVaultArn"] = replace(desired.source, name=rule.air_gapped_vault).arn
    return document


def _copy_action(rule: Rule, destination: Destination) -> dict[str, Any]:
    return {
        "DestinationBackupVaultArn": destination.vault.arn,
        "Lifecycle": _lifecycle(copy_lifecycle(rule, destination)),
    }


def copy_lifecycle(rule: Rule, destination: Destination) -> Lifecycle:
    """Return how long the copies of a rule live: as declared for the destination, else as long as its backups.

    A copy action without a lifecycle would keep them for ever.
    https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CopyAction.html
    """
    declared = destination[LIFECYCLE] or Lifecycle()
    if keeps_by_itself(destination):
        return declared
    return replace(declared, delete_after_days=rule.lifecycle.delete_after_days)


def keeps_by_itself(destination: Destination) -> bool:
    """Tell whether a destination says itself how long copies live there."""
    declared = destination[LIFECYCLE]
    return declared is not None and declared.delete_after_days is not None and declared.delete_after_days >= 0


def _lifecycle(lifecycle: Lifecycle) -> dict[str, int]:
    days, cold = lifecycle.delete_after_days, lifecycle.move_to_cold_storage_after_days
    return {
        **({"MoveToColdStorageAfterDays": cold} if cold is not None else {}),
        **({"DeleteAfterDays": days} if days is not None else {}),
        **({"OptInToArchiveForSupportedResources": True} if lifecycle.opt_in_to_archive else {}),
    }


def selection_document(selection: Selection) -> dict[str, Any]:
    """Return ``BackupSelection`` of CreateBackupSelection."""
    document: dict[str, Any] = {"SelectionName": selection.name, "IamRoleArn": selection.role_arn}
    if selection.resources:
        document["Resources"] = list(selection.resources)
    if selection.not_resources:
        document["NotResources"] = list(selection.not_resources)
    if selection.any_of_tags:
        document["ListOfTags"] = [
            {"ConditionType": "STRINGEQUALS", "ConditionKey": key, "ConditionValue": value}
            for key, value in selection.any_of_tags
        ]
    conditions = {
        group: [{"ConditionKey": f"{_TAG_KEY}{key}", "ConditionValue": value} for key, value in pairs]
        for group, member in _CONDITIONS
        if (pairs := getattr(selection.conditions, member))
    }
    return {**document, **({"Conditions": conditions} if conditions else {})}


# --- What is shown -------------------------------------------------------------------------------------------------


def differences(want: PlanForm, have: PlanForm) -> tuple[Difference, ...]:
    """Return what a plan that AWS shows has otherwise than the one that would be sent, in the order of the rules."""
    found: list[Difference] = []
    for name in [*want.rules, *(each for each in have.rules if each not in want.rules)]:
        path = f"rules[{name}]"
        if name not in have.rules:
            found.append((path, "present", "absent"))
        elif name not in want.rules:
            found.append((path, "absent", "present"))
        else:
            found += _between(path, want.rules[name], have.rules[name])
    found += _between("advancedBackupSettings", want.settings, have.settings)
    return (*found, *_between("", want.others, have.others))


def _between(path: str, want: Document, have: Document) -> Iterator[Difference]:
    for member in [*want, *(each for each in have if each not in want)]:
        first, second = want.get(member), have.get(member)
        if first != second:
            yield ".".join(filter(None, (path, member))), _told(first), _told(second)


def _told(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def form_of(plan: Document, beside: Iterable[Document] | None = None) -> PlanForm:
    """Bring a plan to the form in which equal ones are equal, whether it is to be sent or was shown.

    Args:
        plan: ``BackupPlan``.
        beside: ``AdvancedBackupSettings`` that AWS gives back beside the plan, in it, or in both.
    """
    rules = _each((str(rule["RuleName"]), dict(_normal(rule))) for rule in plan["Rules"])
    return PlanForm(
        rules, _options((*(beside or ()), *(plan.get("AdvancedBackupSettings") or ()))), dict(_others(plan))
    )


def _each(named: Iterable[tuple[str, T]]) -> dict[str, T]:
    """Return what is listed by name; AWS promises for none of its lists that a name stands there once."""
    found: dict[str, T] = {}
    for name, value in named:
        again = (f"{name} ({number})" for number in itertools.count(2))
        found[name if name not in found else next(each for each in again if each not in found)] = value
    return found


def _others(plan: Document) -> Iterator[tuple[str, Any]]:
    """Yield how a plan has its backups scanned, if it has."""
    scans = [
        f"{each.get('MalwareScanner')} {' '.join(sorted(each.get('ResourceTypes') or ())) or 'nothing'} with"
        f" {each.get('ScannerRoleArn') or 'no role'}"
        for each in plan.get("ScanSettings") or ()
    ]
    if scans:
        yield "scanSettings", tuple(sorted(scans))


def _normal(rule: Document) -> Iterator[tuple[str, Any]]:
    """Yield the members of a rule by the names of their fields."""
    yield "cron", cron.normal(rule.get("ScheduleExpression") or DAILY)
    yield "timezone", cron.normal_zone(rule.get("ScheduleExpressionTimezone") or UTC)
    yield "vault", rule["TargetBackupVaultName"]
    yield "startWindowMinutes", rule.get("StartWindowMinutes") or START_MINUTES
    yield "completionWindowMinutes", rule.get("CompletionWindowMinutes") or COMPLETION_MINUTES
    yield from _days("lifecycle", rule.get("Lifecycle"))
    yield "continuous", bool(rule.get("EnableContinuousBackup"))
    yield "recoveryPointTags", _pairs(rule.get("RecoveryPointTags"))
    copies = _each((each["DestinationBackupVaultArn"], each.get("Lifecycle")) for each in rule.get("CopyActions") or ())
    yield "copies", tuple(sorted(copies))
    for arn, lifecycle in sorted(copies.items()):
        yield from _days(f"copies[{arn}]", lifecycle)
    yield from _beside_copies(rule)


def _beside_copies(rule: Document) -> Iterator[tuple[str, Any]]:
    """Yield what else is done with the backups of a rule, where anything is; AWS writes out some of it as empty."""
    index = [str(types) for each in rule.get("IndexActions") or () for types in each.get("ResourceTypes") or ["none"]]
    scans = [f"{each.get('MalwareScanner')} {each.get('ScanMode')}" for each in rule.get("ScanActions") or ()]
    for name, value in (
        ("indexResourceTypes", tuple(sorted(index))),
        ("scanMode", tuple(sorted(scans))),
        ("airGappedVault", rule.get("TargetLogicallyAirGappedBackupVaultArn")),
    ):
        if value:
            yield name, value


def _days(path: str, lifecycle: Document | None) -> Iterator[tuple[str, Any]]:
    given = lifecycle or {}
    for member, name in (
        ("MoveToColdStorageAfterDays", "moveToColdStorageAfterDays"),
        ("DeleteAfterDays", "deleteAfterDays"),
    ):
        days = given.get(member)
        yield f"{path}.{name}", days if days is not None and days >= 0 else None
    if given.get("OptInToArchiveForSupportedResources"):
        yield f"{path}.optInToArchiveForSupportedResources", True


def _pairs(tags: Mapping[str, str] | None) -> tuple[str, ...]:
    return tuple(f"{key}={value}" for key, value in sorted((tags or {}).items()))


def _options(settings: Iterable[Document]) -> dict[str, tuple[str, ...]]:
    """Return the options of each resource type but for the one that says what is so anyway."""
    found: dict[str, set[str]] = {}
    for each in settings:
        options = {f"{name}={value}" for name, value in (each.get("BackupOptions") or {}).items()} - {_OFF}
        if options:
            found.setdefault(str(each.get("ResourceType")), set()).update(options)
    return {name: tuple(sorted(options)) for name, options in found.items()}


def selection_form(document: Document) -> tuple[object, ...]:
    """Bring a selection to the form in which those are equal that select the same with the same role."""
    conditions = document.get("Conditions") or {}
    tags = {
        (each.get("ConditionType"), each.get("ConditionKey"), each.get("ConditionValue"))
        for each in document.get("ListOfTags") or ()
    }
    return (
        document["SelectionName"],
        document["IamRoleArn"],
        tuple(sorted(document.get("Resources") or ())),
        tuple(sorted(document.get("NotResources") or ())),
        tuple(sorted(tags, key=str)),
        tuple(_tests(conditions.get(group)) for group, _ in _CONDITIONS),
    )


def _tests(tests: Iterable[Document] | None) -> Pairs:
    return tuple(sorted((str(each.get("ConditionKey")), str(each.get("ConditionValue"))) for each in tests or ()))


def selection_differences(want: tuple[Any, ...], have: tuple[Any, ...]) -> tuple[Difference, ...]:
    """Return the members in which a selection that AWS shows is otherwise than the one that would be sent."""
    after, before = _members(want), _members(have)
    return tuple((name, value, before[name]) for name, value in after.items() if value != before[name])


def _members(form: tuple[Any, ...]) -> dict[str, str]:
    """Return what a selection asks for by the names of its fields; whatever has to be equal stands under ``tags``."""
    _, role, resources, others, any_of, tests = form
    tagged = [f"{'' if kind == 'STRINGEQUALS' else f'{kind} '}{key}={value}" for kind, key, value in any_of]
    fields = ("tags", "conditions.notEqual", "conditions.like", "conditions.notLike")
    return {
        "role": role,
        "resources": _told(resources),
        "notResources": _told(others),
        "anyOfTags": _told(tuple(tagged)),
        **{
            name: _told(tuple(f"{key.removeprefix(_TAG_KEY)}={value}" for key, value in pairs))
            for name, pairs in zip(fields, tests, strict=True)
        },
    }
