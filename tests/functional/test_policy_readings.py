"""The product's reading of vault policies against the simulator's, which was written apart from it.

A misreading that one of them has comes to light here; the documentation of AWS decides who is wrong.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from tests.kit import readings
from tests.kit.readings import SOURCE, VAULT, World

from crossvault.aspects import vault_policy
from crossvault.iam.evaluation import Judgement, Verdict
from simulator_kit import real_policies as real
from simulator_kit import scenes

MANY = settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


def read(document: str, world: World) -> Judgement:
    """Return the product's answer."""
    return vault_policy.decide(document, world.caller, VAULT)


def agree(found: Judgement, expected: Verdict | None) -> bool:
    """Tell whether an answer is right; where nothing allows, a Deny that is not certain is no news."""
    return found.verdict is expected or (
        found.verdict is Verdict.NOT_ALLOWED and expected is Verdict.DENIED and bool(found.doubts)
    )


@MANY
@given(readings.documents(), readings.worlds())
def test_what_is_decided_is_what_aws_decides(document: str, world: World) -> None:
    """Whatever the request holds that is not known from here, a definite answer is the simulator's."""
    expected, found = world.simulated(document), read(document, world)
    assume(expected is not None and found.verdict is not Verdict.UNKNOWN)

    assert agree(found, expected), document


@MANY
@given(readings.documents(hidden=False))
def test_what_can_be_known_is_decided(document: str) -> None:
    """Unknown is no way out: it takes a session of the role, or a pattern that AWS does not explain."""
    world = readings.world()
    expected, found = world.simulated(document), read(document, world)
    assume(expected is not None)

    if found.verdict is Verdict.UNKNOWN:
        whys = " ".join(each.why for each in found.grounds)
        assert any(word in whys for word in ("session", "as an ARN with", "RequestedRegion", "SourceVpc")), whys
    else:
        assert agree(found, expected), document


PEOPLE = [pytest.param(found.values[0], id=str(found.id)) for found in (*real.VAULTS, *real.SOURCES, *real.KEYS)]


def _for_us(document: dict[str, Any]) -> str:
    """Let a document that people wrote speak of the accounts and the vault of these tests."""
    text = json.dumps(document).replace(real.ORG, readings.ORG).replace(real.CENTRAL, VAULT)
    return text.replace(scenes.SOURCE, SOURCE).replace(scenes.TARGET, readings.TARGET)


@pytest.mark.parametrize("document", PEOPLE)
def test_policies_of_people_are_read_alike(document: dict[str, Any]) -> None:
    """Right ones and wrong ones, with and without an organization; most of them are decided."""
    text = _for_us(document)

    for world in (readings.world(), readings.alone(), readings.world(known=False)):
        expected, found = world.simulated(text), read(text, world)
        assert expected is not None
        assert found.verdict is Verdict.UNKNOWN or agree(found, expected)
