"""Writes to watched objects: what of a status is written, and that it is written once."""

from typing import Any

from tests.kit.fake_api import POLICIES, FakeApi, policy

from crossvault.kinds import POLICY
from crossvault.kube.objects import key_of
from crossvault.kube.store import Store
from crossvault.kube.writer import Writer

HOSTILE = "a\x1b[2J\n\u202eb\ud800"
SHOWN = "a\\u001b[2J\\u000a\\u202eb\\ud800"


async def test_status_holds_nothing_hidden() -> None:
    """Every text in it, whoever said it and however long; the same again is no change."""
    api: Any = FakeApi()
    body = api.add(POLICIES, policy())
    store = Store()
    store.put(POLICY.name, body)
    writer, key = Writer(api, store), key_of(POLICY.name, body)
    status = {"organization": HOSTILE, "drift": {"items": [{"observed": HOSTILE, "path": "x" * 1_000_000}]}}

    after = await writer.put_status(key, body, status)
    await writer.put_status(key, after, status)

    assert after["status"]["organization"] == SHOWN
    assert after["status"]["drift"]["items"][0]["observed"] == SHOWN
    assert len(after["status"]["drift"]["items"][0]["path"]) < 5000
    assert len(api.writes) == 1
