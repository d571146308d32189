"""A copy, asked for or under way, as its rules see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from .... import arns
from ....records import principals, resource_types

if TYPE_CHECKING:
    from ....policies.principal import Principal
    from ....records.resource_types import ResourceType
    from ....records.state import CopyJob, Identity, Key, Lifecycle, RecoveryPoint, State, Vault


class Moment(StrEnum):
    """When a rule speaks: StartCopyJob refuses; the job fails before it queues, leaving CREATED, after running."""

    REFUSED = "refused"
    ADMISSION = "admission"
    START = "start"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A copy and the world around it; `job` is absent while StartCopyJob is being judged."""

    state: State
    account: str
    source_vault_arn: str
    point_arn: str
    destination_arn: str
    role_arn: str
    lifecycle: Lifecycle | None
    now: float
    caller: Principal | None = None
    job: CopyJob | None = None
    # Looked up once, because every rule asks for them.
    source: Vault | None = field(init=False)
    point: RecoveryPoint | None = field(init=False)
    destination: Vault | None = field(init=False)
    row: ResourceType | None = field(init=False)
    role: Identity | None = field(init=False)

    def __post_init__(self) -> None:
        source = self.state.vault(self.source_vault_arn)
        point = source.points.get(self.point_arn) if source else None
        row = resource_types.of_point(point.resource_type, point.arn) if point else None
        found: dict[str, object] = {"source": source, "point": point, "row": row}
        found["destination"] = self.state.vault(self.destination_arn)
        found["role"] = self.state.role(self.role_arn)
        for name, value in found.items():
            object.__setattr__(self, name, value)

    def named(self) -> dict[str, object]:
        """What the copy names, by ARN; None is what is not there."""
        return {
            self.source_vault_arn: self.source,
            self.point_arn: self.point,
            self.destination_arn: self.destination,
            self.role_arn: self.role,
        }

    @property
    def destination_account(self) -> str:
        """The account in the destination's ARN."""
        return arns.of(self.destination_arn).account

    @property
    def source_region(self) -> str:
        """The Region in the source vault's ARN."""
        return arns.of(self.source_vault_arn).region

    @property
    def destination_region(self) -> str:
        """The Region in the destination's ARN."""
        return arns.of(self.destination_arn).region

    @property
    def cross_account(self) -> bool:
        """Whether the copy leaves the account."""
        return self.destination_account != self.account

    @property
    def source_key(self) -> Key | None:
        """The key that protects the source, if any account of this world has it."""
        return self.state.key(self.point.key_arn) if self.point and self.point.key_arn else None

    @property
    def destination_key(self) -> Key | None:
        """The destination vault's key, if any account of this world has it."""
        return self.state.key(self.destination.key_arn) if self.destination else None

    @property
    def stays_unencrypted(self) -> bool:
        """Whether the copy has no key because its source has none (Aurora, DocumentDB, Neptune)."""
        return bool(self.point and self.point.key_arn is None and self.row and self.row.stays_unencrypted)


def copier(role: Identity) -> Principal:
    """The copy role as the principal that policies see."""
    return principals.of_role(role, "AWSBackup-CopyJob")
