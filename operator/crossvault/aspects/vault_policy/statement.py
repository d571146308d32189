"""Our one statement in the policy of a vault: what it says, how it is told from those of others, how many there are.

We own statements, not documents: ``iam.documents`` puts ours in and takes it out, every foreign one keeps its bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ...engine.declared import account_of
from ...iam import documents, evaluation, meaning
from ...iam.documents import MalformedPolicyError

COPY_INTO = "backup:CopyIntoBackupVault"
SID_PREFIX = "CrossvaultCopyIn"

MOST_OF_ONE_ACCOUNT, MOST = 20, 100
"""How many statements of ours a vault's policy holds: for the copy roles of one account, and in all."""

EVERY_MEMBER = "*"
"""The guest of a statement for an organization: every principal of it."""

_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")
_MEMBERSHIP = "aws:PrincipalOrgID"


def sid_of(guest: str) -> str:
    """Return the Sid of the statement that lets a guest in: a role, or the root of an account, by its ARN, or everyone.

    It follows from what the statement says, not from who asked: policies that need the same statement share it,
    and a restarted operator finds it again. Nobody can make a role whose Sid is that of another one: 128 bits of it are
    those of a hash. A vault is in one organization at a time, so a statement for its members needs no id in its Sid,
    and is found while the organization cannot be looked at.
    """
    return SID_PREFIX + hashlib.sha256(guest.encode()).hexdigest()[:32]


def former_sid_of(guest: str) -> str:
    """Return the Sid that earlier releases gave the same statement; what stands under it is replaced in one write."""
    return SID_PREFIX + hashlib.sha256(guest.encode()).hexdigest()[:10]


def is_ours(statement: Mapping[str, Any], guest: str) -> bool:
    """Tell whether a statement is ours to replace: its Sid is, and so is its principal.

    AWS writes the unique id of a role, ``AROA…``, in the place of the ARN of one that was deleted (IAM User Guide, AWS
    JSON policy elements: Principal). Such a principal lets nobody in any more, also not a new role of the same name.
    What lets everybody in is ours only while it says of which one organization. What denies anything is nobody's of us:
    whoever wrote it meant it.
    """
    if statement.get("Effect") != "Allow":
        return False
    if statement.get("Sid") not in {sid_of(guest), former_sid_of(guest)} or "NotPrincipal" in statement:
        return False
    found = meaning.principals_of(statement.get("Principal"), meaning.partition_of(guest))
    named = found.get("AWS", frozenset())
    if set(found) != {"AWS"} or not all(each == guest or _was_role(each, guest) for each in named):
        return False
    return guest != EVERY_MEMBER or _names_one_organization(statement.get("Condition"))


def _was_role(principal: str, guest: str) -> bool:
    return not is_whole(guest) and meaning.DELETED.fullmatch(principal) is not None


def is_for_deleted_role(statement: Mapping[str, Any]) -> bool:
    """Tell whether a statement is for a role that is there no more, so that the role of its name was made anew."""
    listed = meaning.principals_of(statement.get("Principal"), "aws").get("AWS", frozenset())
    return any(meaning.DELETED.fullmatch(each) for each in listed)


def is_dead(statement: Mapping[str, Any]) -> bool:
    """Tell whether a statement of ours is for deleted roles alone, and so lets in nobody any more."""
    return meaning.is_of_deleted(statement, (SID_PREFIX,))


def stale_in(document: str | None, guest: str) -> tuple[str, ...]:
    """Name the statements of others of which a principal was deleted; those of ours go with the next write."""
    return evaluation.of_deleted(document, lambda each: is_ours(each, guest) or is_dead(each))


def _names_one_organization(condition: object) -> bool:
    """Tell whether a condition holds for the members of one organization at most, whatever it tests besides."""
    tests = condition if isinstance(condition, Mapping) else {}
    found = [
        meaning.as_list(values)
        for operator, keys in tests.items()
        if str(operator).lower() == "stringequals" and isinstance(keys, Mapping)
        for key, values in keys.items()
        if str(key).lower() == _MEMBERSHIP.lower()
    ]
    return len(found) == 1 and len(found[0]) == 1 and _ORGANIZATION.fullmatch(found[0][0]) is not None


def usurped(statements: Iterable[Mapping[str, Any]], guest: str) -> str | None:
    """Say what a statement under our Sid is that is not ours to touch, to stand behind "is"; None without one."""
    for each in statements:
        if each.get("Sid") == sid_of(guest) and not is_ours(each, guest):
            if each.get("Effect") != "Allow":
                return "a Deny of somebody else"
            listed = meaning.principals_of(each.get("Principal"), meaning.partition_of(guest))
            names = sorted(name for kind in listed.values() for name in kind)
            others = ["others than the members of one organization"] if names == [EVERY_MEMBER] else names
            return f"about {meaning.spoken(', '.join(others) or 'others')}"
    return None


def digest_of(statement: Mapping[str, Any]) -> str:
    """Return what tells a statement from every other, for the record of who wrote it: SHA-256, hexadecimal."""
    return hashlib.sha256(documents.canonical(statement).encode()).hexdigest()


def standing(document: str | None, guest: str) -> dict[str, Any] | None:
    """Return our statement as it stands in a policy; None where there is none, or the policy cannot be read."""
    try:
        found = [each for each in documents.statements(document) if is_ours(each, guest)]
    except MalformedPolicyError:
        return None
    return found[0] if found else None


def is_left(document: str | None, guest: str) -> bool:
    """Tell whether our statement stands in a policy, also where somebody has turned it into a Deny."""
    try:
        return any(is_ours({**each, "Effect": "Allow"}, guest) for each in documents.statements(document))
    except MalformedPolicyError:
        return False


def written_in(document: str | None, digest: str | None) -> dict[str, Any] | None:
    """Return the statement of ours that is recorded by its digest as it stands in a policy; None where it does not."""
    try:
        there = documents.statements(document)
    except MalformedPolicyError:
        return None
    ours = (each for each in there if str(each.get("Sid", "")).startswith(SID_PREFIX))
    return next((each for each in ours if digest_of(each) == digest), None)


def no_room(document: str | None, guest: str) -> str | None:
    """Say why no further statement of ours is put into a policy for a guest; None where there is room.

    AWS does not document how long a vault's policy may be. So that the copy roles of one account can never keep those
    of another out, their statements are bounded by number, long before any length that AWS is known to refuse. A
    statement for a whole account stands there once, one for the organization too; they take no role's place.
    """
    try:
        there = documents.statements(document)
    except MalformedPolicyError:
        return None
    if any(is_ours(each, guest) for each in there):
        return None
    owners = Counter(_account_of(each) for each in there if str(each.get("Sid", "")).startswith(SID_PREFIX))
    mine = owners[account_of(guest)] if not is_whole(guest) else 0
    if mine < MOST_OF_ONE_ACCOUNT and owners.total() < MOST:
        return None
    counts = ", ".join(f"{count} for copy roles of account {account}" for account, count in owners.most_common(3))
    return (
        f"has no room for another statement: of its {len(there)} statements Crossvault wrote {counts}; it puts in"
        f" {MOST_OF_ONE_ACCOUNT} for one account and {MOST} in all"
    )


def is_whole(guest: str) -> bool:
    """Tell whether a guest is an account or an organization as a whole."""
    return guest == EVERY_MEMBER or guest.endswith(":root")


def _account_of(statement: Mapping[str, Any]) -> str:
    named = [each for kind in meaning.principals_of(statement.get("Principal"), "aws").values() for each in kind]
    alone = named[0] if len(named) == 1 else ""
    return "unknown" if is_whole(alone) else account_of(alone) or "unknown"


def statement_for(guest: str, organization: str = "") -> dict[str, Any]:
    """Return the least statement that lets a guest copy in; one for every member names the organization.

    ``Resource`` of a vault policy is always ``*``, meaning this vault (AWS Backup Developer Guide, vault access
    policies).
    """
    bare = {
        "Sid": sid_of(guest),
        "Effect": "Allow",
        "Principal": {"AWS": guest},
        "Action": COPY_INTO,
        "Resource": "*",
    }
    return bare if guest != EVERY_MEMBER else {**bare, "Condition": {"StringEquals": {_MEMBERSHIP: organization}}}
