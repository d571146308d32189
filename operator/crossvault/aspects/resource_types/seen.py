"""What the Region settings of AWS Backup say of resource types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...engine.looks import UNASKED, Look
from ...engine.parts import Part


@dataclass(frozen=True, slots=True)
class RegionSettings:
    """What DescribeRegionSettings says, by name of the type.

    Attributes:
        opted_in: Whether plans protect what they find by tags; what they name is protected all the same.
        managed: Whether AWS Backup manages the type in full, where there is a choice.
    """

    opted_in: Mapping[str, bool] = field(default_factory=dict)
    managed: Mapping[str, bool] = field(default_factory=dict)

    @property
    def advanced_dynamodb(self) -> bool | None:
        """Whether backups of DynamoDB have advanced features; None where AWS says nothing of it.

        https://docs.aws.amazon.com/aws-backup/latest/devguide/advanced-ddb-backup.html
        """
        both = self.opted_in.get("DynamoDB"), self.managed.get("DynamoDB")
        if False in both:
            return False
        return None if None in both else True


REGION_SETTINGS: Part[Look[RegionSettings]] = Part("region settings", UNASKED)
"""The settings of the source's account in the source's Region."""
