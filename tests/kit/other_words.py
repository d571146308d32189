"""Plans and selections in every form in which AWS may give them back, or somebody may write them: all mean the same."""

from __future__ import annotations

import copy
import random
from typing import Any

Json = dict[str, Any]

EQUAL_CRONS = (
    (
        *("cron(0 5 ? * * *)", "cron(0 5 * * ? *)", "cron(0 5 ? * SUN-SAT *)", "cron(0 5 ? * 1-7 *)"),
        *("cron(0 5 1-31 JAN-DEC ? *)", "cron(00 05 ? * * *)", "cron(0 5 ? 1-12 * 1970-2199)"),
    ),
    (
        *("cron(0 * ? * MON-FRI *)", "cron(0 0-23 ? * 2-6 *)", "cron(0 0/1 ? * mon-fri *)"),
        *("cron(0 * ? * FRI,TUE,MON,THU,WED *)", "cron(0  *  ?  1-12  2,3,4-6  *)"),
    ),
    ("cron(0 7 1 * ? *)", "cron(0 7 01 JAN-DEC ? *)", "cron(0 7 1,1 * ? *)"),
)
UTC = ("Etc/UTC", "UTC", "Etc/UCT", "Zulu", "Universal")
DEFAULTS: Json = {
    "ScheduleExpression": "cron(0 5 ? * * *)",
    "ScheduleExpressionTimezone": "Etc/UTC",
    "StartWindowMinutes": 480,
    "CompletionWindowMinutes": 10080,
    "EnableContinuousBackup": False,
}
_ABSENT, _GAPPED = object(), "TargetLogicallyAirGappedBackupVaultArn"


def plan(sent: Json, chance: random.Random, *, writable: bool = False) -> Json:
    """Return a plan as it may be shown; one that is ``writable`` AWS takes, too."""
    rules = [_rule(each, chance, writable=writable) for each in sent["Rules"]]
    shown = {**copy.deepcopy(sent), "Rules": _shuffled(rules, chance)}
    if "AdvancedBackupSettings" not in sent and not writable:
        off = {"ResourceType": "EC2", "BackupOptions": {"WindowsVSS": "disabled"}}
        _put(shown, "AdvancedBackupSettings", chance.choice([_ABSENT, None, [], [off]]))
    if "ScanSettings" in sent:
        for each in shown["ScanSettings"]:
            each["ResourceTypes"] = _shuffled(each["ResourceTypes"], chance)
    elif not writable:
        _put(shown, "ScanSettings", chance.choice([_ABSENT, None, []]))
    return _reordered(shown, chance)


def _rule(sent: Json, chance: random.Random, *, writable: bool) -> Json:
    shown = copy.deepcopy(sent)
    for member, alike in (("ScheduleExpression", EQUAL_CRONS), ("ScheduleExpressionTimezone", (UTC,))):
        said = shown[member]
        shown[member] = chance.choice(next((each for each in alike if said in each), (said,)))
    for member, default in DEFAULTS.items():
        if sent[member] == default:
            _put(shown, member, chance.choice([shown[member], _ABSENT, _ABSENT if writable else None]))
    _rest(shown, sent, chance, writable=writable)
    return _reordered(shown, chance)


def _rest(shown: Json, sent: Json, chance: random.Random, *, writable: bool) -> None:
    actions = shown["CopyActions"] = _shuffled(shown["CopyActions"], chance)
    for lifecycle in (shown["Lifecycle"], *(each["Lifecycle"] for each in actions)):
        if not writable and "MoveToColdStorageAfterDays" not in lifecycle:
            _put(lifecycle, "MoveToColdStorageAfterDays", chance.choice([_ABSENT, -1, None]))
        if "OptInToArchiveForSupportedResources" not in lifecycle:
            _put(lifecycle, "OptInToArchiveForSupportedResources", chance.choice([_ABSENT, False]))
    if "RecoveryPointTags" in shown:
        shown["RecoveryPointTags"] = _reordered(shown["RecoveryPointTags"], chance)
    elif not writable:
        _put(shown, "RecoveryPointTags", chance.choice([_ABSENT, None, {}]))
    if not writable:
        shown["RuleId"] = f"rule-{chance.random()}"
        for member, nothing in (("IndexActions", []), ("ScanActions", []), (_GAPPED, "")):
            if member not in sent:
                _put(shown, member, chance.choice([_ABSENT, None, nothing]))
    for action in shown.get("IndexActions") or ():
        action["ResourceTypes"] = _shuffled(action["ResourceTypes"], chance)


def selection(sent: Json, chance: random.Random) -> Json:
    """Return a selection as it may be shown."""
    shown = copy.deepcopy(sent)
    for member in ("Resources", "NotResources", "ListOfTags"):
        there = _shuffled(sent[member], chance) if sent.get(member) else chance.choice([_ABSENT, None, []])
        _put(shown, member, there)
    groups = ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike")
    tests: Json = {}
    for group in groups:
        given = (sent.get("Conditions") or {}).get(group)
        _put(tests, group, _shuffled(given, chance) if given else chance.choice([_ABSENT, None, []]))
    _put(shown, "Conditions", tests if "Conditions" in sent else chance.choice([_ABSENT, None, tests]))
    return _reordered(shown, chance)


def _put(place: Json, member: str, value: Any) -> None:
    if value is _ABSENT:
        place.pop(member, None)
    else:
        place[member] = value


def _shuffled(rows: list[Any], chance: random.Random) -> list[Any]:
    return chance.sample(rows, len(rows))


def _reordered(members: Json, chance: random.Random) -> Json:
    return dict(_shuffled(list(members.items()), chance))
