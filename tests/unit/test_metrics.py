"""What a scrape gets: computed from reports at scrape time, gone with the object."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from tests.kit import builders

from crossvault.aspects.copies.figures import figures
from crossvault.aspects.copies.judged import Judged
from crossvault.aspects.copies.planned import Standing, State
from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.schedule.declared import Rule
from crossvault.engine.declared import PolicyKey
from crossvault.engine.plan import Drift, Plan
from crossvault.engine.rows import Prerequisite, PrerequisiteStatus
from crossvault.kinds.policy.series import METRICS
from crossvault.metrics import Exposition, catalogue
from crossvault.status.conditions import Condition
from crossvault.status.outcome import Report
from crossvault.words.reasons import Reason
from crossvault.work.board import Board
from crossvault.work.vitals import Vitals

NOW = builders.NOW
ALERTS = Path(__file__).parents[2] / "deploy" / "helm" / "crossvault" / "files" / "alerts.yaml"


def rule(**members: Any) -> Rule:
    """Return a rule, daily unless told."""
    return replace(Rule("daily", "cron(0 5 ? * * *)", Lifecycle(None, 35)), **members)


def report(*, copied: int = 1, missing: int = 1, plan: Plan | None = None, looked: bool = True) -> Report:
    """Return the report of a policy with one destination."""
    desired, observed, plan = builders.desired(), builders.observed(), plan or Plan()
    destination = desired.destinations[0]
    standings = tuple(
        Standing(builders.point(arn=f"{state}-{index}", created=NOW - timedelta(hours=index + 1)), state)
        for state, count in ((State.COPIED, copied), (State.MISSING, missing))
        for index in range(count)
    )
    ready = Condition("Ready", "True", Reason.PROTECTED, "")
    return Report(
        kind="CrossAccountBackupPolicy",
        key=PolicyKey("shop", "orders"),
        conditions=((ready.type, ready.status, ready.reason),),
        mode="Enforce",
        source="production",
        objective=timedelta(hours=24),
        observed_at=NOW,
        destinations=(figures(destination, observed.destinations[0], Judged(standings), looked=looked, at=NOW),),
        drifted={(each.destination, each.aspect): NOW - timedelta(hours=3) for each in plan.drift},
        unmet=tuple(row for row in plan.prerequisites if row.status is not PrerequisiteStatus.MET),
    )


def scrape(board: Board, now: datetime = NOW) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return every sample of one scrape by name and labels."""
    exposition = Exposition(board.reports, vitals=Vitals(), queue=lambda: None, clock=lambda: now)
    text = exposition.render().decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: dict[tuple[str, tuple[tuple[str, str], ...]], float], name: str, **labels: str) -> float | None:
    """Return the sample that carries these labels, whatever else it carries."""
    wanted = set(labels.items())
    found = [number for (each, pairs), number in samples.items() if each == name and wanted <= set(pairs)]
    return found[0] if found else None


def board_with(*reports: Report) -> Board:
    """Return a board that knows these reports."""
    board = Board()
    for each in reports:
        board.put(each)
    return board


def test_every_state_has_a_series_even_when_it_is_zero() -> None:
    """A dashboard sees zero failed recovery points, not an absent series."""
    samples = scrape(board_with(report(copied=2, missing=1)))

    states = {state: value(samples, "crossvault_recovery_points", state=state) for state in State}
    assert states == {
        State.COPIED: 2.0,
        State.MISSING: 1.0,
        State.IN_PROGRESS: 0.0,
        State.WAITING: 0.0,
        State.FAILED: 0.0,
        State.INELIGIBLE: 0.0,
        State.OUT_OF_SCOPE: None,
    }


def test_the_copy_lag_grows_between_scrapes_without_a_pass() -> None:
    """The age of the oldest gap is computed when it is asked for."""
    board = board_with(report(copied=0, missing=1))

    first = value(scrape(board, NOW), "crossvault_copy_lag_seconds")
    later = value(scrape(board, NOW + timedelta(minutes=10)), "crossvault_copy_lag_seconds")

    assert (first, later) == (3600.0, 4200.0)


def test_without_a_gap_the_lag_is_zero_and_the_gap_absent() -> None:
    """No gap is a lag of zero; there is no instant to show."""
    samples = scrape(board_with(report(copied=1, missing=0)))

    assert value(samples, "crossvault_copy_lag_seconds") == 0.0
    assert value(samples, "crossvault_oldest_gap_timestamp_seconds") is None


@pytest.mark.parametrize(
    ("rules", "longest", "overdue"),
    [
        pytest.param((rule(),), 86_400, 86_400 + 28_800 + 86_400, id="AWS's windows: of a week a day counts"),
        pytest.param((rule(start_window=60, completion_window=180),), 86_400, 86_400 + 14_400, id="short windows"),
        pytest.param((rule(timezone="Europe/Berlin"),), 90_000, 90_000 + 115_200, id="the day with 25 hours"),
        pytest.param(
            (rule(), rule(cron="cron(0 * ? * * *)", start_window=480)),
            3_600,
            3_600 + 115_200,
            id="the oftener counts",
        ),
        pytest.param(
            (rule(), rule(cron="cron(0 5 1 * ? *)", start_window=60, completion_window=120)),
            86_400,
            86_400 + 115_200,
            id="a monthly one with short windows promises nothing sooner",
        ),
        pytest.param((rule(cron="cron(0 5 ? * * 2020)"),), None, None, id="one that does not run any more"),
        pytest.param((), None, None, id="no schedule"),
    ],
)
def test_how_old_the_newest_backup_may_become(
    rules: tuple[Rule, ...], longest: float | None, overdue: float | None
) -> None:
    """What the alert on backups that stopped compares with."""
    samples = scrape(board_with(replace(report(), rules=rules)))

    assert value(samples, "crossvault_schedule_longest_interval_seconds") == longest
    assert value(samples, "crossvault_schedule_backup_overdue_after_seconds") == overdue


def test_alerts_ask_for_series_that_there_are() -> None:
    """By name; each alert says what happened and where to look."""
    (group,) = yaml.safe_load(ALERTS.read_text("utf-8"))
    known = {each.name for each in METRICS}
    asked = {name for each in group["rules"] for name in re.findall(r"crossvault_\w+", each["expr"])}

    assert asked
    assert asked <= {f"crossvault_{each}" for each in known}
    assert all(each["annotations"].keys() == {"summary", "description"} for each in group["rules"])


def test_a_destination_that_was_not_seen_has_no_figures() -> None:
    """Not looked at is absent, never zero."""
    samples = scrape(board_with(report(looked=False)))

    assert value(samples, "crossvault_recovery_points") is None
    assert value(samples, "crossvault_last_observed_timestamp_seconds") is None
    assert value(samples, "crossvault_destination_info") == 1.0


def test_only_what_is_assumed_is_counted_as_assumed() -> None:
    """A copy that goes cold early was seen; one sample, whatever reasons there are."""
    told = (Reason.ASSUMED_COPIED, Reason.COPY_COLD_EARLY, Reason.COPY_COLD_EARLY)
    standings = tuple(
        Standing(builders.point(arn=f"p-{index}"), State.COPIED, reason) for index, reason in enumerate(told)
    )
    known, seen = report(), builders.observed()
    destination = known.destinations[0].destination
    shown = figures(destination, seen.destinations[0], Judged(standings), looked=True, at=NOW)

    samples = scrape(board_with(replace(known, destinations=(shown,))))

    assert value(samples, "crossvault_assumed_copied_recovery_points") == 1.0


def test_drift_is_told_by_aspect() -> None:
    """An aspect that drifted is 1, with since when; the others are 0, and have no such instant."""
    destination = builders.desired().destinations[0].name
    plan = Plan(drift=(Drift(destination, "vault_policy", "Sid", "present", "absent"),))

    samples = scrape(board_with(report(plan=plan)))

    assert value(samples, "crossvault_drift", aspect="vault_policy") == 1.0
    assert value(samples, "crossvault_drift", aspect="vault") == 0.0
    first = "crossvault_drift_first_seen_timestamp_seconds"
    assert value(samples, first, aspect="vault_policy") == (NOW - timedelta(hours=3)).timestamp()
    assert value(samples, first, aspect="vault") is None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(PrerequisiteStatus.MET, None, id="a met prerequisite has no series"),
        pytest.param(PrerequisiteStatus.UNMET, 1.0, id="an unmet one has"),
        pytest.param(PrerequisiteStatus.UNKNOWN, 1.0, id="an unknown one has"),
    ],
)
def test_prerequisites_show_only_what_is_not_met(status: PrerequisiteStatus, expected: float | None) -> None:
    """One series for each row that needs attention."""
    row = Prerequisite("VaultPolicy", "", status, Reason.VAULT_POLICY_MISSING, "")

    samples = scrape(board_with(report(plan=Plan(prerequisites=(row,)))))

    assert value(samples, "crossvault_prerequisite_unmet", prerequisite="VaultPolicy") == expected


def test_the_series_of_an_object_vanish_with_it() -> None:
    """A dropped report leaves nothing behind."""
    board = board_with(report())
    board.drop("CrossAccountBackupPolicy", PolicyKey("shop", "orders"))

    names = {name for name, _ in scrape(board)}

    assert not any(name.startswith(("crossvault_recovery", "crossvault_policy", "crossvault_copy")) for name in names)


def test_requests_to_aws_are_counted_by_outcome() -> None:
    """The AWS edge reports every request; the scrape shows the sums."""
    exposition = Exposition(lambda: (), vitals=Vitals(), queue=lambda: None, clock=lambda: datetime.now(UTC))
    exposition.aws.record("dr", "backup", "ListCopyJobs", "ok", 0.1)
    exposition.aws.record("dr", "backup", "ListCopyJobs", "ok", 0.1)
    exposition.aws.waited("dr", "reads", 1.5)

    text = exposition.render().decode()

    labels = 'account="dr",operation="ListCopyJobs",outcome="ok",service="backup"'
    assert f"crossvault_aws_requests_total{{{labels}}} 2.0" in text
    assert 'crossvault_aws_budget_wait_seconds_total{account="dr",kind="reads"} 1.5' in text


def test_every_scraped_metric_is_in_the_catalogue() -> None:
    """The reference page cannot miss a metric, because it is written from the catalogue."""
    names = {name for name, _ in scrape(board_with(report(plan=Plan(drift=(), prerequisites=()))))}
    known = {each.full_name for each in catalogue.ALL}

    parts = re.compile("_(bucket|sum|count|created)$")
    ours = {parts.sub("", name) for name in names if name.startswith("crossvault_")}
    assert ours <= known | {each.removesuffix("_total") for each in known}


def test_no_label_could_grow_without_bound() -> None:
    """No ARN, job id or message is a label."""
    allowed = {
        "namespace",
        "name",
        "destination",
        "rule",
        "state",
        "reason",
        "outcome",
        "aspect",
        "brought",
        "resource_type",
        "verdict",
        "prerequisite",
        "status",
        "condition",
        "mode",
        "suspended",
        "source",
        "account",
        "region",
        "vault",
        "service",
        "operation",
        "kind",
        "lane",
        "verb",
        "code",
        "where",
        "version",
        "python",
    }

    assert {label for each in catalogue.ALL for label in each.labels} <= allowed
