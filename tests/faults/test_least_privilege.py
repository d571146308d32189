"""What ``crossvault iam`` prints is enough, and nothing of it is too much: every example lives with exactly that.

Each action is then taken away in turn, and something has to be seen that is otherwise: a row, a figure, a denial.
"""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from _pytest.mark import ParameterSet
from tests.kit import least
from tests.kit import stage as scene
from tests.kit.least import Allowed
from tests.kit.lives import TALES, Life, OtherwiseError, Tale, lived
from tests.kit.stage import BACKUP, HOME, OPERATOR_KEY, PRODUCTION, TOOLS, Json

from backup_simulator.transport import InProcess
from crossvault.cli import iam
from crossvault.kinds import ACCOUNT, POLICY
from crossvault.kinds.entries import Operator
from crossvault.local import Folder

T = TypeVar("T")

pytestmark = pytest.mark.usefixtures("operator_key")

OPTIONAL, REMOVED = "optional", "a schedule that goes"
EXAMPLES = sorted(path.name for path in least.EXAMPLES.iterdir())


def _all_that_is_optional(folder: Folder) -> Folder:
    """Declare what no example does: sessions with tags and an identity, and a policy that cleans up after itself."""
    identified = least.edited(
        folder, ACCOUNT.name, lambda body: body["spec"].update(sessionTags={"team": "orders"}, sourceIdentity=True)
    )
    return least.edited(identified, POLICY.name, lambda body: body["spec"].update(deletionPolicy="RemoveOwned"))


@functools.cache
def folder_of(name: str) -> Folder:
    """Return what an example declares, the quickstart with all that is optional, or a schedule that goes in the end."""
    if name == REMOVED:
        found = least.folder_of("scheduled")
        return least.edited(found, POLICY.name, lambda body: body["spec"].update(deletionPolicy="RemoveOwned"))
    return _all_that_is_optional(least.folder_of("quickstart")) if name == OPTIONAL else least.folder_of(name)


@functools.cache
def documents_of(name: str) -> Json:
    """Return what is printed for a folder."""
    return least.documents_of(folder_of(name))


FOLDERS = [*EXAMPLES, OPTIONAL, REMOVED]
STORIES = [
    pytest.param(name, tale, id=f"{name}: {tale.name}")
    for name in FOLDERS
    for tale in TALES
    if tale.fits(folder_of(name))
]


def _first(found: Iterable[tuple[str, str, T]]) -> list[ParameterSet]:
    """Return what is tried: what several examples have in common to the letter in one of them, by an id."""
    met: dict[str, ParameterSet] = {}
    for what, name, each in found:
        met.setdefault(what, pytest.param(name, each, id=f"{name}: {what.partition('|')[0]}"))
    return list(met.values())


ACTIONS = _first(
    (f"{one}|{entry['role']} {json.dumps(statement)}", name, one)
    for name in FOLDERS
    for one, entry, statement in least.allowed(documents_of(name))
)


class Chronicles:
    """The lives with exactly what is printed, each lived once; and which actions AWS judged in them."""

    def __init__(self, cloud: InProcess) -> None:
        self._cloud = cloud
        self._lived: dict[tuple[str, Tale], tuple[list[Json], frozenset[tuple[str, str]]]] = {}

    def of(self, name: str, tale: Tale) -> tuple[list[Json], frozenset[tuple[str, str]]]:
        """Return what was seen after each pass, and the actions by the ARNs of who was judged."""
        if (name, tale) not in self._lived:
            answer = documents_of(name)
            life = lived(self._cloud, folder_of(name), tale, lambda made: least.permit(made, answer))
            judged = frozenset((arn, action) for arn, action, _ in self._cloud.state.judged)
            self._lived[name, tale] = life.steps, judged
        return self._lived[name, tale]


@pytest.fixture(scope="module")
def chronicles(in_process: InProcess) -> Chronicles:
    """Lives that are lived once."""
    return Chronicles(in_process)


@pytest.mark.parametrize(("name", "tale"), STORIES)
def test_exactly_what_is_printed_is_as_good_as_all_rights(
    in_process: InProcess, chronicles: Chronicles, name: str, tale: Tale
) -> None:
    """In good times and in bad ones: the same statuses after every pass, the same copies, and no other denial."""
    steps, _ = chronicles.of(name, tale)
    answer = documents_of(name)
    everything = lived(in_process, folder_of(name), tale, lambda made: least.wide(made, answer))

    assert steps == everything.steps
    assert len(steps) > 1


@pytest.mark.parametrize("name", FOLDERS)
def test_everything_is_protected_with_exactly_what_is_printed(in_process: InProcess, name: str) -> None:
    """Every row is met, and every recovery point has its copy."""
    tale = next(each for each in TALES if each.fits(folder_of(name)))

    def to_the_end(life: Life) -> None:
        tale.play(life)
        life.rounds(3)

    answer = documents_of(name)
    longer = Tale(tale.name, tale.world, to_the_end)
    seen = lived(in_process, folder_of(name), longer, lambda made: least.permit(made, answer)).steps[-1]
    policies = {key: each for key, each in seen["statuses"].items() if key.startswith(POLICY.name)}
    rows = [row for status in policies.values() for row in status["prerequisites"]]

    assert {row["status"] for row in rows} == {"Met"}
    assert seen["copies"] >= 2
    assert all(
        each["copied"] + each["ineligible"] == each["inScope"]
        for one in policies.values()
        for each in one["destinations"]
    )


@pytest.mark.parametrize("name", FOLDERS)
def test_who_has_exactly_what_is_printed_lacks_nothing(in_process: InProcess, name: str) -> None:
    """What IAM decides about the conditions of the statements, too: a row that is always red is read by nobody."""
    answer = documents_of(name)
    tale = next(each for each in TALES if each.fits(folder_of(name)))
    life = lived(
        in_process,
        folder_of(name),
        Tale("nobody looks", tale.world, lambda _: None),
        lambda made: least.permit(made, answer),
    )
    life.restart()
    for key in [each for each in life.bodies if each.kind == ACCOUNT.name]:
        life.once(key)
        status = life.bodies[key]["status"]
        granted = [each for each in status["conditions"] if each["type"] == "PermissionsGranted"]
        assert [each["status"] for each in granted] in ([], ["True"]), status.get("permissions")
        assert not status.get("permissions")


@pytest.mark.parametrize(("name", "one"), ACTIONS)
def test_no_action_can_be_taken_away(in_process: InProcess, chronicles: Chronicles, name: str, one: Allowed) -> None:
    """Something that a person sees is otherwise, in good times or in bad ones."""
    answer = documents_of(name)
    less = least.without(answer, one)
    roles = {each["account"]: each["role"] for each in answer["accounts"]} | {"": answer["operator"]["role"]}
    tried: list[str] = []
    for tale in filter(lambda each: each.fits(folder_of(name)), TALES):
        steps, judged = chronicles.of(name, tale)
        if (roles[one.account], one.action) not in judged:
            continue
        tried.append(tale.name)
        if _is_otherwise(in_process, name, tale, less, steps):
            return
    pytest.fail(f"nothing is otherwise without it; tried: {tried}")


def _is_otherwise(cloud: InProcess, name: str, tale: Tale, answer: Json, steps: list[Json]) -> bool:
    try:
        lived(cloud, folder_of(name), tale, lambda made: least.permit(made, answer), steps)
    except OtherwiseError:
        return True
    return False


# --- Trust, and keys -----------------------------------------------------------------------------------------------


def _trusting(answer: Json) -> Iterator[tuple[str, str, Json]]:
    """Yield every action of every trust policy, copy roles included, with the documents without it."""
    for index, entry in enumerate(answer["accounts"]):
        for part in (entry, *entry["copyRoles"]):
            actions = part["trust"]["Statement"][0]["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                less = copy.deepcopy(answer)
                held = less["accounts"][index]
                changed = held if part is entry else held["copyRoles"][entry["copyRoles"].index(part)]
                left = [each for each in ([actions] if isinstance(actions, str) else actions) if each != action]
                changed["trust"]["Statement"][0]["Action"] = left or "sts:GetFederationToken"
                yield part["role"], action, less


TRUST = _first(
    (f"{role}: {action}", name, less) for name in FOLDERS for role, action, less in _trusting(documents_of(name))
)


@pytest.mark.parametrize(("name", "less"), TRUST)
def test_no_trust_can_be_taken_away(in_process: InProcess, chronicles: Chronicles, name: str, less: Json) -> None:
    """Neither of the roles of the operator, nor of the copy role."""
    tale = next(each for each in TALES if each.fits(folder_of(name)))
    assert _is_otherwise(in_process, name, tale, less, chronicles.of(name, tale)[0])


@pytest.mark.parametrize("name", FOLDERS)
def test_a_role_trusts_nobody_who_has_another_external_id(in_process: InProcess, name: str) -> None:
    """And says no more than what is declared."""
    folder = least.edited(folder_of(name), ACCOUNT.name, lambda body: body["spec"].update(externalId="another"))
    answer = documents_of(name)
    tale = next(each for each in TALES if each.fits(folder))
    life = lived(in_process, folder, tale, lambda made: least.permit(made, answer))

    assert life.copies() == 0
    assert {operation for _, operation in life.seen()["denied"]} == {"AssumeRole"}


def _lived_narrowly(cloud: InProcess, name: str, answer: Json) -> Life:
    tale = next(each for each in TALES if each.fits(folder_of(name)))
    return lived(cloud, folder_of(name), tale, lambda made: least.permit(made, answer, narrow=True))


@pytest.mark.parametrize("name", FOLDERS)
def test_what_is_printed_for_keys_is_enough(in_process: InProcess, chronicles: Chronicles, name: str) -> None:
    """In keys whose policies leave nothing to the account's own IAM."""
    tale = next(each for each in TALES if each.fits(folder_of(name)))

    assert _lived_narrowly(in_process, name, documents_of(name)).steps == chronicles.of(name, tale)[0]


def _keyed(answer: Json) -> Iterator[tuple[str, Json]]:
    """Yield every statement for keys by account and Sid, with the documents without it."""
    for index, entry in enumerate(answer["accounts"]):
        for number, need in enumerate(entry["keyStatements"]):
            for place, statement in enumerate(need["statements"]):
                less = copy.deepcopy(answer)
                del less["accounts"][index]["keyStatements"][number]["statements"][place]
                yield f"{entry['account']}: {statement['Sid']}", less


KEYS = _first((statement, name, less) for name in FOLDERS for statement, less in _keyed(documents_of(name)))


@pytest.mark.parametrize(("name", "less"), KEYS)
def test_no_statement_for_keys_can_be_taken_away(
    in_process: InProcess, chronicles: Chronicles, name: str, less: Json
) -> None:
    """Those for who copies are AWS's own, of which the simulator asks the least that AWS does."""
    tale = next(each for each in TALES if each.fits(folder_of(name)))

    assert _lived_narrowly(in_process, name, less).steps != chronicles.of(name, tale)[0]


@pytest.mark.parametrize("account_id", [PRODUCTION, BACKUP])
def test_worlds_begin_without_any_key_of_use_to_copies(account_id: str) -> None:
    """Else the statements for keys would prove nothing."""
    keys = next(each["keys"] for each in least.world()["accounts"] if each["id"] == account_id)

    assert {one["Sid"] for key in keys for one in key["policy"]["Statement"]} == {"Account"}


# --- The operator in a cluster -------------------------------------------------------------------------------------

HOST = "oidc.eks.eu-west-1.amazonaws.com/id/CLUSTER1"
POD = Operator(f"arn:aws:iam::{TOOLS}:role/crossvault", oidc_provider=f"arn:aws:iam::{TOOLS}:oidc-provider/{HOST}")


@pytest.mark.parametrize(("account", "copies"), [("crossvault-system:crossvault", 3), ("default:crossvault", 0)])
def test_the_pod_is_let_in_by_the_printed_trust_and_no_other(
    in_process: InProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, account: str, copies: int
) -> None:
    """With IAM roles for service accounts: the operator's ServiceAccount alone becomes the operator."""
    folder = least.folder_of("grantees")
    declared, _ = iam.declared_in(folder)
    answer = iam.make(declared, POD)

    def in_a_cluster(made: Json) -> Json:
        least.permit(made, answer)
        tools = scene.account(made, TOOLS)
        tools["oidc_providers"] = [{"host": HOST}]
        own = answer["operator"]
        tools["roles"] = [{"name": "crossvault", "trust": own["trust"], "policies": [own["permissions"]]}]
        return made

    def with_a_token(life: Life) -> None:
        token = in_process.control.web_identity_token(TOOLS, host=HOST, subject=f"system:serviceaccount:{account}")
        (tmp_path / "token").write_text(token, "utf-8")
        life.rounds()

    for name in OPERATOR_KEY:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", HOME)
    monkeypatch.setenv("AWS_ROLE_ARN", POD.arn)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    life = lived(in_process, folder, Tale("in a cluster", play=with_a_token), in_a_cluster)

    assert life.copies() == copies
