"""What all parts of a world file share."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

AccountId = Annotated[str, Field(pattern=r"^\d{12}$")]
PolicyDocument = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "required": ["Statement"]})]
PolicyArn = Annotated[str, Field(pattern=r"^arn:aws:iam::(aws|\d{12}):policy/.+$")]
Policies = list[Literal["full"] | PolicyArn | PolicyDocument]


class Part(BaseModel):
    """Any part of a world: unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)
