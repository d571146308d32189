"""Where the API server is and who we are: kubeconfigs, credential plugins, and the account of a pod."""

import base64
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from crossvault.kube.access import Access, AccessError


def write(
    path: Path, user: dict[str, Any], *, name: str = "c", server: str = "https://api:6443/", **cluster: Any
) -> Path:
    """Write a kubeconfig with one context."""
    document = {
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": {"server": server, **cluster}}],
        "users": [{"name": name, "user": user}],
    }
    path.write_text(yaml.safe_dump(document))
    return path


def test_token_and_files_are_read_anew_each_time(tmp_path: Path) -> None:
    """Relative paths are beside the kubeconfig; a replaced token is found."""
    (tmp_path / "ca.crt").write_text("CA")
    (tmp_path / "token").write_text("one\n")
    access = Access(write(tmp_path / "k", {"tokenFile": "token"}, **{"certificate-authority": "ca.crt"}))
    first = access.read()
    (tmp_path / "token").write_text("two\n")

    assert (first.server, first.ca, first.token) == ("https://api:6443", "CA", "one")
    assert access.read().token == "two"
    assert access.read().transport() == first.transport()
    assert first.headers() == {"Authorization": "Bearer one"}
    assert "one" not in repr(first)


def test_inline_certificates_are_decoded(tmp_path: Path) -> None:
    """As kubeadm writes them."""
    user = {f"client-{name}-data": base64.b64encode(name.encode()).decode() for name in ("certificate", "key")}
    credentials = Access(write(tmp_path / "k", user)).read()

    assert (credentials.certificate, credentials.key, credentials.headers()) == ("certificate", "key", {})


def test_credential_plugin_is_run(tmp_path: Path) -> None:
    """As for EKS; its environment and arguments are those of the kubeconfig."""
    script = (
        "import json, os; asked = json.loads(os.environ['KUBERNETES_EXEC_INFO']);"
        "print(json.dumps({'status': {'token': os.environ['WHO'] + asked['apiVersion']}}))"
    )
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": ["-c", script],
        "env": [{"name": "WHO", "value": "me:"}],
    }

    assert Access(write(tmp_path / "k", {"exec": plugin})).read().token == "me:client.authentication.k8s.io/v1"


@pytest.mark.parametrize(
    ("user", "said"),
    [
        pytest.param({"tokenFile": "missing"}, "cannot be read", id="missing file"),
        pytest.param({"client-key-data": "%"}, "client-key-data", id="not base64"),
        pytest.param({"exec": {"command": "/nowhere/plugin"}}, "gave no credentials", id="no plugin"),
        pytest.param({"exec": {"command": "false"}}, "gave no credentials", id="plugin fails"),
        pytest.param({"exec": {"command": "true"}}, "gave no credentials", id="plugin says nothing"),
    ],
)
def test_unusable_user_says_why(tmp_path: Path, user: dict[str, Any], said: str) -> None:
    """What was looked at stands in the message."""
    with pytest.raises(AccessError, match=said):
        Access(write(tmp_path / "k", user)).read()


def test_missing_context_is_named(tmp_path: Path) -> None:
    """A typing error in --context."""
    with pytest.raises(AccessError, match="'other'"):
        Access(write(tmp_path / "k", {}), context="other").read()


def test_unreadable_kubeconfig_is_named(tmp_path: Path) -> None:
    """Not YAML, not there, not a mapping."""
    (tmp_path / "k").write_text("{")
    for name in ("k", "missing"):
        with pytest.raises(AccessError, match=name):
            Access(tmp_path / name).read()


def test_several_kubeconfigs_are_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first that names something wins, and any context can be chosen."""
    one = write(tmp_path / "one", {"token": "1"}, name="one", server="https://one")
    two = write(tmp_path / "two", {"token": "2"}, name="two", server="https://two")
    monkeypatch.setenv("KUBECONFIG", f"{one}:{two}")

    assert Access().read().server == "https://one"
    assert Access(context="two").read().token == "2"


def test_pod_account_is_used_in_a_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Address from the environment, token and authority from the mounted files, IPv6 in brackets."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    access = Access(pod_account=tmp_path)
    (tmp_path / "token").write_text("t\n")
    with pytest.raises(AccessError, match="ServiceAccount token"):
        access.read()
    (tmp_path / "ca.crt").write_text("CA")
    credentials = access.read()

    assert (credentials.server, credentials.token, credentials.ca) == ("https://[fd00::1]:443", "t", "CA")


def test_neither_kubeconfig_nor_pod_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What there is to do stands in the message."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(AccessError, match="no kubeconfig"):
        Access(pod_account=tmp_path).read()
