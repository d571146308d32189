"""What the store makes of news: old ones, predecessors, ghosts, and what else has to be looked at because of them."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.fake_api import account, namespace, policy
from tests.kit.naive import elders_of

from crossvault.aspects.copies.declared import Neighbour, Sharing
from crossvault.engine.declared import PolicyKey
from crossvault.kinds import ACCOUNT, ORGANIZATION, POLICY
from crossvault.kinds.account.drawer import Accounts
from crossvault.kinds.kind import NAMESPACE, SYSTEM, Body, Labels, ObjectKey, Occasion
from crossvault.kinds.policy.drawer import PolicyDrawer
from crossvault.kinds.policy.parse import accounts_named_by
from crossvault.kinds.policy.reconcile import PolicyRequest
from crossvault.kinds.policy.stakes import Stake, written_by
from crossvault.kube import objects
from crossvault.kube.store import Change, Store
from crossvault.work.desk import Desk

ORDERS = ObjectKey(POLICY.name, "shop", "orders")
DR = ObjectKey(ACCOUNT.name, "", "dr")


def stake_of(body: Body, accounts: Accounts, labels: Labels) -> Stake | None:
    """Say what a policy wants; None when its account is missing."""
    del labels
    names = body["spec"].get("wants", ())
    key = PolicyKey(body["metadata"]["namespace"], body["metadata"]["name"])
    copies = tuple(Neighbour(key, ("source", name), None, account_id="1") for name in names)
    return Stake(frozenset((name, "sid") for name in names), copies) if "dr" in accounts else None


class Listener:
    """A store, and what it announced."""

    def __init__(self) -> None:
        self.heard: list[ObjectKey] = []
        self.store = Store(
            self.heard.append,
            desk=Desk((ACCOUNT, ORGANIZATION, replace(POLICY, drawer=partial(PolicyDrawer, stake_of=stake_of)))),
        )

    def put(self, kind: str, body: Body) -> tuple[Change, list[ObjectKey]]:
        """Take in an object; return what that meant."""
        self.heard.clear()
        return self.store.put(kind, body), list(self.heard)


def test_new_object_is_looked_at() -> None:
    """Nobody has seen it yet."""
    assert Listener().put(POLICY.name, policy()) == (Change.NEW, [ORDERS])


def test_echo_of_a_status_write_is_no_news_but_is_kept() -> None:
    """The body is newer, the policy the same."""
    listener = Listener()
    listener.put(POLICY.name, policy())
    echo = {**policy(version=2), "status": {"observedGeneration": 1}}

    assert listener.put(POLICY.name, echo) == (Change.ECHO, [])
    assert (listener.store.get(ORDERS) or {})["status"] == {"observedGeneration": 1}


def test_older_news_do_not_replace_newer_ones() -> None:
    """The answer to our write came before the watch event of an earlier change."""
    listener = Listener()
    listener.put(POLICY.name, policy(version=5))

    assert listener.put(POLICY.name, policy(version=4, generation=0)) == (Change.ECHO, [])
    assert objects.version_of(listener.store.get(ORDERS) or {}) == 5


def test_spec_deletion_and_lost_finalizer_are_changes() -> None:
    """Each calls for a pass; a label does not."""
    listener = Listener()
    listener.put(POLICY.name, policy(finalizers=[objects.FINALIZER]))

    assert listener.put(POLICY.name, policy(version=2, finalizers=[objects.FINALIZER], labels={"a": "b"}))[1] == []
    assert listener.put(POLICY.name, policy(version=3, labels={"a": "b"}))[0] is Change.CHANGED
    assert listener.put(POLICY.name, policy(version=4, generation=2))[0] is Change.CHANGED
    deleted = policy(version=5, generation=2, deletionTimestamp="2026-11-02T00:00:00Z")
    assert listener.put(POLICY.name, deleted)[0] is Change.CHANGED


def test_recreated_object_is_new() -> None:
    """Same name, another uid."""
    listener = Listener()
    listener.put(POLICY.name, policy())

    assert listener.put(POLICY.name, policy(version=9, uid="other"))[0] is Change.NEW


def test_deletion_of_the_predecessor_does_not_remove_the_successor() -> None:
    """A late DELETED event belongs to another object."""
    listener = Listener()
    listener.put(POLICY.name, policy(version=9, uid="other"))

    assert not listener.store.remove(POLICY.name, policy(version=8))
    assert listener.store.remove(POLICY.name, policy(version=10, uid="other"))
    assert listener.store.get(ORDERS) is None


def test_account_brings_up_the_policies_that_name_it() -> None:
    """When it appears, changes and goes; not when only its status was written."""
    listener = Listener()
    listener.put(POLICY.name, policy())
    listener.put(POLICY.name, {**policy("other"), "spec": {}})

    assert listener.put(ACCOUNT.name, account()) == (Change.NEW, [DR, ORDERS])
    assert listener.put(ACCOUNT.name, account(version=2)) == (Change.ECHO, [])
    assert listener.put(ACCOUNT.name, account(version=3, generation=2)) == (Change.CHANGED, [DR, ORDERS])
    listener.heard.clear()
    listener.store.remove(ACCOUNT.name, account(version=4))
    assert listener.heard == [DR, ORDERS]
    assert listener.store.desk[ACCOUNT].accounts() == {}


def test_policy_that_names_another_account_is_not_brought_up_any_more() -> None:
    """The index follows the spec."""
    listener = Listener()
    listener.put(POLICY.name, policy())
    listener.put(POLICY.name, {**policy(version=2, generation=2), "spec": {}})

    assert listener.put(ACCOUNT.name, account())[1] == [DR]


def test_malformed_account_is_as_if_it_were_missing() -> None:
    """It cannot be used until it is repaired."""
    listener = Listener()
    listener.put(ACCOUNT.name, account())
    listener.put(ACCOUNT.name, {**account(version=2, generation=2), "spec": {}})

    assert listener.store.desk[ACCOUNT].accounts() == {}


def entered(name: str, role: str | None = "crossvault-dr", version: int = 1, **spec: Any) -> Body:
    """Return a BackupAccount that is entered with this role."""
    body = account(name, version=version)
    arn = {"roleArn": f"arn:aws:iam::222222222222:role/{role}"} if role else {}
    return {**body, "spec": {"accountId": "222222222222", "allowedNamespaces": {"all": True}, **arn, **spec}}


def test_accounts_that_are_entered_in_one_way_know_of_each_other() -> None:
    """The same account, role and External ID; a newcomer and one that goes bring the others up."""
    listener = Listener()
    other = ObjectKey(ACCOUNT.name, "", "other")
    listener.put(ACCOUNT.name, entered("dr", externalId="id-1"))
    assert listener.store.desk[ACCOUNT].twins_of("dr") == ()

    assert listener.put(ACCOUNT.name, entered("other", externalId="id-1")) == (Change.NEW, [other, DR])
    assert (listener.store.desk[ACCOUNT].twins_of("dr"), listener.store.desk[ACCOUNT].twins_of("other")) == (
        ("other",),
        ("dr",),
    )

    listener.heard.clear()
    listener.store.drop(other)
    assert listener.heard == [other, DR]
    assert listener.store.desk[ACCOUNT].twins_of("dr") == ()


@pytest.mark.parametrize(
    ("other", "twins"),
    [
        pytest.param({"externalId": "id-1"}, ("other",), id="the same"),
        pytest.param({"externalId": "id-1", "regions": ["eu-west-1"]}, ("other",), id="other Regions are no other way"),
        pytest.param({"externalId": "id-2"}, (), id="another External ID"),
        pytest.param({"externalId": "id-1", "role": "other"}, (), id="another role"),
        pytest.param({"role": None}, (), id="without a role"),
        pytest.param({"externalId": "id-1", "accountId": "malformed"}, (), id="one that cannot be used"),
    ],
)
def test_one_way_in_is_account_role_and_external_id(other: dict[str, Any], twins: tuple[str, ...]) -> None:
    """What else is declared makes no other identity."""
    listener = Listener()
    listener.put(ACCOUNT.name, entered("dr", externalId="id-1"))
    listener.put(ACCOUNT.name, entered("other", **other))

    assert listener.store.desk[ACCOUNT].twins_of("dr") == twins


def test_accounts_on_the_operators_own_identity_are_one_too() -> None:
    """Nothing tells them apart."""
    listener = Listener()
    listener.put(ACCOUNT.name, entered("dr", None))
    listener.put(ACCOUNT.name, entered("other", None))

    assert listener.store.desk[ACCOUNT].twins_of("dr") == ("other",)


def test_account_that_gets_a_way_of_its_own_brings_up_both_sides() -> None:
    """Those it left, and those it joins."""
    listener = Listener()
    for name, role in (("dr", "a"), ("moving", "a"), ("there", "b")):
        listener.put(ACCOUNT.name, entered(name, role))
    moved = {**entered("moving", "b", version=2)}
    moved["metadata"] = {**moved["metadata"], "generation": 2}
    _, heard = listener.put(ACCOUNT.name, moved)

    assert [key.name for key in heard] == ["moving", "dr", "there"]
    assert listener.store.desk[ACCOUNT].twins_of("dr") == ()
    assert listener.store.desk[ACCOUNT].twins_of("there") == ("moving",)


def test_accounts_given_to_a_pass_stay_as_they_were() -> None:
    """Passes run in threads while the store goes on."""
    listener = Listener()
    listener.put(ACCOUNT.name, account())
    given = listener.store.desk[ACCOUNT].accounts()
    listener.put(ACCOUNT.name, account("other", version=2))

    assert set(given) == {"dr"}


def test_labels_of_a_namespace_bring_up_its_policies() -> None:
    """They decide which accounts may be named; other changes of a namespace decide nothing."""
    listener = Listener()
    listener.put(POLICY.name, policy())
    listener.put(POLICY.name, policy("elsewhere", namespace="hr"))

    assert listener.put(NAMESPACE, namespace(team="a"))[1] == [ORDERS]
    assert listener.put(NAMESPACE, namespace(version=2, team="a"))[1] == []
    assert listener.put(NAMESPACE, namespace(version=3, team="b"))[1] == [ORDERS]
    assert listener.store.desk.labels("shop") == {"team": "b"}
    assert listener.store.desk.labels("unknown") == {}


def test_the_uid_of_kube_system_tells_the_cluster_from_others() -> None:
    """Known as soon as its namespaces are, and given to every pass; without it a cluster has no name."""
    listener = Listener()
    listener.put(ACCOUNT.name, account())
    listener.put(POLICY.name, policy())

    def cluster() -> str:
        request = listener.store.desk.request(ORDERS, policy(), Occasion(datetime(2026, 11, 29, tzinfo=UTC)))
        assert isinstance(request, PolicyRequest)
        return request.cluster

    listener.put(NAMESPACE, namespace())
    assert cluster() == ""

    system = namespace(SYSTEM)
    listener.put(NAMESPACE, system)
    assert cluster() == system["metadata"]["uid"]


def test_comparing_lets_ghosts_out_and_missing_objects_in() -> None:
    """Whatever a watch did not tell."""
    listener = Listener()
    for name in ("orders", "ghost"):
        listener.put(POLICY.name, policy(name, version=1))
    listener.heard.clear()
    listed = [policy(version=1), policy("missing", version=4)]

    assert listener.store.compare(POLICY.name, listed, version=7) == (1, 1)
    assert sorted(key.name for key in listener.store.keys(POLICY.name)) == ["missing", "orders"]
    assert sorted(key.name for key in listener.heard) == ["ghost", "missing"]
    assert listener.store.seen(POLICY.name) == 7


def test_object_made_after_the_list_is_no_ghost() -> None:
    """A watch can be ahead of a list that takes long."""
    listener = Listener()
    listener.put(POLICY.name, policy(version=9))

    assert listener.store.compare(POLICY.name, [], version=7) == (0, 0)
    assert listener.store.get(ORDERS) is not None


def test_news_that_overtake_a_deletion_bring_nobody_back() -> None:
    """The answer to our last write, or a list, may arrive after the watch has told of the deletion."""
    listener = Listener()
    listener.put(POLICY.name, policy(version=5, finalizers=[objects.FINALIZER]))
    listener.store.remove(POLICY.name, policy(version=8))
    listener.heard.clear()

    assert listener.put(POLICY.name, policy(version=7)) == (Change.ECHO, [])
    assert listener.store.compare(POLICY.name, [policy(version=7)], version=7) == (0, 0)
    assert listener.store.get(ORDERS) is None
    assert listener.put(POLICY.name, policy(version=9, uid="another"))[0] is Change.NEW


def test_an_object_that_was_let_go_is_gone() -> None:
    """With the last finalizer the object goes in the same write; the deletion that is heard of later is no news."""
    listener = Listener()
    deleted: dict[str, Any] = {"deletionTimestamp": "2026-11-23T12:00:00Z", "generation": 2}
    listener.put(POLICY.name, policy(version=5, finalizers=[objects.FINALIZER], **deleted))
    listener.heard.clear()
    listener.put(POLICY.name, policy(version=6, **deleted))

    assert listener.store.get(ORDERS) is None
    assert listener.heard == [ORDERS]
    listener.store.put(POLICY.name, policy(version=5, finalizers=[objects.FINALIZER], **deleted))
    assert listener.store.get(ORDERS) is None, "the watch was behind"
    assert not listener.store.remove(POLICY.name, policy(version=7, **deleted))
    assert listener.heard == [ORDERS]


def test_a_namespace_that_is_going_is_still_there() -> None:
    """Its finalizers are in its spec."""
    listener = Listener()
    going = namespace()
    going["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
    listener.put(NAMESPACE, namespace())

    assert (
        listener.put(NAMESPACE, {**going, "metadata": {**going["metadata"], "resourceVersion": "2"}})[0]
        is Change.CHANGED
    )
    assert listener.store.get(ObjectKey(NAMESPACE, "", "shop")) is not None


@pytest.mark.parametrize(
    ("listed", "version", "differs"),
    [
        pytest.param([policy(version=5)], 9, False, id="the same"),
        pytest.param([policy(version=6, generation=2)], 9, True, id="a newer one"),
        pytest.param([policy(version=6)], 9, False, id="one with another status"),
        pytest.param([policy(version=4)], 4, False, id="an older list"),
        pytest.param([policy(version=5), policy("new", version=7)], 9, True, id="one more"),
        pytest.param([policy(version=5), policy("gone", version=2)], 9, False, id="one that we know to be gone"),
        pytest.param([], 9, True, id="one less"),
        pytest.param([], 4, False, id="one less in an older list"),
    ],
)
def test_a_list_differs_when_comparing_would_find_something(
    listed: list[dict[str, Any]], version: int, *, differs: bool
) -> None:
    """The same question, without the consequences."""
    listener = Listener()
    listener.put(POLICY.name, policy(version=5))
    listener.store.remove(POLICY.name, policy("gone", version=3))

    assert listener.store.differs(POLICY.name, listed, version=version) is differs
    assert (listener.store.compare(POLICY.name, listed, version=version) != (0, 0)) is differs


def settled(listener: Listener) -> Store:
    """Return the store with all claims known."""
    while listener.store.desk.settle(limit=1):
        pass
    return listener.store


def wanting(name: str, *vaults: str, version: int = 1, **metadata: object) -> Body:
    """Return a policy that wants its statement in some vaults."""
    body = policy(name, version=version, **metadata)
    return {**body, "spec": {**body["spec"], "wants": vaults}}


def test_claims_are_those_of_the_others() -> None:
    """One's own do not count, unless somebody else has the same."""
    listener = Listener()
    listener.put(ACCOUNT.name, account())
    listener.put(POLICY.name, wanting("orders", "v1", "v2"))
    listener.put(POLICY.name, wanting("other", "v2", "v3"))
    store = settled(listener)

    assert store.desk[POLICY].claims_beside(ORDERS.policy) == {("v2", "sid"), ("v3", "sid")}
    other = PolicyKey("shop", "other")
    assert store.desk[POLICY].claimants_beside(ORDERS.policy) == {("v2", "sid"): (other,), ("v3", "sid"): (other,)}
    assert store.desk[POLICY].claims_beside(PolicyKey("shop", "new")) == {(v, "sid") for v in ("v1", "v2", "v3")}


def test_a_request_respects_what_was_put_in_a_moment_ago() -> None:
    """A deletion asks the API server before it asks the desk, and policies are made meanwhile."""
    listener = Listener()
    listener.put(ACCOUNT.name, account())
    listener.put(POLICY.name, wanting("orders", "v1"))
    listener.put(POLICY.name, wanting("newborn", "v1"))
    body = listener.store.get(ORDERS) or {}

    request = listener.store.desk.request(ORDERS, body, Occasion(datetime(2026, 11, 29, tzinfo=UTC)))
    assert isinstance(request, PolicyRequest)
    assert request.claims == {("v1", "sid")}


def test_what_a_request_respects_stays_as_it_was() -> None:
    """A pass reads it in another thread, while policies come and go."""
    listener = Listener()
    listener.put(ACCOUNT.name, account())
    listener.put(POLICY.name, wanting("orders", "v1"))
    listener.put(POLICY.name, wanting("other", "v1", "v2"))
    before = settled(listener).desk[POLICY].claims_beside(ORDERS.policy)

    listener.put(POLICY.name, wanting("newborn", "v3"))
    listener.store.drop(ObjectKey(POLICY.name, "shop", "other"))

    after = settled(listener).desk[POLICY].claims_beside(ORDERS.policy)
    assert (set(before), len(before), ("v3", "sid") in before) == ({("v1", "sid"), ("v2", "sid")}, 2, False)
    assert (set(after), len(after), ("v3", "sid") in after) == ({("v3", "sid")}, 1, True)
    assert before - after == {("v1", "sid"), ("v2", "sid")}, "and it is a set like others"


def test_claims_end_with_the_policy_and_with_its_deletion() -> None:
    """Whoever is being deleted wants nothing any more."""
    listener = Listener()
    listener.put(ACCOUNT.name, account())
    for name in ("orders", "deleted", "dropped"):
        listener.put(POLICY.name, wanting(name, name))
    settled(listener)
    held: dict[str, Any] = {"deletionTimestamp": "2026-11-02T00:00:00Z", "finalizers": [objects.FINALIZER]}
    listener.put(POLICY.name, wanting("deleted", "deleted", version=2, generation=2, **held))
    listener.store.drop(ObjectKey(POLICY.name, "shop", "dropped"))

    assert not settled(listener).desk[POLICY].claims_beside(ORDERS.policy)


def test_claims_of_a_policy_that_cannot_be_parsed_any_more_count_on() -> None:
    """An account that went by mistake must not lock out the copies of those who use it."""
    listener = Listener()
    listener.put(ACCOUNT.name, account())
    listener.put(POLICY.name, wanting("other", "v1"))
    settled(listener)
    listener.store.drop(DR)

    assert settled(listener).desk[POLICY].claims_beside(ORDERS.policy) == {("v1", "sid")}


@pytest.mark.parametrize(
    ("status", "claims"),
    [
        ({}, frozenset()),
        ({"destinations": [{"name": "vault", "vaultArn": "v1"}]}, frozenset()),
        ({"destinations": [{"name": "vault", "vaultArn": "v1", "statementSid": "sid"}]}, frozenset({("v1", "sid")})),
    ],
    ids=["never looked at", "of an older release", "looked at"],
)
def test_after_a_restart_the_status_knows_the_claims_of_a_policy_that_cannot_be_parsed(
    status: dict[str, Any], claims: frozenset[tuple[str, str]]
) -> None:
    """Its account is gone, and this process never saw what it wants."""
    listener = Listener()
    listener.put(POLICY.name, {**wanting("other"), "status": status})
    assert settled(listener).desk[POLICY].claims_beside(ORDERS.policy) == claims

    listener.put(ACCOUNT.name, account())
    listener.put(POLICY.name, wanting("other", "v2", version=2, generation=2))
    assert settled(listener).desk[POLICY].claims_beside(ORDERS.policy) == {("v2", "sid")}


def test_a_policy_that_may_not_copy_any_more_has_no_say_in_how_others_do() -> None:
    """Its grant is gone: its statement may still be needed, its lifecycle is nobody's rival."""
    listener = Listener()
    listener.put(ACCOUNT.name, account())
    for name in ("orders", "rival"):
        listener.put(POLICY.name, wanting(name, "v1"))
    assert len(settled(listener).desk[POLICY].neighbours_of(ORDERS.policy)) == 1
    listener.store.drop(DR)

    assert settled(listener).desk[POLICY].neighbours_of(ORDERS.policy) == ()
    assert listener.store.desk[POLICY].claims_beside(ORDERS.policy) == {("v1", "sid")}


@pytest.mark.parametrize(
    "row",
    [{}, {"statementSid": "x"}, {"vaultArn": "v1", "statementSid": 7}, {"vaultArn": None, "statementWritten": "x"}],
)
def test_a_status_that_somebody_forged_stops_nobody(row: dict[str, Any]) -> None:
    """It is read in the pass of whoever comes next."""
    listener = Listener()
    listener.put(POLICY.name, {**wanting("forged"), "status": {"destinations": [row]}})

    assert not settled(listener).desk[POLICY].claims_beside(ORDERS.policy)
    assert written_by({"destinations": [row]}) == {}


def test_who_copies_the_same_vault_into_the_same_one_is_a_neighbour() -> None:
    """As long as it is there and can be parsed; what it declares is the latest."""
    listener = Listener()
    listener.put(ACCOUNT.name, account())
    for name, vaults in (("orders", "v1 v2"), ("reports", "v2"), ("other", "v3")):
        listener.put(POLICY.name, wanting(name, *vaults.split()))
    store = settled(listener)

    assert [(each.key.name, each.vaults) for each in store.desk[POLICY].neighbours_of(ORDERS.policy)] == [
        ("reports", ("source", "v2"))
    ]
    listener.put(POLICY.name, wanting("reports", "v9", version=9, generation=2))
    assert settled(listener).desk[POLICY].neighbours_of(ORDERS.policy) == ()


# --- Places that are limited ---------------------------------------------------------------------------------------


LIMITED: dict[str, Any] = {
    "allowedNamespaces": {},
    "grants": [{"namespaces": {"all": True}, "as": ["Destination"], "vaults": ["*"], "limits": {"policies": 1}}],
}


def aged(name: str, day: int, *, version: int = 1, **metadata: object) -> Body:
    """Return a policy that was created on a day."""
    return policy(name, version=version, creationTimestamp=f"2026-11-{day:02}T00:00:00Z", **metadata)


def test_older_policies_of_a_namespace_are_counted_where_an_account_limits_their_number() -> None:
    """By age, whoever was heard of first."""
    listener = Listener()
    for each in (aged("orders", 2), aged("younger", 3), aged("older", 1)):
        listener.put(POLICY.name, each)
    assert listener.store.desk[POLICY].elders_of(ORDERS.policy) == {}

    listener.put(ACCOUNT.name, account(**LIMITED))
    counts = {name: listener.store.desk[POLICY].elders_of(PolicyKey("shop", name)) for name in ("older", "younger")}
    assert counts == {"older": {}, "younger": {"dr": 2}}


@pytest.mark.parametrize(
    ("leaves", "limited"),
    [
        pytest.param("dropped", True, id="it is gone"),
        pytest.param("deleted", True, id="it is being deleted"),
        pytest.param("renamed", True, id="it names another account"),
        pytest.param("dropped", False, id="without a limit nobody waited for it"),
    ],
)
def test_who_leaves_makes_room_for_the_next(leaves: str, *, limited: bool) -> None:
    """The others of its namespace are looked at."""
    listener = Listener()
    listener.put(ACCOUNT.name, account(**(LIMITED if limited else {})))
    listener.put(POLICY.name, aged("other", 1))
    listener.put(POLICY.name, aged("orders", 2))
    listener.put(
        POLICY.name, {**aged("elsewhere", 2), "metadata": aged("elsewhere", 2)["metadata"] | {"namespace": "x"}}
    )
    other = ObjectKey(POLICY.name, "shop", "other")
    listener.heard.clear()
    match leaves:
        case "dropped":
            listener.store.drop(other)
        case "deleted":
            held: dict[str, Any] = {"deletionTimestamp": "2026-11-02T00:00:00Z", "finalizers": [objects.FINALIZER]}
            listener.store.put(POLICY.name, aged("other", 1, version=2, **held))
        case "renamed":
            moved = aged("other", 1, version=2, generation=2)
            moved["spec"]["destinations"][0]["accountRef"]["name"] = "another"
            listener.store.put(POLICY.name, moved)

    assert [each for each in listener.heard if each != other] == ([ORDERS] if limited else [])


def limited_to(*most: int) -> dict[str, Any]:
    """Return the spec of an account with a grant for each of these numbers of policies."""
    (grant,) = LIMITED["grants"]
    return {"allowedNamespaces": {}, "grants": [grant | {"limits": {"policies": each}} for each in most]}


def places(store: Store, most: list[int]) -> set[tuple[int, ObjectKey]]:
    """Return who has a place in the account, by each of its limits."""
    staying = [
        key
        for key in store.keys(POLICY.name)
        if "dr" in accounts_named_by(store.get(key) or {}) and not objects.deletion_of(store.get(key) or {})
    ]
    return {
        (limit, key)
        for key in staying
        for limit in most
        if store.desk[POLICY].elders_of(key.policy).get("dr", 0) < limit
    }


NEWS = st.tuples(st.sampled_from("abcdef"), st.integers(1, 5), st.sampled_from(["put", "move", "delete", "drop"]))


@given(news=st.lists(NEWS, max_size=40), most=st.lists(st.integers(1, 4), min_size=1, max_size=2))
def test_who_gets_a_place_is_looked_at_and_nobody_else(news: list[tuple[str, int, str]], most: list[int]) -> None:
    """Whatever comes and goes; and older ones are counted as files count them."""
    listener = Listener()
    listener.put(ACCOUNT.name, account(**limited_to(*most)))
    for number, (name, day, what) in enumerate(news):
        key, before = ObjectKey(POLICY.name, "shop", name), places(listener.store, most)
        listener.heard.clear()
        extra: dict[str, Any] = {"uid": f"{name}-{day}", "generation": number}
        if what == "delete":
            extra |= {"deletionTimestamp": "2026-11-02T00:00:00Z", "finalizers": [objects.FINALIZER]}
        body = aged(name, day, version=number + 2, **extra)
        if what == "move":
            body["spec"]["destinations"][0]["accountRef"]["name"] = "another"
        listener.store.drop(key) if what == "drop" else listener.store.put(POLICY.name, body)

        gained = {each for _, each in places(listener.store, most) - before} - {key}
        assert [each for each in listener.heard if each != key] == sorted(gained, key=str)
        bodies = [listener.store.get(each) or {} for each in listener.store.keys(POLICY.name)]
        for each in bodies:
            counted = elders_of(each, bodies, listener.store.desk[ACCOUNT].accounts())
            assert listener.store.desk[POLICY].elders_of(objects.key_of(POLICY.name, each).policy) == counted


def test_a_pass_waits_for_no_account_that_it_cannot_ask() -> None:
    """Neither for one that is not there, nor for one that gives the namespace nothing; all of them are one line."""
    listener = Listener()
    for number in range(20):
        body = policy(f"p{number}")
        body["spec"]["source"]["accountRef"]["name"] = f"invented-{number}"
        body["spec"]["destinations"][0]["accountRef"]["name"] = "closed" if number % 2 else "dr"
        listener.put(POLICY.name, body)
    listener.put(ACCOUNT.name, account("closed", allowedNamespaces={"names": ["books"]}))

    def lines() -> set[frozenset[str]]:
        return {listener.store.desk.accounts_of(key) for key in listener.store.keys(POLICY.name)}

    assert lines() == {frozenset({""})}
    listener.put(ACCOUNT.name, account())
    assert lines() == {frozenset({"dr"}), frozenset({""})}
    granted = [LIMITED["grants"][0] | {"namespaces": {"selector": {"matchLabels": {"team": "shop"}}}}]
    listener.put(ACCOUNT.name, account("closed", version=2, generation=2, allowedNamespaces={}, grants=granted))
    assert lines() == {frozenset({"dr"}), frozenset({""})}
    listener.put(NAMESPACE, namespace(team="shop"))
    assert lines() == {frozenset({"dr"}), frozenset({"closed"})}
    assert listener.store.desk.accounts_of(DR) == frozenset({"dr"})


def test_namespaces_that_copy_out_of_one_account_share_it() -> None:
    """Of one's own all pairs of vaults are known; of the others how many they are, as long as they are there."""
    listener = Listener()
    listener.put(ACCOUNT.name, account())
    for where, name, vault in (("shop", "orders", "v1"), ("shop", "reports", "v2"), ("books", "orders", "v3")):
        listener.put(POLICY.name, wanting(name, vault, namespace=where, uid=f"{where}-{name}"))
    shop, books = (ObjectKey(POLICY.name, where, "orders") for where in ("shop", "books"))
    store = settled(listener)
    assert store.desk[POLICY].sharing_of(shop.policy) == Sharing(2, frozenset({("source", "v1"), ("source", "v2")}))
    assert store.desk[POLICY].sharing_of(books.policy) == Sharing(2, frozenset({("source", "v3")}))

    store.drop(books)

    assert settled(listener).desk[POLICY].sharing_of(shop.policy).namespaces == 1
    assert store.desk[POLICY].sharing_of(books.policy) == Sharing()
