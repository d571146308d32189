"""From the body of a BackupAccount to the account it declares: pure, total, and complete in its complaints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...engine.declared import Account, Limits, Ownership, SecretKey, partition_of
from ...manifest.fields import Fault, Fields, show
from ...words.reasons import Reason
from ..regions import check_region
from ..rejected import Rejected, rejected
from .grants import Allowance, AllowedNamespaces, Grant, Use, allowance, allowed_from, grants_from, only_namespace

KIND = "BackupAccount"

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_ROLE_ARN = re.compile(
    r"arn:(?P<partition>aws|aws-cn|aws-us-gov):iam::(?P<account>[0-9]{12}):role/[A-Za-z0-9_+=,.@/-]+"
)


@dataclass(frozen=True, slots=True)
class AccountDeclaration:
    """A BackupAccount: the account, and who may use what of it.

    Attributes:
        allowed: The namespaces that may use all of it, both ways.
        grants: What others may use.
    """

    account: Account
    allowed: AllowedNamespaces
    grants: tuple[Grant, ...] = ()

    @property
    def is_limited(self) -> bool:
        """Whether some namespaces may use it in so many policies only."""
        return any(each.policies is not None for each in self.grants)

    def allowance(self, namespace: str, labels: Mapping[str, str], use: Use) -> Allowance:
        """Return whether, and how often, a namespace with these labels may use the account like this."""
        return allowance(self.allowed, self.grants, namespace, labels, use)


def parse_account(body: Mapping[str, Any]) -> AccountDeclaration | Rejected:
    """Parse a BackupAccount."""
    faults: list[Fault] = []
    manifest = Fields(body, "", faults)
    spec = manifest.object("spec", required=True)
    account_id = spec.text("accountId")
    if account_id and not _ACCOUNT_ID.fullmatch(account_id):
        spec.fault("accountId", f"must be the twelve digits of an AWS account, is {show(account_id)}")
    allowed, grants = allowed_from(spec.object("allowedNamespaces")), grants_from(spec)
    account = Account(
        name=manifest.object("metadata", required=True).text("name"),
        account_id=account_id,
        role_arn=_account_role(spec, account_id),
        external_id=spec.optional_text("externalId"),
        external_id_ref=_secret(spec),
        session_tags=spec.pairs("sessionTags"),
        regions=_account_regions(spec, spec.optional_text("roleArn")),
        limits=_limits(spec.object("limits")),
        namespace=only_namespace(allowed, grants),
        source_identity=spec.flag("sourceIdentity"),
        makes_service_role=spec.choice("serviceLinkedRole", Ownership.CHECK) is Ownership.MANAGE,
    )
    if faults:
        return rejected(Reason.INVALID_SPEC, faults)
    return AccountDeclaration(account, allowed, grants)


def _secret(spec: Fields) -> SecretKey | None:
    """Read ``externalIdSecretRef``, which stands instead of ``externalId``."""
    if not spec.has("externalIdSecretRef"):
        return None
    if spec.has("externalId"):
        spec.fault("externalIdSecretRef", "only without externalId: a role has one External ID")
    ref = spec.object("externalIdSecretRef")
    return SecretKey(ref.text("name"), ref.text("key"))


def _account_role(spec: Fields, account_id: str) -> str | None:
    role = spec.optional_text("roleArn")
    if not role:
        return None
    arn = _ROLE_ARN.fullmatch(role)
    if arn is None:
        words = "must be the ARN of a role, such as arn:aws:iam::111111111111:role/crossvault-source"
        spec.fault("roleArn", f"{words}; is {show(role)}")
    elif _ACCOUNT_ID.fullmatch(account_id) and arn["account"] != account_id:
        spec.fault("roleArn", f"must be a role of account {account_id} (accountId)")
    return role


def _account_regions(spec: Fields, role: str | None) -> tuple[str, ...]:
    regions = spec.texts("regions")
    good = [check_region(spec, f"regions[{index}]", region) for index, region in enumerate(regions)]
    arn = _ROLE_ARN.fullmatch(role or "")
    if arn is not None and all(good) and any(partition_of(region) != arn["partition"] for region in regions):
        spec.fault("regions", f"must be Regions of {arn['partition']}, the AWS partition of roleArn")
    return regions


def _limits(limits: Fields) -> Limits:
    default = Limits()
    return Limits(
        reads_per_second=limits.rate("readsPerSecond", default.reads_per_second),
        starts_per_second=limits.rate("startsPerSecond", default.starts_per_second),
        max_concurrent_copies=limits.integer("maxConcurrentCopies", default.max_concurrent_copies),
    )
