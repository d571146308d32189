"""World files as text: which line is wrong, and the JSON schema that editors complete them with."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import Any

import jsonschema
import pydantic
import pytest
import yaml

from backup_simulator.records import regions
from backup_simulator.world import building, files

SIMULATOR = Path(__file__).parents[1]
SCHEMA: dict[str, Any] = json.loads((SIMULATOR / "world.schema.json").read_text("utf-8"))
WHOLE = """\
version: 1
clock:
  rate: 60
accounts:
  - id: "111111111111"
    name: production
    users:
      - name: admin
        access_key: {id: AKIAPRODUCTION111111, secret: made-up-secret}
        policies: [full]
    roles:
      - name: reader
        trust: {aws: ["111111111111"]}
        policies: [full]
    vaults:
      - region: eu-west-1
        name: orders
        recovery_points:
          - {resource_type: EBS, resource: vol-1, age: 3d}
"""

BROKEN = [
    pytest.param("rate: 60", "rate: quick", 3, "clock.rate", id="a value of a wrong type"),
    pytest.param("name: production", "nome: production", 6, "accounts[0].nome", id="an unknown field"),
    pytest.param("        name: orders\n", "", 16, "accounts[0].vaults[0].name", id="a missing field: its parent"),
    pytest.param("age: 3d", "age: soon", 19, "recovery_points[0].age", id="a duration in words"),
    pytest.param("age: 3d", "age: {a: 1}", 19, "recovery_points[0].age", id="a duration that is a mapping"),
    pytest.param('{aws: ["111111111111"]}', "{}", 13, "trust", id="behind an alternative"),
    pytest.param("policies: [full]", "policies: [all]", 10, "policies", id="in a list"),
    pytest.param("age: 3d", "lifecycle: {delete_after_days: 36501}", 19, "delete_after_days", id="kept for too long"),
    pytest.param(
        "name: orders",
        "name: orders\n        generate: [{resource_type: S3, name: a, resources: 9, every: 1, back: 9d}]",
        18,
        "generate[0]: more than 5000000 recovery points",
        id="more recovery points than memory holds",
    ),
    pytest.param("rate: 60", "rate: 60\n  rate: 61", 4, "rate stands twice", id="a field twice"),
    pytest.param("version: 1", "version: 1\nfaults: [{kind: boom}]", 2, "faults[0].kind", id="an unknown fault"),
]


@pytest.mark.parametrize(("old", "new", "line", "words"), BROKEN)
def test_a_broken_file_names_line_and_field(old: str, new: str, line: int, words: str) -> None:
    """As editors take it: `file:line: field: cause`."""
    with pytest.raises(files.WorldError) as refusal:
        files.from_text(WHOLE.replace(old, new, 1), source="w.yaml")

    flaws = str(refusal.value).splitlines()
    assert any(flaw.startswith(f"w.yaml:{line}: ") and words in flaw for flaw in flaws), flaws


WORDED = [
    pytest.param("rate: 60", "rate: quick", "w:3: clock.rate: 'quick' is not a number", id="kind"),
    pytest.param("clock:", "clok:", "w:2: clok: is no field here; clock?", id="unknown field"),
    pytest.param("        name: orders\n", "", "w:16: accounts[0].vaults[0].name: is missing", id="missing field"),
    pytest.param(
        "policies: [full]",
        "policies: [all]",
        "w:10: accounts[0].users[0].policies[0]: fits no alternative: 'all' is not 'full'; or 'all' is no ARN of a "
        "managed policy; or 'all' is not a mapping",
        id="alternatives",
    ),
    pytest.param(
        '{aws: ["111111111111"]}',
        "{}",
        "w:13: accounts[0].roles[0].trust: a trust names nobody: give aws, services or a policy document",
        id="own rule",
    ),
    pytest.param(
        '"111111111111"', '"111"', "w:5: accounts[0].id: '111' is no account id: twelve digits, in quotes", id="form"
    ),
    pytest.param(
        '"111111111111"',
        "111111111111",
        "w:5: accounts[0].id: 111111111111 is not a text; put it in quotes",
        id="number",
    ),
    pytest.param(
        "eu-west-1",
        "eu-wset-1",
        "w:16: accounts[0].vaults[0].region: 'eu-wset-1' is no Region; eu-west-1?",
        id="Region",
    ),
    pytest.param(
        "name: orders",
        "name: all orders",
        "w:17: accounts[0].vaults[0].name: 'all orders' is no vault name: 2 to 50 of A-Z a-z 0-9 _ -",
        id="vault name",
    ),
    pytest.param(
        "type: EBS",
        "type: EBS, storage_class: COLD, continuous: true",
        "w:19: accounts[0].vaults[0].recovery_points[0]: continuous are only Aurora, RDS, S3, SAP HANA on Amazon EC2",
        id="never continuous",
    ),
    pytest.param(
        "type: EBS",
        "type: RDS, storage_class: COLD",
        "w:19: accounts[0].vaults[0].recovery_points[0]: there is no cold storage for RDS",
        id="never cold",
    ),
    pytest.param(
        "accounts:\n",
        'accounts:\n  - {id: "111111111111", name: twice}\n',
        "w:1: two accounts have the same id: 111111111111",
        id="twice",
    ),
    pytest.param("rate: 60", "rate: 0", "w:3: clock.rate: 0 must be greater than 0", id="bound"),
    pytest.param("rate: 60", "start: 2026-13-01", "w:3: 2026-13-01: month must be in 1..12", id="date that is none"),
]


@pytest.mark.parametrize(("old", "new", "text"), WORDED)
def test_a_flaw_is_told_in_plain_words(old: str, new: str, text: str) -> None:
    """Once, with what was found, what is wanted and, for a misspelt field, the one that was meant."""
    with pytest.raises(files.WorldError) as refusal:
        files.from_text(WHOLE.replace(old, new, 1), source="w")

    assert text in str(refusal.value).splitlines()


UNFIT = [
    pytest.param('{aws: ["111111111111"]}', '{aws: ["arn:aws:iam::111111111111:role/x"]}', 13, "trust", id="a trust"),
    pytest.param("name: orders", "name: orders\n        key: alias/no", 18, "vault orders: key", id="a vault's key"),
    pytest.param("age: 3d", "age: 3d, key: alias/nobody", 16, "vol-1: key", id="a recovery point's key: its vault"),
    pytest.param(
        "policies: [full]",
        "policies: [{Statement: [{Effect: [Allow], Action: s3:Get}]}]",
        10,
        "user admin: policies",
        id="an effect in a list",
    ),
    pytest.param(
        "policies: [full]",
        "policies: [{Version: {}, Statement: [{Effect: Allow, Action: s3:Get}]}]",
        10,
        "user admin: policies",
        id="a version that is a mapping",
    ),
    pytest.param(
        '{aws: ["111111111111"]}',
        "{Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: '*', 1: 2, x: 3}]}",
        13,
        "role reader: trust",
        id="a number for a name",
    ),
    pytest.param(
        "name: orders",
        "name: orders\n        policy: {Statement: [{Effect: Deny, Principal: '*', Action: 'backup:*'}]}",
        18,
        "Wildcards are not allowed in Action",
        id="a vault policy that AWS Backup refuses",
    ),
    pytest.param(
        "name: orders", "name: orders\n        lock: {min_days: 9, max_days: 3}", 18, "lock: Invalid", id="a lock"
    ),
    pytest.param(
        "age: 3d",
        "lifecycle: {move_to_cold_after_days: 30, delete_after_days: 60}",
        16,
        "EBS vol-1: lifecycle: Invalid lifecycle. DeleteAfterDays cannot be less than 90 days apart",
        id="a lifecycle",
    ),
    pytest.param('111111111111"]}', '111111111111"], services: [backup]}', 13, "trust: names backup", id="a service"),
    pytest.param(
        "policies: [full]",
        "policies: ['arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForBackup']",
        10,
        "is no policy of AWS; arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup?",
        id="a managed policy without its path",
    ),
    pytest.param(
        '{aws: ["111111111111"]}',
        '{aws: ["arn:aws:iam::111111111111:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"]}',
        13,
        "service_linked_role: true makes it",
        id="the service-linked role",
    ),
    pytest.param("policies: [full]", "policies: [{Statement: []}]", 10, "user admin: policies", id="a policy"),
]


ORDERS = [
    pytest.param("faults: [{kind: error, operation: StartCopyJobs}]", "faults[0]: operation: ", id="fault"),
    pytest.param("outcomes: [{state: FAILED, category: FATAL}]", "outcomes[0]: category: 'FATAL' is no", id="outcome"),
]


@pytest.mark.parametrize(("order", "text"), ORDERS)
def test_an_order_that_can_never_apply_is_refused(order: str, text: str) -> None:
    """A fault of an operation that there is not waits for ever, and the test that relies on it proves nothing."""
    world = files.from_text(WHOLE.replace("version: 1", f"version: 1\n{order}"), source="w.yaml")
    with pytest.raises(files.WorldError) as refusal:
        building.build(world)

    assert str(refusal.value).startswith(f"w.yaml:2: {text}")


@pytest.mark.parametrize(("old", "new", "line", "words"), UNFIT)
def test_what_does_not_fit_names_its_line(old: str, new: str, line: int, words: str) -> None:
    """What only shows when the world is built."""
    world = files.from_text(WHOLE.replace(old, new, 1), source="w.yaml")
    with pytest.raises(files.WorldError) as refusal:
        building.build(world)

    assert str(refusal.value).startswith(f"w.yaml:{line}: account 111111111111, ")
    assert words in str(refusal.value)


def test_the_version_of_a_policy_needs_no_quotes() -> None:
    """YAML reads a date, and everybody copies policies without thinking of that."""
    statement = "{Effect: Allow, Action: 'sts:AssumeRole', Principal: '*'}"
    trust = f"{{Version: 2012-10-17, Statement: [{statement}]}}"
    living = building.build(files.from_text(WHOLE.replace('{aws: ["111111111111"]}', trust)))

    stored = living.accounts["111111111111"].roles["reader"].trust
    assert stored is not None
    assert stored.document["Version"] == "2012-10-17"


def test_every_flaw_is_told_at_once() -> None:
    """Nobody repairs a file flaw by flaw."""
    with pytest.raises(files.WorldError) as refusal:
        files.from_text(WHOLE.replace("rate: 60", "rate: 0").replace("name: orders", "name: o"), source="w")

    assert [text.split(":")[1] for text in str(refusal.value).splitlines()] == ["3", "17"]


def test_all_that_does_not_fit_is_told_at_once() -> None:
    """A flaw in one policy hides no flaw in another place, and drags no flaw behind it."""
    broken = WHOLE
    for old, new in [
        ("policies: [full]", "policies: [{Statement: []}]"),
        ('{aws: ["111111111111"]}', '{aws: ["222222222222", "arn:aws:iam::111111111111:user/admin"]}'),
        ("name: orders", "name: orders\n        key: alias/no"),
    ]:
        broken = broken.replace(old, new, 1)
    with pytest.raises(files.WorldError) as refusal:
        building.build(files.from_text(broken, source="w"))

    assert [text.split(": ", 2)[:2] for text in str(refusal.value).splitlines()] == [
        ["w:10", "account 111111111111, user admin"],
        ["w:13", "account 111111111111, role reader"],
        ["w:18", "account 111111111111, vault orders"],
    ]


def test_the_whole_file_is_sound() -> None:
    """What the broken ones are made of."""
    assert files.from_text(WHOLE).accounts[0].vaults[0].name == "orders"


def _flaws(world: Any) -> list[str]:
    """What the schema has to say against a world."""
    known = jsonschema.validators.validator_for(SCHEMA)
    return [error.message for error in known(SCHEMA).iter_errors(world)]


WORLDS = sorted((SIMULATOR / "worlds").glob("*.yaml"))


@pytest.mark.parametrize("path", WORLDS, ids=[path.name for path in WORLDS])
def test_the_schema_takes_the_worlds_of_the_project(path: Path) -> None:
    """Short forms such as `3d` and `8GiB` included."""
    assert _flaws(yaml.safe_load(path.read_text("utf-8"))) == []


def test_one_world_of_the_project_has_every_field() -> None:
    """Whoever writes a world finds each field there, in a file that comes to life."""
    world = files.read(SIMULATOR / "worlds" / "everything.yaml")
    told: set[str] = set()
    kinds: set[type[pydantic.BaseModel]] = set()
    waiting: list[object] = [world]
    while waiting:
        part = waiting.pop()
        if isinstance(part, pydantic.BaseModel):
            kinds.add(type(part))
            told |= {_declared(type(part), name) for name in part.model_fields_set}
            waiting += [getattr(part, name) for name in part.model_fields_set]
        elif isinstance(part, list):
            waiting += part

    assert {_declared(kind, name) for kind in kinds for name in kind.model_fields} - told == set()
    assert {kind.__name__ for kind in kinds} == set(SCHEMA["$defs"]) | {"World"}
    assert len(building.build(world).accounts) == len(world.accounts)


def _declared(kind: type[pydantic.BaseModel], name: str) -> str:
    """A field by the class that brings it in: one that two kinds of points share needs to be shown once."""
    owner = next(each for each in reversed(kind.__mro__) if name in vars(each).get("__annotations__", {}))
    return f"{owner.__name__}.{name}"


PARTS: dict[str, Any] = {"World": SCHEMA, **SCHEMA["$defs"]}
FIELDS = [
    pytest.param(field, id=f"{part}.{name}")
    for part, found in PARTS.items()
    for name, field in found["properties"].items()
]


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_is_described(field: dict[str, Any]) -> None:
    """In a sentence that an editor shows in one line; durations, sizes and ids with examples, too."""
    said, form = field["description"], json.dumps(field)

    assert said.endswith(".")
    assert said[0].isupper() or said[0] == "`"
    assert 9 < len(said) < 120
    if "[smhdw]" in form or "GiB" in form or r"\\d{12}" in form or '"pattern": "^[a-z]{2}(' in form:
        assert '"examples"' in form


def test_every_region_fits_the_schema() -> None:
    """A pattern is enough to find a slip of the pen; the simulator knows the names."""
    (pattern,) = {
        each["pattern"] for part in PARTS.values() for name, each in part["properties"].items() if name == "region"
    }

    assert [name for name in regions.known() if not re.fullmatch(pattern, name)] == []
    assert [name for name in ("eu-west", "europe", "eu_west_1", "EU-WEST-1", "") if re.fullmatch(pattern, name)] == []


def test_the_schema_is_a_schema() -> None:
    """Of the draft it names."""
    known = jsonschema.validators.validator_for(SCHEMA)
    flaws = [error.message for error in known(known.META_SCHEMA).iter_errors(SCHEMA)]

    assert SCHEMA["$schema"] == known.META_SCHEMA["$schema"]
    assert flaws == []
    assert _flaws(yaml.safe_load(WHOLE)) == []


REFUSED = [
    pytest.param("rate: 60", "rate: quick", id="a type"),
    pytest.param("name: production", "nome: production", id="an unknown field"),
    pytest.param("age: 3d", "age: soon", id="a duration in words"),
    pytest.param('"111111111111"\n', '"1"\n', id="an account id"),
    pytest.param("region: eu-west-1", "region: ireland", id="a Region"),
]


@pytest.mark.parametrize(("old", "new"), REFUSED)
def test_the_schema_refuses_what_the_simulator_refuses(old: str, new: str) -> None:
    """So that an editor marks it."""
    broken = yaml.safe_load(textwrap.dedent(WHOLE).replace(old, new, 1))

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, SCHEMA)
