"""The request that a policy is asked about, as far as it is known from here.

A condition key has values, has none (then the request is without it), or is not known; what is not known says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from .meaning import partition_of, root_of


@dataclass(frozen=True, slots=True)
class NotKnown:
    """Why something is not known, to be read after its name: ``is not known from here``."""

    why: str


FROM_HERE = NotKnown("is not known from here")
UNSEEN = NotKnown("was not looked at")

Fact: TypeAlias = str | NotKnown
"""A value of the request, empty where the request is without one."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal that AWS Backup presents to the vault: a session of the copy role of the source account.

    The organization is that of the role's account, ``path`` its place in there as ``aws:PrincipalOrgPaths`` has it
    (``o-1/r-1/ou-1/``); the other two are those of the vault's account.
    """

    role_arn: str
    account_id: str
    organization: Fact = UNSEEN
    vault_organization: Fact = UNSEEN
    path: Fact = UNSEEN
    vault_path: Fact = UNSEEN

    @property
    def partition(self) -> str:
        """The partition in which the role is."""
        return partition_of(self.role_arn)

    @property
    def root(self) -> str:
        """The principal that means the role's account."""
        return root_of(self.account_id, self.partition)

    @property
    def sessions(self) -> str:
        """How the ARN of every session of the role begins. The role's path is not in it."""
        name = self.role_arn.rsplit("/", maxsplit=1)[-1]
        return f"arn:{self.partition}:sts::{self.account_id}:assumed-role/{name}/"


@dataclass(frozen=True, slots=True)
class ServiceCaller:
    """A service of AWS that asks in its own name (``backup.amazonaws.com``), for a role of some partition."""

    name: str
    partition: str = "aws"


@dataclass(frozen=True, slots=True)
class Request:
    """One caller at one vault, or at another resource that has a policy.

    ``known`` is what else is known of the request, by condition key in lower case.
    """

    caller: Caller | ServiceCaller
    vault_arn: str
    known: Mapping[str, Fact] = field(default_factory=dict)

    def fact(self, key: str) -> Fact:
        """Return what is known of a condition key, whose name has no letter case."""
        if key.lower() in self.known:
            return self.known[key.lower()]
        known = {"aws:resourceaccount": self.vault_arn.split(":")[4], **_facts(self.caller)}
        # AWS Backup has no condition keys of its own for CopyIntoBackupVault (Service Authorization Reference);
        # policies that use invented ones (backup:CopySourceArn) never match. All other keys may be in the request.
        return known.get(key.lower(), "" if key.lower().startswith("backup:") else FROM_HERE)


def _facts(caller: Caller | ServiceCaller) -> dict[str, Fact]:
    """Return what is known of who calls; of services AWS does not say which keys of accounts they come with.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    if isinstance(caller, ServiceCaller):
        return {"aws:principalisawsservice": "true", "aws:principalservicename": caller.name}
    return {
        "aws:principalarn": caller.role_arn,
        "aws:principalaccount": caller.account_id,
        "aws:principalorgid": caller.organization,
        "aws:principalorgpaths": caller.path,
        "aws:principaltype": "AssumedRole",
        "aws:principalisawsservice": "false",
        "aws:principalservicename": "",
        "aws:resourceorgid": caller.vault_organization,
        "aws:resourceorgpaths": caller.vault_path,
    }
