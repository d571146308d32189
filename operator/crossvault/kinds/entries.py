"""Trust: who may assume the roles of accounts, and what the operator's own identity is allowed for that. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..engine.declared import Account, SecretKey
from ..engine.rights import one_or_all

ASSUME, TAG, IDENTIFY = "sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"
QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage")
"""What a queue of events takes."""
VERSION = "2012-10-17"


@dataclass(frozen=True, slots=True)
class Operator:
    """The operator's own identity.

    Attributes:
        arn: Its ARN, or what stands for it.
        pod_identity: It is an EKS Pod Identity, whose session tags go on into every role.
        oidc_provider: The ARN of the provider of IAM roles for service accounts; empty for none.
        service_account: Namespace and name, as in ``crossvault-system/crossvault``.
        queue_arn: The queue of events; empty for none.
    """

    arn: str
    pod_identity: bool = False
    oidc_provider: str = ""
    service_account: str = "crossvault-system/crossvault"
    queue_arn: str = ""


def document(statements: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return a policy document."""
    return {"Version": VERSION, "Statement": list(statements)}


def external_id(account: Account) -> str | None:
    """Return the External ID that an account is entered with; of one in a Secret what stands for it."""
    ref = account.external_id_ref
    return account.external_id or (placeholder(ref) if ref is not None else None)


def placeholder(ref: SecretKey) -> str:
    """Return what stands in documents for the External ID in a Secret, which nobody prints."""
    return f"EXTERNAL_ID:{ref.name}/{ref.key}"


def trust(accounts: Sequence[Account], operator: Operator) -> dict[str, Any]:
    """Return the trust policy of a role: the operator alone, with the External IDs that are declared."""
    actions = _entering(accounts, tags=operator.pod_identity)
    base = {"Effect": "Allow", "Principal": {"AWS": operator.arn}, "Action": actions}
    found = [external_id(each) for each in accounts]
    ids = sorted({each for each in found if each})
    statements: list[dict[str, Any]] = []
    if ids:
        statements.append(
            {"Sid": "Operator", **base, "Condition": {"StringEquals": {"sts:ExternalId": one_or_all(ids)}}}
        )
    if not all(found):
        statements.append({"Sid": "OperatorWithoutExternalId" if ids else "Operator", **base})
    return document(statements)


def own_trust(operator: Operator) -> dict[str, Any] | None:
    """Return who may be the operator; None where nobody said how it gets its identity."""
    namespace, _, name = operator.service_account.partition("/")
    if operator.pod_identity:
        tags = {"aws:RequestTag/kubernetes-namespace": namespace, "aws:RequestTag/kubernetes-service-account": name}
        pods = {"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": [ASSUME, TAG]}
        return document([{"Sid": "Pod", **pods, "Condition": {"StringEquals": tags}}])
    if operator.oidc_provider:
        host = operator.oidc_provider.partition(":oidc-provider/")[2]
        claims = {f"{host}:sub": f"system:serviceaccount:{namespace}:{name}", f"{host}:aud": "sts.amazonaws.com"}
        federated = {"Effect": "Allow", "Principal": {"Federated": operator.oidc_provider}}
        action = {"Action": "sts:AssumeRoleWithWebIdentity"}
        return document([{"Sid": "ServiceAccount", **federated, **action, "Condition": {"StringEquals": claims}}])
    return None


def own_statements(accounts: Iterable[Account], operator: Operator) -> list[dict[str, Any]]:
    """Return what the operator's own identity is allowed: to enter roles, and to read its queue of events."""
    entered = [each for each in accounts if each.role_arn]
    made = [
        _enter("Enter", ASSUME, entered),
        _enter("TagSessions", TAG, [each for each in entered if operator.pod_identity or each.session_tags]),
        _enter("IdentifySessions", IDENTIFY, [each for each in entered if each.source_identity]),
        {"Sid": "ReadEvents", "Effect": "Allow", "Action": list(QUEUE), "Resource": operator.queue_arn},
    ]
    return [each for each in made if each["Resource"]]


def _enter(sid: str, action: str, accounts: Iterable[Account]) -> dict[str, Any]:
    roles = sorted({each.role_arn or "" for each in accounts})
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": one_or_all(roles)}


def _entering(accounts: Sequence[Account], *, tags: bool) -> str | list[str]:
    tagging = [TAG] if tags or any(each.session_tags for each in accounts) else []
    identifying = [IDENTIFY] if any(each.source_identity for each in accounts) else []
    return one_or_all([ASSUME, *tagging, *identifying])


def copy_role_trust() -> dict[str, Any]:
    """Return the trust policy of a copy role: AWS Backup."""
    allowed = {"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": ASSUME}
    return document([{"Sid": "Backup", **allowed}])
