"""Plans as JSON text: exported as templates, read back as plans."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.model import ListShape, StructureShape

from ....engine import catalogue, validation
from ....fidelity import Behaviour
from ....wire import AwsError, Params
from ...operation import Operation, Scope
from . import operations
from . import rules as plan_rules

if TYPE_CHECKING:
    from botocore.model import Shape

INVALID = "InvalidParameterValueException"


def export(scope: Scope, params: Params) -> Params:
    """Give a plan's document as JSON."""
    version = operations.find(scope, params["BackupPlanId"]).current
    rules = [{name: value for name, value in rule.items() if name != "RuleId"} for rule in version.rules]
    document: Params = {"BackupPlanName": version.name, "Rules": rules}
    if version.advanced:
        document["AdvancedBackupSettings"] = list(version.advanced)
    return {"BackupPlanTemplateJson": json.dumps(document)}


def from_json(_scope: Scope, params: Params) -> Params:
    """Read a plan's document from JSON, with the checks of CreateBackupPlan; nothing is created."""
    try:
        document = json.loads(params["BackupPlanTemplateJson"])
    except (ValueError, RecursionError):
        raise AwsError(INVALID, "Invalid backup plan JSON.") from None
    service = catalogue.load()["backup"]
    operation = service.operations["CreateBackupPlan"]
    asked = {"BackupPlan": document}
    _known(operation.input_shape, asked, "")
    validation.check(service, operation, asked)
    return {"BackupPlan": plan_rules.checked(document)}


def _known(shape: Shape | None, value: object, path: str) -> None:
    """Raise for members that a plan does not have; types are checked elsewhere."""
    if isinstance(value, list) and isinstance(shape, ListShape):
        for item in value:
            _known(shape.member, item, path)
    if isinstance(value, dict) and isinstance(shape, StructureShape):
        for name, item in value.items():
            if name not in shape.members:
                raise AwsError(INVALID, f"Invalid backup plan JSON. {path}{name} is unknown.")
            _known(shape.members[name], item, f"{path}{name}.")


OPERATIONS = {
    "ExportBackupPlanTemplate": Operation(export, operations.on_plan),
    "GetBackupPlanFromJSON": Operation(from_json),
}

FIDELITY = (
    Behaviour(
        "ExportBackupPlanTemplate gives JSON that GetBackupPlanFromJSON reads back, members named as in the API",
        "botocore; names: assumed",
        "test_plans.py::test_a_plan_goes_out_as_json_and_comes_back",
    ),
    Behaviour(
        "Exported templates are not signed; stored templates (GetBackupPlanFromTemplate) are not there",
        "missing",
    ),
)
