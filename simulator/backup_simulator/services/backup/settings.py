"""Global settings (the cross-account toggle) and supported types; those of a Region are in `regional`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...records import resource_types
from ...wire import AwsError, Params
from ..operation import Operation, Scope

if TYPE_CHECKING:
    from ...records.organization import Organization

TOGGLE = "isCrossAccountBackupEnabled"
KNOWN = (TOGGLE, "isMpaEnabled", "isDelegatedAdministratorEnabled")


def describe_global(scope: Scope, _params: Params) -> Params:
    """Tell the organization's settings; any member may ask."""
    organization = _organization(scope)
    settings = dict.fromkeys(KNOWN, "false") | organization.settings
    settings[TOGGLE] = "true" if organization.cross_account else "false"
    return {"GlobalSettings": settings, "LastUpdateTime": _changed(organization)}


def update_global(scope: Scope, params: Params) -> Params:
    """Change the organization's settings; only the management account may."""
    organization = _organization(scope)
    if organization.management != scope.principal.account:
        raise AwsError("InvalidRequestException", "Global settings can be updated by the management account only.")
    wanted = params.get("GlobalSettings", {})
    for name, value in wanted.items():
        if name not in KNOWN or value not in {"true", "false"}:
            raise AwsError("InvalidParameterValueException", f"Invalid global setting {name}={value}")
    if TOGGLE in wanted and (wanted[TOGGLE] == "true") != organization.cross_account:
        organization.cross_account = wanted[TOGGLE] == "true"
        organization.cross_account_changed = scope.now
    others = {name: value for name, value in wanted.items() if name != TOGGLE}
    if any(organization.settings.get(name, "false") != value for name, value in others.items()):
        organization.settings |= others
        organization.settings_changed = scope.now
    return {}


def _changed(organization: Organization) -> float:
    """The last change of any setting; the toggle has a moment of its own, because it lags."""
    return max(organization.cross_account_changed, organization.settings_changed)


def _organization(scope: Scope) -> Organization:
    organization = scope.state.organization_of(scope.principal.account)
    if organization is None:
        text = "Your account is not a member of an organization"
        raise AwsError("InvalidRequestException", text, Code="ERROR_9601")
    return organization


def supported_types(_scope: Scope, _params: Params) -> Params:
    """Tell the resource types this simulator knows."""
    return {"ResourceTypes": list(resource_types.TYPES)}


OPERATIONS = {
    "DescribeGlobalSettings": Operation(describe_global),
    "UpdateGlobalSettings": Operation(update_global),
    "GetSupportedResourceTypes": Operation(supported_types),
}


FIDELITY = (
    Behaviour(
        "Global settings: any member reads",
        "DG",
        "test_accounts.py::test_every_member_reads_the_global_settings",
    ),
    Behaviour(
        "Global settings: the management account changes them",
        "DG",
        "test_accounts.py::test_only_the_management_account_changes_them",
    ),
    Behaviour(
        "LastUpdateTime moves when the value of any global setting changes",
        "botocore; that the same value again does not move it assumed",
        "test_accounts.py::test_the_last_change_of_any_setting_is_told",
    ),
    Behaviour(
        "Global settings outside an organization: InvalidRequest",
        "DG",
        "test_accounts.py::test_an_account_alone_has_no_global_settings",
    ),
    Behaviour(
        "15 minutes after switching the toggle off copies still start",
        "DG",
        "test_copy_refusals.py::test_switching_the_toggle_off_takes_a_quarter_of_an_hour",
    ),
    Behaviour(
        "Switching the toggle on works at once",
        "assumed",
        "test_copy_refusals.py::test_switching_the_toggle_on_works_at_once",
    ),
)
