"""KMS keys in use: ciphertexts bound to key and context, data keys, and who may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

READER = f"arn:aws:iam::{scenes.SOURCE}:role/reader"
CONTEXT = {"vault": "orders", "Owner": "ä"}


def policies(*statements: scenes.Json) -> Any:
    """A world whose reader has these rights only."""
    scene = scenes.world()
    scenes.account(scene, scenes.SOURCE)["roles"][2]["policies"] = [scenes.policy(*statements)] if statements else []
    return scene


@pytest.fixture
def kms(server: SimulatorServer) -> Any:
    """The source account's admin, in a world whose reader has no rights of its own."""
    server.control.load(policies())
    return scenes.client(server, "kms", scenes.SOURCE)


def other_key(kms: Any) -> str:
    """Another key of the account."""
    return str(kms.create_key()["KeyMetadata"]["Arn"])


def reader(server: SimulatorServer) -> Any:
    """A client of the role."""
    return scenes.session_client(server, "kms", scenes.assume(server, READER))


def key_arn(kms: Any, alias: str = "alias/data") -> str:
    """The ARN of a key of the source account."""
    return str(kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"])


def encrypted(kms: Any, text: bytes = b"secret", key: str = "alias/data", **options: Any) -> bytes:
    """A ciphertext."""
    return bytes(kms.encrypt(KeyId=key, Plaintext=text, **options)["CiphertextBlob"])


@pytest.mark.parametrize("text", [b"x", b"\x00" * 4096, "ä".encode()])
def test_what_was_encrypted_is_decrypted(kms: Any, text: bytes) -> None:
    """Without naming the key; two ciphertexts of one text differ, and neither shows it."""
    one, other = (encrypted(kms, text, EncryptionContext=CONTEXT) for _ in range(2))
    found = kms.decrypt(CiphertextBlob=one, EncryptionContext=dict(reversed(CONTEXT.items())))

    assert (found["Plaintext"], found["KeyId"]) == (text, key_arn(kms))
    assert one != other
    assert len(text) == 1 or text not in one


@pytest.mark.parametrize(
    "context",
    [
        pytest.param({}, id="none"),
        pytest.param({"vault": "orders"}, id="less"),
        pytest.param(CONTEXT | {"more": "x"}, id="more"),
        pytest.param({"vault": "orders", "owner": "ä"}, id="another case"),
    ],
)
def test_the_context_has_to_be_the_same(kms: Any, context: dict[str, str]) -> None:
    """In names and values."""
    blob = encrypted(kms, EncryptionContext=CONTEXT)
    with scenes.refused() as refusal:
        kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)

    assert refusal.code == "InvalidCiphertextException"


def test_a_changed_ciphertext_is_noticed(kms: Any) -> None:
    """Wherever it was changed, cut, or made up."""
    blob = encrypted(kms)
    for place in (0, 4, 30, len(blob) // 2, len(blob) - 1):
        changed = bytes(byte ^ (index == place) for index, byte in enumerate(blob))
        with scenes.refused() as refusal:
            kms.decrypt(CiphertextBlob=changed)
        assert refusal.code in {"InvalidCiphertextException", "AccessDeniedException"}, place
    for none in (b"x", blob[:20], blob[:-1], b"\x01\x02\x02\x00\xff" + b"\xff" * 400):
        with scenes.refused() as refusal:
            kms.decrypt(CiphertextBlob=none)
        assert refusal.code in {"InvalidCiphertextException", "AccessDeniedException"}


def test_a_ciphertext_opens_with_its_own_key_only(server: SimulatorServer, kms: Any) -> None:
    """Named or not; in another Region, account or without the right it refers to nothing."""
    blob = encrypted(kms)
    with scenes.refused() as wrong:
        kms.decrypt(CiphertextBlob=blob, KeyId=other_key(kms))
    codes = []
    for user in (
        scenes.client(server, "kms", scenes.SOURCE, region=scenes.AWAY),
        scenes.client(server, "kms", scenes.TARGET),
        reader(server),
    ):
        with scenes.refused() as refusal:
            user.decrypt(CiphertextBlob=blob)
        codes.append((refusal.code, refusal.message.startswith("The ciphertext refers to a customer master key")))

    assert wrong.code == "IncorrectKeyException"
    assert codes == [("AccessDeniedException", True)] * 3


@pytest.mark.parametrize(
    ("asked", "size"), [({"KeySpec": "AES_128"}, 16), ({"KeySpec": "AES_256"}, 32), ({"NumberOfBytes": 1024}, 1024)]
)
def test_a_data_key_is_hidden_and_found_again(kms: Any, asked: scenes.Json, size: int) -> None:
    """With its plaintext or without."""
    made = kms.generate_data_key(KeyId="alias/data", EncryptionContext=CONTEXT, **asked)
    hidden = kms.generate_data_key_without_plaintext(KeyId="alias/data", EncryptionContext=CONTEXT, **asked)
    plain = [
        kms.decrypt(CiphertextBlob=one["CiphertextBlob"], EncryptionContext=CONTEXT)["Plaintext"]
        for one in (made, hidden)
    ]

    assert len(made["Plaintext"]) == len(plain[1]) == size
    assert plain[0] == made["Plaintext"] != plain[1]
    assert "Plaintext" not in hidden


def test_a_ciphertext_moves_to_another_key(server: SimulatorServer, kms: Any) -> None:
    """And context; it needs a right on both keys."""
    blob = encrypted(kms, EncryptionContext=CONTEXT)
    asked = {
        "CiphertextBlob": blob,
        "SourceEncryptionContext": CONTEXT,
        "DestinationKeyId": other_key(kms),
        "DestinationEncryptionContext": {"a": "b"},
    }
    moved = kms.re_encrypt(**asked)
    found = kms.decrypt(CiphertextBlob=moved["CiphertextBlob"], EncryptionContext={"a": "b"})
    arn = key_arn(kms)
    only = {"StringEquals": {"kms:ReEncryptOnSameKey": "true"}}
    server.control.load(
        policies(
            scenes.allow("kms:ReEncryptFrom")["Statement"][0],
            scenes.allow("kms:ReEncryptTo", condition=only)["Statement"][0],
        )
    )
    admin = scenes.client(server, "kms", scenes.SOURCE)
    blob = encrypted(admin, EncryptionContext=CONTEXT)
    with scenes.refused() as half:
        reader(server).re_encrypt(**asked | {"CiphertextBlob": blob, "DestinationKeyId": other_key(admin)})
    same = reader(server).re_encrypt(**asked | {"CiphertextBlob": blob, "DestinationKeyId": key_arn(admin)})

    assert (moved["SourceKeyId"], moved["KeyId"]) == (arn, found["KeyId"])
    assert moved["KeyId"] != arn
    assert same["KeyId"] == same["SourceKeyId"]
    assert found["Plaintext"] == b"secret"
    assert "kms:ReEncryptTo" in half.message


CONDITIONS: list[Any] = [
    pytest.param({"StringEquals": {"kms:EncryptionContext:vault": "orders"}}, True, id="a value"),
    pytest.param({"StringEquals": {"kms:EncryptionContext:vault": "other"}}, False, id="another value"),
    pytest.param({"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": ["vault"]}}, True, id="a name"),
    pytest.param({"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["vault"]}}, False, id="no other name"),
    pytest.param({"StringEquals": {"kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}}, True, id="the algorithm"),
    pytest.param({"StringEquals": {"kms:RequestAlias": "alias/data"}}, True, id="the alias that was named"),
    pytest.param({"StringEquals": {"kms:RequestAlias": "alias/vault"}}, False, id="another alias"),
    pytest.param({"Bool": {"kms:MultiRegion": "true"}}, False, id="a key of several Regions"),
    pytest.param({"StringEquals": {"kms:KeySpec": "SYMMETRIC_DEFAULT"}}, True, id="the kind of key"),
]


@pytest.mark.parametrize(("condition", "allowed"), CONDITIONS)
def test_the_context_is_judged(server: SimulatorServer, condition: scenes.Json, allowed: bool) -> None:
    """In the policies of the caller."""
    server.control.load(policies(scenes.allow("kms:Encrypt", condition=condition)["Statement"][0]))
    user = reader(server)
    if allowed:
        assert encrypted(user, EncryptionContext=CONTEXT)
        return
    with scenes.refused() as refusal:
        encrypted(user, EncryptionContext=CONTEXT)

    assert refusal.code == "AccessDeniedException"


GRANTS: list[Any] = [
    pytest.param({}, {"a": "b"}, True, id="no constraint"),
    pytest.param({"EncryptionContextSubset": {"vault": "orders"}}, CONTEXT, True, id="a part of it"),
    pytest.param({"EncryptionContextSubset": {"vault": "orders"}}, {}, False, id="nothing of it"),
    pytest.param({"EncryptionContextEquals": {"vault": "orders"}}, {"vault": "orders"}, True, id="exactly it"),
    pytest.param({"EncryptionContextEquals": {"vault": "orders"}}, CONTEXT, False, id="more than it"),
]


@pytest.mark.parametrize(("constraints", "context", "allowed"), GRANTS)
def test_a_grant_opens_a_key_for_a_context(
    server: SimulatorServer, kms: Any, constraints: scenes.Json, context: dict[str, str], allowed: bool
) -> None:
    """Constraints hold for the use of the key, not for looking at it."""
    options = {"Constraints": constraints} if constraints else {}
    made = kms.create_grant(
        KeyId=key_arn(kms), GranteePrincipal=READER, Operations=["Encrypt", "DescribeKey"], **options
    )
    user = reader(server)
    asked: scenes.Json = {"EncryptionContext": context, "GrantTokens": [made["GrantToken"]], "key": key_arn(kms)}
    if allowed:
        assert encrypted(user, **asked)
    else:
        with scenes.refused() as refusal:
            encrypted(user, **asked)
        assert refusal.code == "AccessDeniedException"

    assert user.describe_key(KeyId=key_arn(kms))["KeyMetadata"]["Enabled"]


def test_another_account_uses_a_key_that_admits_it(server: SimulatorServer, kms: Any) -> None:
    """By ARN; who is not admitted is told so, without a hint whether the key exists."""
    key = kms.create_key(
        Policy=scenes.text(
            scenes.policy(
                {"Effect": "Allow", "Principal": {"AWS": scenes.SOURCE}, "Action": "kms:*", "Resource": "*"},
                {"Effect": "Allow", "Principal": {"AWS": scenes.TARGET}, "Action": "kms:Encrypt", "Resource": "*"},
            )
        )
    )["KeyMetadata"]["Arn"]
    target = scenes.client(server, "kms", scenes.TARGET)
    blob = encrypted(target, key=key)
    with scenes.refused() as refusal:
        target.decrypt(CiphertextBlob=blob, KeyId=key)

    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"secret"
    assert "because the resource does not exist in this Region, no resource-based policies allow" in refusal.message


ENCLAVE = {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
RSA, TWO = {"EncryptionAlgorithm": "RSAES_OAEP_SHA_1"}, {"KeySpec": "AES_256", "NumberOfBytes": 5}


def uses() -> list[Any]:
    """Calls that are refused, with their codes."""

    def case(call: str, asked: scenes.Json, code: str, *, name: str) -> Any:
        return pytest.param(call, asked if call != "encrypt" else {"Plaintext": b"x"} | asked, code, id=name)

    return [
        case("encrypt", RSA, "InvalidKeyUsageException", name="an algorithm of other keys"),
        case("encrypt", {"GrantTokens": ["x"]}, "InvalidGrantTokenException", name="a made up token"),
        case("encrypt", {"Plaintext": b"x" * 4097}, "ValidationException", name="too much"),
        case("encrypt", {"DryRun": True}, "DryRunOperationException", name="a dry run"),
        case("encrypt", {"EncryptionContext": {"a": "b" * 8192}}, "ValidationException", name="a long context"),
        case("generate_data_key", {}, "ValidationException", name="a data key without a size"),
        case("generate_data_key", TWO, "ValidationException", name="two sizes"),
        case("generate_data_key", {"KeySpec": "AES_256", "Recipient": ENCLAVE}, "NotImplemented", name="an enclave"),
    ]


@pytest.mark.parametrize(("call", "asked", "code"), uses())
def test_uses_that_cannot_be_are_refused(kms: Any, call: str, asked: scenes.Json, code: str) -> None:
    """With KMS's codes."""
    with scenes.refused() as refusal:
        getattr(kms, call)(KeyId="alias/data", **asked)

    assert refusal.code == code


def test_a_disabled_key_opens_nothing(kms: Any) -> None:
    """Nor closes; enabled again it does."""
    blob = encrypted(kms)
    key = key_arn(kms)
    kms.disable_key(KeyId=key)
    codes = []
    for call in (lambda: encrypted(kms), lambda: kms.decrypt(CiphertextBlob=blob)):
        with scenes.refused() as refusal:
            call()
        codes.append(refusal.code)
    kms.enable_key(KeyId=key)

    assert codes == ["DisabledException"] * 2
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"secret"
