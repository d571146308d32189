"""The role that AWS Backup assumes for a copy: whether it is there, and whether it lets AWS Backup in.

What it may do is in :mod:`.permissions`. https://docs.aws.amazon.com/aws-backup/latest/devguide/iam-service-roles.html
"""

from __future__ import annotations

import re

from ...engine.declared import Desired, VaultRef, partition_of
from ...engine.looks import UNASKED, Look, Unseen
from ...engine.parts import Part, Parts
from ...engine.plan import Base, Declaring, Finding, Room, Side
from ...engine.rows import Prerequisite
from ...manifest.fields import Fields, show
from ...words.reasons import Reason
from . import assumed, permissions, rights
from .assumed import DEFAULT, Role, Use, trusts
from .controlled import NOWHERE, Around, around
from .declared import COPY_ROLE

__all__ = ["COPY_ROLE", "DEFAULT", "NAME", "ROLE", "ROOM", "SERVICE", "Role", "role_name", "row", "trusts"]

NAME = "CopyRole"
SERVICE = permissions.SERVICE

ROLE: Part[Look[Role | None]] = Part("role", UNASKED)
"""The role of that name; None when there is none."""

_ROLE_NAME = r"[A-Za-z0-9_+=,.@/-]+"
_ROLE_ARN = re.compile(rf"arn:(?P<partition>aws|aws-cn|aws-us-gov):iam::(?P<account>[0-9]{{12}}):role/{_ROLE_NAME}")
_NAMED_ROLE = re.compile(_ROLE_NAME)


# --- Declared ------------------------------------------------------------------------------------------------------


def role_name(text: str) -> str:
    """Return path and name of a role, however it is named: by its ARN, or by its name with the path that it has.

    AWS Backup makes its own role in a path (Developer Guide, default service role), so that one needs none.
    """
    name = text.partition(":role/")[2] if text.startswith("arn:") else text
    return f"service-role/{name}" if text == DEFAULT else name


def policy(declaring: Declaring) -> Parts:
    """Read ``copyRole`` of the source."""
    return Parts().having(COPY_ROLE, _arn(declaring.fields.object("source"), declaring.vault))


def _arn(fields: Fields, source: VaultRef) -> str:
    """Return the ARN of the copy role; a bare name belongs to the source account."""
    role = fields.text("copyRole", DEFAULT)
    account_id, partition = source.account.account_id, partition_of(source.region)
    if role and not _NAMED_ROLE.fullmatch(role) and not _ROLE_ARN.fullmatch(role):
        words = f"must be the name of a role, such as {DEFAULT}, or its ARN"
        fields.fault("copyRole", f"{words}; is {show(role)}")
        return role
    if not role.startswith("arn:"):
        return f"arn:{partition}:iam::{account_id}:role/{role_name(role)}"
    arn = _ROLE_ARN.fullmatch(role)
    if arn is not None and account_id and (arn["account"], arn["partition"]) != (account_id, partition):
        fields.fault("copyRole", f"must be a role of the source account {account_id} in partition {partition}")
    return role


# --- Judging -------------------------------------------------------------------------------------------------------


def source(base: Base) -> Finding:
    """Judge the role."""
    desired, seen = base.desired, base.sight
    passing = permissions.may_pass(desired, seen[permissions.PASSING], desired[COPY_ROLE], around(seen))
    return Finding((row(desired, seen[ROLE], around(seen)), *passing))


def judge(side: Side) -> Finding:
    """Judge what the role may do for a destination; of one that is not there another row tells."""
    look, role, there = side.sight[permissions.COPYING], side.desired[COPY_ROLE], side.source[ROLE]
    if not isinstance(there, Unseen) and there.value is None:
        return Finding()
    return Finding(permissions.may_copy(side.desired, side.destination, look, role, around(side.source, side.sight)))


def row(desired: Desired, look: Look[Role | None], known: Around = NOWHERE) -> Prerequisite:
    """Judge the role, as the table of :func:`.assumed.row` does."""
    arn = desired[COPY_ROLE]
    missing, untrusting = Reason.COPY_ROLE_MISSING, Reason.COPY_ROLE_UNTRUSTING
    use = Use(NAME, arn, "spec.source.copyRole", "to copy", permissions.MANAGED, missing, untrusting)
    return assumed.row(use, desired.source, look, known)


ROOM = Room(
    "copy_role",
    judge=judge,
    source=source,
    policy=policy,
    rights=rights.RIGHTS,
    rows=(NAME, permissions.PASS, permissions.MAY_COPY),
)
