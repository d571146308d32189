"""What a run says at its end, to machines and to people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner
from tests.kit.builders import NOW, UNSEEN, copy_of, destination, observed, point, policy_body, sight
from tests.kit.statuses import CHECK, declare, failed_job, status_of, tell

from crossvault.cli import main, render, statuses
from crossvault.engine.declared import Desired, PolicyKey
from crossvault.engine.observed import Observed


def ended(wanted: Desired, seen: Observed, *, looked: bool = True) -> dict[str, Any]:
    """Return the document of a run over one policy."""
    key = PolicyKey("shop", "orders")
    body = policy_body(status=status_of(tell(wanted, seen)))
    return statuses.document({key: body}, {key: looked}, NOW)


def below(document: dict[str, Any]) -> list[str]:
    """Return the lines below the table."""
    return click.unstyle(statuses.text(document)).splitlines()[2:]


def test_nothing_is_said_below_the_table_when_all_is_protected() -> None:
    """One line a policy, and the summary counts it."""
    document = ended(declare(), observed((point(),), sight(copies=(copy_of(point()),))))

    assert below(document) == []
    assert document["summary"] == {
        "at": "2026-11-23T12:00:00Z",
        "policies": 1,
        "protected": 1,
        "failed": 0,
        "needsAction": 0,
        "ineligible": 0,
        "unmet": 0,
        "drifted": 0,
        "sharedPairs": 0,
        "notLookedAt": 0,
    }


def test_what_is_wrong_stands_below_the_table() -> None:
    """Rows with their remedy, failures with AWS's text, ineligible points with what that means."""
    points = (point(1), point(2, resource="arn:b"), point(3, status="EXPIRED", resource="arn:c"))
    document = ended(declare(CHECK), observed(points, sight(CHECK, policy=None, jobs=(failed_job(points[0]),))))
    text = "\n".join(below(document))

    assert text.strip().startswith("shop/orders  PrerequisiteUnmet\n")
    assert text.count("! VaultPolicy") == text.count("does not let") == 1
    assert "do: Set vaultPolicy: Manage, or add a statement" in text
    assert "1 recovery point: CopyRoleDenied (AWS administrator acts): You are not authorized" in text
    assert "1 recovery point: Expired: The recovery point is past its retention" in text
    assert (document["summary"]["unmet"], document["summary"]["failed"], document["summary"]["ineligible"]) == (1, 1, 1)


def test_gaps_that_are_on_their_way_are_said_in_a_line() -> None:
    """Not protected, and nothing to do about it."""
    document = ended(declare(destination()), observed((point(),)))

    assert below(document)[1:] == [
        "shop/orders  CatchingUp: dr: 1 of 1 recovery point has no copy, the oldest of 2026-11-22T12:00:00Z."
    ]


def test_what_was_not_looked_at_is_counted() -> None:
    """And its row says so."""
    document = ended(declare(), observed(UNSEEN), looked=False)

    assert document["summary"]["notLookedAt"] == 1
    assert document["policies"][0]["ready"] == ["Unknown", "CannotObserve"]


def test_manifests_that_cannot_be_used_are_answered_in_the_wanted_form(tmp_path: Path) -> None:
    """A machine that asked for JSON gets JSON, with every fault, and exit code 1."""
    (tmp_path / "a.yaml").write_text(json.dumps({**policy_body(mode="Sometimes"), "spec": {"mode": "Sometimes"}}))
    machine = CliRunner().invoke(main, ["run", "-f", str(tmp_path), "--once", "-o", "json"])
    person = CliRunner().invoke(main, ["run", "-f", str(tmp_path), "--once"])
    document = json.loads(machine.stdout)

    assert (machine.exit_code, person.exit_code) == (1, 1)
    assert document["kind"] == "Status"
    assert document["summary"]["faults"] == len(document["faults"]) > 0
    assert "a.yaml" in str(document["faults"])


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_a_status_is_written_in_every_form(output: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Both mean the same."""
    document = ended(declare(destination()), observed((point(),)))
    render.emit(document, output, statuses.text)
    written = capsys.readouterr().out

    assert yaml.safe_load(written) == json.loads(json.dumps(document))


@pytest.mark.parametrize("words", [("--once", "--until-protected"), ("--once", "--timeout", "5s")])
def test_goals_that_contradict_each_other_are_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Instead of one of them being ignored."""
    said = CliRunner().invoke(main, ["run", "-f", str(tmp_path), *words])

    assert said.exit_code == 1
    assert "--once ends after one pass" in said.output
