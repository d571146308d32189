"""Folders of manifests for hosts without a cluster, and an AWS of the present for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from tests.kit import builders
from tests.kit.fake_aws import FakeAws

from crossvault.aspects.copies.seen import RecoveryPoint
from crossvault.engine.declared import PolicyKey
from crossvault.status.outcome import Cadence

KEY = PolicyKey("shop", "orders")
FAST = Cadence(timedelta(seconds=2), timedelta(milliseconds=50))


def write(folder: Path, *bodies: dict[str, Any], name: str = "all.yaml") -> Path:
    """Write manifests into one file of the folder."""
    (folder / name).write_text(yaml.safe_dump_all(bodies), "utf-8")
    return folder


def manifests(**policy: Any) -> tuple[dict[str, Any], ...]:
    """Return two accounts and a policy as somebody would write them."""
    body = builders.policy_body(**policy)
    body["metadata"] = {"name": "orders", "namespace": "shop"}
    accounts = [builders.account_body(), builders.account_body("dr", builders.TARGET_ID)]
    for each in accounts:
        each["metadata"] = {"name": each["metadata"]["name"]}
    return (*accounts, body)


def aws_of_today(*points: RecoveryPoint) -> FakeAws:
    """Return a fake whose present is ours: a run without a cluster reads the real clock."""
    aws = FakeAws(*points)
    aws.now = datetime.now(UTC) + timedelta(hours=1)
    return aws
