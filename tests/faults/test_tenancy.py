"""A namespace reaches the accounts that list it; others read like accounts that do not exist (invariant 4)."""

from __future__ import annotations

import json

import pytest
from tests.faults import stage as scene
from tests.faults.stage import Json, Stage


def told(stage: Stage) -> str:
    """Do one pass and return everything that a user of the namespace can read."""
    stage.body["status"] = {}
    outcome = stage.look()
    return json.dumps([stage.body["status"], [str(each) for each in outcome.events], outcome.summary])


@pytest.mark.parametrize("reference", ["dr", "production"])
@pytest.mark.parametrize("allowed", [{}, {"names": ["others"]}, {"selector": {"matchLabels": {"team": "others"}}}])
def test_not_allowed_reads_like_missing(stage: Stage, reference: str, allowed: Json) -> None:
    """Status, events and log of the two are equal to the letter, and AWS is not asked."""
    stage.control.freeze()
    stage.declared[reference]["spec"]["allowedNamespaces"] = allowed
    before = stage.control.snapshot()
    hidden = told(stage)
    assert not stage.control.calls()
    stage.control.restore(before)  # times are told too, and time moves forward only
    del stage.declared[reference]
    missing = told(stage)
    assert hidden == missing
    assert scene.condition(stage.body) == ("False", "AccountNotFound")
    assert not stage.control.calls()


def test_a_label_selector_admits_the_namespaces_that_carry_it(stage: Stage) -> None:
    """The label decides; without it the account is out of reach again."""
    for each in stage.declared.values():
        each["spec"]["allowedNamespaces"] = {"selector": {"matchLabels": {"team": "orders"}}}
    stage.look()
    assert scene.condition(stage.body) == ("False", "AccountNotFound")
    stage.labels = {"team": "orders", "other": "label"}
    stage.go_on()
    stage.labels = {}
    stage.control.clear_calls()
    stage.look()
    assert scene.condition(stage.body) == ("False", "AccountNotFound")
    assert not stage.control.calls()


def test_all_admits_everybody(stage: Stage) -> None:
    """With all: true every namespace may."""
    for each in stage.declared.values():
        each["spec"]["allowedNamespaces"] = {"all": True}
    stage.body["metadata"]["namespace"] = "anywhere"
    stage.go_on()

    assert scene.condition(stage.body) == ("True", "Protected")
