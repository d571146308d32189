"""Folders hold anything: half a file, a pipe, a link to itself, bytes. Each is one error with its place, and soon."""

import errno
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kit.broken_folders import FILES, TEXTS
from tests.kit.broken_manifests import ACCOUNT, POLICY, altered

from crossvault import kinds
from crossvault.engine.declared import PolicyKey
from crossvault.kinds.kind import ObjectKey
from crossvault.local import Folder, ManifestError, ManifestFault
from crossvault.local.manifests import SAID

GOOD = yaml.safe_dump_all([ACCOUNT, altered(POLICY, {"metadata.name": "good"})])


def refused(path: Path) -> ManifestError:
    """Return why a folder is refused; it takes seconds at most, and no line of it holds what a terminal would obey."""
    started = time.process_time()
    with pytest.raises(ManifestError) as caught:
        Folder.read(path)
    assert time.process_time() - started < 10
    lines = str(caught.value).split("\n")
    assert all(line.isprintable() and len(line) < 1000 for line in lines)
    assert len(lines) <= SAID + 1
    return caught.value


@pytest.mark.parametrize(("text", "line", "said"), [pytest.param(*rest, id=name) for name, *rest in TEXTS])
def test_a_broken_text_is_refused_with_its_place(tmp_path: Path, text: str, line: int, said: str) -> None:
    """File, line, field and cause, in one short error; what follows from it is not complained of."""
    (tmp_path / "a.yaml").write_text(f"{GOOD}---\n{text}", "utf-8")
    error = refused(tmp_path)
    before = GOOD.count("\n") + 1

    fault = next(each for each in error.faults if said in str(each))
    assert {each.document for each in error.faults} == {3}
    assert fault.line == before + line
    assert str(fault).startswith(f"{tmp_path / 'a.yaml'}:{before + line} (document 3): ")


@pytest.mark.parametrize(("make", "said"), [pytest.param(*rest, id=name) for name, *rest in FILES])
@pytest.mark.parametrize("alone", [True, False], ids=["named", "in a folder"])
def test_what_is_no_file_of_text_is_refused(
    tmp_path: Path, make: Callable[[Path], object], said: str, *, alone: bool
) -> None:
    """Nothing waits for a pipe, and nothing that looks like a manifest is passed over in silence."""
    (tmp_path / "good.yaml").write_text(GOOD, "utf-8")
    odd = tmp_path / "odd.yaml"
    make(odd)
    error = refused(odd if alone else tmp_path)

    assert str(odd) in str(error)
    assert (alone and odd.is_symlink()) or said in str(error)


def test_what_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file and a folder, as they answer to anybody but root."""
    (tmp_path / "secret.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "folder").mkdir()
    opened, listed = os.open, os.scandir

    def allowed(place: str | Path) -> str | Path:
        if Path(place).name in {"secret.yaml", "folder"}:
            raise PermissionError(errno.EACCES, "Permission denied", str(place))
        return place

    monkeypatch.setattr("os.open", lambda place, *rest: opened(allowed(place), *rest))
    monkeypatch.setattr("os.scandir", lambda place: listed(allowed(place)))

    assert [(fault.file, fault.message) for fault in refused(tmp_path).faults] == [
        (str(tmp_path / "folder"), "may not be read: permission denied"),
        (str(tmp_path / "secret.yaml"), "may not be read: permission denied"),
    ]


def test_a_name_that_a_terminal_would_obey_is_written_as_code(tmp_path: Path) -> None:
    """Names of files are whatever somebody made them."""
    (tmp_path / "a\x1b[31m\u202e\n.yaml").write_text("[", "utf-8")

    assert "a\\u001b[31m\\u202e\\u000a.yaml:" in str(refused(tmp_path))


def test_a_name_that_is_no_text_is_written_as_code(tmp_path: Path) -> None:
    """Bytes that no encoding has."""
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.yaml"))).write_text("[", "utf-8")

    assert "\\udcff.yaml:" in str(refused(tmp_path))


def test_a_folder_named_like_a_file_is_a_folder(tmp_path: Path) -> None:
    """It is looked into."""
    (tmp_path / "all.yaml").mkdir()
    (tmp_path / "all.yaml" / "one.yaml").write_text(GOOD, "utf-8")

    assert set(Folder.read(tmp_path).policies) == {PolicyKey("default", "good")}


def test_links_between_folders_end(tmp_path: Path) -> None:
    """Each folder is read once, by whatever name."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "one.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "real" / "up").symlink_to(tmp_path)
    (tmp_path / "also").symlink_to(tmp_path / "real")

    assert set(Folder.read(tmp_path).policies) == {PolicyKey("default", "good")}


def test_a_mounted_config_map_is_read_once(tmp_path: Path) -> None:
    """The kubelet puts the files into a hidden folder, and links to them."""
    (tmp_path / "..2026_11_28").mkdir()
    (tmp_path / "..2026_11_28" / "one.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "..data").symlink_to("..2026_11_28")
    (tmp_path / "one.yaml").symlink_to("..data/one.yaml")
    (tmp_path / ".#one.yaml").symlink_to("somebody@somewhere.4711")  # the lock of an editor

    assert set(Folder.read(tmp_path).policies) == {PolicyKey("default", "good")}


def test_lists_are_taken_apart(tmp_path: Path) -> None:
    """As kubectl prints several objects, and takes them."""
    policies = {**POLICY, "kind": "CrossAccountBackupPolicyList", "items": [POLICY]}
    bodies = [{"apiVersion": "v1", "kind": "List", "items": [ACCOUNT]}, policies]
    (tmp_path / "a.json").write_text("\n---\n".join(json.dumps(each, indent="\t") for each in bodies), "utf-8")
    folder = Folder.read(tmp_path)

    assert set(folder.objects) == {
        ObjectKey(kinds.ACCOUNT.name, "", "broken"),
        ObjectKey(kinds.POLICY.name, "default", "broken"),
    }


def test_json_may_have_tabs_and_characters_in_halves(tmp_path: Path) -> None:
    """What YAML does not know of JSON."""
    body = altered(ACCOUNT, {"metadata.annotations": {"face": "\U0001f600", "back\\slash": "\\ud83d"}})
    (tmp_path / "a.json").write_text(json.dumps(body, indent="\t", ensure_ascii=True), "utf-8")

    assert {key.name for key in Folder.read(tmp_path).objects} == {"broken"}


def test_what_the_server_writes_is_not_the_files_to_say(tmp_path: Path) -> None:
    """An object that was exported while it was being deleted is not being deleted here."""
    exported = altered(
        POLICY,
        {
            "metadata.deletionTimestamp": "2026-11-28T00:00:00Z",
            "metadata.generation": 7,
            "metadata.managedFields": [{}],
            "status": {"whatever": 1},
        },
    )
    (tmp_path / "a.yaml").write_text(yaml.safe_dump_all([exported]), "utf-8")
    (body,) = Folder.read(tmp_path).policies.values()

    assert set(body["metadata"]) == {"name", "namespace"}
    assert "status" not in body


def test_twice_is_told_with_both_places(tmp_path: Path) -> None:
    """The second one is refused; the first is named."""
    (tmp_path / "a.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "b.yaml").write_text(GOOD, "utf-8")
    error = refused(tmp_path)

    assert [fault.file for fault in error.faults] == [str(tmp_path / "b.yaml")] * 2
    assert f"is declared twice, before in {tmp_path / 'a.yaml'}:1" in str(error)


KINDS: st.SearchStrategy[object] = st.sampled_from(
    ["BackupAccount", "CrossAccountBackupPolicy", "Namespace", "List", "Pod", 3, None, [], {}]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | KINDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
)
PARTS = st.sampled_from(
    [
        "metadata",
        "metadata.name",
        "metadata.namespace",
        "metadata.labels",
        "metadata.annotations",
        "kind",
        "apiVersion",
        "spec",
        "spec.source",
        "spec.source.vault.name",
        "spec.destinations",
        "spec.destinations[0]",
        "items",
        "status",
        "spec.destinations[0].lifecycle",
        "spec.destinations[1].region",
        "spec.copying.retry",
        "spec.accountId",
    ]
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples."""
    return tmp_path_factory.mktemp("generated")


@settings(max_examples=150, deadline=5000)
@given(
    bodies=st.lists(
        st.tuples(st.sampled_from([ACCOUNT, POLICY, {"apiVersion": "v1", "kind": "List", "items": []}]), PARTS, VALUES)
        | VALUES,
        max_size=3,
    )
)
def test_any_manifests_are_read_or_refused(folder: Path, bodies: list[object]) -> None:
    """Nothing that YAML can say makes reading fail otherwise, and no complaint holds what a terminal would obey."""
    made = [_altered(*each) if isinstance(each, tuple) else each for each in bodies]
    (folder / "a.yaml").write_text(yaml.safe_dump_all(made), "utf-8")
    _read_or_refused(folder)


@settings(max_examples=150, deadline=5000)
@given(text=st.binary(max_size=60) | st.tuples(st.integers(0, len(GOOD)), st.binary(max_size=6)))
def test_any_bytes_are_read_or_refused(folder: Path, text: bytes | tuple[int, bytes]) -> None:
    """Bytes alone, or put into a good file somewhere."""
    whole = GOOD.encode()
    content = text if isinstance(text, bytes) else whole[: text[0]] + text[1] + whole[text[0] :]
    (folder / "a.yaml").write_bytes(content)
    _read_or_refused(folder)


def _altered(base: dict[str, object], part: str, value: object) -> object:
    try:
        return altered(base, {part: value})
    except (KeyError, IndexError, TypeError):  # the part is no member of this base
        return {**base, part.partition(".")[0]: value}


def _read_or_refused(folder: Path) -> None:
    faults: tuple[ManifestFault, ...] | None = None
    try:
        Folder.read(folder)
    except ManifestError as error:
        faults = error.faults
    assert faults is None or (faults and all(str(fault).isprintable() for fault in faults))
