"""Whether a caller may do what it asks: gathers what has a say, lets `evaluation` decide."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .. import arns
from ..fidelity import Behaviour
from ..policies import condition_keys, evaluation, policy
from ..policies.policy import Question
from ..records.access import Refusal
from ..wire import CommonError
from . import resource_tags

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..policies.condition_keys import ConditionKeys, GatheredKeys
    from ..policies.principal import Principal
    from ..records.state import Identity, State

_TYPES = {"user": "User", "role": "AssumedRole", "service": "Service", "federated": "Anonymous"}
_UNDER_RCPS = frozenset({"kms", "sqs", "sts"})
"""Services whose resources RCPs hold here; AWS knows more, S3 and DynamoDB among them."""
_BEYOND_RCPS = frozenset({"kms:RetireGrant"})


def identity_of(state: State, principal: Principal) -> Identity | None:
    """The user or role behind a principal, if it still exists."""
    return state.anchors.get(principal.unique_id)


def question(
    state: State, principal: Principal, action: str, resource: str, keys: ConditionKeys | None = None
) -> Question:
    """Put a question with the condition keys that follow from caller, resource and time."""
    return Question(action, resource, principal, _Keys(state, principal, resource, keys or {}))


class _Keys(condition_keys.ConditionKeys):
    """The condition keys of a question; gathered when a condition asks, because most policies have none."""

    __slots__ = ("_found", "_later")

    def __init__(self, state: State, principal: Principal, resource: str, given: ConditionKeys) -> None:
        self._found: list[ConditionKeys] = [given]
        self._later = [
            lambda: _time_keys(state),
            lambda: _source_keys(state, given),
            lambda: _resource_keys(state, principal, resource),
            lambda: _caller_keys(state, principal),
        ]

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - as Mapping has it
        for group in self._groups():
            if key in group:
                return group[key]
        return default

    def __getitem__(self, key: str) -> tuple[str, ...]:
        found: tuple[str, ...] | None = self.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter({key: None for group in self._groups() for key in group})

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _groups(self) -> Iterator[ConditionKeys]:
        yield from self._found
        while self._later:
            self._found.append(self._later.pop()())
            yield self._found[-1]


def _time_keys(state: State) -> GatheredKeys:
    now = int(state.now())
    return {
        "aws:currenttime": (f"{dt.datetime.fromtimestamp(now, dt.UTC):%Y-%m-%dT%H:%M:%SZ}",),
        "aws:epochtime": (str(now),),
    }


def _source_keys(state: State, given: ConditionKeys) -> GatheredKeys:
    """The organization of the account on whose behalf a service calls."""
    found: GatheredKeys = {}
    if source := given.get("aws:sourceaccount"):
        _organization_keys(state, found, "source", source[0])
    return found


def _resource_keys(state: State, principal: Principal, resource: str) -> GatheredKeys:
    named = arns.of(resource).account
    owner = named if named.isdigit() else principal.account
    found = condition_keys.of_tags("resource", resource_tags.of(state, resource))
    if resource.startswith("arn:aws:iam:"):
        found |= {name.replace("aws:", "iam:", 1): tag for name, tag in found.items()}
    found["aws:resourceaccount"] = (owner,)
    _organization_keys(state, found, "resource", owner)
    return found


def _caller_keys(state: State, principal: Principal) -> GatheredKeys:
    found: GatheredKeys = {
        "aws:principaltype": (_TYPES.get(principal.kind, principal.kind),),
        "aws:principalisawsservice": ("true" if principal.kind == "service" else "false",),
        "aws:securetransport": ("true",),
        "aws:viaawsservice": ("false",),
    }
    if principal.kind == "service":
        found["aws:principalservicename"] = found["aws:principalservicenameslist"] = (principal.name,)
        return found
    if principal.kind == "federated":
        return found
    found |= {
        "aws:principalarn": (principal.identity_arn,),
        "aws:principalaccount": (principal.account,),
        "aws:userid": (principal.user_id,),
    }
    if principal.kind == "user":
        found["aws:username"] = (principal.name,)
    _session_keys(principal, found)
    identity = identity_of(state, principal)
    tags = (identity.tags if identity else {}) | dict(principal.tags)
    found |= condition_keys.of_tags("principal", tags)
    _organization_keys(state, found, "principal", principal.account)
    return found


def _session_keys(principal: Principal, found: GatheredKeys) -> None:
    session = principal.session
    if session is None:
        return
    issued = dt.datetime.fromtimestamp(int(session.issued), dt.UTC)
    found["aws:tokenissuetime"] = (f"{issued:%Y-%m-%dT%H:%M:%SZ}",)
    found["aws:multifactorauthpresent"] = ("false",)
    if session.source_identity:
        found["aws:sourceidentity"] = (session.source_identity,)
    if session.provider:
        found["aws:federatedprovider"] = (session.provider,)


def _organization_keys(state: State, found: GatheredKeys, who: str, account: str) -> None:
    if organization := state.organization_of(account):
        found[f"aws:{who}orgid"] = (organization.organization_id,)
        found[f"aws:{who}orgpaths"] = (organization.path(account),)


def policies(
    state: State,
    asked: Question,
    resource_policy: policy.Policy | None,
    *,
    owner: str,
    resource_rules: bool = False,
) -> evaluation.Policies:
    """Everything that has a say when a question is put to a resource of account `owner`."""
    principal = asked.principal
    identity = identity_of(state, principal)
    organization = state.organization_of(principal.account)
    # SCPs hold neither services nor the roles that AWS itself made for them.
    bound = (
        organization is not None and principal.kind in {"user", "role"} and not (identity and identity.service_linked)
    )
    return evaluation.Policies(
        identity=identity.policies if identity else (),
        boundary=identity.boundary.policy if identity and identity.boundary else None,
        session=principal.session.policies if principal.session else None,
        control=organization.control(principal.account) if organization and bound else (),
        resource_control=() if identity and identity.service_linked else _resource_control(state, asked, owner),
        resource=resource_policy,
        same_account=owner == principal.account,
        resource_rules=resource_rules,
    )


def _resource_control(state: State, asked: Question, owner: str) -> Sequence[Sequence[policy.Policy]]:
    """The RCPs over a resource: of few services, not on keys that AWS manages, never on what has no owner."""
    service = asked.action.partition(":")[0]
    if service not in _UNDER_RCPS or asked.action in _BEYOND_RCPS or asked.resource == "*":
        return ()
    organization = state.organization_of(owner)
    if organization is None:
        return ()
    key = state.key(asked.resource) if service == "kms" else None
    return () if key and key.manager == "AWS" else organization.resource_control(owner)


def refusal(
    state: State,
    asked: Question,
    resource_policy: policy.Policy | None,
    *,
    owner: str,
    resource_rules: bool = False,
) -> str | None:
    """Why an action is refused, or None when it is allowed; `resource_rules` as in `evaluation`."""
    found = policies(state, asked, resource_policy, owner=owner, resource_rules=resource_rules)
    reason = evaluation.refusal(found, asked)
    _note(state, asked, reason)
    return reason


def _note(state: State, asked: Question, reason: str | None) -> None:
    """Count what users and roles were judged on, the witness for least privilege, and tell who listens."""
    if reason and state.refused is not None:
        state.refused.append(Refusal(asked.principal.arn, asked.action, asked.resource, reason))
    if asked.principal.kind in {"user", "role"}:
        state.judged[asked.principal.identity_arn, asked.action, reason is None] += 1


def denied(asked: Question, reason: str) -> CommonError:
    """The error of a refused action, in AWS's words."""
    return CommonError("AccessDenied", denial(asked.principal, asked.action, asked.resource, reason))


def denial(principal: Principal, action: str, resource: str, reason: str = "") -> str:
    """The words of a refusal, with the reason where AWS gives one."""
    text = f"User: {principal.arn} is not authorized to perform: {action} on resource: {resource}"
    return f"{text} {reason}" if reason else text


def authorise(
    state: State,
    principal: Principal,
    action: str,
    resource: str,
    *,
    resource_policy: policy.Policy | None = None,
    keys: ConditionKeys | None = None,
) -> None:
    """Raise AccessDenied unless the caller may act on a resource of its own account."""
    closed = action.startswith(("iam:", "sts:")) and action != "iam:PassRole"
    if closed and principal.kind == "user" and principal.session:
        # GetSessionToken without MFA: what reaches this gate of IAM and STS is closed to it.
        raise CommonError("UnknownKey", "The security token included in the request is invalid")
    asked = question(state, principal, action, resource, keys)
    reason = refusal(state, asked, resource_policy, owner=principal.account)
    if reason:
        raise denied(asked, reason)


FIDELITY = (
    Behaviour(
        "Keys of every call: caller, tags, session, organization, owner and tags of the resource, time, address",
        "DG",
        "test_policies.py::test_the_simulator_fills_the_keys_of_every_call",
    ),
    Behaviour(
        "SCPs bind members, not the management account, not service-linked roles, not services",
        "DG",
        "test_control_policies.py::test_who_is_bound_by_a_control_policy",
    ),
    Behaviour(
        "RCPs hold who acts on keys, queues and roles of members, services and strangers included; not those of the "
        "management account, not service-linked roles, not keys that AWS manages, not kms:RetireGrant, nothing without "
        "a resource",
        "DG; the last: assumed",
        "test_resource_control.py::test_whom_a_resource_control_policy_holds",
    ),
    Behaviour(
        "RCPs on S3, DynamoDB and other services: only keys, queues and roles are held",
        "missing",
    ),
    Behaviour(
        "`aws:SourceOrgID` and `aws:SourceOrgPaths` come with `aws:SourceAccount`",
        "DG",
        "test_resource_control.py::test_a_service_acts_for_the_organization_only",
    ),
    Behaviour(
        "Permissions boundaries of users and roles",
        "DG",
        "test_boundaries.py::test_a_boundary_holds_back_what_the_policies_allow",
    ),
)
