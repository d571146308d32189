"""What ``crossvault plan`` says of a plan, to machines and to people."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import click
import pytest
import yaml
from tests.kit import builders, recorded
from tests.kit.judging import diff, foresee, rows

from crossvault.aspects.copies.declared import Backfill, BackfillMode, Copying
from crossvault.aspects.copies.failures import SOMEBODYS_REASONS
from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.vault.declared import CREATION, Creation
from crossvault.cli import plan as plan_command
from crossvault.cli import plans, render, ways, wrongs
from crossvault.engine.declared import Desired, Mode, PolicyKey
from crossvault.engine.looks import Seen, Unseen
from crossvault.engine.observed import Observed
from crossvault.kinds.account.drawer import AccountDrawer
from crossvault.kinds.kind import ObjectKey
from crossvault.kinds.policy.summary import summarise
from crossvault.kinds.rejected import Rejected
from crossvault.manifest.fields import Fault
from crossvault.status.outcome import Cadence
from crossvault.words.explanations import EXPLANATIONS
from crossvault.words.explanations.meaning import NOBODY
from crossvault.words.reasons import Reason

ALL = Backfill(BackfillMode.ALL)


def answer(desired: Desired, observed: Observed) -> dict[str, Any]:
    """Return the document for one policy."""
    foreseen = foresee(desired, observed)
    return plans.document([plans.entry(desired, observed, foreseen)], reads=12, writes=0)


def in_sync() -> tuple[Desired, Observed]:
    """Return a policy whose only recovery point has its copy."""
    point = builders.point()
    copy = builders.copy_of(point)
    return builders.desired(), builders.observed((point,), builders.sight(copies=(copy,)))


def test_a_missing_copy_is_found_and_sized() -> None:
    """The summary counts copies and bytes, the text names types, and the exit code is 2."""
    point = builders.point(size=3 * 1024**3)

    document = answer(builders.desired(), builders.observed((point,)))

    assert document["summary"]["copies"] == 1
    assert document["summary"]["copiesBytes"] == 3 * 1024**3
    assert "1 recovery point, at most 3.0 GiB (RDS 1)" in plans.text(document)
    assert plan_command.exit_code(document) == 2


def test_the_whole_cost_is_told_beside_the_first_batch() -> None:
    """Number and bytes by type of all that is copied in the end, how many AWS gives no size of, and which is first."""
    kinds = ("RDS", "RDS", "RDS", "EBS", "EBS")
    points = tuple(
        builders.point(number, resource="arn:db:1" if kind == "RDS" else f"arn:disk:{number}", kind=kind, size=size)
        for number, (kind, size) in enumerate(zip(kinds, (5 * 1024, 1024, 1024, 2048, 0), strict=True), 1)
    )
    document = answer(builders.desired(backfill=ALL), builders.observed(points))
    found = document["policies"][0]["destinations"][0]["copies"]

    assert (found["count"], found["bytes"], found["follow"]) == (3, 7 * 1024, 2)
    assert found["whole"] == {
        "count": 5,
        "bytes": 9 * 1024,
        "unsized": 1,
        "types": {"RDS": {"count": 3, "bytes": 7 * 1024}, "EBS": {"count": 2, "bytes": 2048}},
        "first": {"recoveryPoint": points[0].arn, "resource": "arn:db:1", "created": "2026-11-22T12:00:00Z"},
    }
    assert (document["summary"]["copiesWhole"], document["summary"]["copiesWholeBytes"]) == (5, 9 * 1024)
    text = click.unstyle(plans.text(document))
    assert "in all 5 recovery points, at most 9.0 KiB (RDS 3, 7.0 KiB; EBS 2, 2.0 KiB)" in text
    assert f"1 of them of no size that AWS says; first {points[0].arn} of 2026-11-22T12:00:00Z" in text
    assert "3 copies to start (at most 7.0 KiB), 2 to follow, 5 in all (at most 9.0 KiB)," in text


def test_the_whole_cost_is_told_before_the_prerequisites_are_met() -> None:
    """That is when somebody asks for it; what nobody copies before a person acts is not part of it."""
    deny = '{"Statement":[{"Sid":"No","Effect":"Deny","Principal":"*","Action":"backup:CopyIntoBackupVault"}]}'
    points = tuple(builders.point(number, resource=f"arn:db:{number}") for number in (3, 2, 1))
    document = answer(builders.desired(backfill=ALL), builders.observed(points, builders.sight(policy=deny)))
    found = document["policies"][0]["destinations"][0]["copies"]

    assert (found["count"], found["held"], found["whole"]["count"]) == (0, 3, 3)
    assert found["whole"]["first"]["recoveryPoint"] == points[2].arn
    assert "in all 3 recovery points, at most 3.0 KiB (RDS 3, 3.0 KiB)" in click.unstyle(plans.text(document))


def test_nothing_more_than_the_first_batch_is_told_once() -> None:
    """What starts now is the whole, or there is nothing to copy."""
    document = answer(builders.desired(), builders.observed((builders.point(),)))
    nothing = answer(*in_sync())["policies"][0]["destinations"][0]["copies"]

    assert " in all " not in plans.text(document)
    assert nothing["whole"] == {"count": 0, "bytes": 0, "unsized": 0, "types": {}}


def test_nothing_to_do_says_so() -> None:
    """In sync there is one line, and the exit code is 0."""
    document = answer(*in_sync())

    assert plans.text(document).startswith("No changes. 1 policy; 1 recovery point copied")
    assert plan_command.exit_code(document) == 0


def test_a_deny_beside_a_missing_statement_is_told_and_nothing_is_promised() -> None:
    """Adding our statement does not mend it, so no copy would start."""
    deny = '{"Statement":[{"Sid":"No","Effect":"Deny","Principal":"*","Action":"backup:CopyIntoBackupVault"}]}'
    document = answer(builders.desired(), builders.observed((builders.point(),), builders.sight(policy=deny)))

    assert {key: document["summary"][key] for key in ("toAdd", "copies", "unmet")} == {
        "toAdd": 1,
        "copies": 0,
        "unmet": 1,
    }
    assert "Remove or narrow statement No" in plans.text(document)


def test_a_vault_to_create_is_shown_with_its_key_and_mends_its_own_prerequisites() -> None:
    """What the plan mends by itself is no unmet prerequisite of it."""
    wanted = builders.destination(create=True)
    desired = builders.desired(wanted)
    observed = builders.observed((builders.point(),), builders.absent(wanted))

    document = answer(desired, observed)

    destination = document["policies"][0]["destinations"][0]
    assert [each["aspect"] for each in destination["changes"]] == ["vault", "vault policy"]
    assert {"DestinationVault", "VaultPolicy"} & {each["name"] for each in destination["unmet"]} == set()
    assert "+ vault" in click.unstyle(plans.text(document))


def test_copies_that_have_to_wait_for_somebody_are_not_promised() -> None:
    """A destination whose vault nobody makes is unmet; nothing will be copied into it."""
    wanted = builders.destination()
    document = answer(builders.desired(wanted), builders.observed((builders.point(),), builders.absent(wanted)))

    assert document["summary"]["copies"] == 0
    assert document["summary"]["unmet"] > 0
    assert plan_command.exit_code(document) == 2


def test_what_could_not_be_looked_at_is_no_plan() -> None:
    """Unknown ends with 1, never with "no changes"."""
    desired = builders.desired()
    observed = builders.observed(Unseen(builders.problem()))

    document = answer(desired, observed)

    assert plan_command.exit_code(document) == 1
    assert "Not everything could be looked at" in plans.text(document)


def test_one_cause_is_told_once() -> None:
    """A role that cannot be assumed hides many rows: the first says why, the others, in one line, where to look."""
    document = answer(builders.desired(), builders.observed((), builders.blind()))

    rows = document["policies"][0]["destinations"][0]["unmet"]
    inside = plans.text(document).split("→", 1)[1]
    first, *others = rows
    assert {row["message"] for row in others} == {f"Not looked at: see {first['name']}."}
    assert [inside.count(message) for message in (first["message"], others[0]["message"])] == [1, 1]
    assert [row["name"] for row in rows if row["name"] not in inside] == []


def test_a_rejected_policy_lists_every_fault() -> None:
    """All faults at once, each with its field."""
    reason = Rejected(Reason.INVALID_SPEC, (Fault("spec.a", "is wrong"), Fault("spec.b", "is wrong, too")))

    document = plans.document([plans.rejected(PolicyKey("shop", "orders"), reason)], reads=0, writes=0)

    assert plan_command.exit_code(document) == 1
    assert "spec.a: is wrong" in plans.text(document)
    assert "spec.b: is wrong, too" in plans.text(document)


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"suspend": True}, "(suspended: only reported)"),
        ({"mode": Mode.OBSERVE}, "(Observe mode: only reported)"),
    ],
)
def test_a_plan_that_is_not_carried_out_promises_nothing(members: dict[str, Any], why: str) -> None:
    """Every line says what would be, the last one that nothing is done; it is found all the same."""
    points = tuple(builders.point(number, resource=f"arn:db:{number % 2}") for number in range(1, 5))
    document = answer(builders.desired(backfill=ALL, **members), builders.observed(points))
    text = click.unstyle(plans.text(document))

    assert why in text
    assert "2 recovery points, at most 2.0 KiB (RDS 2), would start" in text
    assert "2 would follow behind another copy of their resource" in text
    assert text.splitlines()[-1].startswith("Would be: 0 to add")
    assert "Nothing of it is done: the policy only observes or is suspended." in text
    assert (document["policies"][0]["acts"], plan_command.exit_code(document)) == (False, 2)
    assert " start now" not in text


def test_what_cannot_start_now_says_what_it_waits_for() -> None:
    """Budget, the time of the next attempt, prerequisites, a person: each counted, none promised."""
    failed = [
        (builders.point(1, resource="arn:db:1"), recorded.said("internal-error")),
        (builders.point(2, resource="arn:db:2"), recorded.said("no-recovery-point")),
    ]
    jobs = tuple(
        builders.job_for(each, state="FAILED", job_id=each.arn, completed=builders.ago(minutes=5), message=message)
        for each, message in failed
    )
    fresh = tuple(builders.point(number, resource=f"arn:db:{number}") for number in (3, 4, 5))
    points = (*(each for each, _ in failed), *fresh)
    budget = builders.desired(backfill=ALL, copying=Copying(max_concurrent=2))
    text = click.unstyle(plans.text(answer(budget, builders.observed(points, builders.sight(jobs=jobs)))))

    assert "2 recovery points, at most 2.0 KiB (RDS 2), start now" in text
    assert (
        "; 1 follow when copies under way have ended (limits); 1 wait until 2026-11-23T12:10:00Z or later; 1 not before"
        " somebody acts"
    ) in text
    assert "ServiceFailure (time ends it): An internal error occurred." in text
    assert "tried again at 2026-11-23T12:10:00Z" in text
    assert text.splitlines()[-1].startswith("Plan: 0 to add, 0 to change, 0 to remove, 2 copies to start")


def test_what_the_source_lacks_is_told_once_for_all_destinations() -> None:
    """It is one row of the policy, and counts once."""
    several = (builders.destination(), builders.destination("second"))
    seen = builders.observed((), *(builders.sight(each) for each in several), source_vault=Seen(None))
    document = answer(builders.desired(*several), seen)

    assert [each["name"] for each in document["policies"][0]["source"]["unmet"]] == ["SourceVault"]
    assert click.unstyle(plans.text(document)).count("SourceVault") == 1
    assert document["summary"]["unmet"] == 1


def test_what_is_never_copied_is_told_by_resource_type() -> None:
    """Also of what is settled, of which nothing else is kept than sums."""
    kinds = ("S3", "S3", "EBS")
    points = tuple(
        builders.point(number, resource=f"arn:{number}", kind=kind, status="EXPIRED")
        for number, kind in enumerate(kinds)
    )
    document = answer(builders.desired(backfill=ALL), builders.observed(points, builders.sight()))
    (row,) = document["policies"][0]["destinations"][0]["reasons"]

    assert (row["state"], row["reason"], row["count"], row["types"]) == (
        "ineligible",
        "Expired",
        3,
        {"S3": 2, "EBS": 1},
    )
    assert "3 recovery points (S3 2, EBS 1): Expired: " in plans.text(document)


@pytest.mark.parametrize("reason", Reason)
def test_who_ends_a_failure_is_who_the_documentation_names(reason: Reason) -> None:
    """Where nobody is called although time does not end it, it is tried again, and then that one has to act."""
    row = {"reason": str(reason), "state": "failed", "copies": "none", "count": 1, "message": "AWS says no."}
    called = {**row, "needsAction": True, "whoActs": EXPLANATIONS[reason].who}
    (waits, *_), (acts, *_) = (
        wrongs.failures([each]) for each in ({**row, "needsAction": False, "whoActs": "nobody"}, called)
    )

    assert f"({EXPLANATIONS[reason].who} acts)" in acts
    if reason in SOMEBODYS_REASONS:
        assert EXPLANATIONS[reason].who != NOBODY
        assert f"tried again; {EXPLANATIONS[reason].who} acts if that fails)" in waits
    else:
        assert "(time ends it)" in waits


def test_what_waits_for_the_source_vault_says_so() -> None:
    """The rows are those that the next pass leaves in the status; none of them says "do: Nothing"."""
    wanted = builders.destination(create=True)
    seen = builders.observed((), builders.absent(wanted), source_vault=Seen(None))
    document = answer(builders.desired(wanted), seen)

    (policy,) = document["policies"]
    assert [each["name"] for each in policy["source"]["unmet"]] == ["SourceVault"]
    assert [each["name"] for each in policy["destinations"][0]["unmet"]] == ["DestinationVault", "VaultPolicy"]
    assert document["summary"]["unmet"] == 2
    lines = click.unstyle(plans.text(document)).splitlines()
    places = [
        next(n for n, line in enumerate(lines) if words in line) for words in (" SourceVault ", " → ", " Destination")
    ]
    assert places == sorted(places)
    assert "do: Nothing" not in plans.text(document)
    found = {each.name: each for each in rows(builders.desired(wanted), seen)}
    assert found["DestinationVault"].remedy == ("First SourceVault has to be met, the operator then creates the vault.")


@pytest.mark.parametrize(
    ("count", "text"),
    [
        pytest.param(0, "0 B", id="nothing"),
        pytest.param(999, "999 B", id="bytes have no fraction"),
        pytest.param(1024, "1.0 KiB", id="small numbers have one digit"),
        pytest.param(812 * 1024**3, "812 GiB", id="big ones have none"),
        pytest.param(int(1.1 * 1024**4), "1.1 TiB", id="the unit grows"),
        pytest.param(5000 * 1024**5, "5000 PiB", id="the last unit holds everything"),
    ],
)
def test_sizes_are_iec(count: int, text: str) -> None:
    """Sizes are written in powers of 1024."""
    assert render.size(count) == text


def test_a_failed_copy_that_waits_for_somebody_is_found() -> None:
    """Nothing to start, and still exit code 2: somebody has to act."""
    point = builders.point()
    job = builders.job_for(
        point,
        state="FAILED",
        message=recorded.said("managed-key-of-ebs"),
        completed=builders.NOW - timedelta(hours=1),
    )

    document = answer(builders.desired(), builders.observed((point,), builders.sight(jobs=(job,))))

    assert document["summary"]["failed"] == 1
    assert ", 1 failed, 1 needs action. " in plans.text(document)
    assert "  ! failed " in click.unstyle(plans.text(document))
    assert plan_command.exit_code(document) == 2


def test_what_waits_for_somebody_has_not_failed() -> None:
    """It is told with its state, counted as needing action, and found."""
    wanted = builders.destination(lifecycle=Lifecycle(delete_after_days=-1))
    locked = builders.vault(wanted.vault, locked=True, min_retention_days=7, max_retention_days=30)
    points = tuple(builders.point(number, resource=f"arn:db:{number}") for number in (1, 2))
    seen = builders.observed(points, builders.sight(wanted, vault=Seen(locked)))
    document = answer(builders.desired(wanted, backfill=ALL), seen)
    text = click.unstyle(plans.text(document))

    assert (document["summary"]["failed"], document["summary"]["needsAction"]) == (0, 2)
    assert "  ! waiting " in text
    assert ", 2 need action. " in text
    assert "failed" not in text
    assert plan_command.exit_code(document) == 2


@pytest.mark.parametrize("output", ["table", "json", "yaml"])
def test_what_a_terminal_would_obey_is_written_as_its_code(output: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In every form; machines read the same as before."""
    document = {"kind": "Plan", "text": "ä \x1b[31m\u202e\u2028\U000e0001"}
    render.emit(document, output, lambda shown: str(shown["text"]))
    said = capsys.readouterr().out

    assert said.replace("\n", "").isprintable()
    assert output != "json" or ("ä" in said and json.loads(said) == document)
    assert output != "yaml" or yaml.safe_load(said) == document


def test_a_hazard_is_found_and_printed_with_its_remedy() -> None:
    """A vault with another key than declared: nothing to change from here, something to decide."""
    other = "arn:aws:kms:eu-central-1:222222222222:key/99999999-0000-4000-8000-000000000000"
    wanted = builders.destination().having(CREATION, Creation(encryption_key=other))
    document = answer(builders.desired(wanted), builders.observed((), builders.sight(wanted)))
    text = plans.text(document)

    assert (document["summary"]["hazards"], plan_command.exit_code(document)) == (1, 2)
    assert f"vault_key encryptionKey is {builders.KEY_ARN}, not {other}" in text
    assert "do: A vault's key cannot be changed" in text


# --- What the next pass says ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("members", [{"suspend": True}, {"mode": Mode.OBSERVE}])
def test_what_a_policy_that_does_not_act_leaves_unmet_is_unmet(members: dict[str, Any]) -> None:
    """Its statement is missing, and stays so: the status says the same."""
    seen = builders.observed((builders.point(),), builders.sight(policy=None))
    rows = answer(builders.desired(**members), seen)["policies"][0]["destinations"][0]["unmet"]

    assert [each["name"] for each in rows] == ["VaultPolicy"]
    assert answer(builders.desired(), seen)["policies"][0]["destinations"][0]["unmet"] == []


def entry(desired: Desired, observed: Observed) -> dict[str, Any]:
    """Return one policy of a document."""
    found: dict[str, Any] = answer(desired, observed)["policies"][0]
    return found


def test_what_is_not_done_is_not_summed_up() -> None:
    """One policy acts and one observes: the sum is what the next pass does; without the first it is what would be."""
    seen = builders.observed((builders.point(),), builders.sight(policy=None))
    acting = entry(builders.desired(), seen)
    watching = entry(builders.desired(name="reports", mode=Mode.OBSERVE), seen)
    sums = [
        {name: plans.document(listed, reads=0, writes=0)["summary"][name] for name in ("toAdd", "copies")}
        for listed in ([acting, watching], [watching])
    ]

    assert sums == [{"toAdd": 1, "copies": 1}, {"toAdd": 1, "copies": 1}]


def test_a_statement_that_two_policies_need_is_added_once() -> None:
    """They share it."""
    seen = builders.observed((), builders.sight(policy=None))
    both = [entry(builders.desired(), seen), entry(builders.desired(name="reports"), seen)]

    assert plans.document(both, reads=0, writes=0)["summary"]["toAdd"] == 1


def test_a_missed_objective_is_found_though_nothing_is_to_be_done() -> None:
    """The copy is under way, and late: the run that follows ends with 2, and so does the plan."""
    late = builders.point(9)
    earlier = builders.point(25)
    jobs = (
        builders.job_for(late),
        builders.job_for(
            earlier, state="COMPLETED", job_id="x", to=builders.copy_of(earlier), created=builders.ago(days=20)
        ),
    )
    wanted = builders.desired(max_copy_lag=timedelta(hours=24), backfill=ALL, created=builders.ago(days=30))
    document = answer(
        wanted, builders.observed((late, earlier), builders.sight(copies=(builders.copy_of(earlier),), jobs=jobs))
    )

    assert document["policies"][0]["ready"]["reason"] == "ObjectiveMissed"
    assert (document["summary"]["notReady"], plan_command.exit_code(document)) == (1, 2)
    assert "shop/orders  ObjectiveMissed: dr: 1 of 2 recovery points has no copy" in click.unstyle(plans.text(document))


def test_a_first_plan_does_not_count_what_there_is_none_of() -> None:
    """Where nothing was ever copied there is nothing to judge by, and nothing in doubt; who asks is told so."""
    document = answer(builders.desired(), builders.observed((builders.point(),)))
    told = "RDS: no finished copy job shows whether copies keep date and resource."

    assert "pairing" not in click.unstyle(plans.text(document))
    assert told in click.unstyle(plans.text(document, verbose=True))
    assert "AWS lists no copy job." in click.unstyle(plans.text(document, verbose=True))


def test_one_way_in_under_two_names_is_told_with_what_to_do() -> None:
    """By a plan as by a run, and it is something that was found."""
    drawer = AccountDrawer()
    for name, role in (("prod", "one"), ("prod2", "one"), ("dr", "two")):
        body = {"spec": {"accountId": "111111111111", "roleArn": f"arn:aws:iam::111111111111:role/{role}"}}
        metadata = {"name": name, "generation": 1}
        drawer.put(ObjectKey("BackupAccount", "", name), {**body, "metadata": metadata}, changed=True)
    found = plans.document([], reads=0, writes=0, roles_shared=ways.shared(drawer))
    lines = click.unstyle(plans.text(found)).splitlines()

    assert [each["accounts"] for each in found["rolesShared"]] == [["prod", "prod2"]]
    assert (found["summary"]["hazards"], plan_command.exit_code(found)) == (1, 2)
    assert "BackupAccounts prod, prod2 enter one account" in lines[0]
    assert lines[1].strip().startswith("do: Keep one of them")
    assert ", 1 hazard." in lines[-1]


def test_what_the_copys_own_lifecycle_leaves_out_is_counted_with_its_reason() -> None:
    """In plan, status and points; as nothing that is in scope, and nothing to do."""
    wanted = builders.desired(builders.destination(lifecycle=Lifecycle(delete_after_days=7)), backfill=ALL)
    points_ = tuple(builders.point(day) for day in (3, 8, 9))
    seen = builders.observed(points_, builders.sight(wanted.destinations[0], copies=(builders.copy_of(points_[0]),)))
    found = answer(wanted, seen)
    (side,) = found["policies"][0]["destinations"]
    told = summarise(wanted, seen, diff(wanted, seen), (), previous={}, now=builders.NOW, cadence=Cadence())
    (row,) = (told.status or {})["destinations"]

    assert side["reasons"] == row["reasons"] == [{"state": "out_of_scope", "reason": "CopyExpiring", "count": 2}]
    assert row["inScope"] == 1
    assert "out of scope       2 recovery points: CopyExpiring: " in click.unstyle(plans.text(found))
