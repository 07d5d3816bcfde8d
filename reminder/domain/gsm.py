"""The alphabet of a plain SMS. Source: 3GPP TS 23.038, the default alphabet and its extension table."""

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each of them takes two places.
EXTENSION = frozenset("\f^{}\\[~]|€")
ALPHABET = BASIC | EXTENSION


def is_gsm(text: str) -> bool:
    """Whether a text fits the alphabet; any other goes out as UCS-2."""
    return ALPHABET.issuperset(text)
