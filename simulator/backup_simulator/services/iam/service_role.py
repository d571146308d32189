"""AWSServiceRoleForBackup: who really copies into an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...policies import policy
from ...records import principals
from ...records.state import Identity
from . import aws_managed

if TYPE_CHECKING:
    from ...policies.principal import Principal
    from ...records.state import State

SERVICE = "backup.amazonaws.com"
NAME = "AWSServiceRoleForBackup"
PATH = "/aws-service-role/backup.amazonaws.com/"
POLICY = f"{aws_managed.PREFIX}aws-service-role/AWSBackupServiceLinkedRolePolicyForBackup"


def find(state: State, account: str) -> Principal | None:
    """The service-linked role of an account as the principal that policies see."""
    role = state.accounts[account].roles.get(NAME) if account in state.accounts else None
    if role is None:
        return None
    return principals.of_role(role, "AWSBackup-AWSServiceRoleForBackup")


def ensure(state: State, account: str, now: float) -> Identity:
    """Return the role, making it when AWS Backup needs it for the first time."""
    roles = state.accounts[account].roles
    if NAME in roles:
        return roles[NAME]
    trust = policy.compiled(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole"}],
        }
    )
    role = Identity("role", account, NAME, PATH, state.ids.upper("AROA"), now, trust=trust)
    managed = aws_managed.find(POLICY)
    role.attached = {POLICY: managed} if managed else {}
    roles[NAME] = role
    state.anchors[role.unique_id] = role
    return role


FIDELITY = (
    Behaviour(
        "The first copy into an account makes its AWSServiceRoleForBackup; creating a vault does not",
        "DG (set-up of cross-account backup makes it); that vaults do not assumed",
        "test_copy_keys.py::test_the_first_copy_makes_the_service_linked_role",
    ),
)
