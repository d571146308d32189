"""Where the API server is and who we are: kubeconfigs, credential plugins, and the account of a pod."""

import base64
import json
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import event, given
from hypothesis import strategies as st

from crossvault.kube import kubeconfig
from crossvault.kube.access import Access, AccessError, Credentials


def write(path: Path, user: dict[str, Any], *, name: str = "c", **cluster: Any) -> Path:
    """Write a kubeconfig with one context."""
    document = {
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": {"server": "https://api:6443/", **cluster}}],
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


def test_inline_certificates_are_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As kubeadm writes them; no key is written to a file, where the official client's loader would keep it."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    user = {f"client-{name}-data": base64.b64encode(name.encode()).decode() for name in ("certificate", "key")}
    credentials = Access(write(tmp_path / "k", user)).read()

    assert (credentials.certificate, credentials.key, credentials.headers()) == ("certificate", "key", {})
    assert not list((tmp_path / "temporary").iterdir())


def test_credential_plugin_is_run(tmp_path: Path) -> None:
    """As for EKS; its environment and arguments are those of the kubeconfig."""
    script = (
        "import json, os; asked = json.loads(os.environ['KUBERNETES_EXEC_INFO']);"
        "print(json.dumps({**asked, 'status': {'token': os.environ['WHO'] + asked['apiVersion']}}))"
    )
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": ["-c", script],
        "env": [{"name": "WHO", "value": "me:"}],
    }

    assert Access(write(tmp_path / "k", {"exec": plugin})).read().token == "me:client.authentication.k8s.io/v1"


PLUGIN = {"apiVersion": "client.authentication.k8s.io/v1", "command": sys.executable, "args": []}


@pytest.mark.parametrize(
    ("user", "said"),
    [
        pytest.param({"tokenFile": "missing"}, "cannot be read", id="missing file"),
        pytest.param({"client-key-data": "%"}, "client-key-data", id="not base64"),
        pytest.param({"exec": {**PLUGIN, "command": "/nowhere/x"}}, "cannot be started", id="no plugin"),
        pytest.param({"exec": {**PLUGIN, "command": "false"}}, "it ended with 1", id="plugin fails"),
        pytest.param({"exec": {**PLUGIN, "command": "true"}}, "its output is not JSON", id="plugin says nothing"),
        pytest.param({"exec": {**PLUGIN, "apiVersion": "v1alpha1"}}, "has no apiVersion", id="an old plugin"),
        pytest.param({"exec": {**PLUGIN, "command": ""}}, "names no command", id="a plugin without a command"),
        pytest.param({"exec": {**PLUGIN, "args": "x"}}, "args that are no list", id="arguments that are none"),
        pytest.param({"exec": {**PLUGIN, "env": [{"name": "x"}]}}, "has an env", id="a variable without a value"),
        pytest.param({"exec": {**PLUGIN, "interactiveMode": "Always"}}, "nobody sits", id="a plugin that asks"),
        pytest.param({"exec": "aws"}, "no object", id="a plugin that is a string"),
        pytest.param({"token": 7}, "no string", id="a token that is a number"),
        pytest.param({"client-certificate-data": "QQ=="}, "without its key", id="half a client certificate"),
        pytest.param({"client-key-data": "QQ==", "exec": PLUGIN}, "without its certificate", id="half, and a plugin"),
        pytest.param({"client-key": "ca\0"}, "is no text", id="a file whose name is none"),
    ],
)
def test_unusable_user_says_why(tmp_path: Path, user: dict[str, Any], said: str) -> None:
    """What was looked at stands in the message."""
    with pytest.raises(AccessError, match=said):
        Access(write(tmp_path / "k", user)).read()


SECRET = "s3cr3t-that-nobody-may-read"
_TELLS = f"import sys; print('{SECRET}'); print('{SECRET}', file=sys.stderr); sys.exit({{code}})"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["-c", _TELLS.format(code=1)], id="it fails"),
        pytest.param(["-c", _TELLS.format(code=0)], id="its output is no JSON"),
        pytest.param(["-c", f"print('[\"{SECRET}\"]')"], id="its output is something else"),
        pytest.param(["-c", f'print(\'{{"kind": "{SECRET}"}}\')'], id="its output is of another kind"),
        pytest.param(["-c", f"import os, signal; '{SECRET}'; os.kill(os.getpid(), signal.SIGKILL)"], id="it is killed"),
        pytest.param(["-c", f"import sys; sys.stdout.buffer.write(b'\\xff{SECRET}')"], id="its output is no text"),
        pytest.param([f"\0{SECRET}"], id="it cannot be started"),
        pytest.param(["-c", f"input('{SECRET}')"], id="it waits for somebody"),
    ],
)
def test_nothing_a_plugin_is_given_or_says_is_told(
    tmp_path: Path, arguments: list[str], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Tokens stand in arguments and in output; neither is in the message, nor in a traceback that a log has.

    The official client would log what a plugin says, and hand it the terminal.
    """
    plugin = {**PLUGIN, "args": arguments, "env": [{"name": "TOKEN", "value": SECRET}]}
    with pytest.raises(AccessError, match="gave no credentials") as caught:
        Access(write(tmp_path / "k", {"exec": plugin})).read()

    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert SECRET not in "".join((caplog.text, *capfd.readouterr()))


@pytest.mark.parametrize(
    "status",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"token": 7}, id="a token that is a number"),
        pytest.param({"token": "t", "clientKeyData": SECRET}, id="a key without its certificate"),
        pytest.param({"clientCertificateData": "C"}, id="a certificate without its key"),
        pytest.param([SECRET], id="a list"),
    ],
)
def test_plugin_has_to_issue_a_token_or_a_whole_certificate(tmp_path: Path, status: object) -> None:
    """Else we would go on as nobody, as the official client does."""
    answer = {"apiVersion": PLUGIN["apiVersion"], "kind": "ExecCredential", "status": status}
    script = f"import json; print(json.dumps({answer!r}))"
    with pytest.raises(AccessError, match="gave no credentials: its output is no ExecCredential") as caught:
        Access(write(tmp_path / "k", {"exec": {**PLUGIN, "args": ["-c", script]}})).read()

    assert SECRET not in str(caught.value)


def test_plugin_may_issue_a_certificate(tmp_path: Path) -> None:
    """As some clouds do; it is PEM as it is, and is written to no file."""
    issued = {"clientCertificateData": "certificate", "clientKeyData": "key"}
    answer = {"apiVersion": PLUGIN["apiVersion"], "kind": "ExecCredential", "status": issued}
    script = f"import json; print(json.dumps({answer!r}))"
    credentials = Access(write(tmp_path / "k", {"exec": {**PLUGIN, "args": ["-c", script]}})).read()

    assert (credentials.certificate, credentials.key, credentials.token) == ("certificate", "key", None)


@pytest.mark.parametrize(
    "user",
    [
        pytest.param({"token": "t"}, id="a token"),
        pytest.param({"tokenFile": "token"}, id="a token in a file"),
        pytest.param({"client-certificate-data": "Yw==", "client-key-data": "aw=="}, id="a client certificate"),
    ],
)
def test_plugin_is_not_run_for_who_has_something_already(tmp_path: Path, user: dict[str, Any]) -> None:
    """As kubectl and the official client do."""
    (tmp_path / "token").write_text("t")
    plugin = {**PLUGIN, "args": ["-c", f"open({str(tmp_path / 'was-run')!r}, 'w')"]}
    credentials = Access(write(tmp_path / "k", {**user, "exec": plugin})).read()

    assert credentials.token or (credentials.certificate, credentials.key) == ("c", "k")
    assert not (tmp_path / "was-run").exists()


def test_plugin_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it was started with is not told."""
    monkeypatch.setattr(kubeconfig, "_EXEC_TIMEOUT", 0.2)
    plugin = {**PLUGIN, "args": ["-c", f"import time; '{SECRET}'; time.sleep(60)"]}
    with pytest.raises(AccessError, match="did not end within") as caught:
        Access(write(tmp_path / "k", {"exec": plugin})).read()

    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"users: [{{name: a, user: {{token: {SECRET}", id="half a file"),
        pytest.param(f"token: {SECRET}\n\tx: 1", id="a tab"),
        pytest.param(f"a: &x {SECRET}\nb: *y", id="an alias that is none"),
        pytest.param(f"users: {SECRET}", id="users that are none"),
        pytest.param(f"users: [{SECRET}]", id="a user that is none"),
        pytest.param(f"users: [{{user: {{token: {SECRET}}}}}]", id="a user without a name"),
        pytest.param(f"users: [{{name: a, user: {SECRET}}}]", id="a user that is a string"),
        pytest.param(f"current-context: [{SECRET}]", id="a context that is a list"),
    ],
)
def test_no_line_of_a_broken_kubeconfig_is_told(tmp_path: Path, text: str) -> None:
    """What YAML quotes of it may be a token."""
    (tmp_path / "k").write_text(text)
    with pytest.raises(AccessError) as caught:
        Access(tmp_path / "k").read()

    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("command", ["bin/plugin", "./plugin", "../plugin"])
def test_relative_command_is_beside_the_kubeconfig(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Whatever the working folder is, and whatever lies there under the same name; PATH has no say."""
    home, elsewhere = tmp_path / "home" / "jane", tmp_path / "elsewhere" / "here"
    for folder, token in ((home, "right"), (elsewhere, "wrong")):
        plugin = folder / command
        plugin.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        answer = json.dumps({"apiVersion": PLUGIN["apiVersion"], "kind": "ExecCredential", "status": {"token": token}})
        plugin.write_text(f"#!/bin/sh\necho '{answer}'\n")
        plugin.chmod(0o755)
    monkeypatch.setenv("PATH", f"{elsewhere}{os.pathsep}{os.environ['PATH']}")
    write(home / "k", {"exec": {**PLUGIN, "command": command}})

    monkeypatch.chdir(elsewhere)
    assert Access(home / "k").read().token == "right"
    monkeypatch.chdir(home)
    assert Access(Path("k")).read().token == "right"


@pytest.mark.parametrize(
    ("user", "cluster", "named"),
    [
        pytest.param({"as": "system:admin"}, {}, "as, ", id="impersonation"),
        pytest.param({"as-groups": ["system:masters"]}, {}, "as-groups", id="of groups"),
        pytest.param({"as-uid": "1"}, {}, "as-uid", id="of an uid"),
        pytest.param({"as-user-extra": {"a": ["b"]}}, {}, "as-user-extra", id="with more"),
        pytest.param({"auth-provider": {"name": "gcp"}}, {}, "auth-provider", id="an auth provider"),
        pytest.param({"username": "u", "password": SECRET}, {}, "basic", id="basic authentication"),
        pytest.param({"tokn": SECRET}, {}, "tokn", id="a member nobody knows"),
        pytest.param({"exec": {**PLUGIN, "provideClusterInfo": True}}, {}, "provideClusterInfo", id="cluster info"),
        pytest.param({}, {"tls-server-name": "other"}, "tls-server-name", id="another server name"),
        pytest.param({}, {"proxy-url": "socks5://localhost:1080"}, "proxy-url", id="a SOCKS proxy"),
        pytest.param({}, {"api-version": "v1"}, "api-version", id="a cluster's member nobody knows"),
        pytest.param({}, {"insecure-skip-tls-verify": "false"}, "neither true nor false", id="a flag that is a word"),
        pytest.param(
            {},
            {"insecure-skip-tls-verify": True, "certificate-authority-data": "QQ=="},
            "would ignore it",
            id="an authority that would not count",
        ),
        pytest.param({}, {"server": "api.example:6443"}, "has no server", id="a server without a scheme"),
        pytest.param({}, {"server": "https://"}, "has no server", id="a server without a host"),
        pytest.param({}, {"server": "https://api:port"}, "has no server", id="a server with no port"),
        pytest.param({}, {"server": ""}, "has no server", id="no server"),
        pytest.param({}, {"server": "https://api\n"}, "has no server", id="a server with a line end"),
        pytest.param({}, {"server": f"http://{SECRET}\\@127.0.0.1"}, "has no server", id="a server that is two"),
        pytest.param({}, {"server": "https://api:99999"}, "has no server", id="a server with a port too high"),
        pytest.param({}, {"server": "https://\u24d0pi"}, "has no server", id="a server in another alphabet"),
        pytest.param({"token": SECRET}, {"server": "http://api.example"}, "in the clear", id="plain http"),
        pytest.param({"token": SECRET}, {"server": "HTTP://10.0.0.1:8080"}, "in the clear", id="to an address"),
        pytest.param({}, {"server": "http://localhost.example"}, "in the clear", id="to what looks like loopback"),
        pytest.param({}, {"server": f"https://user:{SECRET}@api"}, "with a user", id="a server with a password"),
        pytest.param({}, {"server": f"https://{SECRET}@api"}, "with a user", id="a server with a user"),
        pytest.param({}, {"server": f"http://127.0.0.1@{SECRET}"}, "with a user", id="loopback as a user"),
        pytest.param({}, {"server": f"https://api/?{SECRET}"}, "with a ? or #", id="a server with a query"),
        pytest.param({}, {"server": f"https://api/#{SECRET}"}, "with a ? or #", id="a server with a fragment"),
        pytest.param(
            {"token": SECRET},
            {"server": "http://127.0.0.1:8001", "proxy-url": "http://proxy:3128"},
            "to the proxy in the clear",
            id="this machine, by a proxy",
        ),
        pytest.param({}, {"proxy-url": f"http://{SECRET}\\@proxy"}, "has no proxy-url", id="a proxy that is two"),
        pytest.param({"token": f"{SECRET}\nX: y"}, {}, "has a token", id="a token with a line end"),
        pytest.param({"token": f"{SECRET} x"}, {}, "has a token", id="a token with a blank"),
        pytest.param({"token": f"{SECRET}\x00"}, {}, "has a token", id="a token with a control character"),
        pytest.param({"token": f"{SECRET}\u00e9"}, {}, "has a token", id="a token in another alphabet"),
    ],
)
def test_what_is_not_supported_is_refused(
    tmp_path: Path, user: dict[str, Any], cluster: dict[str, Any], named: str
) -> None:
    """Ignoring it would act as somebody else, or speak to somebody else, than the file says."""
    with pytest.raises(AccessError) as caught:
        Access(write(tmp_path / "k", user, **cluster)).read()

    assert named in str(caught.value)
    assert str(tmp_path / "k") in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "server",
    [
        pytest.param("https://api.example:6443", id="https"),
        pytest.param("https://[fd00::1]:6443", id="an IPv6 address"),
        pytest.param("https://rancher.example/k8s/clusters/c-1", id="with a path"),
        pytest.param("https://API.example", id="in capitals"),
        pytest.param("http://127.0.0.1:8001", id="kubectl proxy"),
        pytest.param("http://localhost:8001", id="by its name"),
        pytest.param("http://[::1]:8001", id="in IPv6"),
    ],
)
def test_https_and_this_machine_are_servers(tmp_path: Path, server: str) -> None:
    """Also behind a path, as where one server stands before many."""
    assert Access(write(tmp_path / "k", {"token": "t"}, server=server)).read().server == server


@pytest.mark.parametrize("token", [f"{SECRET}\nX: y", f"{SECRET}\ty"])
def test_token_that_is_none_is_refused_wherever_it_comes_from(
    token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file, a plugin, the account of a pod; who sends it would say it aloud."""
    (tmp_path / "token").write_text(token)
    (tmp_path / "ca.crt").write_text("CA")
    script = (
        "import json, os, sys; asked = json.loads(os.environ['KUBERNETES_EXEC_INFO']);"
        "print(json.dumps({**asked, 'status': {'token': sys.argv[1]}}))"
    )
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    ways = [
        Access(write(tmp_path / "file", {"tokenFile": "token"})),
        Access(write(tmp_path / "plugin", {"exec": {**PLUGIN, "args": ["-c", script, token]}})),
        Access(pod_account=tmp_path),
    ]
    for way in ways:
        with pytest.raises(AccessError, match="a blank, a line end or the like") as caught:
            way.read()
        assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_proxy_may_want_a_password(tmp_path: Path) -> None:
    """It is the proxy's own, and is sent to nobody else."""
    cluster = {"proxy-url": "http://user:word@proxy:3128"}

    assert Access(write(tmp_path / "k", {}, **cluster)).read().proxy == "http://user:word@proxy:3128"


def test_members_without_a_value_are_absent(tmp_path: Path) -> None:
    """As tools write them; what says nothing is not refused."""
    user = {"token": "t", "as": "", "as-groups": [], "auth-provider": None, "extensions": [{"name": "x"}]}
    cluster: dict[str, Any] = {"tls-server-name": "", "proxy-url": "http://proxy:3128", "disable-compression": True}
    credentials = Access(write(tmp_path / "k", user, **cluster)).read()

    assert credentials.proxy == "http://proxy:3128"
    assert credentials.headers() == {"Authorization": "Bearer t", "Accept-Encoding": "identity"}


def test_token_file_wins_over_a_token(tmp_path: Path) -> None:
    """As documented: its token is the one that is renewed."""
    (tmp_path / "token").write_text("new")

    assert Access(write(tmp_path / "k", {"token": "old", "tokenFile": "token"})).read().token == "new"


@pytest.mark.parametrize(
    ("authority", "certificate"),
    [pytest.param("no PEM", None, id="of the server"), pytest.param(None, "no PEM", id="of the user")],
)
def test_certificate_that_is_none_is_told(authority: str | None, certificate: str | None) -> None:
    """As the same error as all others about the way in, without a word of the key."""
    credentials = Credentials("https://api", ca=authority, certificate=certificate, key=SECRET)
    with pytest.raises(AccessError, match="cannot be used") as caught:
        credentials.ssl_context()

    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_missing_kubeconfigs_of_several_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As kubectl does; that none is there is told."""
    there = write(tmp_path / "there", {"token": "1"})
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'missing'}:{there}")
    assert Access().read().token == "1"

    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'missing'}")
    with pytest.raises(AccessError, match="is there"):
        Access().read()


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "{}\n"])
def test_empty_kubeconfigs_of_several_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """As kubectl does, which makes them so; one alone has no context."""
    (tmp_path / "empty").write_text(text)
    there = write(tmp_path / "there", {"token": "1"})
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'empty'}:{there}:{tmp_path / 'empty'}")
    assert Access().read().token == "1"

    with pytest.raises(AccessError, match="no context chosen"):
        Access(tmp_path / "empty").read()


@pytest.mark.parametrize(
    "broken", ["users: [{user: {token: x}}]", "users: [5]", "users: 5", "users: text", "[]", "text"]
)
def test_what_is_broken_in_a_kubeconfig_beside_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """Which of two users is meant would else hang on what the official client stumbles over first."""
    whole = write(tmp_path / "whole", {"token": "1"})
    (tmp_path / "broken").write_text(broken)
    for order in ((whole, tmp_path / "broken"), (tmp_path / "broken", whole)):
        monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, order)))
        with pytest.raises(AccessError, match=r"broken cannot be used: .* no lists of objects with names"):
            Access().read()


def test_path_with_a_colon_is_one_path(tmp_path: Path) -> None:
    """The official client would take it for two."""
    assert Access(write(tmp_path / "a:b", {"token": "1"})).read().token == "1"


def test_user_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The official client would go on as nobody."""
    text = write(tmp_path / "k", {}).read_text().replace("user: c", "user: jane")
    (tmp_path / "k").write_text(text)
    with pytest.raises(AccessError, match="no user 'jane'"):
        Access(tmp_path / "k").read()


_PLAIN = st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(["", "c", "name", "user", "https://a", "%"])
_ANYTHING = st.recursive(_PLAIN, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_PLAIN, inner, max_size=2))
_MEMBERS = {
    "context": st.fixed_dictionaries({"cluster": st.just("c"), "user": st.just("c")}, optional={"as": _ANYTHING}),
    "cluster": st.fixed_dictionaries({"server": st.just("https://a")}, optional={"proxy-url": _ANYTHING}),
    "user": st.dictionaries(
        st.sampled_from(["token", "tokenFile", "client-key", "client-key-data", "client-certificate", "as"]),
        _ANYTHING,
        max_size=1,
    ),
}


def _mostly(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 7).flatmap(lambda number: strategy if number else _ANYTHING)


def _listed(kind: str) -> st.SearchStrategy[Any]:
    named = {"name": _mostly(st.just("c")), kind: _mostly(_MEMBERS[kind])}
    return _mostly(st.lists(st.fixed_dictionaries(named), min_size=1, max_size=2))


_LISTS = {f"{kind}s": _listed(kind) for kind in _MEMBERS}
_DOCUMENTS = st.fixed_dictionaries({"current-context": _mostly(st.just("c")), **_LISTS})


@given(documents=st.lists(_mostly(_DOCUMENTS), min_size=1, max_size=2))
def test_whatever_a_kubeconfig_holds_is_read_or_refused(documents: list[object]) -> None:
    """The official client is not total; whatever it raises is our one error."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / str(number) for number in range(len(documents))]
        for path, document in zip(paths, documents, strict=True):
            path.write_text(yaml.safe_dump(document))
        try:
            said = kubeconfig.read(paths, None).server
        except AccessError as error:
            said = str(error)

    event("read" if said == "https://a" else "refused")
    assert said == "https://a" or "kubeconfig" in said


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
    monkeypatch.delenv("KUBERNETES_SERVICE_PORT")
    assert access.read().server == "https://[fd00::1]:443"
    (tmp_path / "token").write_text("renewed\n")
    assert access.read().token == "renewed"


@pytest.mark.parametrize("file", ["token", "ca.crt"])
@pytest.mark.parametrize("content", [b"", b"\xff"])
def test_pod_account_that_is_none_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, content: bytes
) -> None:
    """As one error, whichever of the two files it is."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    for each in ("token", "ca.crt"):
        (tmp_path / each).write_bytes(content if each == file else b"fine")
    with pytest.raises(AccessError, match="The pod's ServiceAccount token cannot be used"):
        Access(pod_account=tmp_path).read()


def test_neither_kubeconfig_nor_pod_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What there is to do stands in the message."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(AccessError, match="no kubeconfig"):
        Access(pod_account=tmp_path).read()
