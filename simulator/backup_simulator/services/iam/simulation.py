"""IAM: SimulatePrincipalPolicy and SimulateCustomPolicy, by the same evaluation that judges calls.

Context keys come from the request alone, as in AWS; keys that a relevant condition asks for are told as missing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ... import arns
from ...fidelity import Behaviour
from ...identity import anchors
from ...policies import evaluation, policy
from ...policies.policy import Question, Verdict
from ...policies.principal import Principal
from ...records import principals
from ...wire import AwsError, Params, unimplemented
from ..operation import Operation, Scope
from . import rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...policies.policy import Policy
    from ...records.state import Identity


def simulate(scope: Scope, params: Params) -> Params:
    """Say for each action and resource what a user or a role might do."""
    _refuse(params, "SimulatePrincipalPolicy", "CallerArn", "PolicyExclusionList")
    source = _source(scope, params["PolicySourceArn"])
    return _results(_policies(scope, source, params), principals.of_identity(source), params)


def simulate_custom(scope: Scope, params: Params) -> Params:
    """Say for each action and resource what somebody with the given policies, and no others, might do."""
    _refuse(params, "SimulateCustomPolicy")
    if "ResourcePolicy" in params and "CallerArn" not in params:
        raise AwsError("InvalidInput", "CallerArn is required when a ResourcePolicy is given.")
    account = scope.account.account_id
    nobody = Principal(kind="user", account=account, arn=f"arn:aws:iam::{account}:root")
    caller = principals.of_identity(_source(scope, params["CallerArn"])) if "CallerArn" in params else nobody
    bounds, levels = _bounds(params), params.get("OrderedOrganizationPolicyInputList", [])
    policies = evaluation.Policies(
        identity=_given(params["PolicyInputList"]),
        boundary=bounds[0] if bounds else None,
        control=[_given(level.get("ServiceControlPolicyInputList", [])) for level in levels],
        resource=_resource(scope, params),
        same_account=caller.account in params.get("ResourceOwner", caller.account),
    )
    return _results(policies, caller, params)


def _refuse(params: Params, operation: str, *members: str) -> None:
    for member in ("ResourceHandlingOption", *members):
        if member in params:
            raise unimplemented(f"{member} of {operation}")


def _given(texts: list[str]) -> list[Policy]:
    return [rules.read(text, policy.identity_policy) for text in texts]


def _bounds(params: Params) -> list[Policy]:
    return _given(params.get("PermissionsBoundaryPolicyInputList", []))


def _results(policies: evaluation.Policies, caller: Principal, params: Params) -> Params:
    if not all("ContextKeyName" in entry for entry in params.get("ContextEntries", [])):
        raise AwsError("InvalidInput", "A context entry has a ContextKeyName")
    keys = {
        entry["ContextKeyName"].lower(): tuple(map(str, entry.get("ContextKeyValues", [])))
        for entry in params.get("ContextEntries", [])
    }
    results = [
        _result(policies, Question(action, resource, caller, keys), params)
        for action in params["ActionNames"]
        for resource in params.get("ResourceArns", ["*"])
    ]
    return rules.page(results, params, "EvaluationResults")


def _source(scope: Scope, arn: str) -> Identity:
    kind = arns.of(arn).resource.partition("/")[0]
    name = arn.rpartition("/")[2]
    found = rules.identity(scope, kind, name) if kind in {"user", "role"} else None
    if found is None or found.arn != arn:
        raise AwsError("InvalidInput", f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    return found


def _policies(scope: Scope, source: Identity, params: Params) -> evaluation.Policies:
    added, bounds = _given(params.get("PolicyInputList", [])), _bounds(params)
    boundary = source.boundary.policy if source.boundary else None
    organization = scope.state.organization_of(source.account)
    owner = params.get("ResourceOwner", source.account)
    return evaluation.Policies(
        identity=(*source.policies, *added),
        boundary=bounds[0] if bounds else boundary,
        control=_unconditional(organization.control(source.account))
        if organization and not source.service_linked
        else (),
        resource=_resource(scope, params),
        same_account=source.account in owner,
    )


def _unconditional(levels: Iterable[Sequence[Policy]]) -> list[list[Policy]]:
    """Leave out what has conditions: IAM does not try such control policies out."""
    plain = ([each for each in level if not any(one.conditions for one in each.statements)] for level in levels)
    return [level for level in plain if level]


def _resource(scope: Scope, params: Params) -> Policy | None:
    """The resource policy of a request, bound to the principals it names."""
    if "ResourcePolicy" not in params:
        return None
    try:
        return anchors.anchored(scope.state, rules.read(params["ResourcePolicy"], policy.compiled).document)
    except anchors.UnknownPrincipalError as error:
        raise AwsError("InvalidInput", f'Invalid principal in policy: "{error.kind}":"{error}"') from None


def _result(policies: evaluation.Policies, question: Question, params: Params) -> Params:
    reason = evaluation.refusal(policies, question)
    denied = reason is not None and reason.startswith("with an explicit deny")
    answer: Params = {
        "EvalActionName": question.action,
        "EvalResourceName": question.resource,
        "EvalDecision": "allowed" if reason is None else "explicitDeny" if denied else "implicitDeny",
        "MatchedStatements": [],
        "MissingContextValues": _missing(policies, question),
    }
    if policies.control:
        alone = [policy.judge_identity(level, question) is Verdict.ALLOW for level in policies.control]
        answer["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": all(alone)}
    if policies.boundary or params.get("PermissionsBoundaryPolicyInputList"):
        boundary = [policies.boundary] if policies.boundary else []
        within = policy.judge_identity(boundary, question) is Verdict.ALLOW
        answer["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": within}
    return answer


def _missing(policies: evaluation.Policies, question: Question) -> list[str]:
    """The keys that conditions of otherwise fitting statements ask for and nobody gave."""
    found: set[str] = set()
    for one in _all(policies):
        for statement in one.statements:
            if replace(statement, conditions=()).covers(question):
                found |= {condition.key for condition in statement.conditions} - set(question.keys)
    return sorted(found)


def _all(policies: evaluation.Policies) -> Iterable[Policy]:
    yield from policies.identity
    for level in policies.control:
        yield from level
    yield from (one for one in (policies.boundary, policies.resource) if one)


def _on_source(_scope: Scope, params: Params) -> tuple[str, Policy | None]:
    return params["PolicySourceArn"], None


OPERATIONS = {
    "SimulatePrincipalPolicy": Operation(simulate, _on_source),
    "SimulateCustomPolicy": Operation(simulate_custom),
}


FIDELITY = (
    Behaviour(
        "SimulatePrincipalPolicy: decision, missing context, boundary and organization detail; no matched statements",
        "DG; names of missing keys in lower case: assumed",
        "test_iam.py::test_a_simulation_decides_like_a_call",
    ),
    Behaviour(
        "SimulatePrincipalPolicy passes over SCPs with conditions, and over all RCPs",
        "DG",
        "test_iam_simulation.py::test_a_simulation_passes_over_control_policies_with_conditions",
    ),
    Behaviour(
        "SimulatePrincipalPolicy of a name that nobody has, and of an ARN with another path than whoever has the name",
        "botocore; that another path is answered in the words of an issue about session ARNs: assumed",
        "test_iam_simulation.py::test_whom_a_simulation_does_not_know",
    ),
    Behaviour(
        "SimulateCustomPolicy: the given policies, boundary, levels of SCPs and resource policy, and no others",
        "botocore; text of the missing CallerArn: assumed",
        "test_iam_simulation.py::test_a_simulation_of_policies_knows_no_others",
    ),
    Behaviour(
        "ResourceHandlingOption; CallerArn and PolicyExclusionList of SimulatePrincipalPolicy: 501",
        "missing",
        "test_iam_simulation.py::test_what_simulations_do_not_know_answers_501",
    ),
)
