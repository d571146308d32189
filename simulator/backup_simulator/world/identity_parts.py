"""The parts of a world file that make users, roles, policies and identity providers."""

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
    """The access key id, such as `AKIAPRODUCTION111111`."""
    secret: str = Field(min_length=8)
    """The secret access key: any eight letters or more."""


class UserPart(Part):
    """An IAM user."""

    name: str
    """Its name, such as `admin`."""
    path: str = "/"
    """Its path, such as `/staff/`."""
    access_key: AccessKeyPart
    """What it signs with."""
    policies: Policies
    """What it may do: ARNs of managed policies, policy documents, or `full`."""
    boundary: PolicyArn | None = None
    """ARN of the managed policy that is its permissions boundary."""
    tags: dict[str, str] = {}
    """Its tags: `{team: storage}`."""


class TrustPart(Part):
    """A trust policy in short: who may assume the role, with which External ID."""

    aws: list[str] = []
    """Who may assume it: account ids, or ARNs of users, roles and accounts."""
    services: list[str] = []
    """Services that may assume it, such as `backup.amazonaws.com`."""
    external_id: str | None = None
    """The External ID that whoever assumes it has to give."""
    tag_session: bool = False
    """Whether they may also tag the session."""

    @model_validator(mode="after")
    def _somebody(self) -> TrustPart:
        if not self.aws and not self.services:
            raise ValueError("a trust names nobody: give aws, services or a policy document")
        return self


class RolePart(Part):
    """An IAM role."""

    name: str
    """Its name, such as `copier`."""
    path: str = "/"
    """Its path, such as `/staff/`."""
    trust: Annotated[
        Annotated[TrustPart, Tag("short")] | Annotated[PolicyDocument, Tag("document")], Discriminator(_trust_form)
    ]
    """Who may assume it: in short, or a policy document."""
    policies: Policies
    """What it may do: ARNs of managed policies, policy documents, or `full`."""
    boundary: PolicyArn | None = None
    """ARN of the managed policy that is its permissions boundary."""
    tags: dict[str, str] = {}
    """Its tags: `{team: storage}`."""
    max_session: Seconds = 3600.0
    """The longest session that may be asked for: `1h`."""


class ManagedPolicyPart(Part):
    """A customer managed policy, for attaching and for boundaries."""

    name: str
    """Its name; `limits` has the ARN `arn:aws:iam::<account>:policy/limits`."""
    path: str = "/"
    """Its path, such as `/staff/`."""
    document: PolicyDocument
    """The policy document."""


class OidcProviderPart(Part):
    """An OpenID Connect provider."""

    host: str = Field(pattern=r"^[a-z0-9.:-]+(/[A-Za-z0-9._/-]+)?$")
    """The issuer without `https://`, such as `oidc.eks.eu-west-1.amazonaws.com/id/1`."""
    audiences: list[str] = ["sts.amazonaws.com"]
    """The client ids whose tokens it takes."""
    keys: list[dict[str, Any]] = []
    """The public keys (JWKs) that sign its tokens; none: only tokens that the simulator issued are accepted."""
