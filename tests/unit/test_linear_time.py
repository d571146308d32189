"""No pattern of the product takes more than linear time, whatever text it is given.

An event loop that searches a text of others for a second is down for that second. The patterns are found in the
modules, so that a new one is tried by itself; the texts are made from the letters and words that a pattern names.
"""

import ast
import importlib
import itertools
import pkgutil
import re
import re._parser as parser  # type: ignore[import-not-found]
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import crossvault
from crossvault.words import sanitise, texts

PRODUCT = Path(crossvault.__file__).parent
# Built at run time from what is ours, or from letters that stand for themselves.
BUILT = {"aws/errors.py:_without_external_id", "manifest/rules.py:compared"}
FILLERS = (" ", "a", "A", "0", "f", ".", "-", "/", ":", "\\", "[", "(", "'", '"', "_", "+", "\n", "é")
LONG = 1000


def patterns() -> dict[str, re.Pattern[str]]:
    """Return every compiled pattern of the product by where it was found."""
    found: dict[int, tuple[str, re.Pattern[str]]] = {}
    for module in pkgutil.walk_packages(crossvault.__path__, "crossvault."):
        if not module.name.endswith("__main__"):
            loaded = importlib.import_module(module.name)
            for name, value in vars(loaded).items():
                for where, each in _inside(f"{module.name}.{name}", value, depth=4):
                    found.setdefault(id(each), (where, each))
    return dict(found.values())


def _inside(where: str, value: object, *, depth: int) -> Iterator[tuple[str, re.Pattern[str]]]:
    if isinstance(value, re.Pattern):
        yield where, value
    elif depth and isinstance(value, Mapping):
        for key, each in value.items():
            yield from _inside(f"{where}[{key}]", each, depth=depth - 1)
    elif depth and isinstance(value, tuple | list | set | frozenset):
        for index, each in enumerate(value):
            yield from _inside(f"{where}[{index}]", each, depth=depth - 1)


def words_of(pattern: re.Pattern[str]) -> list[str]:
    """Return the runs of letters that a pattern names, and beginnings that it would take for its own."""
    runs: list[str] = []
    whole: list[str] = []

    def walk(items: Any) -> None:
        run = ""
        for kind, value in items:
            if str(kind) == "LITERAL":
                run += chr(value)
                whole.append(chr(value))
                continue
            runs.append(run)
            run = ""
            if str(kind) in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
                walk(value[2])
            elif str(kind) == "SUBPATTERN":
                walk(value[3])
            elif str(kind) == "BRANCH":
                kept = list(whole)
                for branch in value[1]:
                    walk(branch)
                    runs.append("".join(whole))
                    whole[:] = kept
                walk(value[1][0])
            elif str(kind) == "IN":
                whole.append(_one_of(value))
                runs.append("".join(whole))
        runs.append(run)

    walk(parser.parse(pattern.pattern, pattern.flags))
    runs.append("".join(whole))
    return list(dict.fromkeys(each for each in runs if each))


def _one_of(members: Any) -> str:
    """Return a letter that a class takes."""
    kinds = {"CATEGORY_DIGIT": "0", "CATEGORY_WORD": "a", "CATEGORY_SPACE": " "}
    for kind, value in members:
        if str(kind) == "LITERAL":
            return chr(value)
        if str(kind) == "RANGE":
            return chr(value[0])
        if str(kind) == "CATEGORY":
            return kinds.get(str(value), "x")
    return "x"


def attacks(pattern: re.Pattern[str], length: int) -> Iterator[str]:
    """Yield texts of about a length that make a careless pattern look again and again."""
    words = words_of(pattern)
    for one in (*FILLERS, *words):
        yield one * (length // len(one))
        yield f"{one * (length // len(one))}\0"
    for word, filler in itertools.product(words, FILLERS):
        yield word + filler * length
        yield f"{word}{filler}" * (length // (len(word) + 1))


def seconds(pattern: re.Pattern[str], text: str) -> float:
    """Return the processor time of this thread that a pattern takes for a text, in the ways that it is used."""
    start = time.thread_time()
    pattern.sub("", text)
    pattern.fullmatch(text)
    return time.thread_time() - start


def is_slow(pattern: re.Pattern[str], short: str, long: str) -> bool:
    """Tell whether four times the text takes clearly more than four times as long, whenever it is tried.

    What takes less than a third of a millisecond is not looked at closer: 4,000 letters in square time take many.
    """
    return all(
        (after := seconds(pattern, long)) > 0.0003 and after > 9 * min(seconds(pattern, short) for _ in range(3))
        for _ in range(8)
    )


def first_slow(pattern: re.Pattern[str]) -> str | None:
    """Return the beginning of a text that a pattern takes too long for."""
    for short, long in zip(attacks(pattern, LONG), attacks(pattern, 4 * LONG), strict=True):
        if is_slow(pattern, short, long):
            return short[:60]
    return None


PATTERNS = patterns()


@pytest.mark.parametrize("where", PATTERNS)
def test_pattern_takes_linear_time(where: str) -> None:
    """Four times the text takes about four times as long, not sixteen times."""
    assert first_slow(PATTERNS[where]) is None


@pytest.mark.parametrize(
    "careless",
    [
        pytest.param(r"\s+$", id="blanks at the end, from every blank"),
        pytest.param(r"\s*\bEncoded", id="what may be before a word"),
        pytest.param(r"Role\S* is", id="a word that begins again"),
        pytest.param(r"a (?:x|b)[a-z ]*policy", id="in one branch only"),
    ],
)
def test_careless_pattern_is_found(careless: str) -> None:
    """The test would see it."""
    assert first_slow(re.compile(careless)) is not None


def test_patterns_are_found_where_they_are() -> None:
    """Alone in a module, in tuples of rules, and in tables of meanings."""
    modules = {where.split("[")[0].rpartition(".")[0] for where in PATTERNS}

    assert {
        "crossvault.words.sanitise",
        "crossvault.aspects.copies.failures",
        "crossvault.aspects.vault.declared",
        "crossvault.aws.errors",
    } <= modules
    assert len(PATTERNS) > 50


def test_no_pattern_hides_in_a_function() -> None:
    """Every pattern is compiled once in a module, where it is found; what is built at run time is listed above."""
    hidden = {
        f"{file.relative_to(PRODUCT)}:{function.name}"
        for file in PRODUCT.rglob("*.py")
        for function in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for each in ast.walk(function)
        if isinstance(each, ast.Attribute)
        and isinstance(each.value, ast.Name)
        and each.value.id == "re"
        and each.attr in {"compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
    }

    assert hidden == BUILT


@pytest.mark.parametrize("function", [sanitise.sanitise, texts.clean, texts.clip, texts.plain])
@pytest.mark.parametrize("unit", [" ", "\n", "\x1b[2J", "\u202e", "a ", "(request_id", "request id: "])
def test_functions_take_linear_time(function: Any, unit: str) -> None:
    """So do the functions at the edge, for which the length of what they are given ends early."""

    def took(length: int) -> float:
        text = unit * length
        best = float("inf")
        for _ in range(3):
            start = time.thread_time()
            function(text)
            best = min(best, time.thread_time() - start)
        return best

    assert any(took(40_000) < max(9 * took(10_000), 0.001) for _ in range(3))
