"""The resources of a world file, as they are written there."""

from __future__ import annotations

from pydantic import Field, model_validator

from .part import Part, Region, ResourceType
from .units import Bytes


class ResourcePart(Part):
    """One resource, or `count` of them named `<resource>-1`, `<resource>-2` and so on.

    `resource` is a name or an ARN; `key` an alias, key id or key ARN, absent for an unencrypted resource; `members`
    are names or ARNs of the resources in a stack or of the volumes of a cluster.
    """

    region: Region
    resource_type: ResourceType
    resource: str
    count: int = Field(default=1, ge=1, le=1_000_000)
    size: Bytes = 10 * 2**30
    key: str | None = None
    tags: dict[str, str] = {}
    members: list[str] = []

    @model_validator(mode="after")
    def _one_or_many(self) -> ResourcePart:
        if self.count > 1 and self.resource.startswith("arn:"):
            raise ValueError("an ARN names one resource; give a name to have several")
        if self.members and (self.resource_type not in {"CloudFormation", "EKS"} or self.count > 1):
            raise ValueError("members belong to one CloudFormation stack or EKS cluster")
        return self
