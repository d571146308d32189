"""IAM: what concerns the account as a whole, its alias and its summary."""

from __future__ import annotations

import re

from ...fidelity import Behaviour
from ...wire import AwsError, Params
from ..operation import Operation, Scope
from . import access_keys, attaching, groups, policies, rules

_ALIAS = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]")
# Quotas as AWS has them by default; the ones that this simulator enforces are named where they are enforced.
_QUOTAS = {
    "UsersQuota": 5000,
    "GroupsQuota": groups.MOST,
    "RolesQuota": 1000,
    "InstanceProfilesQuota": 1000,
    "PoliciesQuota": 1500,
    "ServerCertificatesQuota": 20,
    "SigningCertificatesPerUserQuota": 2,
    "AccessKeysPerUserQuota": access_keys.KEYS_PER_USER,
    "GroupsPerUserQuota": groups.PER_USER,
    "AttachedPoliciesPerGroupQuota": attaching.ATTACHED,
    "AttachedPoliciesPerRoleQuota": attaching.ATTACHED,
    "AttachedPoliciesPerUserQuota": attaching.ATTACHED,
    "UserPolicySizeQuota": 2048,
    "GroupPolicySizeQuota": 5120,
    "RolePolicySizeQuota": 10_240,
    "AssumeRolePolicySizeQuota": 2048,
    "PolicySizeQuota": 6144,
    "PolicyVersionsInUseQuota": 10_000,
    "VersionsPerPolicyQuota": policies.VERSIONS,
}
# What no simulated account has: certificates, MFA devices, and keys or a password of the root user.
_NONE = (
    "ServerCertificates",
    "MFADevices",
    "MFADevicesInUse",
    "AccountMFAEnabled",
    "AccountAccessKeysPresent",
    "AccountPasswordPresent",
    "AccountSigningCertificatesPresent",
)


def summary(scope: Scope, _params: Params) -> Params:
    """Count what the account has, beside its quotas."""
    account = scope.account
    everybody = [*account.users.values(), *account.roles.values(), *account.groups.values()]
    by_aws = {arn for one in everybody for arn in one.attached if arn not in account.policies}
    versions = sum(len(one.versions) for one in account.policies.values()) + len(by_aws)
    counted = {
        "Users": len(account.users),
        "Groups": len(account.groups),
        "Roles": len(account.roles),
        "InstanceProfiles": len(account.instance_profiles),
        "Policies": len(account.policies),
        "PolicyVersionsInUse": versions,
        "Providers": len(account.providers),
        "GlobalEndpointTokenVersion": 1,
    }
    return {"SummaryMap": counted | _QUOTAS | dict.fromkeys(_NONE, 0)}


def list_aliases(scope: Scope, params: Params) -> Params:
    """List the one alias, or none."""
    return rules.page([scope.account.alias] if scope.account.alias else [], params, "AccountAliases")


def create_alias(scope: Scope, params: Params) -> Params:
    """Give the account an alias that no other has; it replaces the one before."""
    alias = params["AccountAlias"]
    if not _ALIAS.fullmatch(alias):
        message = (
            "The specified value for accountAlias is invalid: it holds lower-case letters, digits and single dashes."
        )
        raise AwsError("ValidationError", message)
    if any(one.alias == alias for one in scope.state.accounts.values()):
        raise rules.taken(f"The account alias {alias} already exists.")
    scope.account.alias = alias
    return {}


def delete_alias(scope: Scope, params: Params) -> Params:
    """Take the alias away."""
    if scope.account.alias != params["AccountAlias"]:
        raise rules.missing(f"The account alias {params['AccountAlias']} cannot be found.")
    scope.account.alias = None
    return {}


OPERATIONS = {
    "GetAccountSummary": Operation(summary),
    "ListAccountAliases": Operation(list_aliases),
    "CreateAccountAlias": Operation(create_alias),
    "DeleteAccountAlias": Operation(delete_alias),
}


FIDELITY = (
    Behaviour(
        "One alias per account, unique among the accounts of the world; a second replaces the first",
        "botocore, DG; texts assumed",
        "test_iam_account.py::test_an_account_has_one_alias",
    ),
    Behaviour(
        "GetAccountSummary counts users, groups, roles, policies, versions, profiles and providers; of the quotas only "
        "those on keys, groups, versions and attachments are enforced",
        "botocore; which versions count as in use: assumed",
        "test_iam_account.py::test_a_summary_counts_what_there_is",
    ),
)
