"""What the looks at the copy role need to be allowed."""

from __future__ import annotations

from ...engine.rights import AsSource, Right, named
from .declared import COPY_ROLE


def _copy_role(use: AsSource) -> tuple[str, ...]:
    return named(use.desired[COPY_ROLE])


def _tried(use: AsSource) -> tuple[str, ...]:
    own = use.account.role_arn
    return (use.desired[COPY_ROLE], *((own,) if own is not None else ()))


RIGHTS = (
    Right(
        "ReadCopyRole",
        "see whether the copy role is there and trusts AWS Backup",
        AsSource,
        ("iam:GetRole",),
        _copy_role,
        without="Row *CopyRole* is unknown; a role that is missing is known only when copies have failed.",
    ),
    Right(
        "TryOut",
        "have IAM decide, once an hour, whether the copy role may copy, and whether the operator may pass it",
        AsSource,
        ("iam:SimulatePrincipalPolicy",),
        _tried,
        without="Rows *CopyRolePermissions* and *PassRole* are unknown, and copies are tried.",
    ),
)
