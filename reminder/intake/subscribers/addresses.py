"""Reading an email address or a phone number as people type them."""

import re

import email_validator
import phonenumbers

from reminder.domain.addresses import EmailAddress, PhoneNumber

# The plain shape that nearly all addresses have. What fits it needs none of email-validator's 35 µs: ASCII atoms, at
# least two labels, no doubled hyphen (so no IDNA), a last label of letters. A property test holds the two ways equal.
_PLAIN = re.compile(
    r"(?=.{6,254}\Z)(?=[^@]{1,64}@)"
    r"([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*)"
    r"@((?:(?=[A-Za-z0-9-]{1,63}\.)[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\.)+([A-Za-z]{2,63}))\Z"
)
_SPECIAL_USE = frozenset(name.rpartition(".")[2] for name in email_validator.SPECIAL_USE_DOMAIN_NAMES)
_PHONE = re.compile(r"[+＋]?[\d\s().,/\-‐‑–—]+\Z")
_CUT = re.compile(r"[0-9][.,][0-9]+[eE]\+?[0-9]+\Z")


def read_email(text: str) -> EmailAddress | None:
    """The address in `text`, or None if mail cannot be sent to it. No DNS is asked.

    The local part stays as typed (NFC); the domain comes out as IDNA A-labels in lower case.
    """
    plain = _PLAIN.match(text)
    if plain is not None and plain[3].lower() not in _SPECIAL_USE:
        return EmailAddress(plain[1], plain[2].lower())
    return validated_email(text)


def validated_email(text: str) -> EmailAddress | None:
    """The same by email-validator alone: what the plain shape must agree with."""
    try:
        parts = email_validator.validate_email(text, check_deliverability=False, strict=True)
    except email_validator.EmailNotValidError:
        return None
    return EmailAddress(parts.local_part, parts.ascii_domain.lower())


def read_phone(text: str, country: str | None) -> PhoneNumber | str:
    """The number in `text`, or the code of the problem.

    `country` (ISO alpha-2) reads numbers written without "+". Asked is whether such a number can exist (its length and
    country code), not whether its range is in use: new ranges come faster than any table of them.
    """
    if _CUT.match(text):
        return "phone_cut"
    if not _PHONE.match(text):
        return "bad_phone"
    international = text.startswith(("+", "＋"))
    if not international and country is None:
        return "phone_needs_country"
    try:
        number = phonenumbers.parse(text, None if international else country)
    except phonenumbers.NumberParseException:
        return "bad_phone"
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return "bad_phone"
    region = _region(number, country)
    if region is None:
        return "bad_phone"
    return PhoneNumber(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), region)


def _region(number: phonenumbers.PhoneNumber, country: str | None) -> str | None:
    """The country whose zones must be awake; None for numbers of no country (satellites, free calls), which take no texts.

    Where several countries share a code (+1, +7, +44) the one where the person lives comes first.
    """
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(number.country_code or 0, ())
    if country in regions:
        return country
    region = phonenumbers.region_code_for_number(number) if len(regions) > 1 else None
    region = region or next(iter(regions), None)
    return region if region is not None and region.isalpha() else None
