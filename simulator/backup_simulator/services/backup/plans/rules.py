"""What a backup plan may say: its document checked, and given its defaults.

Errors of rules read `Error in some rules due to : <what>` with internal code ERROR_3015 (logs of Terraform and
CloudFormation; before 2023 they named the rule). Texts without a public source are marked in FIDELITY.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ....wire import AwsError, CommonError, Params, unimplemented
from ..backups import continuous, options, point_tags, windows
from ..points import lifecycles
from ..vaults import automatic
from . import cron, scanning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INVALID = "InvalidParameterValueException"
NAME = re.compile(r"[a-zA-Z0-9\-_.]{1,50}")
VAULT_ARN = re.compile(r"arn:aws[a-z-]*:backup:[a-z0-9-]+:\d{12}:backup-vault:[a-zA-Z0-9_/-]{2,64}")
MAX_RULES, MAX_COPY_ACTIONS = 10, 5
DEFAULTS: Params = {
    "ScheduleExpression": "cron(0 5 ? * * *)",
    "ScheduleExpressionTimezone": "Etc/UTC",
    "StartWindowMinutes": windows.START,
    "CompletionWindowMinutes": windows.COMPLETION,
    "EnableContinuousBackup": False,
}


def checked(document: Params) -> Params:
    """The document with every rule's defaults; raises the error AWS answers to what it may not say."""
    if not NAME.fullmatch(document["BackupPlanName"]):
        raise AwsError(INVALID, "BackupPlanName must contain 1 to 50 alphanumeric or '-_.' characters.")
    rules = document["Rules"]
    if not 1 <= len(rules) <= MAX_RULES:
        raise AwsError(INVALID, f"A backup plan has 1 to {MAX_RULES} rules.")
    for setting in document.get("AdvancedBackupSettings", ()):
        flaw = options.flaw(setting.get("ResourceType", ""), setting.get("BackupOptions", {}))
        if flaw:
            raise AwsError(INVALID, flaw)
    scans = scanning.checked(document)
    return {"BackupPlanName": document["BackupPlanName"], "Rules": [_rule(rule) for rule in rules], **scans}


def _missing(name: str) -> CommonError:
    return unimplemented(f"{name} of backup plans")


def _rule(rule: Params) -> Params:
    automatic.require_open(rule["TargetBackupVaultName"])
    if rule.get("EnableContinuousBackup") and rule.get("TargetLogicallyAirGappedBackupVaultArn"):
        raise _missing("TargetLogicallyAirGappedBackupVaultArn in continuous rules")
    filled = DEFAULTS | {name: value for name, value in rule.items() if value is not None}
    text = _first_flaw(filled)
    if text is not None:
        name = rule["RuleName"]
        message = f"Error in some rules due to : {text}"
        raise AwsError(INVALID, message, Code="ERROR_3015", Context=json.dumps([name, text]))
    return filled


def _first_flaw(rule: Params) -> str | None:
    try:
        return next((flaw for check in _CHECKS for flaw in check(rule)), None)
    except AwsError as error:
        return error.message


def _schedule(rule: Params) -> Iterator[str]:
    try:
        found = cron.parse(rule["ScheduleExpression"])
        cron.zone(rule["ScheduleExpressionTimezone"])
    except cron.CronError as error:
        yield f"Invalid schedule expression. {error}"
        return
    if len(found.minutes) > 1:
        yield "The interval between backup jobs shouldn't be less than 60 minutes."


def _windows(rule: Params) -> Iterator[str]:
    flaw = windows.flaw(rule["StartWindowMinutes"], rule["CompletionWindowMinutes"])
    if flaw:
        yield flaw


def _lifecycle(rule: Params) -> Iterator[str]:
    """The arithmetic of lifecycles, and what continuous backups allow."""
    lifecycle = rule.get("Lifecycle")
    if rule["EnableContinuousBackup"]:
        if lifecycle is None or lifecycle.get("DeleteAfterDays") is None:
            yield "Lifecycle must be specified for backup rule enabled continuous backup"
        elif lifecycle.get("MoveToColdStorageAfterDays") is not None:
            yield "Invalid lifecycle. MoveToColdStorageAfterDays is unavailable"
        elif not 1 <= lifecycle["DeleteAfterDays"] <= continuous.MAX_DAYS:
            yield f"Invalid lifecycle. DeleteAfterDays cannot be less than 1 or more than {continuous.MAX_DAYS} days"
    lifecycles.parse(lifecycle)


def _tags(rule: Params) -> Iterator[str]:
    flaw = point_tags.flaw(rule.get("RecoveryPointTags", {}), most=point_tags.MAX_OF_RULE)
    if flaw:
        yield flaw


def _air_gapped(rule: Params) -> Iterator[str]:
    arn = rule.get("TargetLogicallyAirGappedBackupVaultArn")
    if arn is not None and not VAULT_ARN.fullmatch(arn):
        yield f"Invalid TargetLogicallyAirGappedBackupVaultArn: {arn}"


def _copy_actions(rule: Params) -> Iterator[str]:
    actions = rule.get("CopyActions", ())
    if len(actions) > MAX_COPY_ACTIONS:
        yield f"There cannot be more than {MAX_COPY_ACTIONS} copy actions"
    for action in actions:
        arn = action["DestinationBackupVaultArn"]
        if not VAULT_ARN.fullmatch(arn):
            yield f"Invalid DestinationBackupVaultArn: {arn}"
        lifecycles.parse(action.get("Lifecycle"))


_CHECKS: tuple[Callable[[Params], Iterator[str]], ...] = (
    _schedule,
    _windows,
    _lifecycle,
    _tags,
    _air_gapped,
    scanning.rule_flaws,
    _copy_actions,
)

FIDELITY = (
    Behaviour(
        "A rule's errors: `Error in some rules due to : …`, ERROR_3015 and the rule in Context; lifecycle texts",
        "issue; other texts: assumed",
        "test_plans.py::test_a_plan_that_cannot_be_is_refused",
    ),
    Behaviour(
        "Rules run once an hour at most (`The interval between backup jobs shouldn't be less than 60 minutes.`)",
        "DG, issue (the console's text)",
        "test_plans.py::test_a_plan_that_cannot_be_is_refused",
    ),
    Behaviour(
        "Continuous rules need a retention of 1 to 35 days and know no cold storage",
        "DG, issue; text of the 35 days: assumed",
        "test_plans.py::test_a_plan_that_cannot_be_is_refused",
    ),
    Behaviour(
        "Ten rules a plan, five copy actions and ten tags a rule",
        "DG; error codes: assumed",
        "test_plans.py::test_a_plan_that_cannot_be_is_refused",
    ),
    Behaviour(
        "A rule's defaults: cron(0 5 ? * * *), Etc/UTC, 480 and 10080 minutes, no continuous backup; its vault need "
        "not exist",
        "botocore, DG",
        "test_plans.py::test_a_plan_reads_back_with_its_defaults",
    ),
    Behaviour(
        "rate() is no schedule of a rule",
        "botocore (a CRON expression)",
        "test_plans.py::test_a_plan_that_cannot_be_is_refused",
    ),
)
