"""KMS: the use of symmetric keys: Encrypt, Decrypt, ReEncrypt, data keys; judged with the encryption context."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...records import keys
from ...wire import AwsError, Params, unimplemented
from ..operation import Operation, Scope
from . import cipher, lookup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...identity.condition_keys import ConditionKeys, GatheredKeys
    from ...records.state import Key

ALGORITHM = "SYMMETRIC_DEFAULT"
SIZES = {"AES_128": 16, "AES_256": 32}
LOST = (
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not "
    "allowed to access."
)
OTHER_KEY = "The key ID in the request does not identify a CMK that can perform this operation."
MAX_CONTEXT = 8192


def encrypt(scope: Scope, params: Params) -> Params:
    """Encrypt up to 4 KiB under a key."""
    _require_plain(scope, params)
    key = _key(scope, params["KeyId"], "kms:Encrypt", context_of(params))
    _end_dry(params)
    blob = _sealed(scope, key, context_of(params), params["Plaintext"])
    return {"CiphertextBlob": blob, "KeyId": key.arn, "EncryptionAlgorithm": ALGORITHM}


def decrypt(scope: Scope, params: Params) -> Params:
    """Decrypt with the key that the ciphertext names; one in the request has to be the same."""
    _require_plain(scope, params)
    found, key = _of_blob(scope, params, "kms:Decrypt", context="EncryptionContext", member="KeyId")
    plaintext = _opened(found, context_of(params))
    _end_dry(params)
    return {"KeyId": key.arn, "Plaintext": plaintext, "EncryptionAlgorithm": ALGORITHM}


def re_encrypt(scope: Scope, params: Params) -> Params:
    """Decrypt and encrypt under another key or context in one go; the plaintext stays inside."""
    _require_plain(scope, params)
    after = context_of(params, "DestinationEncryptionContext")
    target = lookup.found(scope, params["DestinationKeyId"], "kms:ReEncryptTo")
    blob = cipher.taken_apart(params.get("CiphertextBlob", b""))
    same = {
        "kms:reencryptonsamekey": (
            "true" if blob and (blob.account, blob.key_id) == (target.account, target.key_id) else "false",
        )
    }
    found, source = _of_blob(
        scope, params, "kms:ReEncryptFrom", context="SourceEncryptionContext", member="SourceKeyId", known=same
    )
    key = _key(scope, params["DestinationKeyId"], "kms:ReEncryptTo", after, same)
    plaintext = _opened(found, context_of(params, "SourceEncryptionContext"))
    _end_dry(params)
    return {
        "CiphertextBlob": _sealed(scope, key, after, plaintext),
        "SourceKeyId": source.arn,
        "KeyId": key.arn,
        "SourceEncryptionAlgorithm": ALGORITHM,
        "DestinationEncryptionAlgorithm": ALGORITHM,
    }


def generate_data_key(scope: Scope, params: Params) -> Params:
    """Make a data key, in plain and encrypted."""
    return _data_key(scope, params, "kms:GenerateDataKey")


def generate_data_key_without_plaintext(scope: Scope, params: Params) -> Params:
    """Make a data key, encrypted only."""
    found = _data_key(scope, params, "kms:GenerateDataKeyWithoutPlaintext")
    del found["Plaintext"]
    return found


def _data_key(scope: Scope, params: Params, action: str) -> Params:
    _require_plain(scope, params)
    if ("KeySpec" in params) == ("NumberOfBytes" in params):
        raise AwsError("ValidationException", "Please specify either number of bytes or key spec.")
    size = params["NumberOfBytes"] if "NumberOfBytes" in params else SIZES[params["KeySpec"]]
    key = _key(scope, params["KeyId"], action, context_of(params))
    _end_dry(params)
    plaintext = bytes.fromhex(scope.state.cipher_ids.hex(2 * size))
    blob = _sealed(scope, key, context_of(params), plaintext)
    return {"CiphertextBlob": blob, "Plaintext": plaintext, "KeyId": key.arn}


def context_of(params: Params, member: str = "EncryptionContext") -> dict[str, str]:
    """The encryption context of a request."""
    found: dict[str, str] = params.get(member, {})
    if sum(len(name) + len(value) for name, value in found.items()) > MAX_CONTEXT:
        raise AwsError("ValidationException", f"The encryption context cannot exceed {MAX_CONTEXT} bytes.")
    return found


def _require_plain(scope: Scope, params: Params) -> None:
    """Refuse what only other keys can, enclaves, and grant tokens that nobody was given."""
    for name in ("Recipient", "DryRunModifiers"):
        if params.get(name):
            raise unimplemented(f"{name} in the use of KMS keys")
    for name in ("EncryptionAlgorithm", "SourceEncryptionAlgorithm", "DestinationEncryptionAlgorithm"):
        if params.get(name, ALGORITHM) != ALGORITHM:
            raise AwsError(
                "InvalidKeyUsageException", f"Algorithm {params[name]} is incompatible with key spec {ALGORITHM}."
            )
    for token in params.get("GrantTokens", ()):
        lookup.by_token(scope, token)


def _key(
    scope: Scope,
    name: str,
    action: str,
    context: Mapping[str, str],
    known: ConditionKeys | None = None,
) -> Key:
    """A key that the caller may use so and that can be used."""
    key = lookup.allowed(scope, name, action, {**_keys(context), **(known or {})})
    lookup.require_enabled(key)
    return key


def _keys(context: Mapping[str, str]) -> GatheredKeys:
    """The condition keys of an encryption context and of the algorithm."""
    found: GatheredKeys = {f"kms:encryptioncontext:{name.lower()}": (value,) for name, value in context.items()}
    if context:
        found["kms:encryptioncontextkeys"] = tuple(context)
    return found | {"kms:encryptionalgorithm": (ALGORITHM,)}


def _of_blob(
    scope: Scope,
    params: Params,
    action: str,
    *,
    context: str,
    member: str,
    known: ConditionKeys | None = None,
) -> tuple[cipher.Sealed, Key]:
    """A ciphertext taken apart, and its key in the caller's Region if the caller may use it so."""
    if "CiphertextBlob" not in params:
        raise AwsError("ValidationException", "1 validation error detected: Value null at 'ciphertextBlob'")
    found = cipher.taken_apart(params["CiphertextBlob"])
    if found is None:
        raise AwsError("InvalidCiphertextException")
    asked = {**_keys(context_of(params, context)), **(known or {})}
    if member in params:
        key = lookup.allowed(scope, params[member], action, asked)
        if (key.account, key.key_id) != (found.account, found.key_id):
            raise AwsError("IncorrectKeyException", OTHER_KEY)
    else:
        account = scope.state.accounts.get(found.account)
        held = account.region(scope.region_name).keys.get(found.key_id) if account else None
        if held is None or keys.refusal(scope.state, scope.principal, held, action, scope.known | asked):
            raise AwsError("AccessDeniedException", LOST)
        key = held
    lookup.require_enabled(key)
    return found, key


def _sealed(scope: Scope, key: Key, context: Mapping[str, str], content: bytes) -> bytes:
    nonce = bytes.fromhex(scope.state.cipher_ids.hex(2 * cipher.NONCE))
    return cipher.sealed(key.account, key.key_id, context, nonce, content)


def _opened(found: cipher.Sealed, context: Mapping[str, str]) -> bytes:
    content = cipher.opened(found, context)
    if content is None:
        raise AwsError("InvalidCiphertextException")
    return content


def _end_dry(params: Params) -> None:
    if params.get("DryRun"):
        text = "The request would have succeeded, but the DryRun parameter was set."
        raise AwsError("DryRunOperationException", text)


OPERATIONS = {
    "Encrypt": Operation(encrypt, target=None),
    "Decrypt": Operation(decrypt, target=None),
    "ReEncrypt": Operation(re_encrypt, target=None),
    "GenerateDataKey": Operation(generate_data_key, target=None),
    "GenerateDataKeyWithoutPlaintext": Operation(generate_data_key_without_plaintext, target=None),
}

FIDELITY = (
    Behaviour(
        "Encrypt, Decrypt, ReEncrypt and data keys are judged by key policy, grants and identity policies, with "
        "`kms:EncryptionContext:…`, `kms:EncryptionContextKeys`, `kms:EncryptionAlgorithm`, `kms:ReEncryptOnSameKey`",
        "DG",
        "test_kms_use.py::test_the_context_is_judged",
    ),
    Behaviour(
        "Decrypt finds the key by itself; without the right the ciphertext `refers to a customer master key that does "
        "not exist, …`, with another key in the request it is IncorrectKeyException",
        "issue, botocore",
        "test_kms_use.py::test_a_ciphertext_opens_with_its_own_key_only",
    ),
    Behaviour(
        "Another key's right to a ciphertext is judged before the context is compared",
        "assumed",
    ),
    Behaviour(
        "Data keys are the same in every run of a world",
        "ours",
        "test_kms_use.py::test_a_data_key_is_hidden_and_found_again",
    ),
)
