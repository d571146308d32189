"""IAM: OpenID Connect providers, and the service-linked role of AWS Backup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...records.access import OidcProvider, signing_secret
from ...wire import AwsError, CommonError, Params, unimplemented
from ..operation import Operation, Scope
from . import rules
from .service_role import NAME, PATH, SERVICE, ensure

if TYPE_CHECKING:
    from ...policies.policy import Policy

MOST_THUMBPRINTS, MOST_CLIENTS = 5, 100


def create_provider(scope: Scope, params: Params) -> Params:
    """Trust an OpenID Connect provider."""
    url = params["Url"]
    host = url.removeprefix("https://").rstrip("/")
    if not url.startswith("https://"):
        raise AwsError("ValidationError", "Invalid Open ID Connect Provider URL")
    if host in scope.account.providers:
        raise rules.taken(f"Provider with url https://{host} already exists.")
    arn = f"arn:aws:iam::{scope.account.account_id}:oidc-provider/{host}"
    secret = signing_secret(scope.state.ids.seed, host)
    audiences, prints = params.get("ClientIDList", []), params.get("ThumbprintList", [])
    if len(prints) > MOST_THUMBPRINTS:
        raise AwsError("InvalidInput", "Thumbprint list must contain fewer than 5 entries.")
    if len(audiences) > MOST_CLIENTS:
        raise rules.exceeded(f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {MOST_CLIENTS}")
    scope.account.providers[host] = OidcProvider(
        arn, f"https://{host}", list(audiences), scope.now, secret, thumbprints=list(prints)
    )
    return {"OpenIDConnectProviderArn": arn}


def get_provider(scope: Scope, params: Params) -> Params:
    """Describe a provider."""
    found = _provider(scope, params["OpenIDConnectProviderArn"])
    return {
        "Url": found.issuer.removeprefix("https://"),
        "ClientIDList": found.audiences,
        "ThumbprintList": found.thumbprints,
        "CreateDate": found.created,
        "Tags": [],
    }


def list_providers(scope: Scope, _params: Params) -> Params:
    """List the providers."""
    return {"OpenIDConnectProviderList": [{"Arn": one.arn} for one in scope.account.providers.values()]}


def delete_provider(scope: Scope, params: Params) -> Params:
    """Trust a provider no longer; its tokens open nothing any more."""
    found = _provider(scope, params["OpenIDConnectProviderArn"], "OpenId connect Provider {} cannot be found.")
    del scope.account.providers[found.issuer.removeprefix("https://")]
    return {}


def _provider(scope: Scope, arn: str, absent: str = "OpenIDConnect Provider not found for arn {}") -> OidcProvider:
    found = next((one for one in scope.account.providers.values() if one.arn == arn), None)
    if found is None:
        raise rules.missing(absent.format(arn))
    return found


def create_service_linked_role(scope: Scope, params: Params) -> Params:
    """Make AWSServiceRoleForBackup; a second time its name is taken."""
    service = params["AWSServiceName"]
    arn = f"arn:aws:iam::{scope.account.account_id}:role{PATH}{NAME}"
    scope.authorise("iam:CreateServiceLinkedRole", arn, keys={"iam:awsservicename": (service,)})
    if service != SERVICE:
        raise unimplemented(f"the service-linked role of {service}")
    if "CustomSuffix" in params:
        raise AwsError("InvalidInput", f"Custom suffix is not allowed for {SERVICE}")
    if NAME in scope.account.roles:
        message = f"Service role name {NAME} has been taken in this account, please try a different suffix."
        raise AwsError("InvalidInput", message)
    made = ensure(scope.state, scope.account.account_id, scope.now)
    return {"Role": rules.shown(scope, made)}


def delete_service_linked_role(scope: Scope, params: Params) -> Params:
    """Delete the service-linked role; refused while the account has recovery points."""
    role = rules.identity(scope, "role", params["RoleName"])
    if not role.service_linked:
        raise CommonError("AccessDenied", f"{role.name} is no service-linked role.")
    if any(vault.points for region in scope.account.regions.values() for vault in region.vaults.values()):
        return {"DeletionTaskId": f"task{PATH}{NAME}/failed"}
    del scope.account.roles[role.name]
    scope.state.anchors.pop(role.unique_id, None)
    return {"DeletionTaskId": f"task{PATH}{NAME}/done"}


def deletion_status(_scope: Scope, params: Params) -> Params:
    """Tell how a deletion went."""
    if params["DeletionTaskId"].endswith("/done"):
        return {"Status": "SUCCEEDED"}
    reason = "The role is in use: the account has recovery points."
    return {"Status": "FAILED", "Reason": {"Reason": reason}}


def _on_role(scope: Scope, params: Params) -> tuple[str, Policy | None]:
    return rules.arn_of(scope, "role", params["RoleName"]), None


def _on_provider(_scope: Scope, params: Params) -> tuple[str, Policy | None]:
    return params["OpenIDConnectProviderArn"], None


OPERATIONS = {
    "CreateOpenIDConnectProvider": Operation(create_provider),
    "GetOpenIDConnectProvider": Operation(get_provider, _on_provider),
    "ListOpenIDConnectProviders": Operation(list_providers),
    "DeleteOpenIDConnectProvider": Operation(delete_provider, _on_provider),
    "CreateServiceLinkedRole": Operation(create_service_linked_role, target=None),
    "DeleteServiceLinkedRole": Operation(delete_service_linked_role, _on_role),
    "GetServiceLinkedRoleDeletionStatus": Operation(deletion_status),
}


FIDELITY = (
    Behaviour(
        "CreateServiceLinkedRole for backup.amazonaws.com, taken the second time; `iam:AWSServiceName`",
        "recordings, DG",
        "test_accounts.py::test_the_service_linked_role_is_made_once",
    ),
    Behaviour(
        "The service-linked role cannot be changed, and be deleted only while the account has no recovery points",
        "DG; text of the refusal: issue, reason of a failed deletion: assumed",
        "test_iam.py::test_the_service_linked_role_is_awss_own",
    ),
    Behaviour(
        "OpenID Connect providers are made, read and deleted",
        "botocore, DG; texts: recordings",
        "test_iam.py::test_a_provider_is_made_and_deleted",
    ),
)
