"""Condition keys that follow from the parameters of a call, by action.

Source: Service Authorization Reference. Operations that know more about their resource (locks, grants, attached
policies, passed roles) judge by themselves and add their keys there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..fidelity import Behaviour
from ..policies import condition_keys
from . import tag_forms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..policies.condition_keys import GatheredKeys
    from ..wire import Params

# Condition key -> the parameter that holds its value.
_VALUES: Mapping[str, Mapping[str, str]] = {
    "organizations:CreatePolicy": {"organizations:policytype": "Type"},
    "organizations:ListPolicies": {"organizations:policytype": "Filter"},
    "organizations:ListPoliciesForTarget": {"organizations:policytype": "Filter"},
    "organizations:EnablePolicyType": {"organizations:policytype": "PolicyType"},
    "organizations:DisablePolicyType": {"organizations:policytype": "PolicyType"},
}
_ON_POLICY = ("AttachPolicy", "DetachPolicy", "DeletePolicy", "DescribePolicy", "UpdatePolicy", "ListTargetsForPolicy")
_TAGS = ("Tags", "BackupVaultTags", "BackupPlanTags")
_TAG_KEYS = ("TagKeys", "TagKeyList")


def of(action: str, params: Params, resource: str = "*") -> GatheredKeys:
    """The keys of one call: `aws:RequestTag`, `aws:TagKeys` and those of its service.

    The type of a policy of an organization is a part of its ARN.
    """
    found: GatheredKeys = {key: (str(params[name]),) for key, name in _VALUES.get(action, {}).items() if name in params}
    if action.removeprefix("organizations:") in _ON_POLICY:
        kind = resource.rpartition("/")[0].rpartition("/")[2]
        found["organizations:policytype"] = (kind.upper() or "SERVICE_CONTROL_POLICY",)
    tags = next((tag_forms.as_map(params[name]) for name in _TAGS if name in params), {})
    found |= condition_keys.of_tags("request", tags)
    names = [*tags, *next((params[name] for name in _TAG_KEYS if name in params), [])]
    return found | ({"aws:tagkeys": tuple(names)} if names else {})


FIDELITY = (
    Behaviour(
        "`aws:RequestTag`, `aws:TagKeys` of every call; `organizations:PolicyType`",
        "DG",
        "test_request_keys.py::test_parameters_are_condition_keys",
    ),
)
