"""The condition keys that AWS has for every service.

A key that stands here and is set by no call is one that the simulated world truthfully never has: nobody comes through
a VPC endpoint, no browser sends a referer. A key `aws:…` that does not stand here is an error of the simulator: when
somebody writes it into a policy, and when it comes to it in a policy that AWS wrote.
Source: IAM User Guide, AWS global condition context keys.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..wire import SimulatorError

ConditionKeys = Mapping[str, tuple[str, ...]]
"""What conditions are asked of: the values of each key, whose name is in lower case."""

GatheredKeys = dict[str, tuple[str, ...]]
"""Condition keys in the hands of whoever gathers them."""

_NAMES = """
    PrincipalArn PrincipalAccount PrincipalOrgID PrincipalOrgPaths PrincipalType PrincipalIsAWSService
    PrincipalServiceName PrincipalServiceNamesList userid username AssumedRoot
    FederatedProvider TokenIssueTime MultiFactorAuthAge MultiFactorAuthPresent ChatbotSourceArn
    Ec2InstanceSourceVpc Ec2InstanceSourcePrivateIPv4 SourceIdentity
    SourceIp SourceVpc SourceVpcArn SourceVpce VpceAccount VpceOrgID VpceOrgPaths VpcSourceIp
    ResourceAccount ResourceOrgID ResourceOrgPaths
    CalledVia CalledViaFirst CalledViaLast ViaAWSService CurrentTime EpochTime referer
    RequestedRegion TagKeys SecureTransport SourceAccount SourceArn SourceOrgID SourceOrgPaths UserAgent
"""
GLOBAL = frozenset(f"aws:{name.lower()}" for name in _NAMES.split())
# Keys of AWS's services that no simulated call sets although AWS would: a policy that asks for them cannot be judged.
UNSET = frozenset(
    {
        "backup:frameworkarns",
        "backup:index",
        "backup:mpaapprovalteamarn",
        "kms:bypasspolicylockoutsafetycheck",
    }
)
TAGS = ("aws:principaltag/", "aws:requesttag/", "aws:resourcetag/")


def of_tags(whose: str, tags: Mapping[str, str]) -> GatheredKeys:
    """The keys of tags: those of the `principal`, the `resource` or the `request`."""
    return {f"aws:{whose}tag/{name.lower()}": (value,) for name, value in tags.items()}


def unset(name: str) -> bool:
    """Whether AWS would set a key in lower case that no simulated call sets."""
    return name in UNSET or name.startswith("s3:")


def known(key: str) -> str:
    """A key in lower case, as conditions compare names."""
    name = key.lower()
    if strange(name):
        raise SimulatorError(f"the simulator does not know the policy condition key {name!r}")
    return name


def strange(name: str) -> bool:
    """Whether a key in lower case calls itself AWS's and is not known here."""
    return name.startswith("aws:") and name not in GLOBAL and not name.startswith(TAGS)


def require_judged(name: str) -> None:
    """Raise for a key without a value that a call to AWS might have: nobody can tell whether it is absent there."""
    if unset(name):
        raise SimulatorError(f"no simulated call sets the policy condition key {name!r}")
    known(name)
