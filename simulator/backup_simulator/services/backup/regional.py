"""What an account has opted into in one Region: which types it protects, which AWS Backup manages in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...records import resource_types
from ...wire import AwsError, Params
from ..operation import Operation, Scope
from . import plan_events

if TYPE_CHECKING:
    from ...records.state import State

OPT_IN, MANAGEMENT = "ResourceTypeOptInPreference", "ResourceTypeManagementPreference"
MANAGED = {"DynamoDB": True, "EFS": True}
"""Management preferences AWS shows; EFS's cannot be switched off. On for accounts younger than November 2021."""
UNKNOWN = (
    "Element present in resource type {which} preference has invalid values. "
    "Please use describeRegionSettings API to know the supported resource types"
)
"""The words of hashicorp/terraform-provider-aws 21801 and boto3 3758; those about management are assumed."""
WHICH = {OPT_IN: "opt in", MANAGEMENT: "management"}


def preferences(state: State, account: str, region: str) -> Params:
    """The settings of one account in one Region; everything is opted in until somebody says otherwise."""
    default = {OPT_IN: dict.fromkeys(resource_types.TYPES, True), MANAGEMENT: dict(MANAGED)}
    return state.region_settings.setdefault((account, region), default)


def opted_in(state: State, account: str, region: str, resource_type: str) -> bool:
    """Whether plans protect resources of a type that they find by tags or wildcards only."""
    return bool(preferences(state, account, region)[OPT_IN][resource_type])


def advanced_dynamodb(state: State, account: str, region: str) -> bool:
    """Whether AWS Backup manages DynamoDB in full: both settings have to be on."""
    found = preferences(state, account, region)
    return bool(found[OPT_IN]["DynamoDB"] and found[MANAGEMENT]["DynamoDB"])


def describe(scope: Scope, _params: Params) -> Params:
    """Tell the Region's settings."""
    return dict(preferences(scope.state, scope.account.account_id, scope.region_name))


def update(scope: Scope, params: Params) -> Params:
    """Change the settings that are named; the others stay."""
    found = preferences(scope.state, scope.account.account_id, scope.region_name)
    for group in (OPT_IN, MANAGEMENT):
        if not set(params.get(group, {})) <= set(found[group]):
            raise AwsError("InvalidParameterValueException", UNKNOWN.format(which=WHICH[group]))
    if params.get(MANAGEMENT, {}).get("EFS") is False:
        raise AwsError("InvalidParameterValueException", "Amazon EFS backups are always managed by AWS Backup.")
    for group in (OPT_IN, MANAGEMENT):
        found[group] = found[group] | params.get(group, {})
    plan_events.region_settings(scope.state, scope.account.account_id, scope.region_name, params, scope.now)
    return {}


OPERATIONS = {
    "DescribeRegionSettings": Operation(describe),
    "UpdateRegionSettings": Operation(update),
}

FIDELITY = (
    Behaviour(
        "UpdateRegionSettings merges what is sent into what was set; EFS stays managed",
        "assumed",
        "test_region_settings.py::test_settings_are_merged",
    ),
    Behaviour(
        "Unknown types: `Element present in resource type opt in preference has invalid values. ...`",
        "issue; the same about management assumed",
        "test_region_settings.py::test_settings_that_cannot_be_are_refused",
    ),
    Behaviour(
        "The types are those that Terraform's provider finds in real accounts (`DSQL`, `Redshift Serverless`), and EKS",
        "issue (its acceptance test); EKS: DG",
        "test_region_settings.py::test_the_types_are_those_of_real_accounts",
    ),
    Behaviour(
        "DynamoDB is backed up in its basic form unless both settings of the Region are on",
        "DG",
        "test_region_settings.py::test_dynamodb_without_management_is_backed_up_the_basic_way",
    ),
    Behaviour(
        "Everything is opted in until somebody says otherwise; in real accounts that depends on their age",
        "assumed",
        "test_region_settings.py::test_everything_is_opted_in_at_first",
    ),
)
