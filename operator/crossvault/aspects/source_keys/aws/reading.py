"""What KMS says of one key: its policy, and the grants of one grantee."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ....aws.entered import Entered
from ....words.problems import CrossvaultError, ErrorClass, Problem
from ....words.reasons import Reason
from ..seen import Grant

if TYPE_CHECKING:
    from ....aws.reads import ReadKey

KEY_POLICY = "key policy"

MOST_GRANTS = 1000
"""How many grants of one grantee on one key are read; of more it is not known what they allow."""


def policy_key(access: Entered, region: str, arn: str) -> ReadKey:
    """Name GetKeyPolicy."""
    return (KEY_POLICY, access.fingerprint, region, arn)


def key_policy(access: Entered, region: str, arn: str) -> str:
    """Get the policy of a key as KMS keeps it."""
    with access.asking(f"read the policy of key {arn}", "kms:GetKeyPolicy", region):
        return access.kms(region).get_key_policy(KeyId=arn, PolicyName="default")["Policy"]


def grants(access: Entered, region: str, arn: str, grantee: str) -> tuple[Grant, ...]:
    """List what a key's grants let one grantee do.

    Raises:
        CrossvaultError: KMS could not be asked, refused to tell, or has more than are read.
    """
    found: list[Grant] = []
    with access.asking(f"list the grants on key {arn}", "kms:ListGrants", region):
        request: dict[str, Any] = {"KeyId": arn, "GranteePrincipal": grantee, "Limit": 100}
        while True:
            answer = access.kms(region).list_grants(**request)
            found += map(_grant, _of(answer["Grants"], grantee))
            marker = answer.get("NextMarker")
            if not answer.get("Truncated") or not marker:
                return tuple(found)
            if len(found) >= MOST_GRANTS or marker == request.get("Marker"):
                words = f"Key {arn} has more grants for {grantee} than are read."
                raise CrossvaultError(Problem(Reason.UNEXPECTED_ANSWER, words, ErrorClass.STUCK))
            request["Marker"] = marker


def _of(rows: Iterable[Mapping[str, Any]], grantee: str) -> list[Mapping[str, Any]]:
    return [each for each in rows if each.get("GranteePrincipal") == grantee]


def _grant(row: Mapping[str, Any]) -> Grant:
    bound = row.get("Constraints") or {}
    constrained = [each for each in ("EncryptionContextSubset", "EncryptionContextEquals") if bound.get(each)]
    return Grant(tuple(row.get("Operations") or ()), bool(constrained))
