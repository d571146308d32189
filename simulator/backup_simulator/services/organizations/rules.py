"""What all operations of Organizations share: who may call, what things look like, pages.

Source: Organizations API reference. Reading is for the management account and delegated administrators, changing for
the management account; DescribeOrganization, LeaveOrganization and handshakes are for whom they concern.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...records.organization import SERVICE_CONTROL
from ...wire import AwsError, CommonError, Params
from .. import pages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...policies.policy import Policy
    from ...records.organization import ControlPolicy, Organization, Unit
    from ..operation import Scope

PAGE = 20
STATUS_RETIRED = 1_788_912_000.0
"""The ninth of September 2026, from which on accounts have a State and no Status (botocore)."""


def of_caller(scope: Scope) -> Organization:
    """The caller's organization."""
    found = scope.state.organization_of(scope.principal.account)
    if found is None:
        raise AwsError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    return found


def readable(scope: Scope) -> Organization:
    """The caller's organization, for the management account and delegated administrators."""
    found = of_caller(scope)
    caller = scope.principal.account
    if caller != found.management and not any(account == caller for account, _ in found.delegated):
        raise forbidden()
    return found


def writable(scope: Scope) -> Organization:
    """The caller's organization, for the management account."""
    found = of_caller(scope)
    if scope.principal.account != found.management:
        raise forbidden()
    return found


def forbidden() -> CommonError:
    """What who may not gets."""
    return CommonError("AccessDenied", "You don't have permissions to access this resource.")


def invalid(message: str, reason: str) -> AwsError:
    """An InvalidInputException with its reason."""
    return AwsError("InvalidInputException", message, Reason=reason)


def constraint(message: str, reason: str) -> AwsError:
    """A ConstraintViolationException with its reason."""
    return AwsError("ConstraintViolationException", message, Reason=reason)


def not_found(kind: str, message: str) -> AwsError:
    """A missing thing."""
    return AwsError(f"{kind}NotFoundException", message)


def page(found: Sequence[Params], params: Params, name: str) -> Params:
    """One page of a list, at most 20 long."""
    try:
        shown, more = pages.by_position(found, params.get("NextToken"), params.get("MaxResults", PAGE))
    except pages.BadTokenError:
        raise invalid("You specified an invalid value for nextToken.", "INVALID_NEXT_TOKEN") from None
    return {name: shown, "NextToken": more}


def arn(organization: Organization, kind: str, name: str = "") -> str:
    """An ARN of the organization's own: `arn:aws:organizations::<management>:<kind>/<o-…>/<name>`."""
    tail = f"/{name}" if name else ""
    return f"arn:aws:organizations::{organization.management}:{kind}/{organization.organization_id}{tail}"


def target_arn(organization: Organization, target: str) -> str:
    """The ARN of a root, a unit or an account."""
    if target == organization.root_id:
        return arn(organization, "root", target)
    return arn(organization, "ou" if target in organization.units else "account", target)


def policy_arn(organization: Organization, found: ControlPolicy) -> str:
    """The ARN of a policy."""
    tail = f"{found.kind.lower()}/{found.policy_id}"
    return f"arn:aws:organizations::aws:policy/{tail}" if found.aws_managed else arn(organization, "policy", tail)


def on(parameter: str) -> Callable[[Scope, Params], tuple[str, Policy | None]]:
    """The resource of operations on one account, unit, root or policy; the caller's rights are judged on its ARN."""

    def target(scope: Scope, params: Params) -> tuple[str, Policy | None]:
        organization, given = scope.state.organization_of(scope.principal.account), params[parameter]
        if organization is None:
            return "*", None
        if given in organization.policies:
            return policy_arn(organization, organization.policies[given]), None
        if given.startswith("p-"):
            return arn(organization, "policy", f"service_control_policy/{given}"), None
        kind = {"r-": "root", "ou": "ou"}.get(given[:2], "account")
        return arn(organization, kind, given), None

    return target


def shown(scope: Scope, organization: Organization) -> Params:
    """An organization as the API shows it."""
    return {
        "Id": organization.organization_id,
        "Arn": arn(organization, "organization"),
        "FeatureSet": "ALL",
        "MasterAccountArn": arn(organization, "account", organization.management),
        "MasterAccountId": organization.management,
        "MasterAccountEmail": scope.state.accounts[organization.management].email,
        "AvailablePolicyTypes": [{"Type": SERVICE_CONTROL, "Status": "ENABLED"}],
    }


def account(scope: Scope, organization: Organization, account_id: str) -> Params:
    """An account as the API shows it: with State, and with Status until AWS retired that."""
    found, member = scope.state.accounts[account_id], organization.members[account_id]
    status = "SUSPENDED" if found.state == "CLOSED" else found.state
    return {
        "Id": account_id,
        "Arn": arn(organization, "account", account_id),
        "Email": found.email,
        "Name": found.name,
        "State": found.state,
        **({"Status": status} if scope.now < STATUS_RETIRED else {}),
        "Paths": [f"{organization.path(account_id)}{account_id}/"],
        "JoinedMethod": member.method,
        "JoinedTimestamp": member.joined,
    }


def unit(organization: Organization, found: Unit) -> Params:
    """A unit as the API shows it."""
    line = "/".join([organization.organization_id, *organization.line(found.unit_id), ""])
    return {
        "Id": found.unit_id,
        "Arn": arn(organization, "ou", found.unit_id),
        "Name": found.name,
        "Path": line,
    }


def root(organization: Organization) -> Params:
    """The root as the API shows it."""
    types = [{"Type": kind, "Status": "ENABLED"} for kind in sorted(organization.enabled)]
    return {
        "Id": organization.root_id,
        "Arn": arn(organization, "root", organization.root_id),
        "Name": "Root",
        "PolicyTypes": types,
    }


def known_parent(organization: Organization, parent: str, error: str = "Parent") -> str:
    """A root or unit that exists."""
    if parent != organization.root_id and parent not in organization.units:
        raise not_found(error, "You specified parent that doesn't exist.")
    return parent


def known_account(organization: Organization, account_id: str) -> str:
    """A member."""
    if account_id not in organization.members:
        raise AwsError("AccountNotFoundException", "You specified an account that doesn't exist.")
    return account_id


def known_unit(organization: Organization, unit_id: str) -> Unit:
    """A unit."""
    if unit_id not in organization.units:
        raise not_found("OrganizationalUnit", "You specified an organizational unit that doesn't exist.")
    return organization.units[unit_id]
