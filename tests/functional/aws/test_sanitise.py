"""Texts of AWS lose what changes from answer to answer and keep what a person needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossvault.words.sanitise import sanitise

UUID = "0f6b8f0a-1c2d-4e3f-8a9b-0c1d2e3f4a5b"
BLOB = "Zq3" * 60


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Rate exceeded", "Rate exceeded", id="plain text stays"),
        pytest.param(
            f"Denied. (Service: Backup, Status Code: 403, Request ID: {UUID})", "Denied.", id="the SDK's tail goes"
        ),
        pytest.param(f"Failed (RequestId: {UUID})", "Failed", id="a request id in brackets goes"),
        pytest.param(f"Failed; request id: {UUID}", "Failed", id="a request id behind a semicolon goes"),
        pytest.param(
            f"You may not. Encoded authorization failure message: {BLOB}", "You may not.", id="an encoded message goes"
        ),
        pytest.param("a\x1b[31m\x9bb\u202ec\u200bd\u2028e", "a [31m b c d e", id="what a terminal obeys or hides goes"),
        pytest.param(f"Token {BLOB} is bad", "Token … is bad", id="a long blob goes"),
        pytest.param("Expired at 2026-11-23T05:02:10.123Z", "Expired at …", id="an ISO instant goes"),
        pytest.param("Expired at 2026-11-23 05:02:10 UTC.", "Expired at ….", id="an instant with a blank goes"),
        pytest.param(
            "20261123T050210Z is now earlier than 20261123T045710Z", "… is now earlier than …", id="a signature's time"
        ),
        pytest.param("since Mon, 23 Nov 2026 05:02:10 GMT", "since …", id="an HTTP date goes"),
        pytest.param("since Nov 23, 2026 9:39:07 PM", "since …", id="an American date goes"),
        pytest.param(
            "User: arn:aws:sts::111111111111:assumed-role/hub/botocore-session-17 may not",
            "User: arn:aws:sts::111111111111:assumed-role/hub may not",
            id="a session name goes and its role stays",
        ),
        pytest.param(
            f"Key arn:aws:kms:eu-west-1:111111111111:key/{UUID} is disabled",
            f"Key arn:aws:kms:eu-west-1:111111111111:key/{UUID} is disabled",
            id="a key id stays",
        ),
        pytest.param(
            f"arn:aws:rds:eu-west-1:111111111111:snapshot:awsbackup:job-{UUID}",
            f"arn:aws:rds:eu-west-1:111111111111:snapshot:awsbackup:job-{UUID}",
            id="a recovery point stays",
        ),
        pytest.param(f"Job {UUID} failed", "Job … failed", id="a UUID that stands alone goes"),
        pytest.param("account 111111111111 has 20 jobs", "account 111111111111 has 20 jobs", id="figures stay"),
        pytest.param("two\n\tlines", "two lines", id="control characters become one blank"),
        pytest.param("", "", id="nothing stays nothing"),
    ],
)
def test_sanitise_takes_out_what_ticks(text: str, expected: str) -> None:
    """Only what would change a status without any fact having changed is taken out."""
    assert sanitise(text) == expected


def test_sanitise_bounds_the_length() -> None:
    """A text is cut at 300 characters and says so."""
    cut = sanitise("word " * 100)

    assert len(cut) <= 300
    assert cut.endswith("…")


@given(st.text(max_size=400))
def test_sanitise_is_stable(text: str) -> None:
    """What was sanitised once is bounded, and sanitising cannot fail."""
    assert len(sanitise(text)) <= 300
