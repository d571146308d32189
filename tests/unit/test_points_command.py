"""What ``crossvault points`` prints of lines, to people, to machines and to spreadsheets."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import click
import pytest
from click.testing import CliRunner
from tests.kit import builders
from tests.kit.builders import NOW, ago
from tests.kit.judging import diff

from crossvault.aspects.copies.planned import GAP_STATES, Standing, State
from crossvault.aspects.copies.waits import Wait
from crossvault.cli import FAILED, FOUND, NOTHING, main, point_lines, points
from crossvault.cli.commands.points import STATES
from crossvault.cli.point_lines import CHUNK, MEMBERS, NOT_LOOKED_AT, Line
from crossvault.engine.declared import Desired
from crossvault.engine.looks import Unseen
from crossvault.engine.observed import Observed
from crossvault.words.reasons import Reason

POINT = builders.point()
COPY = builders.copy_of(POINT)


def line(standing: Standing, wait: Wait | None = None) -> Line:
    """Return the line of a recovery point."""
    return Line.of("shop/orders", builders.destination(), standing, wait)


def printed(lines: Iterable[Line], output: str = "table", **how: Any) -> str:
    """Return what is printed of lines."""

    @click.command()
    def command() -> None:
        point_lines.emit(lines, output, **how)

    done = CliRunner().invoke(command, catch_exceptions=False)
    return done.stdout


def told(desired: Desired, observed: Observed, wanted: points.Wanted | None = None) -> list[Line]:
    """Return the lines of a policy."""
    return list(points._of_policy(desired, observed, diff(desired, observed), wanted or points.Wanted()))


def test_what_may_be_asked_for_is_what_there_is() -> None:
    """The states of the option stand by themselves, so that help needs nothing else."""
    assert set(STATES) == {*map(str, State), NOT_LOOKED_AT}


def test_a_copied_one_names_its_copy_and_its_job() -> None:
    """In every form."""
    job = builders.job_for(POINT, state="COMPLETED", to=COPY)
    one = line(Standing(POINT, State.COPIED, job=job, copy=COPY))
    (row,) = json.loads(printed([one], "json"))["points"]

    assert (row["state"], row["copy"], row["copyJob"], row["copyJobState"]) == (
        *("copied", COPY.arn),
        *("job-1", "COMPLETED"),
    )
    assert COPY.arn in printed([one], "wide")
    assert f"The copy {COPY.arn} in {builders.TARGET_ARN} is COMPLETED" in printed([one], fully=True)


def test_json_is_one_document_whatever_there_is() -> None:
    """Many lines, one, and none; with the sums at its end."""
    for count in (0, 1, CHUNK, CHUNK + 1):
        standings = [Standing(replace(POINT, arn=f"arn:{number}"), State.MISSING) for number in range(count)]
        document = json.loads(printed(map(line, standings), "json"))

        assert [row["recoveryPoint"] for row in document["points"]] == [each.point.arn for each in standings]
        assert document["summary"] == {"lines": count, "states": {"missing": count} if count else {}}
        assert (document["apiVersion"], document["kind"]) == ("cli.crossvault.io/v1", "RecoveryPointList")
        assert "faults" not in document
        assert all(tuple(row) == MEMBERS for row in document["points"])


def test_json_has_the_faults_of_manifests() -> None:
    """A machine gets its document, whatever is wrong."""
    assert json.loads(printed((), "json", faults=[{"message": "no"}]))["faults"] == [{"message": "no"}]


def test_csv_is_read_back_and_is_no_formula() -> None:
    """What AWS says is a text, also to a spreadsheet; what a terminal would obey is written as its code."""
    message = '=HYPERLINK("http://x","a")\x1b[2J, and\n"more"'
    one = line(Standing(POINT, State.FAILED, Reason.UNKNOWN_FAILURE, message=message, needs_action=True))
    head, row = csv.reader(io.StringIO(printed([one], "csv")))

    assert tuple(head) == MEMBERS
    found = dict(zip(head, row, strict=True))
    assert found["message"].startswith("'=HYPERLINK")
    assert found["state"] == "failed"
    assert "\x1b" not in found["message"]
    assert "\n" not in found["message"]


@pytest.mark.parametrize(
    "begins", ["=", "+", "-", "@", " =", "\t=", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\ufe66", "\u207a"]
)
def test_no_form_of_a_formula_begins_a_cell(begins: str) -> None:
    """Also behind blanks, and in the letters that spreadsheets of other languages take for the same."""
    one = line(Standing(POINT, State.FAILED, Reason.UNKNOWN_FAILURE, message=f"{begins}1+1", needs_action=True))
    head, row = csv.reader(io.StringIO(printed([one], "csv")))

    found = dict(zip(head, row, strict=True))["message"]
    assert unicodedata.normalize("NFKC", found).lstrip()[0] not in "=+-@"
    assert found.endswith("1+1")


def test_a_table_has_a_head_once_and_a_sum() -> None:
    """However many chunks it takes; columns only grow."""
    lines = [line(Standing(replace(POINT, arn=f"arn:{number}"), State.MISSING)) for number in range(2 * CHUNK)]
    found = printed(lines).splitlines()

    assert len(found) == 2 * CHUNK + 2
    assert sum(each.startswith("CREATED") for each in found) == 1
    assert found[-1] == f"{2 * CHUNK:,} lines: {2 * CHUNK:,} missing."


FULL = Standing(
    replace(POINT, arn=f"arn:aws:rds:eu-west-1:111111111111:snapshot:awsbackup:job-{'0' * 36}"),
    State.FAILED,
    Reason.SERVICE_FAILURE,
    message="It says much. " * 30,
)


@pytest.mark.parametrize("width", [80, 100, 130, 200])
def test_a_table_fits_the_terminal_and_cuts_no_name(width: int) -> None:
    """Columns are left out instead, the same in every line; how it stands and which it is are always there."""
    text = printed([line(FULL)], width=width)
    head, row, _ = text.splitlines()

    assert len(row) <= max(width, 92)  # four columns are always there
    assert {"STATE", "REASON", "CREATED"} <= set(head.split())
    assert {"failed", "ServiceFailure", f"job-{'0' * 36}"} <= set(row.split())
    assert ("UNTIL" in head) is (width >= 200)
    assert ("RESOURCE" in head) is (width >= 100)


def test_a_wide_table_has_everything() -> None:
    """However narrow the terminal."""
    head, row, _ = printed([line(FULL)], "wide", width=80).splitlines()

    assert {"RECOVERY", "COPY", "JOB", "MESSAGE", "DESTINATION"} <= set(head.split())
    assert FULL.point.arn in row
    assert "It says much. It says much." in row


def test_why_something_could_not_be_looked_at_stands_below_the_table_once() -> None:
    """However many recovery points there are."""
    dark = [
        Line("shop/orders", "dr", NOT_LOOKED_AT, replace(POINT, arn=f"arn:{number}"), "AccessDenied", "It may not.")
        for number in range(3)
    ]
    text = printed(dark)

    assert text.count("shop/orders → dr could not be looked at: AccessDenied: It may not.") == 1
    assert text.count("not_looked_at") == 3


@pytest.mark.parametrize(
    ("states", "code"),
    [
        pytest.param({}, NOTHING, id="nothing"),
        pytest.param({"copied": 3, "ineligible": 1, "out_of_scope": 2}, NOTHING, id="nothing lacks its copy"),
        *(pytest.param({"copied": 3, state: 1}, FOUND, id=f"one is {state}") for state in sorted(GAP_STATES)),
        pytest.param({"failed": 3, NOT_LOOKED_AT: 1}, FAILED, id="one was not looked at"),
    ],
)
def test_the_exit_code_says_whether_something_lacks_its_copy(states: dict[str, int], code: int) -> None:
    """As its siblings have it."""
    assert point_lines.exit_code(states) == code


def test_one_in_full_says_all_that_is_known() -> None:
    """In sentences: how it stands, why, what it waits for and until when, who acts, its job, whether to try again."""
    job = builders.job_for(POINT, state="FAILED", message="Tag policy does not allow it.", role=builders.ROLE)
    standing = Standing(POINT, State.FAILED, Reason.TAG_POLICY_REFUSED, job, 3, needs_action=True, message=job.message)
    wait = Wait("AWS administrator, or the next attempt", NOW, "AWS administrator", "Mend the policy.")
    found = printed([line(standing, wait)], fully=True)

    assert found.splitlines() == [
        "shop/orders → dr: failed (TagPolicyRefused). Tag policy does not allow it.",
        (
            f"  Recovery point {POINT.arn} of {POINT.resource_arn} (RDS), created at 2026-11-22T12:00:00Z, 1.0 KiB, is"
            " COMPLETED, does not expire."
        ),
        "  It waits for AWS administrator, or the next attempt, until 2026-11-23T12:00:00Z.",
        "  To be done by the AWS administrator: Mend the policy.",
        "  Trying again helps once that is done, and not before.",
        f"  No copy of it is known in {builders.TARGET_ARN}.",
        (
            "  Copy job job-1, the last of 3 that AWS shows, begun at 2026-11-23T10:00:00Z, ended at"
            " 2026-11-23T11:00:00Z, is FAILED. It says: Tag policy does not allow it."
        ),
    ]


# --- Which are told ------------------------------------------------------------------------------------------------


def test_lines_of_all_destinations_are_told_the_newest_first() -> None:
    """A recovery point that lacks its copy at one of them has a line for each."""
    old, new = builders.point(2, resource="arn:a"), builders.point(1, resource="arn:b")
    second = builders.destination("second", vault=builders.target_vault("second"))
    desired = builders.desired(builders.destination(), second)
    copies = tuple(builders.copy_of(each) for each in (old, new))
    observed = builders.observed((old, new), builders.sight(copies=copies), builders.sight(second))

    assert [(each.point, each.destination, each.state) for each in told(desired, observed)] == [
        (new, "dr", "copied"),
        (new, "second", "missing"),
        (old, "dr", "copied"),
        (old, "second", "missing"),
    ]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        pytest.param(points.Wanted(), 2, id="all that are in scope"),
        pytest.param(points.Wanted(states=frozenset({"copied"})), 1, id="one state"),
        pytest.param(points.Wanted(states=frozenset({"copied", "missing"})), 2, id="two states"),
        pytest.param(points.Wanted(states=frozenset({"out_of_scope"})), 1, id="what is out of scope"),
        pytest.param(points.Wanted(resource="arn:b"), 1, id="one resource"),
        pytest.param(points.Wanted(point=builders.point(3).arn), 1, id="one point, though it is out of scope"),
        pytest.param(points.Wanted(point=builders.copy_of(builders.point(1)).arn), 1, id="one point by its copy"),
        pytest.param(points.Wanted(point="arn:none"), 0, id="a point that is not there"),
    ],
)
def test_only_what_is_wanted_is_told(wanted: points.Wanted, count: int) -> None:
    """By state, resource, ARN of the point or of its copy."""
    copied, missing = builders.point(1, resource="arn:a"), builders.point(2, resource="arn:b")
    before = builders.point(3, resource="arn:b")
    observed = builders.observed((copied, missing, before), builders.sight(copies=(builders.copy_of(copied),)))

    assert len(told(builders.desired(created=ago(days=1.5)), observed, wanted)) == count


@pytest.mark.parametrize(("source", "copy"), [("", ""), ("arn:a", ""), ("", "arn:a"), ("arn:a", "arn:b")])
def test_one_is_found_whatever_aws_says_of_its_resource(source: str, copy: str) -> None:
    """Nothing, for some types, and of a copy perhaps something else than of its source."""
    there = replace(POINT, resource_arn=source)
    its = replace(COPY, resource_arn=copy)
    job = builders.job_for(there, state="COMPLETED", to=its)
    observed = builders.observed((there, builders.point(2)), builders.sight(copies=(its,), jobs=(job,)))

    for arn in (there.arn, its.arn):
        (one,) = told(builders.desired(), observed, points.Wanted(point=arn))
        assert one.point == there


@pytest.mark.parametrize("asked", [None, POINT.arn])
def test_what_could_not_be_looked_at_is_told_with_why(asked: str | None) -> None:
    """The points of a source that was seen by name; of one that was not, that there is nothing to be told."""
    wanted = points.Wanted(point=asked)
    blind = builders.observed((POINT,), builders.blind())
    dark = builders.observed(Unseen(builders.problem()))
    (seen,), (unseen,) = told(builders.desired(), blind, wanted), told(builders.desired(), dark, wanted)

    assert (seen.point, seen.state) == (POINT, NOT_LOOKED_AT)
    assert (unseen.point, unseen.state, unseen.reason) == (None, NOT_LOOKED_AT, "Throttled")
    assert seen.message
    assert "dr: not looked at (Throttled). AWS throttles account orders-prod." in printed([unseen], fully=True)
    assert told(builders.desired(), blind, points.Wanted(states=frozenset({"copied"}))) == []


def test_what_may_be_a_copy_is_told_as_not_looked_at() -> None:
    """Nobody knows what the copies are, so it is not said that there is none of this ARN."""
    blind = builders.observed((POINT,), builders.blind())
    (one,) = told(builders.desired(), blind, points.Wanted(point=COPY.arn))

    assert (one.point, one.state, one.reason) == (None, NOT_LOOKED_AT, "Throttled")


def test_an_empty_source_beside_what_could_not_be_looked_at_is_told() -> None:
    """Nothing is left out, and the exit code says that it was not looked at."""
    (one,) = told(builders.desired(), builders.observed((), builders.blind()))

    assert (one.point, one.state) == (None, NOT_LOOKED_AT)


@pytest.mark.parametrize("words", [("--state", "lost"), ("--recovery-point", "snap 1 "), ("--resource", "vol-1")])
def test_wrong_words_are_refused(words: tuple[str, ...]) -> None:
    """With what is expected."""
    done = CliRunner().invoke(main, ["points", "-f", ".", *words])

    assert done.exit_code == 2  # click's own; the program makes it 1
    assert words[1] in done.output


def test_waiting_has_its_date_and_its_cause_in_the_table() -> None:
    """In the columns UNTIL and WAITS FOR; the last one goes first where there is no room."""
    until = NOW + timedelta(minutes=30)
    one = line(Standing(POINT, State.FAILED, Reason.SERVICE_FAILURE), Wait("the next attempt", until))

    assert printed([one]).splitlines()[1].endswith("2026-11-23T12:30:00Z   the next attempt")
    assert "2026-11-23T12:30:00Z   yes" in printed([one], "wide")


@pytest.mark.parametrize("end", ["job-0001", "awsbackup:job-0001", "snapshot:awsbackup:job-0001"])
def test_the_end_of_an_arn_names_a_recovery_point(end: str) -> None:
    """From a colon or a slash on, of itself or its copy; a part of an id names nothing."""
    meant = builders.point(1, arn="arn:aws:rds:eu-west-1:111111111111:snapshot:awsbackup:job-0001")
    copied = Standing(builders.point(2), State.COPIED, copy=meant)
    wanted = points.Wanted(point=end)

    assert wanted.has(Standing(meant, State.MISSING))
    assert wanted.has(copied)
    assert not wanted.has(Standing(builders.point(2), State.MISSING))
    assert not points.Wanted(point="0001").has(copied)


def test_an_id_that_several_have_is_told_with_all_of_them() -> None:
    """One of them would be told for another."""
    arns = [f"arn:aws:ec2:{region}::snapshot/snap-1" for region in ("eu-west-1", "eu-west-2")]
    lines = [Line("shop/orders", "dr", "missing", builders.point(arn=arn)) for arn in (*arns, arns[0])]

    assert list(points.only_one(lines[::2], "snap-1")) == lines[::2]
    with pytest.raises(click.ClickException, match="snap-1 is the end of several recovery points") as caught:
        points.only_one(lines, "snap-1")
    assert all(arn in caught.value.message for arn in arns)
