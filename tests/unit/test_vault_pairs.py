"""Several policies between the same two vaults: every total counts for each, and says so wherever one is told."""

from __future__ import annotations

from typing import Any

import click
import pytest
from tests.kit import builders
from tests.kit.judging import foresee

from crossvault.cli import diagnoses, findings, plans, statuses, vault_pairs
from crossvault.engine.declared import PolicyKey

WORDS = " 1 pair of vaults has several policies: what more than one of them means is copied once, and counted for each."


def spec(vault: str = "orders", *destinations: str) -> dict[str, Any]:
    """Return what a policy declares."""
    side = {"accountRef": {"name": "prod"}, "region": "eu-west-1"}
    there = [{"name": each, **side, "vault": {"name": each}} for each in destinations]
    return {"source": {**side, "vault": {"name": vault}}, "destinations": there}


@pytest.mark.parametrize(
    ("specs", "count"),
    [
        pytest.param([], 0, id="nothing"),
        pytest.param([spec("orders", "dr")], 0, id="one policy"),
        pytest.param([spec("orders", "dr"), spec("orders", "dr")], 1, id="two between the same"),
        pytest.param([spec("orders", "dr")] * 3, 1, id="three are one pair"),
        pytest.param([spec("orders", "dr", "b"), spec("orders", "b", "dr")], 2, id="two pairs"),
        pytest.param([spec("orders", "dr"), spec("bills", "dr")], 0, id="another source"),
        pytest.param([spec("orders", "dr"), spec("orders", "b")], 0, id="another destination"),
        pytest.param([spec("orders", "dr"), {"managementAccountRef": {"name": "payer"}}], 0, id="an organization"),
    ],
)
def test_pairs_are_counted_that_several_policies_share(specs: list[dict[str, Any]], count: int) -> None:
    """By the two vaults, whatever the policies and their destinations are called."""
    assert vault_pairs.declared({"spec": each} for each in specs) == count


@pytest.mark.parametrize("names", [("orders",), ("orders", "reports")], ids=["one policy", "two policies"])
def test_a_plan_says_that_copies_are_counted_for_each(names: tuple[str, ...]) -> None:
    """In its last line, where the totals are, and as a number."""
    seen = builders.observed((builders.point(),))
    declared = [builders.desired(name=each) for each in names]
    document = plans.document([plans.entry(each, seen, foresee(each, seen)) for each in declared], reads=0, writes=0)
    last = click.unstyle(plans.text(document)).splitlines()[-1]

    assert document["summary"]["copies"] == len(names)
    assert document["summary"]["sharedPairs"] == len(names) - 1
    assert (WORDS in last) is (len(names) > 1)


@pytest.mark.parametrize("names", [("orders",), ("orders", "reports")], ids=["one policy", "two policies"])
def test_a_doctor_and_a_run_say_it_too(names: tuple[str, ...]) -> None:
    """Of the totals in their summaries."""
    row = {"name": "VaultPolicy", "destination": "dr", "status": "Unmet", "reason": "VaultPolicyMissing"}
    figures = {"name": "dr", "inScope": 4, "waiting": 4}
    status = {
        "conditions": [{"type": "Ready", "status": "False", "reason": "PrerequisiteUnmet", "message": "It lacks."}],
        "prerequisites": [{**row, "message": "It does not let in.", "recoveryPoints": 4}],
        "destinations": [figures],
    }
    bodies = {
        PolicyKey("shop", each): {
            "metadata": {"namespace": "shop", "name": each},
            "spec": spec("orders", "dr"),
            "status": status,
        }
        for each in names
    }
    found = diagnoses.document(map(diagnoses.read, bodies.values()), builders.NOW)
    told = statuses.document(bodies, dict.fromkeys(bodies, True), builders.NOW)

    assert found["summary"]["recoveryPoints"] == 4 * len(names)
    assert found["summary"]["sharedPairs"] == told["summary"]["sharedPairs"] == len(names) - 1
    assert (WORDS in findings.text(found)) is (len(names) > 1)
