"""What it takes to try out what the role of an account may do."""

from __future__ import annotations

from typing import Any

from ...engine.rights import AsDestination, AsManager, AsSource, Right

ACTION = "iam:SimulatePrincipalPolicy"
SID = "TryOut"


def _own(use: AsSource | AsDestination | AsManager) -> tuple[str, ...]:
    return (use.account.role_arn,) if use.account.role_arn is not None else ()


def _right(use: type[Any]) -> Right[Any]:
    return Right(
        SID,
        "have IAM decide, once an hour, what of all this the role itself may do",
        use,
        (ACTION,),
        _own,
        without="Condition *PermissionsGranted* of the BackupAccount tells only what harmless reads find out, and what"
        " AWS has denied already.",
    )


RIGHTS = (_right(AsSource), _right(AsDestination), _right(AsManager))
