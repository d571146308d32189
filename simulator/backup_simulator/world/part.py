"""What all parts of a world file share."""

from __future__ import annotations

import datetime as dt
import difflib
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from ..records import regions
from ..records.resource_types import TYPES

_REGION = r"^[a-z]{2}(-[a-z]+){1,2}-\d{1,2}$"


def _region(name: str) -> str:
    if name not in regions.known():
        near = difflib.get_close_matches(name, sorted(regions.known()), n=1)
        raise ValueError(f"{name!r} is no Region" + (f"; {near[0]}?" if near else ""))
    return name


def _resource_type(name: str) -> str:
    if name not in TYPES:
        raise ValueError(f"{name!r} is none of {', '.join(TYPES)}")
    return name


def _dated(document: dict[str, Any]) -> dict[str, Any]:
    """YAML takes the version of a policy for a date unless it is quoted; CloudFormation lets that pass too."""
    version = document.get("Version")
    return document | {"Version": version.isoformat()} if isinstance(version, dt.date) else document


AccountId = Annotated[str, Field(pattern=r"^\d{12}$", examples=["111111111111"])]
Region = Annotated[
    str,
    AfterValidator(_region),
    # A pattern, not the names: those follow from the botocore that is installed, and a file should not.
    WithJsonSchema({"type": "string", "pattern": _REGION, "examples": ["eu-west-1", "eu-central-1", "us-east-1"]}),
]
PolicyDocument = Annotated[
    dict[str, Any], AfterValidator(_dated), WithJsonSchema({"type": "object", "required": ["Statement"]})
]
ResourceType = Annotated[str, AfterValidator(_resource_type), WithJsonSchema({"type": "string", "enum": list(TYPES)})]
PolicyArn = Annotated[
    str,
    Field(pattern=r"^arn:aws:iam::(aws|\d{12}):policy/.+$", examples=["arn:aws:iam::aws:policy/AWSBackupFullAccess"]),
]
Policies = list[Literal["full"] | PolicyArn | PolicyDocument]


class Part(BaseModel):
    """Any part of a world: unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, use_attribute_docstrings=True)
