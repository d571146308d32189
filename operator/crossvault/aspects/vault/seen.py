"""What AWS says of a backup vault, and KMS of a key."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from ...engine.declared import account_of
from ...engine.looks import UNASKED, Look, Seen
from ...engine.parts import Part

AIR_GAPPED = "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"
AWS_OWNED, CUSTOMER_MANAGED = "AWS_OWNED_KMS_KEY", "CUSTOMER_MANAGED_KMS_KEY"

LONGEST_RETENTION = 36_500
"""Days, as AWS Backup counts at most."""

Bounds: TypeAlias = tuple[int, int | None]
"""Days of retention that a lock allows, least and most; None for no most."""


@dataclass(frozen=True, slots=True)
class Vault:
    """What ListBackupVaults says of a vault, or DescribeBackupVault.

    ``kind`` is its VaultType; ``key_type`` its EncryptionKeyType, which tells a key that AWS owns from all others;
    ``state`` is its VaultState, which only air-gapped vaults have; ``locked`` None says that AWS did not tell;
    ``lock_date`` is from when on nobody can change its lock, which one in governance mode does not have;
    ``created`` tells a vault from one of the same name that was made anew; ``points`` is how many recovery points AWS
    says that it holds, which changes nothing but when they are listed.
    """

    arn: str
    name: str
    encryption_key_arn: str | None = None
    locked: bool | None = False
    min_retention_days: int | None = None
    max_retention_days: int | None = None
    kind: str = ""
    key_type: str = ""
    created: datetime | None = None
    state: str = ""
    lock_date: datetime | None = None
    points: int | None = field(default=None, compare=False)

    @property
    def air_gapped(self) -> bool:
        """Whether it is logically air-gapped: its lock cannot be undone, its key may belong to AWS."""
        return self.kind == AIR_GAPPED

    @property
    def lock(self) -> Bounds | None:
        """What its lock allows; None without one.

        What has no least is bound to nothing: AWS keeps nothing for less than a day.
        """
        if not self.locked and not self.air_gapped and self.lock_date is None:
            return None
        return self.min_retention_days or 1, self.max_retention_days

    @property
    def own_key_arn(self) -> str | None:
        """The key when it is one of the vault's account; of a key of somebody else KMS tells nothing to us."""
        arn = self.encryption_key_arn
        return arn if arn is not None and account_of(arn) == account_of(self.arn) else None

    @property
    def bounds(self) -> tuple[int, int] | None:
        """Days of retention that the lock allows, least and most; None without a lock.

        An air-gapped vault always has both. https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html
        """
        if self.lock is None:
            return None
        least, most = self.lock
        return least, most or LONGEST_RETENTION


@dataclass(frozen=True, slots=True)
class Key:
    """What kms:DescribeKey says. ``manager`` is AWS or CUSTOMER; a usable key has ``state`` Enabled."""

    arn: str
    manager: str
    state: str


VAULT: Part[Look[Vault | None]] = Part("vault", UNASKED, lambda look: (look,))
"""The vault of one side; None when there is none of that name."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of a destination vault.

    Attributes:
        own: The key that the vault has, where it is one of the vault's account.
        wanted: The one that is declared, where it has to be looked up.
    """

    own: Look[Key | None] = UNASKED
    wanted: Look[Key | None] = UNASKED


KEYS: Part[Keys] = Part("keys", Keys())

NO_KEY: Look[Key | None] = Seen(None)
