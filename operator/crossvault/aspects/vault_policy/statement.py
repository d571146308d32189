"""Our one statement in the policy of a vault: what it says, how it is told from those of others, how many there are.

We own statements, not documents: ``iam.documents`` puts ours in and takes it out, every foreign one keeps its bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ...iam import documents, meaning
from ...iam.documents import MalformedPolicyError

COPY_INTO = "backup:CopyIntoBackupVault"
SID_PREFIX = "CrossvaultCopyIn"

MOST_OF_ONE_ACCOUNT, MOST = 20, 100
"""How many statements of ours a vault's policy holds: for the copy roles of one account, and in all."""

_DELETED = re.compile(r"A(?:RO|ID)A[A-Z0-9]{1,60}")


def sid_of(role_arn: str) -> str:
    """Return the Sid of the statement that lets ``role_arn`` in.

    It follows from what the statement says, not from who asked: policies that need the same statement share it,
    and a restarted operator finds it again. Nobody can make a role whose Sid is that of another one: 128 bits of it are
    those of a hash.
    """
    return SID_PREFIX + hashlib.sha256(role_arn.encode()).hexdigest()[:32]


def former_sid_of(role_arn: str) -> str:
    """Return the Sid that earlier releases gave the same statement; what stands under it is replaced in one write."""
    return SID_PREFIX + hashlib.sha256(role_arn.encode()).hexdigest()[:10]


def is_ours(statement: Mapping[str, Any], role_arn: str) -> bool:
    """Tell whether a statement is ours to replace: its Sid is, and so is its principal.

    AWS writes the unique id of a role, ``AROA…``, in the place of the ARN of one that was deleted (IAM User Guide, AWS
    JSON policy elements: Principal). Such a principal lets nobody in any more, also not a new role of the same name.
    """
    if statement.get("Sid") not in {sid_of(role_arn), former_sid_of(role_arn)} or "NotPrincipal" in statement:
        return False
    found = meaning.principals_of(statement.get("Principal"), meaning.partition_of(role_arn))
    named = found.get("AWS", frozenset())
    return set(found) == {"AWS"} and all(each == role_arn or _DELETED.fullmatch(each) for each in named)


def usurped(statements: Iterable[Mapping[str, Any]], role_arn: str) -> str | None:
    """Return whom a statement under our Sid lets in that is not ours to touch; None where there is none."""
    for each in statements:
        if each.get("Sid") == sid_of(role_arn) and not is_ours(each, role_arn):
            listed = meaning.principals_of(each.get("Principal"), meaning.partition_of(role_arn))
            names = sorted(name for kind in listed.values() for name in kind)
            return meaning.spoken(", ".join(names) or "others")
    return None


def digest_of(statement: Mapping[str, Any]) -> str:
    """Return what tells a statement from every other, for the record of who wrote it: SHA-256, hexadecimal."""
    return hashlib.sha256(documents.canonical(statement).encode()).hexdigest()


def standing(document: str | None, role_arn: str) -> dict[str, Any] | None:
    """Return our statement as it stands in a policy; None where there is none, or the policy cannot be read."""
    try:
        found = [each for each in documents.statements(document) if is_ours(each, role_arn)]
    except MalformedPolicyError:
        return None
    return found[0] if found else None


def no_room(document: str | None, role_arn: str) -> str | None:
    """Say why no further statement of ours is put into a policy for a role; None where there is room.

    AWS does not document how long a vault's policy may be. So that the copy roles of one account can never keep those
    of another out, their statements are bounded by number, long before any length that AWS is known to refuse.
    """
    try:
        there = documents.statements(document)
    except MalformedPolicyError:
        return None
    if any(is_ours(each, role_arn) for each in there):
        return None
    owners = Counter(_account_of(each) for each in there if str(each.get("Sid", "")).startswith(SID_PREFIX))
    mine = owners[role_arn.split(":")[4]]
    if mine < MOST_OF_ONE_ACCOUNT and owners.total() < MOST:
        return None
    counts = ", ".join(f"{count} for copy roles of account {account}" for account, count in owners.most_common(3))
    return (
        f"has no room for another statement: of its {len(there)} statements Crossvault wrote {counts}; it puts in"
        f" {MOST_OF_ONE_ACCOUNT} for one account and {MOST} in all"
    )


def _account_of(statement: Mapping[str, Any]) -> str:
    named = [each for kind in meaning.principals_of(statement.get("Principal"), "aws").values() for each in kind]
    parts = named[0].split(":") if len(named) == 1 else []
    return parts[4] if len(parts) > 4 and parts[4] else "unknown"


def statement_for(role_arn: str) -> dict[str, Any]:
    """Return the least statement that lets the copy role copy in.

    ``Resource`` of a vault policy is always ``*``, meaning this vault (AWS Backup Developer Guide, vault access
    policies).
    """
    return {
        "Sid": sid_of(role_arn),
        "Effect": "Allow",
        "Principal": {"AWS": role_arn},
        "Action": COPY_INTO,
        "Resource": "*",
    }
