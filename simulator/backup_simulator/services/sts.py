"""STS: AssumeRole by trust policy, External ID and session rules; GetCallerIdentity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..fidelity import Behaviour
from ..identity import gate, policy
from ..state import Credential, Identity, Principal
from ..wire import AwsError, CommonError, Params
from .operation import Operation, Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..state import State


def get_caller_identity(scope: Scope, _params: Params) -> Params:
    """Tell who calls; needs no permission."""
    principal = scope.principal
    return {"UserId": principal.user_id, "Account": principal.account, "Arn": principal.arn}


def assume_role(scope: Scope, params: Params) -> Params:
    """Open a session of a role."""
    for member in ("Policy", "PolicyArns", "SerialNumber", "SourceIdentity", "ProvidedContexts"):
        if member in params:
            raise CommonError("NotImplemented", f"The simulator does not implement sts:AssumeRole with {member}")
    role = scope.state.role(params["RoleArn"])
    tags = {tag["Key"]: tag["Value"] for tag in params.get("Tags", [])}
    _require(scope, role, "sts:AssumeRole", params, tags)
    if role is None:
        raise AssertionError("a missing role is refused above")
    if tags:
        _require(scope, role, "sts:TagSession", params, tags)
    seconds = params.get("DurationSeconds", 3600)
    if scope.credential_is_session and seconds > 3600:
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        )
    if seconds > role.max_session:
        raise AwsError(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return _session(scope, role, params["RoleSessionName"], seconds, tuple(tags.items()))


def _require(scope: Scope, role: Identity | None, action: str, params: Params, tags: Mapping[str, str]) -> None:
    """Raise AccessDenied unless trust policy and the caller's own policies agree."""
    keys = {f"aws:requesttag/{name.lower()}": (value,) for name, value in tags.items()}
    if "ExternalId" in params:
        keys["sts:externalid"] = (params["ExternalId"],)
    keys["sts:rolesessionname"] = (params["RoleSessionName"],)
    asked = gate.question(scope.state, scope.principal, action, params["RoleArn"], keys)
    said = policy.judge_resource(role.trust, asked) if role else policy.Verdict.SILENT
    own = gate.own_verdict(scope.state, asked)
    same_account = role is not None and role.account == scope.principal.account
    allowed = policy.Verdict.DENY not in {said, own} and (
        (said is not policy.Verdict.SILENT and own is policy.Verdict.ALLOW)
        or (said is policy.Verdict.ALLOW and same_account)
    )
    if not allowed:
        raise CommonError(
            "AccessDenied",
            f"User: {scope.principal.arn} is not authorized to perform: {action} on resource: {params['RoleArn']}",
        )


def _session(scope: Scope, role: Identity, name: str, seconds: int, tags: tuple[tuple[str, str], ...]) -> Params:
    ids = scope.state.ids
    principal = Principal(
        account=role.account,
        arn=f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{name}",
        identity_arn=role.arn,
        unique_id=role.unique_id,
        user_id=f"{role.unique_id}:{name}",
        kind="role",
        name=role.name,
        tags=tags,
    )
    expiry, clock = scope.now + seconds, scope.state.clock
    # Clients compare Expiration with their own clock, so it is the wall time at which the session will expire.
    shown = clock.wall() + seconds if scope.state.wall_sessions else clock.wall_moment(expiry)
    credential = Credential(
        ids.upper("ASIA", 16),
        ids.secret(),
        principal,
        ids.secret(160),
        expiry=None if scope.state.wall_sessions else expiry,
        wall_expiry=shown if scope.state.wall_sessions else None,
    )
    # Forgotten long after its end, so that long runs do not grow.
    forget_at = expiry + seconds * clock.rate + 86_400.0
    scope.state.scheduler.at(forget_at, lambda _moment: _forget(scope.state, credential.key_id))
    scope.state.credentials[credential.key_id] = credential
    return {
        "Credentials": {
            "AccessKeyId": credential.key_id,
            "SecretAccessKey": credential.secret,
            "SessionToken": credential.token,
            "Expiration": shown,
        },
        "AssumedRoleUser": {"AssumedRoleId": principal.user_id, "Arn": principal.arn},
    }


def _forget(state: State, key_id: str) -> None:
    state.credentials.pop(key_id, None)


OPERATIONS = {
    "GetCallerIdentity": Operation(get_caller_identity, target=None),
    "AssumeRole": Operation(assume_role, target=None),
}


FIDELITY = (
    Behaviour(
        "AssumeRole: trust policy, External ID, the caller's own right, one text for all refusals",
        "DG",
        "test_sessions.py::test_a_role_that_does_not_trust_is_refused",
    ),
    Behaviour(
        "900 to 43200 s, MaxSessionDuration",
        "DG",
        "test_sessions.py::test_the_length_of_a_session_has_bounds",
    ),
    Behaviour(
        "One hour at most for chained roles",
        "DG",
        "test_sessions.py::test_a_chained_session_lasts_one_hour_at_most",
    ),
    Behaviour(
        "Sessions end on the virtual clock",
        "ours",
        "test_sessions.py::test_a_session_ends_on_the_virtual_clock",
    ),
    Behaviour(
        "`clock.sessions: wall` lets sessions last in real time",
        "ours",
        "test_sessions.py::test_sessions_may_last_in_wall_time",
    ),
    Behaviour(
        "Session tags need sts:TagSession; `aws:PrincipalTag`",
        "DG",
        "test_sessions.py::test_tags_of_a_session_need_trust_in_tagging",
    ),
    Behaviour(
        "Session policies, MFA, source identity: 501",
        "missing",
        "test_sessions.py::test_session_policies_are_refused_rather_than_ignored",
    ),
    Behaviour(
        "AssumeRoleWithWebIdentity: 501",
        "missing",
        "test_sessions.py::test_web_identity_is_named_as_missing",
    ),
)
