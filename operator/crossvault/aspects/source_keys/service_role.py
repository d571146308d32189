"""AWS Backup's service-linked role in a destination's account: made where that is declared (``serviceLinkedRole``).

AWS makes it when AWS Backup is first used there; but KMS takes no policy that names it before.
https://docs.aws.amazon.com/aws-backup/latest/devguide/using-service-linked-roles.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ...engine.declared import Destination, VaultRef
from ...engine.kept import KeptWrite
from ...engine.looks import Seen, Unseen
from ...engine.observed import Sight, WriteKey
from ...engine.plan import Change
from ...words.reasons import Reason
from .admission import service_role
from .judging import NAME
from .seen import SERVICE_ROLE


@dataclass(frozen=True, slots=True)
class CreateServiceRole(KeptWrite):
    """Create the role in the account of a destination."""

    destination: str
    vault: VaultRef

    mends: ClassVar[str] = NAME
    restores: ClassVar[bool] = False

    @property
    def key(self) -> WriteKey:
        """What makes this the same write as another one."""
        return ("CreateServiceRole", self.vault.account.account_id)

    def after(self, sight: Sight) -> Sight:
        """Return the destination with the role."""
        return sight.having(SERVICE_ROLE, Seen(True))

    def told(self) -> Change:
        """Return how a plan lists it."""
        return Change("add", "service-linked role", self.vault.account.name, "AWSServiceRoleForBackup")

    def done(self, *, repaired: bool) -> tuple[Reason, str]:  # noqa: ARG002 - AWS lets nobody delete it while it is used
        """Return the event about it."""
        text = f"Created role AWSServiceRoleForBackup in account {self.vault.account.name}."
        return Reason.SERVICE_ROLE_CREATED, f"{self.destination}: {text}"


def is_missing(sight: Sight) -> bool:
    """Tell whether the role is known not to be there; it is looked for only where a key does not let it in."""
    look = sight[SERVICE_ROLE]
    return not isinstance(look, Unseen) and not look.value


def creation(destination: Destination, sight: Sight) -> tuple[CreateServiceRole, ...]:
    """Return what makes the role, where it is missing and its BackupAccount wants it made."""
    wanted = destination.vault.account.makes_service_role and is_missing(sight)
    return (CreateServiceRole(destination.name, destination.vault),) if wanted else ()


def excuses(destination: Destination, sight: Sight, role_arn: str) -> bool:
    """Tell whether nothing is written for a role because it is not there yet."""
    return is_missing(sight) and role_arn == service_role(destination)
