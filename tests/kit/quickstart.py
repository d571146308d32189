"""The accounts of the world that the demo plays in, and a look at them."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.kit.scripted_aws import DESTINATION_ID, SOURCE_ID, account, policy

from crossvault.aspects.effects import AwsAccounts
from crossvault.engine.declared import Desired
from crossvault.engine.observed import Observed

PROD = account("prod", SOURCE_ID, "crossvault-source", external_id="demo-external-id")
DR = account("dr", DESTINATION_ID, "crossvault-destination", external_id="demo-external-id")


def now() -> datetime:
    """Return the present."""
    return datetime.now(UTC)


def observe(aws: AwsAccounts, desired: Desired | None = None) -> Observed:
    """Look at what a policy of these accounts speaks of."""
    return aws.observe(desired or policy(PROD, DR), not_before=now())
