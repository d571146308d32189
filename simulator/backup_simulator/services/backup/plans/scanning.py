"""What a plan does with its backups beside keeping and copying them: an index of each, and scans for malware.

It is checked and kept; no index is made here, and nothing is scanned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....fidelity import Behaviour
from ....wire import AwsError, Params

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...operation import Scope

INVALID = "InvalidParameterValueException"
SCANNER, SERVICE = "GUARDDUTY", "malware-protection.guardduty.amazonaws.com"
INDEXED, SCANNED = ("EBS", "S3"), ("EBS", "EC2", "S3", "ALL")
MODES = ("FULL_SCAN", "INCREMENTAL_SCAN")


def rule_flaws(rule: Params) -> Iterator[str]:
    """Why the index and scan actions of a rule cannot be."""
    actions = rule.get("IndexActions", ())
    if len(actions) > 1:
        yield "Invalid IndexActions. There can be one index action in each rule."
    for action in actions:
        yield from _types("IndexActions", action, INDEXED)
    for action in rule.get("ScanActions", ()):
        yield from _scanner("ScanActions", action)
        if action.get("ScanMode") not in MODES:
            yield f"Invalid ScanActions. ScanMode must be one of {', '.join(MODES)}."


def plan_flaws(document: Params) -> Iterator[str]:
    """Why the scan settings of a plan cannot be."""
    for setting in document.get("ScanSettings", ()):
        yield from _scanner("ScanSettings", setting)
        yield from _types("ScanSettings", setting, SCANNED)
        if not setting.get("ScannerRoleArn"):
            yield "Invalid ScanSettings. ScannerRoleArn is required."


def _scanner(member: str, said: Params) -> Iterator[str]:
    if said.get("MalwareScanner") != SCANNER:
        yield f"Invalid {member}. MalwareScanner must be {SCANNER}."


def _types(member: str, said: Params, known: tuple[str, ...]) -> Iterator[str]:
    types = said.get("ResourceTypes", ())
    if not types or not set(types) <= set(known):
        yield f"Invalid {member}. ResourceTypes must be some of {', '.join(known)}."


def require_passable(scope: Scope, document: Params) -> None:
    """Refuse scan settings to a caller who may not hand their role to the scanner."""
    for setting in document.get("ScanSettings", ()):
        role = setting.get("ScannerRoleArn")
        if role:
            scope.authorise("iam:PassRole", role, keys={"iam:passedtoservice": (SERVICE,)})


def checked(document: Params) -> Params:
    """The scan settings of a plan, where it has any; raises the error AWS answers to what they may not say."""
    for flaw in plan_flaws(document):
        raise AwsError(INVALID, flaw)
    settings = document.get("ScanSettings", ())
    return {"ScanSettings": list(settings)} if settings else {}


FIDELITY = (
    Behaviour(
        "One index action a rule, with types of EBS and S3",
        "botocore, issue (no types are an invalid parameter, terraform-provider-aws 48041); the API reference says one "
        "type, an example of Organizations has two; texts: assumed",
        "test_plans.py::test_a_plan_that_cannot_be_is_refused",
    ),
    Behaviour(
        "Scan actions have a mode, scan settings EBS, EC2, S3 or ALL and a role; GUARDDUTY is the one scanner",
        "botocore, DG (Organizations); texts: assumed",
        "test_plans.py::test_a_plan_that_cannot_be_is_refused",
    ),
    Behaviour(
        "Scan settings need iam:PassRole on the scanner's role for malware-protection.guardduty.amazonaws.com",
        "assumed",
        "test_plans.py::test_scan_settings_need_the_right_to_pass_their_role",
    ),
    Behaviour(
        "Indexes are made and backups scanned",
        "missing",
    ),
)
