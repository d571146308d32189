"""Policies that AWS manages around AWS Backup, and general ones, by ARN; their documents are beside this file.

Known of each is its present version: AWS does not publish the documents of those before.
"""

from __future__ import annotations

import base64
import datetime as dt
import functools
import hashlib
import json
from importlib import resources
from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...policies import policy
from ...records.access import ManagedPolicy
from ...wire import CommonError, Params

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "arn:aws:iam::aws:policy/"
SERVICE_ROLES = "/aws-service-role/"
"""The path of policies that only service-linked roles have."""


@functools.cache
def _kept() -> Mapping[str, Params]:
    text = resources.files(__package__).joinpath("aws_managed.json").read_text(encoding="utf-8")
    found: dict[str, Params] = json.loads(text)
    return found


def namesake(arn: str) -> str | None:
    """The ARN of AWS's managed policy of the same name, perhaps with the path that was forgotten."""
    found = _named(arn) if arn.startswith(PREFIX) else None
    return _arn(arn.rpartition("/")[2], found) if found else None


def _published(arn: str) -> Params | None:
    """What is known of a policy; its path is a part of its ARN."""
    return _named(arn) if namesake(arn) == arn else None


def _named(arn: str) -> Params | None:
    return _kept().get(arn.rpartition("/")[2])


def _arn(name: str, found: Params) -> str:
    return f"{PREFIX.rstrip('/')}{found['Path']}{name}"


def listed() -> list[ManagedPolicy]:
    """All AWS managed policies that are known, by name, without their documents: to be shown, not to be judged."""
    return [_head(name, found) for name, found in sorted(_kept().items())]


def _head(name: str, found: Params) -> ManagedPolicy:
    arn, version = _arn(name, found), found["DefaultVersionId"]
    digits = base64.b32encode(hashlib.sha256(arn.encode()).digest()).decode()[:17]
    return ManagedPolicy(
        arn,
        f"ANPA{digits}",
        _epoch(found["CreateDate"]),
        {},
        default=version,
        latest=int(version.removeprefix("v")),
        updated=_epoch(found["UpdateDate"]),
    )


def _epoch(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()


def unknown(arn: str) -> str | None:
    """What to say of a policy that AWS may have and that is not known here; None for all other ARNs."""
    if not arn.startswith(PREFIX) or namesake(arn):
        return None
    return f"The simulator does not know the AWS managed policy {arn.removeprefix(PREFIX)}"


def sought(arn: str) -> ManagedPolicy | None:
    """As `find`, but answers 501 by name where AWS might have the policy and the simulator does not."""
    if text := unknown(arn):
        raise CommonError("NotImplemented", text)
    return find(arn)


@functools.lru_cache(maxsize=2048)
def find(arn: str) -> ManagedPolicy | None:
    """One AWS managed policy; nobody can change it, so all worlds share it."""
    found = _published(arn)
    if found is None:
        return None
    made = _head(arn.rpartition("/")[2], found)
    made.versions[made.default] = policy.compiled(found["Document"], by_aws=True), made.updated or made.created
    return made


FIDELITY = (
    Behaviour(
        "AWS managed policies around AWS Backup, and the general ones people attach with them: path, version, dates "
        "and document as AWS published them; their ids are ours",
        "DG",
        "test_managed_policies.py::test_a_managed_policy_is_as_aws_published_it",
    ),
    Behaviour(
        "AWS managed policies that are not known answer 501 by name, wherever their ARN is given, and a world that "
        "names one is refused",
        "ours",
        "test_iam.py::test_an_aws_managed_policy_that_is_not_known_answers_501",
    ),
    Behaviour(
        "Descriptions of AWS managed policies; their former versions, which are not listed and answer 501",
        "missing",
        "test_managed_policies.py::test_a_former_version_of_a_managed_policy_answers_501",
    ),
)
