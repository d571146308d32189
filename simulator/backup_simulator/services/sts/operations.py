"""STS: AssumeRole and AssumeRoleWithWebIdentity by trust policy and session rules; GetSessionToken; who a caller is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...identity import gate, web_tokens
from ...policies.principal import Principal, Session
from ...wire import AwsError, CommonError, Params, unimplemented
from ..operation import Operation, Scope, request_tags
from . import sessions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...policies.condition_keys import GatheredKeys
    from ...records.state import Identity

UNSIGNED = frozenset({"AssumeRoleWithWebIdentity"})
TAGS_CLAIM = "https://aws.amazon.com/tags"
REGION_OFF = (
    "STS is not activated in this region for account:{}. "
    "Your account administrator can activate STS in this region using the IAM Console."
)
TOKEN_SECONDS = 43_200
_TRUST = "resource-based policy"


def get_caller_identity(scope: Scope, _params: Params) -> Params:
    """Tell who calls; needs no permission."""
    principal = scope.principal
    return {"UserId": principal.user_id, "Account": principal.account, "Arn": principal.arn}


def get_access_key_info(scope: Scope, params: Params) -> Params:
    """Tell to which account an access key belongs; needs no permission on the key."""
    found = scope.state.credentials.get(params["AccessKeyId"])
    if found is None:
        raise AwsError("ValidationError", "Request is not valid: the access key does not exist.")
    return {"Account": found.principal.account}


def get_session_token(scope: Scope, params: Params) -> Params:
    """Give a user temporary credentials of its own; without MFA they open neither IAM nor most of STS."""
    for member in ("SerialNumber", "TokenCode"):
        if member in params:
            raise unimplemented(f"sts:GetSessionToken with {member}")
    if scope.credential_is_session:
        raise CommonError("AccessDenied", "Cannot call GetSessionToken with session credentials")
    principal = replace(scope.principal, session=Session(scope.now))
    return {"Credentials": sessions.credentials(scope, principal, params.get("DurationSeconds", TOKEN_SECONDS))}


def assume_role(scope: Scope, params: Params) -> Params:
    """Open a session of a role."""
    for member in ("SerialNumber", "TokenCode", "ProvidedContexts"):
        if member in params:
            raise unimplemented(f"sts:AssumeRole with {member}")
    role, caller = _role(scope, params), scope.principal
    if role and scope.region_name in scope.state.accounts[role.account].disabled_regions:
        raise AwsError("RegionDisabledException", REGION_OFF.format(role.account), status=403)
    tags, transitive = sessions.tags(params, caller.session, dict(caller.tags))
    source = _source_identity(scope, params)
    keys = _keys(params, tags, transitive, source)
    _require(scope, role, "sts:AssumeRole", params, keys)
    if role is None:
        raise AssertionError("a missing role is refused above")
    if tags:
        _require(scope, role, "sts:TagSession", params, keys)
    if source:
        _require(scope, role, "sts:SetSourceIdentity", params, keys)
    policies, packed = sessions.policies(scope.state, params, role)
    seconds = sessions.length(params, role, chained=caller.kind == "role")
    wish = sessions.Wish(
        params["RoleSessionName"], seconds, policies, tags, transitive, source_identity=source, packed=packed
    )
    return sessions.open_session(scope, role, wish)


def _role(scope: Scope, params: Params) -> Identity | None:
    """The role that is asked for; in a closed account there is none."""
    role = scope.state.role(params["RoleArn"])
    return role if role and scope.state.accounts[role.account].open else None


def _source_identity(scope: Scope, params: Params) -> str | None:
    """What is asked for, or what the calling session has; that one cannot be changed."""
    own = scope.principal.session.source_identity if scope.principal.session else None
    asked: str | None = params.get("SourceIdentity")
    if own and asked and asked != own:
        raise CommonError("AccessDenied", "Not authorized to change the source identity of the calling session")
    return asked or own


def _keys(params: Params, tags: Mapping[str, str], transitive: frozenset[str], source: str | None) -> GatheredKeys:
    keys = request_tags(tags) | {"sts:rolesessionname": (params["RoleSessionName"],)}
    if transitive:
        keys["sts:transitivetagkeys"] = tuple(sorted(transitive))
    if source:
        keys["sts:sourceidentity"] = (source,)
    if "ExternalId" in params:
        keys["sts:externalid"] = (params["ExternalId"],)
    return keys


def _require(scope: Scope, role: Identity | None, action: str, params: Params, keys: GatheredKeys) -> None:
    """Raise AccessDenied unless trust policy and the caller's own policies agree."""
    arn = params["RoleArn"]
    asked = gate.question(scope.state, scope.principal, action, arn, {**scope.facts, **keys})
    owner = role.account if role else ""
    trust = role.trust if role else None
    reason = gate.refusal(scope.state, asked, trust, owner=owner, resource_rules=True)
    if reason is None:
        return
    # That trust is missing, and that the role is, AWS says without a reason.
    explicit = reason == f"with an explicit deny in a {_TRUST}"
    ending = "" if _TRUST in reason else reason
    ending = "with an explicit deny in the role trust policy" if explicit else ending
    raise CommonError("AccessDenied", gate.denial(scope.principal, action, arn, ending))


def assume_role_with_web_identity(scope: Scope, params: Params) -> Params:
    """Open a session of a role with a token of an OpenID Connect provider; the call is not signed."""
    if "ProviderId" in params:
        raise unimplemented("OAuth 2.0 providers (ProviderId)")
    token = web_tokens.read(params["WebIdentityToken"])
    role = _role(scope, params)
    if role is None:
        raise _not_authorized()
    host = token.issuer.removeprefix("https://").rstrip("/")
    provider = scope.state.accounts[role.account].providers.get(host)
    if provider is None:
        raise web_tokens.invalid(f"No OpenIDConnect provider found in your account for {token.issuer}")
    web_tokens.verify(token, provider, virtual=scope.now, wall=scope.state.clock.real.wall())
    if TAGS_CLAIM in token.claims:
        raise unimplemented(f"the claim {TAGS_CLAIM}")
    subject, audience = str(token.claims.get("sub", "")), token.audiences[0]
    keys: GatheredKeys = {
        f"{host}:sub": (subject,),
        f"{host}:aud": (audience,),
        "sts:rolesessionname": (params["RoleSessionName"],),
        "aws:federatedprovider": (provider.arn,),
    }
    keys = {name.lower(): values for name, values in keys.items()}
    principal = Principal(kind="federated", arn=subject, user_id=f"{host}:{audience}:{subject}", name=provider.arn)
    action = "sts:AssumeRoleWithWebIdentity"
    asked = gate.question(scope.state, principal, action, role.arn, {**scope.facts, **keys})
    if gate.refusal(scope.state, asked, role.trust, owner=role.account, resource_rules=True):
        raise _not_authorized()
    policies, packed = sessions.policies(scope.state, params, role)
    seconds = sessions.length(params, role, chained=False)
    wish = sessions.Wish(params["RoleSessionName"], seconds, policies, provider=provider.arn, packed=packed)
    shown = {"SubjectFromWebIdentityToken": subject, "Audience": audience, "Provider": provider.arn}
    return sessions.open_session(scope, role, wish) | shown


def _not_authorized() -> CommonError:
    return CommonError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")


OPERATIONS = {
    "GetCallerIdentity": Operation(get_caller_identity, target=None),
    "GetAccessKeyInfo": Operation(get_access_key_info),
    "GetSessionToken": Operation(get_session_token, target=None),
    "AssumeRole": Operation(assume_role, target=None),
    "AssumeRoleWithWebIdentity": Operation(assume_role_with_web_identity, target=None),
}


FIDELITY = (
    Behaviour(
        "AssumeRole: trust policy, External ID, the caller's own right; a role that does not trust reads like none",
        "DG, issue",
        "test_sessions.py::test_a_role_that_does_not_trust_is_refused",
    ),
    Behaviour(
        "AssumeRole refused by another policy says which",
        "DG, issue",
        "test_session_policies.py::test_assume_role_says_which_policy_refuses",
    ),
    Behaviour(
        "Session tags need sts:TagSession; `aws:PrincipalTag`",
        "DG",
        "test_sessions.py::test_tags_of_a_session_need_trust_in_tagging",
    ),
    Behaviour(
        "Source identity: sts:SetSourceIdentity on both sides, handed on, not to be changed",
        "DG; text assumed",
        "test_session_policies.py::test_a_source_identity_stays",
    ),
    Behaviour(
        "AssumeRoleWithWebIdentity: provider of the role's account, issuer, audience, expiry, signature, trust with "
        "`<issuer>:sub` and `<issuer>:aud`",
        "DG, issue; texts of a bad signature: assumed",
        "test_web_identity.py::test_a_token_that_does_not_fit_is_refused",
    ),
    Behaviour(
        "GetSessionToken: a user's own rights, without IAM and without STS but AssumeRole and GetCallerIdentity",
        "DG; code of the refusal: issue",
        "test_session_policies.py::test_a_session_token_is_the_user_but_for_iam",
    ),
    Behaviour(
        "MFA, provided contexts, SAML, GetFederationToken: 501",
        "missing",
    ),
)
