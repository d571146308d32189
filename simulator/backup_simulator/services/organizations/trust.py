"""Organizations: trusted services and delegated administrators."""

from __future__ import annotations

from ...fidelity import Behaviour
from ...wire import AwsError, Params
from ..operation import Operation, Scope
from . import rules

MOST = 5


def enable_access(scope: Scope, params: Params) -> Params:
    """Trust a service."""
    organization, service = rules.writable(scope), _service(scope, params, "EnableAWSServiceAccess")
    organization.trusted.setdefault(service, scope.now)
    return {}


def disable_access(scope: Scope, params: Params) -> Params:
    """Trust a service no longer."""
    organization, service = rules.writable(scope), _service(scope, params, "DisableAWSServiceAccess")
    organization.trusted.pop(service, None)
    return {}


def list_access(scope: Scope, params: Params) -> Params:
    """List the trusted services."""
    organization = rules.readable(scope)
    found = [{"ServicePrincipal": name, "DateEnabled": since} for name, since in sorted(organization.trusted.items())]
    return rules.page(found, params, "EnabledServicePrincipals")


def register(scope: Scope, params: Params) -> Params:
    """Make a member the administrator of a service for the whole organization."""
    organization, service = rules.writable(scope), _service(scope, params, "RegisterDelegatedAdministrator")
    account = rules.known_account(organization, params["AccountId"])
    if account == organization.management:
        message = "You cannot register management account/yourself as delegated administrator for your organization."
        raise rules.constraint(message, "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR")
    if service not in organization.trusted:
        message = (
            "You must enable service access before you delegate an administrator for this service. "
            "Call the AWS API EnableAWSServiceAccess first."
        )
        raise rules.constraint(message, "SERVICE_ACCESS_NOT_ENABLED")
    if (account, service) in organization.delegated:
        message = "The provided account is already a delegated administrator for your organization."
        raise AwsError("AccountAlreadyRegisteredException", message)
    if sum(name == service for _, name in organization.delegated) >= MOST:
        message = "You have attained the number of delegated administrators for the service."
        raise rules.constraint(message, "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED")
    organization.delegated[account, service] = scope.now
    return {}


def deregister(scope: Scope, params: Params) -> Params:
    """Take the administration of a service back."""
    organization, service = rules.writable(scope), _service(scope, params, "DeregisterDelegatedAdministrator")
    account = rules.known_account(organization, params["AccountId"])
    if (account, service) not in organization.delegated:
        raise _not_registered()
    del organization.delegated[account, service]
    return {}


def list_administrators(scope: Scope, params: Params) -> Params:
    """List the delegated administrators, of one service or of any."""
    wanted = params.get("ServicePrincipal")
    scope.authorise(
        "organizations:ListDelegatedAdministrators",
        "*",
        keys={"organizations:serviceprincipal": (wanted,)} if wanted else {},
    )
    organization = rules.readable(scope)
    since: dict[str, float] = {}
    for (account, service), when in organization.delegated.items():
        if wanted in {None, service}:
            since[account] = min(when, since.get(account, when))
    found = [
        {name: value for name, value in rules.account(scope, organization, account).items() if name != "Paths"}
        | {"DelegationEnabledDate": when}
        for account, when in sorted(since.items())
    ]
    return rules.page(found, params, "DelegatedAdministrators")


def list_services(scope: Scope, params: Params) -> Params:
    """List the services that a member administers."""
    organization = rules.readable(scope)
    wanted = rules.known_account(organization, params["AccountId"])
    found = [
        {"ServicePrincipal": service, "DelegationEnabledDate": when}
        for (account, service), when in organization.delegated.items()
        if account == wanted
    ]
    if not found:
        raise _not_registered()
    return rules.page(found, params, "DelegatedServices")


def _service(scope: Scope, params: Params, operation: str) -> str:
    """The service in question, once the caller may ask."""
    service: str = params["ServicePrincipal"]
    scope.authorise(f"organizations:{operation}", "*", keys={"organizations:serviceprincipal": (service,)})
    if not service.endswith(".amazonaws.com"):
        raise rules.invalid("You specified an unrecognized service principal.", "UNRECOGNIZED_SERVICE_PRINCIPAL")
    return service


def _not_registered() -> AwsError:
    return AwsError("AccountNotRegisteredException", "The account is not a delegated administrator of the service.")


OPERATIONS = {
    "EnableAWSServiceAccess": Operation(enable_access, target=None),
    "DisableAWSServiceAccess": Operation(disable_access, target=None),
    "ListAWSServiceAccessForOrganization": Operation(list_access),
    "RegisterDelegatedAdministrator": Operation(register, target=None),
    "DeregisterDelegatedAdministrator": Operation(deregister, target=None),
    "ListDelegatedAdministrators": Operation(list_administrators, target=None),
    "ListDelegatedServicesForAccount": Operation(list_services, rules.on("AccountId")),
}


FIDELITY = (
    Behaviour(
        "Trusted services and delegated administrators: never the management account, at most five per service, "
        "only of trusted services; `organizations:ServicePrincipal`",
        "DG; texts: issue (pepperize/cdk-organizations 716, aws-samples/iam-identity-center-team 355), of the sixth "
        "administrator and of one who is none: assumed",
        "test_organization_rights.py::test_delegated_administrators_read_the_organization",
    ),
)
