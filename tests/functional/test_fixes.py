"""What a real shell makes of a command that adds to a policy, whatever that policy says."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from crossvault.engine import fixes

OURS = ({"Sid": "Ours0123", "Effect": "Allow", "Action": 'it\'s $HOME `id` \\ "x"'}, {"Sid": "Also0123"})
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12) | st.sampled_from(
    ["]", "[", "]}", "'", '"', "$(id)", "`id`", "\\", "\\n", "%s", "*", "${p}", "\n"]
)
VALUES: st.SearchStrategy[Any] = st.recursive(TEXTS, lambda inner: st.lists(inner, max_size=3), max_leaves=5)
STATEMENTS = st.lists(st.dictionaries(TEXTS, VALUES, max_size=3), min_size=1, max_size=3)


@settings(max_examples=100, deadline=None)
@given(statements=STATEMENTS, rest=st.dictionaries(TEXTS, TEXTS, max_size=2), indent=st.sampled_from([None, 1]))
def test_statements_are_added_behind_those_that_stand_there(
    statements: list[dict[str, Any]], rest: dict[str, str], indent: int | None
) -> None:
    """Either nothing is printed, or the shell puts the same policy with ours at the end, and a second time nothing."""
    policy = {**rest, "Version": "2012-10-17", "Statement": statements}
    document = json.dumps(policy, indent=indent)
    command = fixes.adding(OURS, document, read='printf %s "$DOCUMENT"', write="printf %s", option="")
    if command is None:
        assert "]" in "".join(rest) + "".join(rest.values()) or any("Sid" in each for each in statements)
        return
    put = _shell(command, document)

    assert json.loads(put) == {**policy, "Statement": [*statements, *OURS]}
    assert _shell(command, put) == ""


def _shell(command: str, document: str) -> str:
    done = subprocess.run(
        ["/bin/sh", "-c", command], env={"DOCUMENT": document, "PATH": "/usr/bin:/bin"}, capture_output=True, check=True
    )
    return done.stdout.decode()
