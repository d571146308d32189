"""Texts become documents, or one error with its line: whatever a text is, and never much later."""

import json
import re
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kit.scalars import OF_KUBECTL

from crossvault.manifest import documents
from crossvault.manifest.documents import DocumentError


def values(text: str) -> list[Any]:
    """Return what the documents of a text say."""
    return [each.value for each in documents.read(text)]


BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 10)}]\n" for n in range(12)
)
MERGES = "a: &a {" + ", ".join(f"k{n}: 1" for n in range(400)) + "}\nb:\n" + "  <<: *a\n" * 400

BROKEN = [
    pytest.param(BOMB, 5, "more than 100,000 values", id="alias bomb"),
    pytest.param(MERGES, None, "more than 100,000 values", id="merge bomb"),
    pytest.param("a: 1\nb: " + "[" * 5000, 2, "deeper than 50", id="five thousand brackets"),
    pytest.param("a: 1\nb: " + "{a: " * 5000, 2, "deeper than 50", id="five thousand braces"),
    pytest.param("\n".join(" " * n + "a:" for n in range(300)), 51, "deeper than 50", id="deep by indentation"),
    pytest.param("- " * 5000 + "a", 1, "deeper than 50", id="deep by dashes"),
    pytest.param("a: &a [*a]", 1, "refers to itself", id="a list that holds itself"),
    pytest.param("a: *b", 1, "refers to nothing", id="an alias of nothing"),
    pytest.param("a: 1\nb: 2\na: 3", 3, "a stands twice", id="a key twice"),
    pytest.param("a:\n\tb: 1", 2, "indented with a tab", id="a tab"),
    pytest.param("a: 1\nb: \x00", 2, "U+0000", id="NUL"),
    pytest.param("a: \x1b[31mred", 1, "U+001B", id="an escape sequence"),
    pytest.param("a: 1\n? [b]\n: c", 2, "a key must be a string", id="a list for a key"),
    pytest.param("a: !!python/object:os.system x", 1, "has no meaning in a manifest", id="an object of Python"),
    pytest.param("a: !!binary eA==", 1, "has no meaning in a manifest", id="binary"),
    pytest.param("a: !!set {b}", 1, "has no meaning in a manifest", id="a set"),
    pytest.param("a: .inf", 1, "no number", id="infinity"),
    pytest.param("a: " + "9" * 6000, 1, "no number", id="six thousand digits"),
    pytest.param("null: 1", 1, "a key must be a string", id="no key"),
    pytest.param("<<: 1", 1, "<< takes an object", id="merging a number"),
    pytest.param("a: 'x", 1, "is no YAML", id="an open quote"),
    pytest.param("a: b: c", 1, "is no YAML", id="two colons"),
    pytest.param("%YAML 9.0\n---\na: 1", None, "is no YAML", id="YAML of the future"),
    pytest.param("a: " + "x" * 2_000_000, 0, "larger than 1.5 MiB", id="what etcd does not take"),
]


@pytest.mark.parametrize(("text", "line", "said"), BROKEN)
def test_what_no_manifest_is_gives_one_error_with_its_line(text: str, line: int | None, said: str) -> None:
    """In a moment, and short enough for a terminal."""
    started = time.process_time()
    with pytest.raises(DocumentError, match=re.escape(said)) as caught:
        values(text)

    assert line is None or caught.value.line == line
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 300
    assert time.process_time() - started < 5


def test_an_error_names_its_document() -> None:
    """A file of many manifests is searched by that number."""
    with pytest.raises(DocumentError) as caught:
        values("a: 1\n---\nb: 1\n---\nc: 1\nc: 2\n")

    assert (caught.value.document, caught.value.line) == (3, 6)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("1: a\ntrue: b\n1e1: c", {"1": "a", "true": "b", "10": "c"}, id="keys are strings"),
        pytest.param("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}, id="aliases"),
        pytest.param(
            "a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}", {"a": {"b": 1, "c": 2}, "d": {"b": 3, "c": 2}}, id="merge"
        ),
        pytest.param("'<<': a", {"<<": "a"}, id="a key in quotes is no merge"),
        pytest.param('{"a": [1, 2.5, null, true, "x"]}', {"a": [1, 2.5, None, True, "x"]}, id="JSON"),
        pytest.param("a: 2026-11-01", {"a": "2026-11-01"}, id="a date is a string"),
        pytest.param("a: 0x1F", {"a": 31}, id="a number"),
        pytest.param("\ufeffa: 1", {"a": 1}, id="byte order mark"),
        pytest.param("a: =", {"a": "="}, id="an equals sign"),
    ],
)
def test_what_manifests_say(text: str, value: object) -> None:
    """As kubectl reads it."""
    assert values(text) == [value]


def test_what_stands_behind_an_alias_is_a_value_of_its_own() -> None:
    """Defaults that are put into one place must not appear in the other."""
    (body,) = values("a: &x {b: {}}\nc: *x")
    body["a"]["b"]["new"] = 1

    assert body["c"] == {"b": {}}


def test_a_member_is_found_in_the_line_of_its_key() -> None:
    """Where nothing stands, the nearest thing around it."""
    (document,) = documents.read("kind: A\nspec:\n  list:\n  - x: 1\n  - y: 2\n    z:\n      w: 3\n")

    assert [
        document.line(steps)
        for steps in ((), ("spec",), ("spec", "list", 1), ("spec", "list", 1, "z"), ("spec", "list", 1, "missing"))
    ] == [1, 2, 5, 6, 5]


PIECES = st.lists(
    st.sampled_from(
        [
            "a",
            "b:",
            " ",
            "\n",
            "\n  ",
            "- ",
            "[",
            "]",
            "{",
            "}",
            ",",
            ": ",
            "&x ",
            "*x",
            "<<: ",
            "!!",
            "!str ",
            "? ",
            "|",
            "---",
            "\n---\n",
            "...",
            "%",
            "#",
            "'",
            '"',
            "\\",
            "\t",
            "\r",
            "\x00",
            "\x85",
            "\u202e",
            "\ufeff",
            "\ud7ff",
            "1",
            ">-",
            "0x",
            "0o7",
            "1:2",
            ".nan",
            "~",
            "null",
            "yes",
            "=",
            "\U0010ffff",
            "\u2028",
            "@",
            "`",
        ]
    ),
    max_size=60,
).map("".join)


@settings(max_examples=400, deadline=5000)
@given(PIECES | st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing else happens, and what is read is what JSON can hold."""
    said = ""
    try:
        for document in documents.read(text):
            json.dumps(document.value, allow_nan=False)
            assert document.line() >= 1
    except DocumentError as error:
        said = error.message
    assert said.isprintable()


@settings(max_examples=100, deadline=5000)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**18), 10**18)
        | st.text(st.characters(codec="utf-8", max_codepoint=0xFFFF), max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab<", max_size=8), inner, max_size=4),
    )
)
def test_json_is_read_as_json(value: object) -> None:
    """A text of JSON means here what it means there."""
    assert values(json.dumps({"a": value})) == [{"a": value}]


# What `kubectl annotate --local -o json` makes of each.
@pytest.mark.parametrize(("written", "meant"), OF_KUBECTL)
def test_a_scalar_means_what_kubectl_takes_it_for(written: str, meant: Any) -> None:
    """One manifest has one meaning, in a folder as in a cluster; of the same type, too."""
    (document,) = documents.read(f"a: {written}")

    assert document.value == {"a": meant}
    assert type(document.value["a"]) is type(meant)
