"""A made-up value for every secret setting of every provider, all different, in the form that each setting wants."""

import base64

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from reminder.providers.options import setting_name
from reminder.providers.registry import REGISTRY, provider_class
from tests.providers.test_conformance import least

LOGINS = frozenset({"hook_logins"})


def word(provider: str, option: str) -> str:
    """What may be seen nowhere."""
    return f"hush-{provider}-{option.replace('_', '-')}-7f3a"


def _value(provider: str, option: str) -> str:
    if option in LOGINS:
        return f"{provider}:{word(provider, option)}"
    if option == "webhook_secrets":
        return f"whsec_{base64.b64encode(word(provider, option).encode()).decode()}"
    if option == "private_key":
        return PEM
    return word(provider, option)


PEM = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048)
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
    .replace("\n", "\\n")
)


def options(provider: str, url: str = "") -> dict[str, str]:
    """Everything that a provider can be told that is secret, and the least of the rest."""
    secret = {each.name: _value(provider, each.name) for each in provider_class(provider).options if each.secret}
    known = {each.name for each in provider_class(provider).options}
    hook = {"hook_url": f"https://reminder.example.org/hooks/{provider}"} if "hook_url" in known else {}
    # A key of its own for sending, where there is one, is used instead of the account's.
    also = {"key_sid": "SK1"} if "key_sid" in known else {}
    given = least(provider) | secret | hook | also
    return given | ({"url": url} if url and "url" in known else {})


def settings(url: str) -> dict[str, str]:
    """The same for all providers, by their environment variables."""
    return {
        setting_name(provider, name): text
        for provider in REGISTRY
        if not provider.endswith("-folder")
        for name, text in options(provider, url).items()
    }


def hidden() -> list[str]:
    """What must not be seen: the values, and the ways in which they travel."""
    found = [PEM.split("\\n")[5]]
    for provider in REGISTRY:
        for each in provider_class(provider).options:
            if each.secret and each.name != "private_key":
                found += _forms(provider, each.name)
    return found


def _forms(provider: str, option: str) -> list[str]:
    """Plain and as base64, on its own and behind a name, wherever it begins in a triple of bytes."""
    said = word(provider, option)
    shifted = [base64.b64encode(b"x" * n + said.encode())[4 : 4 * ((len(said) + n) // 3)].decode() for n in range(3)]
    return [said, *shifted]
