"""Organizations: who is together, and who may ask what."""

from __future__ import annotations

import base64
import binascii

from ..fidelity import Behaviour
from ..state import Organization
from ..wire import AwsError, CommonError, Params
from .operation import Operation, Scope


def describe_organization(scope: Scope, _params: Params) -> Params:
    """Describe the caller's organization; any member may."""
    organization = _organization(scope)
    management = organization.management
    prefix = f"arn:aws:organizations::{management}"
    return {
        "Organization": {
            "Id": organization.organization_id,
            "Arn": f"{prefix}:organization/{organization.organization_id}",
            "FeatureSet": "ALL",
            "MasterAccountArn": f"{prefix}:account/{organization.organization_id}/{management}",
            "MasterAccountId": management,
            "MasterAccountEmail": scope.state.accounts[management].email,
            "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
        }
    }


def list_accounts(scope: Scope, params: Params) -> Params:
    """List the members, for the management account only."""
    organization = _for_management(scope)
    size = params.get("MaxResults", 20)
    start = _position(params.get("NextToken"))
    members = sorted(organization.joined)
    page = members[start : start + size]
    more = start + size < len(members)
    return {
        "Accounts": [_account(scope, organization, member) for member in page],
        "NextToken": base64.b64encode(str(start + size).encode()).decode() if more else None,
    }


def describe_account(scope: Scope, params: Params) -> Params:
    """Describe one member, for the management account only."""
    organization = _for_management(scope)
    if params["AccountId"] not in organization.joined:
        raise AwsError("AccountNotFoundException", "You specified an account that doesn't exist.")
    return {"Account": _account(scope, organization, params["AccountId"])}


def _organization(scope: Scope) -> Organization:
    organization = scope.state.organization
    if organization is None or not scope.state.in_organization(scope.principal.account):
        raise AwsError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    return organization


def _for_management(scope: Scope) -> Organization:
    organization = _organization(scope)
    if organization.management != scope.principal.account:
        raise CommonError("AccessDenied", "You don't have permissions to access this resource.")
    return organization


def _account(scope: Scope, organization: Organization, account_id: str) -> Params:
    account = scope.state.accounts[account_id]
    prefix = f"arn:aws:organizations::{organization.management}:account"
    found: Params = {
        "Id": account_id,
        "Arn": f"{prefix}/{organization.organization_id}/{account_id}",
        "Email": account.email,
        "Name": account.name,
        "State": "ACTIVE",
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": organization.joined[account_id],
    }
    return found


def _position(token: str | None) -> int:
    try:
        return int(base64.b64decode(token, validate=True)) if token else 0
    except (ValueError, binascii.Error):
        raise AwsError("InvalidInputException", "You specified an invalid value for nextToken.") from None


OPERATIONS = {
    "DescribeOrganization": Operation(describe_organization),
    "ListAccounts": Operation(list_accounts),
    "DescribeAccount": Operation(describe_account),
}


FIDELITY = (
    Behaviour(
        "DescribeOrganization for any member",
        "botocore, DG",
        "test_accounts.py::test_every_member_describes_the_organization",
    ),
    Behaviour(
        "ListAccounts and DescribeAccount for the management account only; State without Status",
        "botocore, DG; text of the refusal assumed",
        "test_accounts.py::test_members_may_not_look_at_accounts",
    ),
    Behaviour(
        "Delegated administrators",
        "missing",
    ),
)
