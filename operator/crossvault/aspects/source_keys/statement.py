"""The statements that a key's policy needs: one to use the key, one to hand out grants to services of AWS.

They are those of the guide: https://docs.aws.amazon.com/aws-backup/latest/devguide/encryption.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from ...iam import meaning

USE, GRANTS = "CrossvaultKeyUse", "CrossvaultKeyGrants"

_TO_USE = [
    *("kms:DescribeKey", "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*"),
    *("kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"),
]
_TO_GRANT = ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]


def statements_for(arns: Iterable[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the two statements that let some roles use a key; their Sids follow from the roles alone."""
    roles = sorted(set(arns))
    mark = hashlib.sha256(",".join(roles).encode()).hexdigest()[:32]
    principal = {"AWS": roles[0] if len(roles) == 1 else roles}
    allow = {"Effect": "Allow", "Principal": principal}
    return (
        {"Sid": USE + mark, **allow, "Action": _TO_USE, "Resource": "*"},
        {
            "Sid": GRANTS + mark,
            **allow,
            "Action": _TO_GRANT,
            "Resource": "*",
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
    )


def is_ours(statement: Mapping[str, Any], role: str) -> bool:
    """Tell whether a statement is ours to replace: its Sid is, and it lets in that role alone, or one deleted since.

    What denies anything is nobody's of us: whoever wrote it meant it.
    """
    if statement.get("Effect") != "Allow":
        return False
    if statement.get("Sid") not in {each["Sid"] for each in statements_for([role])} or "NotPrincipal" in statement:
        return False
    listed = meaning.principals_of(statement.get("Principal"), meaning.partition_of(role))
    named = listed.get("AWS", frozenset())
    return set(listed) == {"AWS"} and all(each == role or meaning.DELETED.fullmatch(each) for each in named)


def is_dead(statement: Mapping[str, Any]) -> bool:
    """Tell whether a statement of ours lets in nobody any more: all its roles were deleted, and KMS takes none such."""
    return meaning.is_of_deleted(statement, (USE, GRANTS))


def printed(arns: Iterable[str]) -> str:
    """Return the statements as a person pastes them between those of a key's policy."""
    return ", ".join(json.dumps(each, separators=(",", ":")) for each in statements_for(arns))
