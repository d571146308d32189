"""Who calls, as policies see it: AWS services, whole accounts, users and roles, sessions of roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..policies.principal import Principal

if TYPE_CHECKING:
    from ..policies.principal import Session
    from .state import Identity


def of_service(name: str) -> Principal:
    """A service of AWS that calls for itself, such as `backup.amazonaws.com`."""
    return Principal(kind="service", arn=name, identity_arn=name, unique_id=name, user_id=name, name=name)


def of_account(account: str) -> Principal:
    """An account that speaks for itself."""
    arn = f"arn:aws:iam::{account}:root"
    return Principal(
        kind="account",
        account=account,
        arn=arn,
        identity_arn=arn,
        unique_id=account,
        user_id=account,
        name="root",
    )


def of_identity(found: Identity) -> Principal:
    """A user, a role or a group without a session."""
    return Principal(
        kind=found.kind,
        account=found.account,
        arn=found.arn,
        identity_arn=found.arn,
        unique_id=found.unique_id,
        user_id=found.unique_id,
        name=found.name,
    )


def of_role(
    role: Identity, name: str, *, tags: dict[str, str] | None = None, session: Session | None = None
) -> Principal:
    """A role in a session of this name; roles that services assume come without a `session` of STS."""
    return Principal(
        kind="role",
        account=role.account,
        arn=f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{name}",
        identity_arn=role.arn,
        unique_id=role.unique_id,
        user_id=f"{role.unique_id}:{name}",
        name=role.name,
        tags=tuple((tags or {}).items()),
        session=session,
    )
