"""The organization's switch and its former members: judged, turned, and told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit import builders
from tests.kit.builders import (
    NOW,
    ORGANIZATION_ID,
    PAYER_ID,
    SOURCE_ID,
    TARGET_ARN,
    TARGET_ID,
    UNSEEN,
    account,
    account_body,
    ago,
    organization_body,
    organization_sight,
    policy_body,
    problem,
    stuck,
)
from tests.kit.desks import account_of
from tests.kit.fake_aws import FakeAws

from crossvault.aspects import ROOMS
from crossvault.aspects.organization import KEEPERS, Organization, former, switch
from crossvault.aspects.organization.former import Holding, Leak
from crossvault.aspects.organization.seen import CLOSING, SETTINGS, Administrator, Settings
from crossvault.aspects.organization.switch import Keeper, SetSwitch, Wanted
from crossvault.engine.declared import PolicyKey
from crossvault.engine.looks import Seen, Unseen
from crossvault.engine.parts import Parts
from crossvault.engine.plan import Action, Case, Result, prerequisites
from crossvault.engine.rows import MET, UNKNOWN, UNMET
from crossvault.kinds import ACCOUNT, ORGANIZATION, POLICY
from crossvault.kinds.kind import ObjectKey, Occasion
from crossvault.kinds.organization.parse import parse_organization
from crossvault.kinds.organization.reconcile import OrganizationRequest
from crossvault.kinds.rejected import Rejected
from crossvault.status.outcome import Cadence, Outcome
from crossvault.words.problems import Problem
from crossvault.words.reasons import Reason
from crossvault.work.desk import Desk

ON, OFF = Settings(on=True, changed=ago(days=9)), Settings(on=False, changed=ago(minutes=5))
PAYER = account_of(account_body("payer", PAYER_ID))
DENIED = Unseen(stuck("Role crossvault lacks organizations:ListAccounts."))
KEY = ObjectKey(ORGANIZATION.name, "", "main")
ORDERS = PolicyKey("shop", "orders")
MEMBERS = dict.fromkeys((PAYER_ID, SOURCE_ID, TARGET_ID), "ACTIVE")
WITHOUT_TARGET = {name: state for name, state in MEMBERS.items() if name != TARGET_ID}


def own(wanted: Wanted, name: str = "main") -> Keeper:
    """Return what is declared."""
    return Keeper(name, wanted)


# --- The switch ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "seen", "rivals", "status", "reason", "turned"),
    [
        pytest.param(Wanted.ENABLED, ON, (), MET, Reason.IN_SYNC, None, id="on, as declared"),
        pytest.param(Wanted.ENABLED, OFF, (), UNMET, Reason.DRIFTED, True, id="off, and declared on"),
        pytest.param(Wanted.DISABLED, OFF, (), MET, Reason.IN_SYNC, None, id="off, as declared"),
        pytest.param(Wanted.DISABLED, ON, (), UNMET, Reason.DRIFTED, False, id="on, and declared off"),
        pytest.param(Wanted.UNMANAGED, ON, (), MET, Reason.NOT_MANAGED, None, id="on, and nobody's"),
        pytest.param(Wanted.UNMANAGED, OFF, (), MET, Reason.NOT_MANAGED, None, id="off, and nobody's"),
        pytest.param(Wanted.ENABLED, OFF, (Wanted.ENABLED,), UNMET, Reason.DRIFTED, True, id="two that agree"),
        pytest.param(
            Wanted.ENABLED, OFF, (Wanted.DISABLED,), UNMET, Reason.DECLARATIONS_DISAGREE, None, id="two that do not"
        ),
        pytest.param(
            Wanted.DISABLED,
            OFF,
            (Wanted.ENABLED,),
            UNMET,
            Reason.DECLARATIONS_DISAGREE,
            None,
            id="two that do not, and one has its will",
        ),
        pytest.param(
            Wanted.ENABLED, OFF, (Wanted.UNMANAGED,), UNMET, Reason.DRIFTED, True, id="who only looks has no say"
        ),
        pytest.param(
            Wanted.UNMANAGED,
            ON,
            (Wanted.ENABLED, Wanted.DISABLED),
            MET,
            Reason.NOT_MANAGED,
            None,
            id="who only looks is in nobody's way",
        ),
    ],
)
def test_the_switch_is_turned_where_it_is_declared_and_nobody_objects(
    wanted: Wanted, seen: Settings, rivals: tuple[Wanted, ...], status: object, reason: Reason, turned: bool | None
) -> None:
    """Every row of the truth table, once the account is known to manage the organization."""
    others = tuple(own(each, f"other-{number}") for number, each in enumerate(rivals))
    kept = switch.judge(own(wanted), others, organization_sight(settings=Seen(seen)))

    management, row = kept.rows
    assert management.status is MET
    assert (row.status, row.reason) == (status, reason)
    assert [each.on for each in kept.actions] == ([] if turned is None else [turned])


@pytest.mark.parametrize(
    ("sight", "status", "reason", "told"),
    [
        pytest.param({"organization": UNSEEN}, UNKNOWN, Reason.THROTTLED, "throttles", id="an unseen organization"),
        pytest.param({"organization": Seen(None)}, UNMET, Reason.NO_ORGANIZATION, "is in no organization", id="none"),
        pytest.param(
            {"organization": Seen(Organization(ORGANIZATION_ID, SOURCE_ID))},
            UNMET,
            Reason.NOT_MANAGEMENT_ACCOUNT,
            f"which is {SOURCE_ID}",
            id="a member",
        ),
        pytest.param({"settings": UNSEEN}, UNKNOWN, Reason.THROTTLED, "throttles", id="an unseen switch"),
    ],
)
@pytest.mark.parametrize("wanted", list(Wanted))
def test_nothing_is_written_before_all_of_it_is_seen(
    wanted: Wanted, sight: dict[str, Any], status: object, reason: Reason, told: str
) -> None:
    """The account has to manage the organization, by its own word."""
    kept = switch.judge(own(wanted), (), organization_sight(**{"settings": Seen(OFF), **sight}))

    last = kept.rows[-1]
    assert kept.actions == ()
    assert (last.status, last.reason) == (status, reason)
    assert told in last.message


def test_what_is_wrong_names_the_field_the_cause_and_the_remedy() -> None:
    """A person can mend it without looking anything up."""
    sight = organization_sight(organization=Seen(Organization(ORGANIZATION_ID, SOURCE_ID)))
    row = switch.judge(own(Wanted.ENABLED), (), sight).rows[0]

    assert row.message.startswith(
        f"spec.managementAccountRef: Account payer ({PAYER_ID}) is not the management account"
    )
    assert row.remedy == f"Name a BackupAccount of account {SOURCE_ID} there; until then nothing is written."


def test_who_disagrees_is_named_on_both_sides() -> None:
    """Each of the two says the same names, so that neither has to be looked for."""
    one, other = own(Wanted.ENABLED, "a"), own(Wanted.DISABLED, "b")
    rows = [switch.judge(*each, organization_sight()).rows[-1] for each in ((one, (other,)), (other, (one,)))]

    assert rows[0].message == rows[1].message
    assert "a (Enabled) and b (Disabled) disagree" in rows[0].message


def test_the_lag_ends_a_quarter_of_an_hour_after_the_change() -> None:
    """From AWS's own time; there is none while the switch is on, or where AWS tells no time."""
    assert OFF.going_on_until == ago(minutes=-10)
    assert ON.going_on_until is None
    assert Settings(on=False).going_on_until is None


@given(st.sampled_from(Wanted), st.booleans(), st.lists(st.sampled_from(Wanted), max_size=3))
def test_what_is_turned_is_as_declared_afterwards(wanted: Wanted, on: bool, rivals: list[Wanted]) -> None:
    """One action at most, towards what is declared, after which none is left."""
    sight = organization_sight(settings=Seen(Settings(on)))
    others = [own(each, f"other-{number}") for number, each in enumerate(rivals)]
    for action in switch.judge(own(wanted), others, sight).actions:
        assert action.on is (wanted is Wanted.ENABLED) is not on
        assert switch.judge(own(wanted), others, action.after(sight)).actions == ()


# --- Former members ------------------------------------------------------------------------------------------------


def holding(copied: int = 7, policy: PolicyKey = ORDERS, **members: Any) -> Holding:
    """Return what a policy counted in the destination."""
    given: dict[str, Any] = {
        "organization_id": ORGANIZATION_ID,
        "source": "orders-prod",
        "vault_arn": TARGET_ARN,
        **members,
    }
    return Holding(policy, copied=copied, **given)


def leak(**members: Any) -> Leak:
    """Return what a status told some days ago."""
    given = {"copies": 7, "state": former.LEFT, "noticed": ago(days=3), "policies": ("shop/orders",), **members}
    return Leak(TARGET_ID, TARGET_ARN, **given)


@pytest.mark.parametrize(
    ("holdings", "members", "before", "expected"),
    [
        pytest.param((holding(),), MEMBERS, (), [], id="a member"),
        pytest.param((holding(),), WITHOUT_TARGET, (), [("Left", 7, NOW)], id="left"),
        pytest.param((holding(0),), WITHOUT_TARGET, (), [], id="left, and holds nothing"),
        *(
            pytest.param((holding(),), {**MEMBERS, TARGET_ID: state}, (), [(state, 7, NOW)], id=f"is {state}")
            for state in sorted(CLOSING)
        ),
        pytest.param((holding(),), WITHOUT_TARGET, (leak(),), [("Left", 7, ago(days=3))], id="noticed before"),
        pytest.param((holding(9),), WITHOUT_TARGET, (leak(),), [("Left", 9, ago(days=3))], id="counted anew"),
        pytest.param((holding(0),), WITHOUT_TARGET, (leak(),), [], id="emptied since"),
        pytest.param((), WITHOUT_TARGET, (leak(),), [("Left", 7, ago(days=3))], id="its policy is deleted"),
        pytest.param((holding(),), MEMBERS, (leak(),), [], id="came back"),
        pytest.param((), MEMBERS, (leak(),), [], id="came back, and its policy is deleted"),
        pytest.param(
            (holding(), holding(2, PolicyKey("hr", "b"))), WITHOUT_TARGET, (), [("Left", 9, NOW)], id="of two policies"
        ),
        pytest.param((holding(organization_id="o-stranger"),), {}, (), [], id="of another organization's policy"),
        pytest.param((holding(organization_id=""),), WITHOUT_TARGET, (), [("Left", 7, NOW)], id="by its source alone"),
        pytest.param((holding(organization_id="", source="nobody"),), WITHOUT_TARGET, (), [], id="of nobody's policy"),
    ],
)
def test_copies_outside_stay_visible(
    holdings: tuple[Holding, ...], members: dict[str, str], before: tuple[Leak, ...], expected: list[Any]
) -> None:
    """Every row of the truth table, with the day on which it was first noticed."""
    sources = {"orders-prod": SOURCE_ID}
    found = former.leaks(holdings, Seen(members), before, organization_id=ORGANIZATION_ID, sources=sources, now=NOW)

    assert [(each.state, each.copies, each.noticed) for each in found] == expected


def test_unseen_members_change_nothing_of_what_was_told() -> None:
    """Nobody left because nobody could look, and nobody came back."""
    known = (leak(),)
    for before in ((), known):
        found = former.leaks((holding(),), UNSEEN, before, organization_id=ORGANIZATION_ID, sources={}, now=NOW)
        assert found == before


@pytest.mark.parametrize(
    ("found", "members", "status", "reason"),
    [
        pytest.param((), Seen(MEMBERS), MET, Reason.ALL_MET, id="nothing outside"),
        pytest.param((), DENIED, UNKNOWN, Reason.ACCESS_DENIED, id="nobody can look"),
        pytest.param((leak(),), Seen(MEMBERS), UNMET, Reason.FORMER_MEMBER_HOLDS_COPIES, id="something outside"),
        pytest.param((leak(),), DENIED, UNMET, Reason.FORMER_MEMBER_HOLDS_COPIES, id="known before, and unseen now"),
    ],
)
def test_a_leak_is_no_unknown_and_unknown_is_no_leak(
    found: tuple[Leak, ...], members: Any, status: object, reason: Reason
) -> None:
    """Three answers, each with its reason."""
    row = former.judge(found, members)

    assert (row.status, row.reason) == (status, reason)


@given(
    st.lists(
        st.builds(
            leak,
            copies=st.integers(1, 10**6),
            state=st.sampled_from([former.LEFT, *CLOSING]),
            noticed=st.integers(0, 400).map(lambda days: ago(days=days)),
            policies=st.lists(st.sampled_from(["a/b", "c/d"]), unique=True).map(tuple),
            counted=st.none() | st.just(ago(days=2)),
            left=st.none() | st.just(ago(days=4)),
        ),
        max_size=3,
    )
)
def test_a_status_gives_back_what_was_told(told: list[Leak]) -> None:
    """What is written is what is read again."""
    rows = json.loads(json.dumps([each.row() for each in told]))

    assert former.remembered(rows, NOW) == tuple(told)


# --- Passes --------------------------------------------------------------------------------------------------------


class Organizations:
    """An organization object and the AWS that it is about."""

    def __init__(self, wanted: str | None = "Enabled", *, settings: Settings = ON, **members: Any) -> None:
        self.aws = FakeAws()
        self.body = organization_body(wanted=wanted, **members)
        self.rivals: tuple[Keeper, ...] = ()
        self.holdings: tuple[Holding, ...] = ()
        self.see(settings=Seen(settings))

    def see(self, **members: Any) -> None:
        """Have AWS show something else."""
        self.aws.organization = organization_sight(**{"settings": self.aws.organization[SETTINGS], **members})

    def pass_over(self, *accounts: Any) -> Outcome:
        """Do one pass, and write its status into the object."""
        declared = {each.account.name: each for each in accounts or (PAYER,)}
        request = OrganizationRequest(self.body, declared, self.aws.now, self.rivals, self.holdings)
        outcome = request.reconcile(self.aws, clock=lambda: self.aws.now, cadence=Cadence())
        self.body["status"] = json.loads(json.dumps(outcome.status))
        return outcome

    def condition(self, kind: str = "Ready") -> tuple[str, str]:
        """Return status and reason of a condition."""
        found = next(each for each in self.body["status"]["conditions"] if each["type"] == kind)
        return found["status"], found["reason"]


def reasons(outcome: Outcome) -> list[tuple[str, str]]:
    """Return the events."""
    return [(each.type, str(each.reason)) for each in outcome.events]


def test_a_pass_turns_the_switch_once_and_says_what_it_saw_then() -> None:
    """The second pass finds nothing to do, says nothing, and writes the same status."""
    world = Organizations(settings=OFF)
    first, told = world.pass_over(), dict(world.body["status"])
    second = world.pass_over()

    assert world.aws.log == [SetSwitch(PAYER.account, ORGANIZATION_ID, on=True)]
    assert told["crossAccountBackup"] == "Enabled"
    assert world.condition() == ("True", "InSync")
    assert reasons(first) == [("Normal", "SwitchedOn"), ("Normal", "InSync")]
    assert (second.events, second.summary) == ((), "")
    assert second.status == first.status == told


def test_switching_off_tells_until_when_copies_may_go_on() -> None:
    """The end is AWS's time of the change and a quarter of an hour, and stays what it is."""
    world = Organizations("Disabled")
    first = world.pass_over()
    world.aws.now += timedelta(hours=1)
    second = world.pass_over()

    assert reasons(first)[0] == ("Warning", "SwitchedOff")
    assert world.body["status"]["copiesMayGoOnUntil"] == "2026-11-23T12:15:00Z"
    assert "until 2026-11-23T12:15:00Z at the latest" in world.body["status"]["conditions"][0]["message"]
    assert second.status == first.status


@pytest.mark.parametrize("wanted", [None, "Unmanaged"])
@pytest.mark.parametrize("settings", [ON, OFF])
def test_what_is_not_managed_is_shown_and_left_alone(wanted: str | None, settings: Settings) -> None:
    """Also by default: no switch is turned that nobody declared."""
    world = Organizations(wanted, settings=settings)
    world.pass_over()

    assert world.aws.log == []
    assert world.condition() == ("True", "NotManaged")
    assert world.body["status"]["crossAccountBackup"] == ("Enabled" if settings.on else "Disabled")


def test_who_turns_it_meanwhile_is_told_once() -> None:
    """Somebody else turned what is only looked at."""
    world = Organizations("Unmanaged")
    world.pass_over()
    world.see(settings=Seen(OFF))
    first, second = world.pass_over(), world.pass_over()

    assert reasons(first) == [("Warning", "SwitchedOff")]
    assert first.events[0].message == "Somebody switched cross-account backup off in the organization."
    assert second.events == ()


def test_what_somebody_turned_is_turned_back_with_one_event() -> None:
    """It was as declared before, so this is a repair."""
    world = Organizations()
    world.pass_over()
    world.see(settings=Seen(OFF))
    repaired, after = world.pass_over(), world.pass_over()

    assert reasons(repaired) == [("Normal", "DriftCorrected")]
    assert after.events == ()
    assert len(world.aws.log) == 1


def test_somebody_who_turns_it_again_and_again_is_told_and_met_with_pauses() -> None:
    """After three repairs the next one waits; the status says why, and one event."""
    world = Organizations()
    world.pass_over()
    told = []
    for _ in range(6):
        world.see(settings=Seen(OFF))
        world.aws.now += timedelta(minutes=1)
        told += [each.message for each in world.pass_over().events if each.reason is Reason.CONTESTED]

    assert len(world.aws.log) == 3
    assert len(told) == 2  # as it begins, and when Ready turns False
    assert "OrganizationToggle had to be restored 3 times since" in told[0]
    assert world.condition() == ("False", "Contested")
    assert [(each["prerequisite"], each["count"]) for each in world.body["status"]["repairs"]] == [
        ("OrganizationToggle", 3)
    ]
    world.aws.now += timedelta(minutes=5)
    world.pass_over()
    assert len(world.aws.log) == 4
    assert world.condition() == ("True", "InSync")


def test_a_change_of_mind_is_no_repair() -> None:
    """Another generation wants another thing."""
    world = Organizations()
    world.pass_over()
    world.body["spec"]["crossAccountBackup"] = "Disabled"
    world.body["metadata"]["generation"] = 2

    assert reasons(world.pass_over()) == [("Warning", "SwitchedOff")]


def test_a_refused_write_is_told_with_its_cause() -> None:
    """Ready says what AWS said, once, and looks again after an interval."""
    world = Organizations(settings=OFF)
    refusal: Problem = stuck("Role crossvault lacks backup:UpdateGlobalSettings.")
    world.aws.refuse = lambda _action: refusal
    first, second = world.pass_over(), world.pass_over()

    assert world.condition() == ("False", "AccessDenied")
    assert world.condition("Stalled") == ("True", "AccessDenied")
    assert "lacks backup:UpdateGlobalSettings" in world.body["status"]["conditions"][0]["message"]
    assert reasons(first) == [("Warning", "AccessDenied")]
    assert (second.events, first.failed, first.requeue) == ((), False, Cadence().interval)
    assert second.status == first.status


def test_what_time_ends_is_tried_again_soon() -> None:
    """A throttled write, a throttled look."""
    throttled = Organizations(settings=OFF)
    throttled.aws.refuse = lambda _action: problem()
    dark = Organizations()
    dark.see(settings=UNSEEN)
    unlisted = Organizations()
    unlisted.see(members=UNSEEN)

    assert [each.pass_over().failed for each in (throttled, dark, unlisted)] == [True, True, True]


def test_a_lost_reply_is_looked_up() -> None:
    """What was turned is told as turned by us, whatever became of the answer."""
    world = Organizations(settings=OFF)
    world.aws.lose_replies = frozenset({0})
    outcome = world.pass_over()

    assert world.condition() == ("True", "InSync")
    assert reasons(outcome) == [("Normal", "SwitchedOn"), ("Normal", "InSync")]
    assert not outcome.failed


def test_two_that_disagree_write_nothing() -> None:
    """And both say so."""
    world = Organizations(settings=OFF)
    world.rivals = (own(Wanted.DISABLED, "other"),)
    world.pass_over()

    assert world.aws.log == []
    assert world.condition() == ("False", "DeclarationsDisagree")
    assert world.condition("Synced") == ("False", "DeclarationsDisagree")


def test_what_is_to_go_turns_nothing() -> None:
    """A deletion changes nothing in AWS, however long somebody's finalizer keeps the object."""
    world = Organizations(settings=OFF, deletionTimestamp="2026-11-23T11:00:00Z")
    world.pass_over()

    assert world.aws.log == []


@pytest.mark.parametrize(
    ("sight", "ready", "members_only", "toggle"),
    [
        pytest.param(
            {"identity": Unseen(stuck(reason=Reason.WRONG_ACCOUNT)), "organization": DENIED, "settings": DENIED},
            ("False", "WrongAccount"),
            ("Unknown", "WrongAccount"),
            "Unknown",
            id="a stranger's role",
        ),
        pytest.param(
            {"organization": DENIED}, ("Unknown", "CannotObserve"), ("True", "AllMet"), "Enabled", id="denied"
        ),
        pytest.param(
            {"organization": Seen(None)}, ("False", "NoOrganization"), ("True", "AllMet"), "Unknown", id="in none"
        ),
        pytest.param(
            {"organization": Seen(Organization(ORGANIZATION_ID, SOURCE_ID)), "members": DENIED},
            ("False", "NotManagementAccount"),
            ("Unknown", "AccessDenied"),
            "Enabled",
            id="a member",
        ),
        pytest.param(
            {"settings": DENIED}, ("Unknown", "CannotObserve"), ("True", "AllMet"), "Unknown", id="a denied switch"
        ),
        pytest.param(
            {"members": DENIED},
            ("Unknown", "CannotObserve"),
            ("Unknown", "AccessDenied"),
            "Enabled",
            id="members that may not be listed",
        ),
        pytest.param(
            {"administrators": DENIED}, ("True", "InSync"), ("True", "AllMet"), "Enabled", id="administrators"
        ),
    ],
)
def test_what_is_unseen_is_unknown(
    sight: dict[str, Any], ready: tuple[str, str], members_only: tuple[str, str], toggle: str
) -> None:
    """Neither zero nor off, and each with its reason."""
    world = Organizations()
    world.see(**sight)
    world.pass_over()
    told = world.body["status"]

    assert (world.condition(), world.condition("MembersOnly")) == (ready, members_only)
    assert told["crossAccountBackup"] == toggle
    dark = {"members": "members", "administrators": "delegatedAdministrators", "settings": "crossAccountBackup"}
    assert {each["name"] for each in told["notSeen"]} == {
        dark[name] for name in sight if isinstance(sight[name], Unseen) and name in dark
    }
    assert ("members" in told) is ("members" not in sight)


def test_all_that_was_seen_is_told() -> None:
    """Feature set, members, administrators with their date, the last change."""
    world = Organizations()
    world.see(administrators=Seen((Administrator(SOURCE_ID, ago(days=1)), Administrator(TARGET_ID))))
    world.pass_over()

    told = {name: each for name, each in world.body["status"].items() if name not in {"conditions", "lastChanged"}}
    assert told == {
        "observedGeneration": 1,
        "crossAccountBackup": "Enabled",
        "former": 0,
        "formerMembers": [],
        "organizationId": ORGANIZATION_ID,
        "managementAccountId": PAYER_ID,
        "featureSet": "ALL",
        "settingsChangedAt": "2026-11-14T12:00:00Z",
        "members": 3,
        "delegatedAdministrators": [
            {"accountId": SOURCE_ID, "since": "2026-11-22T12:00:00Z"},
            {"accountId": TARGET_ID},
        ],
        "notSeen": [],
    }


def test_a_former_member_stays_told_until_it_is_none() -> None:
    """Through a restart, the end of its policy, and a time in which nobody can look; then it joins again."""
    world = Organizations()
    world.holdings = (holding(),)
    world.pass_over()
    world.see(members=Seen(WITHOUT_TARGET))
    left = world.pass_over()
    first = world.body["status"]["formerMembers"]
    world.aws.now += timedelta(days=2)
    world.holdings = ()
    quiet = world.pass_over()
    world.see(members=DENIED)
    world.pass_over()
    dark = world.body["status"]["formerMembers"]
    world.see(members=Seen(MEMBERS))
    back = world.pass_over()

    assert ("Warning", "FormerMemberHoldsCopies") in reasons(left)
    assert first == [
        {
            "accountId": TARGET_ID,
            "vaultArn": TARGET_ARN,
            "recoveryPoints": 7,
            "state": "Left",
            "noticedAt": "2026-11-23T12:00:00Z",
            "policies": ["shop/orders"],
        }
    ]
    assert quiet.events == ()
    assert dark == [{name: each for name, each in first[0].items() if name != "policies"}]
    assert world.body["status"]["formerMembers"] == []
    assert reasons(back) == [("Normal", "InSync")]


def test_each_account_that_leaves_is_told_once() -> None:
    """Also the second one, for which Ready has its reason already; and the first one is not told again."""
    world = Organizations()
    world.holdings = (holding(), holding(vault_arn=TARGET_ARN.replace(TARGET_ID, "333333333333")))
    world.see(members=Seen({**WITHOUT_TARGET, "333333333333": "ACTIVE"}))
    first = world.pass_over()
    world.see(members=Seen(WITHOUT_TARGET))
    second, third = world.pass_over(), world.pass_over()

    assert reasons(first) == [("Warning", "FormerMemberHoldsCopies")]
    assert reasons(second) == [("Warning", "FormerMemberHoldsCopies")]
    assert "Account 333333333333 is no member any more, too" in second.events[0].message
    assert world.body["status"]["former"] == 2
    assert third.events == ()


def test_another_organization_takes_over_no_rows() -> None:
    """The reference leads to the management account of another one now: its former members are others."""
    world = Organizations()
    world.holdings = (holding(),)
    world.see(members=Seen(WITHOUT_TARGET))
    world.pass_over()
    elsewhere = Organization("o-elsewhere", PAYER_ID)
    world.see(members=Seen({PAYER_ID: "ACTIVE"}), organization=Seen(elsewhere))
    world.pass_over()

    assert world.body["status"]["organizationId"] == "o-elsewhere"
    assert world.body["status"]["formerMembers"] == []


def test_the_date_of_leaving_is_looked_up_while_it_is_not_known() -> None:
    """In CloudTrail, and kept; nobody looks it up for an account that is a member, or that is being closed."""
    world = Organizations()
    world.holdings = (holding(),)
    world.aws.departures = {TARGET_ID: ago(minutes=7)}
    world.pass_over()
    assert world.body["status"]["formerMembers"] == []
    world.see(members=Seen({**MEMBERS, TARGET_ID: "CLOSED"}))
    world.pass_over()
    assert "leftAt" not in world.body["status"]["formerMembers"][0]
    world.see(members=Seen(WITHOUT_TARGET))
    world.pass_over()
    world.aws.departures = {}
    world.pass_over()

    assert world.body["status"]["formerMembers"][0]["leftAt"] == "2026-11-23T11:53:00Z"
    assert "left the organization, at 2026-11-23T11:53:00Z" in world.body["status"]["conditions"][0]["message"]
    assert world.body["status"]["notSeen"] == []


def test_an_account_that_is_not_declared_is_waited_for() -> None:
    """The reference is named; what was known of copies outside is kept."""
    world = Organizations()
    world.holdings = (holding(),)
    world.see(members=Seen(WITHOUT_TARGET))
    world.pass_over()
    outcome = world.pass_over(account_of(account_body("somebody", SOURCE_ID)))

    assert world.condition() == ("False", "AccountNotFound")
    assert world.condition("Synced") == ("Unknown", "AccountNotFound")
    assert world.body["status"]["conditions"][0]["message"].startswith("spec.managementAccountRef.name: there is no")
    assert world.body["status"]["crossAccountBackup"] == "Unknown"
    assert world.body["status"]["former"] == 1
    assert outcome.requeue is None
    assert outcome.report is not None
    assert outcome.report.copies_outside == 7


def test_a_pass_without_an_end_leaves_nothing_known() -> None:
    """But the copies outside."""
    world = Organizations()
    world.holdings = (holding(),)
    world.see(members=Seen(WITHOUT_TARGET))
    world.pass_over()
    request = OrganizationRequest(world.body, {"payer": PAYER}, NOW)
    outcome = request.unfinished(problem("It took too long."), now=NOW, cadence=Cadence())

    assert outcome.status is not None
    assert outcome.status["crossAccountBackup"] == "Unknown"
    assert outcome.status["conditions"][0]["reason"] == "CannotObserve"
    assert outcome.report is not None
    assert (outcome.report.switch, outcome.report.copies_outside) == (None, 7)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        pytest.param({"metadata": {"name": "main"}}, "spec", id="no spec"),
        pytest.param({"metadata": {"name": "main"}, "spec": {}}, "spec.managementAccountRef", id="no account"),
        pytest.param(
            {"metadata": {"name": "main"}, "spec": {"managementAccountRef": {"name": "a"}, "crossAccountBackup": "On"}},
            "spec.crossAccountBackup",
            id="another word",
        ),
    ],
)
def test_what_is_wrong_with_a_manifest_has_its_path(body: dict[str, Any], path: str) -> None:
    """As with every other kind."""
    found = parse_organization(body)

    assert isinstance(found, Rejected)
    assert [each.path for each in found.faults] == [path]


# --- On the desk ---------------------------------------------------------------------------------------------------


def desk(*organizations: dict[str, Any], accounts: tuple[tuple[str, str], ...] = (("payer", PAYER_ID),)) -> Desk:
    """Return a desk with accounts and organizations."""
    made = Desk()
    for name, number in accounts:
        made.put(ObjectKey(ACCOUNT.name, "", name), account_body(name, number))
    for body in organizations:
        made.put(ObjectKey(ORGANIZATION.name, "", body["metadata"]["name"]), body)
    return made


def request_of(made: Desk, name: str = "main") -> OrganizationRequest:
    """Return what a pass over an organization is given."""
    body = organization_body(name)
    return made[ORGANIZATION].request(ObjectKey(ORGANIZATION.name, "", name), body, Occasion(NOW))


def test_rivals_are_those_of_one_organization_under_whatever_name() -> None:
    """Two BackupAccounts may be of one account; another organization is nobody's rival."""
    elsewhere = organization_body("elsewhere", "Disabled")
    elsewhere["spec"]["managementAccountRef"] = {"name": "other"}
    twin = organization_body("twin", "Disabled")
    twin["spec"]["managementAccountRef"] = {"name": "payer-too"}
    going = organization_body("going", "Disabled", deletionTimestamp="2026-11-23T11:00:00Z")
    accounts = (("payer", PAYER_ID), ("payer-too", PAYER_ID), ("other", SOURCE_ID))
    made = desk(organization_body(), twin, elsewhere, going, accounts=accounts)

    assert request_of(made).rivals == (own(Wanted.DISABLED, "twin"),)
    assert request_of(made, "twin").rivals == (own(Wanted.ENABLED, "main"),)
    assert request_of(made, "elsewhere").rivals == ()


def test_a_rival_that_comes_or_goes_has_the_other_looked_at() -> None:
    """So that both say it, or no longer."""
    made = desk(organization_body())
    other = ObjectKey(ORGANIZATION.name, "", "other")

    assert made.put(other, organization_body("other", "Disabled")) == (KEY,)
    assert made.drop(other) == (KEY,)


def test_an_account_that_changes_has_its_organizations_looked_at() -> None:
    """Also one that was not there before."""
    made = desk(organization_body(), accounts=())
    payer = ObjectKey(ACCOUNT.name, "", "payer")

    assert made.accounts_of(KEY) == {""}
    assert KEY in made.put(payer, account_body("payer", PAYER_ID))
    assert made.accounts_of(KEY) == {"payer"}
    before = request_of(made)
    assert not made.is_overtaken(KEY, before)
    made.put(payer, account_body("payer", PAYER_ID, regions=["eu-west-1"]))
    assert made.is_overtaken(KEY, before)


def test_policies_tell_where_they_hold_copies() -> None:
    """By their status, as it comes back from the API server; a deleted one has no say."""
    made = desk(organization_body())
    key = POLICY.key(ORDERS)
    rows: list[dict[str, Any]] = [
        {"name": "dr", "vaultArn": TARGET_ARN, "copied": 7, "lastObserved": "2026-11-20T00:00:00Z"},
        {"name": "new", "vaultArn": TARGET_ARN},
    ]
    made.put(key, policy_body(status={"organization": ORGANIZATION_ID, "destinations": rows}))

    assert request_of(made).holdings == (replace(holding(), counted=NOW - timedelta(days=3, hours=12)),)
    made.put(key, policy_body(status={"destinations": [{**rows[0], "copied": 9}]}), changed=False)
    assert [each.copied for each in request_of(made).holdings] == [9]
    made.drop(key)
    assert request_of(made).holdings == ()


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        pytest.param(None, "In the management account run: aws backup update-global-settings", id="nobody"),
        pytest.param(
            Wanted.ENABLED,
            "BackupOrganization main switches it on; see there what keeps it from that.",
            id="who keeps it on",
        ),
        pytest.param(
            Wanted.DISABLED,
            "Set spec.crossAccountBackup: Enabled on BackupOrganization main, which keeps it off.",
            id="who keeps it off",
        ),
        pytest.param(
            Wanted.UNMANAGED,
            "Set spec.crossAccountBackup: Enabled on BackupOrganization main, or in the management account run: aws",
            id="who only looks",
        ),
    ],
)
def test_a_policy_points_at_the_organization_that_can_turn_the_switch(wanted: Wanted | None, told: str) -> None:
    """By the management account that AWS names."""
    seen = builders.observed((), source=builders.account_sight(cross_account_backup=Seen(value=False)))
    keepers = {PAYER_ID: own(wanted)} if wanted else {SOURCE_ID: own(Wanted.ENABLED)}
    rows = prerequisites(ROOMS, Case(builders.desired(), seen, Parts().having(KEEPERS, keepers)))

    row = next(each for each in rows if each.name == "OrganizationToggle")
    assert row.remedy.startswith(told)
    assert bool(row.fix) is (wanted not in {Wanted.ENABLED, Wanted.DISABLED})


def test_who_can_turn_it_is_named_by_the_desk() -> None:
    """Of several over one organization the one that keeps it on comes first, the one that only looks last."""
    made = desk(organization_body("a", "Unmanaged"), organization_body("b", "Disabled"), organization_body("c"))

    request = made[POLICY].request(POLICY.key(ORDERS), policy_body(), Occasion(NOW))
    (account_id, keeper), *others = request.keepers.items()
    assert (account_id, str(keeper), others) == (PAYER_ID, "b (Disabled)", [])
    assert keeper.account is not None
    assert keeper.account.account_id == PAYER_ID


# --- Metrics -------------------------------------------------------------------------------------------------------


def test_the_switch_and_what_lies_outside_are_series() -> None:
    """0 and 1 as read; nothing where nothing was read."""
    world = Organizations()
    world.holdings = (holding(),)
    world.see(members=Seen(WITHOUT_TARGET))
    seen = world.pass_over().report
    world.see(settings=UNSEEN, members=Seen(WITHOUT_TARGET))
    dark = world.pass_over().report
    assert seen is not None
    assert dark is not None

    def figures(report: Any) -> dict[str, float]:
        rows = ORGANIZATION.series(report, NOW)
        return {metric.name: value for metric, labels, value in rows if labels == ("main",)}

    assert figures(seen) == {"organization_cross_account_backup": 1.0, "former_member_copies": 7.0}
    assert figures(dark) == {"former_member_copies": 7.0}


def test_an_action_is_told_as_what_it_is() -> None:
    """A plan lists it, and it is about no destination."""
    action: Action = SetSwitch(PAYER.account, ORGANIZATION_ID, on=False)

    assert action.told() is not None
    assert "Enabled → Disabled" in str(action.told())
    assert (action.destination, action.summed(1), action.key) == ("", None, ("switch", ORGANIZATION_ID, False))
    assert Result(action).problem is None
    assert account("payer", PAYER_ID) == PAYER.account
