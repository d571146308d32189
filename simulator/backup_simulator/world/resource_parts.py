"""The resources of a world file, as they are written there."""

from __future__ import annotations

from pydantic import Field, model_validator

from .part import Part, Region, ResourceType
from .units import Bytes


class ResourcePart(Part):
    """One resource, or several of one kind."""

    region: Region
    """The Region of the resource."""
    resource_type: ResourceType
    """What kind of resource it is, in the words of AWS Backup."""
    resource: str
    """Its name or ARN, such as `vol-1`."""
    count: int = Field(default=1, ge=1, le=1_000_000)
    """How many there are; of several the names are `<resource>-1`, `<resource>-2` and so on."""
    size: Bytes = 10 * 2**30
    """How big a backup of it is: `8GiB`, or bytes."""
    key: str | None = None
    """Its key: alias, key id or key ARN, such as `alias/orders`; left out: it is not encrypted."""
    tags: dict[str, str] = {}
    """Its tags, which selections of plans look at: `{backup: daily}`."""
    members: list[str] = []
    """Names or ARNs of what is in a CloudFormation stack, or of the volumes of an EKS cluster."""

    @model_validator(mode="after")
    def _one_or_many(self) -> ResourcePart:
        if self.count > 1 and self.resource.startswith("arn:"):
            raise ValueError("an ARN names one resource; give a name to have several")
        if self.members and (self.resource_type not in {"CloudFormation", "EKS"} or self.count > 1):
            raise ValueError("members belong to one CloudFormation stack or EKS cluster")
        return self
