"""The parts of a world file that make users, groups, roles, policies and identity providers."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, model_validator

from .part import Part, Policies, PolicyArn, PolicyDocument
from .units import Seconds


def _trust_form(value: object) -> str:
    """A trust with a Statement is a policy document, any other the short form."""
    return "document" if isinstance(value, dict) and "Statement" in value else "short"


class AccessKeyPart(Part):
    """A user's access key."""

    id: str = Field(pattern=r"^[A-Z0-9]{16,128}$")
    secret: str = Field(min_length=8)


class UserPart(Part):
    """An IAM user."""

    name: str
    path: str = "/"
    access_key: AccessKeyPart
    policies: Policies
    groups: list[str] = []
    boundary: PolicyArn | None = None
    tags: dict[str, str] = {}


class GroupPart(Part):
    """A group of IAM users; who is in it, the users say."""

    name: str
    path: str = "/"
    policies: Policies


class TrustPart(Part):
    """A trust policy in short: who may assume the role, with which External ID."""

    aws: list[str] = []
    services: list[str] = []
    external_id: str | None = None
    tag_session: bool = False

    @model_validator(mode="after")
    def _somebody(self) -> TrustPart:
        if not self.aws and not self.services:
            raise ValueError("a trust names nobody: give aws, services or a policy document")
        return self


class RolePart(Part):
    """An IAM role."""

    name: str
    path: str = "/"
    trust: Annotated[
        Annotated[TrustPart, Tag("short")] | Annotated[PolicyDocument, Tag("document")], Discriminator(_trust_form)
    ]
    policies: Policies
    boundary: PolicyArn | None = None
    tags: dict[str, str] = {}
    max_session: Seconds = 3600.0


class ManagedPolicyPart(Part):
    """A customer managed policy, for attaching and for boundaries."""

    name: str
    path: str = "/"
    document: PolicyDocument


class OidcProviderPart(Part):
    """An OpenID Connect provider: the issuer without `https://`, and the public keys (JWKS) that sign its tokens.

    Without keys only tokens that the simulator issued are accepted.
    """

    host: str = Field(pattern=r"^[a-z0-9.:-]+(/[A-Za-z0-9._/-]+)?$")
    audiences: list[str] = ["sts.amazonaws.com"]
    keys: list[dict[str, Any]] = []
