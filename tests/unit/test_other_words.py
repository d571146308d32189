"""A thousand passes over plans that say the same in other words: nothing is written, and nothing is said to differ."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.kit import other_words
from tests.kit.builders import desired, destination, observed, target_vault
from tests.kit.judging import diff

from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.schedule import DeleteSelection, UpdatePlan
from crossvault.aspects.schedule.declared import OWNER, SCHEDULE, Conditions, Rule, Schedule, Selection
from crossvault.aspects.schedule.document import form_of, plan_document, plan_name, selection_document, selection_form
from crossvault.aspects.schedule.seen import MANAGED_TAG, OWNER_TAG, PLANS, POLICY_TAG, BackupPlan, Plans, Selected
from crossvault.engine.looks import Seen
from crossvault.engine.observed import Observed
from crossvault.engine.plan import Plan
from crossvault.manifest import cron

PASSES = 1000
SCHEDULED = Schedule(
    (
        Rule("hourly", "cron(0 * ? * MON-FRI *)", Lifecycle(None, 14), "Europe/Berlin", 60, 180, continuous=True),
        Rule("daily", "cron(0 5 ? * * *)", Lifecycle(10, 100, True), recovery_point_tags=(("a", "1"), ("b", "2"))),
        Rule("monthly", "cron(0 7 1 * ? *)", Lifecycle(None, 400), start_window=61),
    ),
    (
        Selection("all", "role", ("*",)),
        Selection(
            "some",
            "role",
            ("arn:aws:ec2:*", "arn:aws:rds:*"),
            ("arn:aws:rds:eu-west-1:111111111111:db:x",),
            (("a", "1"), ("b", "2")),
            Conditions((("c", "3"), ("d", "4")), (("e", "5"),), (("f", "6*"),), (("g", "*7"),)),
        ),
    ),
)
POLICY = (
    desired(destination("dr", lifecycle=Lifecycle(30, 365)), destination("other", vault=target_vault("other")))
    .having(SCHEDULE, SCHEDULED)
    .having(OWNER, "uid")
)
NAME = plan_name(POLICY.key, POLICY.source.arn)
SENT = plan_document(POLICY, SCHEDULED, NAME)
SELECTIONS = [selection_document(each) for each in SCHEDULED.selections]
SEEN = observed()


def shown(chance: random.Random, change: Callable[[Any], None] = lambda _shown: None) -> Observed:
    """Return what is seen where AWS has the plan in other words, or one that somebody has changed."""
    document = other_words.plan(SENT, chance)
    change(document)
    selections = [other_words.selection(each, chance) for each in SELECTIONS]
    plan = BackupPlan(
        "id",
        "arn",
        NAME,
        "version",
        form_of(document),
        {OWNER_TAG: "uid", MANAGED_TAG: "crossvault", POLICY_TAG: str(POLICY.key)},
        tuple(
            Selected(str(number), each["SelectionName"], selection_form(each))
            for number, each in enumerate(chance.sample(selections, len(selections)))
        ),
    )
    return replace(SEEN, source=SEEN.source.having(PLANS, Seen(Plans((plan,)))))


def kept(chance: random.Random, **change: Any) -> Plan:
    """Return what the next pass would do about the plan."""
    found = shown(chance, **change)
    two = replace(found, destinations=(found.destinations[0], replace(found.destinations[0], name="other")))
    return diff(POLICY, two)


def test_a_thousand_passes_update_nothing() -> None:
    """Each update would be one of 2,000 versions."""
    chance = random.Random(14)  # noqa: S311 - the same each time
    for _ in range(PASSES):
        plan = kept(chance)
        rows = {each.name: each.message for each in plan.prerequisites if not each.destination}

        assert [each for each in plan.actions if not each.destination] == []
        assert [each for each in plan.drift if not each.destination] == []
        assert rows["BackupPlan"] == f"Backup plan {NAME} is as declared."
        assert rows["BackupSelections"] == "The plan has the 2 selections declared."


def test_what_says_something_else_is_updated_in_whatever_words() -> None:
    """The control: one day less in one rule, every time."""
    chance = random.Random(15)  # noqa: S311 - the same each time

    def change(document: Any) -> None:
        document["Rules"][0]["Lifecycle"]["DeleteAfterDays"] -= 1

    for _ in range(100):
        actions = [each for each in kept(chance, change=change).actions if not each.destination]

        assert [type(each) for each in actions] == [UpdatePlan]
        assert not any(isinstance(each, DeleteSelection) for each in actions)


@pytest.mark.parametrize("texts", other_words.EQUAL_CRONS, ids=lambda texts: texts[0])
def test_the_other_words_for_a_cron_mean_the_same(texts: tuple[str, ...]) -> None:
    """Each of them is one that AWS takes."""
    assert len({cron.normal(each) for each in texts}) == 1
    assert not any(isinstance(cron.parse(each), str) for each in texts)


def test_the_other_words_for_utc_mean_the_same() -> None:
    """And no other zone does, whatever its clocks show."""
    assert {cron.normal_zone(each) for each in other_words.UTC} == {"Etc/UTC"}
    assert cron.normal_zone("Africa/Abidjan") == "Africa/Abidjan"
