"""Checks of the providers: settings, keys, conditions, what stops them, and the way back to us."""

import ipaddress
import socket
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

from reminder.ops.carriers import prove
from reminder.ops.doctor.finding import Examined, Finding, Level
from reminder.ops.status import WORDS, status
from reminder.store import lists

Resolve = Callable[[str], Sequence[str]]
# Rules for texts change often: after so long somebody should read them again.
RULES_DAYS = 365


def provider_settings(examined: Examined) -> Iterator[Finding]:
    """Each provider in use has what it needs, and each limit names a provider."""
    examined.installed.limits  # noqa: B018 - raises what is wrong
    examined.installed.providers  # noqa: B018
    yield from ()


def texts(examined: Examined) -> Iterator[Finding]:
    """Somebody may be texted, each country of the list has a lawful sender, and its rules were read lately."""
    rules = examined.installed.texts
    if rules.everywhere:
        return
    if not rules.countries:
        reason = "Nobody gets texts: SMS_COUNTRIES names no country, and a real provider of texts is set."
        yield Finding("texts", Level.FAULT, reason, "Name the countries whose numbers may get them.")
    for country in sorted(rules.countries):
        rule = rules.rule(country)
        if why_not := rules.why_not(country):
            remedy = "Add a sender to SMS_SENDERS or a row to SMS_RULES_FILE; until then these people get email."
            yield Finding("texts", Level.WARNING, f"No texts to {country}: {why_not}.", remedy)
        elif rule is not None and (examined.now.date() - rule.checked_on).days > RULES_DAYS:
            reason = f"The rules for texts to {country} were read on {rule.checked_on}: {rule.source}."
            yield Finding("texts", Level.NOTE, reason, "Read them again, and keep the new date in SMS_RULES_FILE.")


def provider_key(examined: Examined) -> Iterator[Finding]:
    """The keys fit, proved without sending where the provider has a way."""
    for proof in examined.installed.wait_for(prove(examined.real)):
        if proof.fits is None:
            reason = f"{proof.name}: its key was not tried. {proof.told[:1].upper()}{proof.told[1:]}."
            remedy = "Send yourself a message with `reminder campaign test-send`."
            yield Finding("provider-key", Level.NOTE, reason, remedy)
        elif not proof.fits:
            yield Finding("provider-key", Level.FAULT, f"{proof.name}: {proof.told}.", proof.remedy)


def provider_conditions(examined: Examined) -> Iterator[Finding]:
    """What their terms ask for beyond the law."""
    for name, provider in examined.real.items():
        if provider.capabilities.conditions:
            remedy = "Make sure that this is so in your account there."
            yield Finding("provider-conditions", Level.NOTE, f"{name}: {provider.capabilities.conditions}", remedy)


def provider_state(examined: Examined) -> Iterator[Finding]:
    """None is stopped or fails, and each channel has one that takes messages."""
    found = status(examined.installed.database, examined.installed.limits, examined.now)
    for name, words in found.providers.items():
        remedy = "`reminder providers list` shows how all of them are, `reminder providers check` tries their keys."
        yield Finding("provider-state", Level.WARNING, f"{name}: {words}.", remedy)
    for channel in found.channels_out:
        reason = f"Nothing goes by {WORDS[channel]}: no provider of it takes messages now."
        remedy = "Mend one of them, or add another one to the settings."
        yield Finding("provider-state", Level.FAULT, reason, remedy)


def provider_list(examined: Examined) -> Iterator[Finding]:
    """A provider's own list of people whom it no longer writes to was read."""
    with examined.installed.database.read() as connection:
        notes = lists.notes(connection)
    for name, provider in examined.real.items():
        if provider.capabilities.suppressions and notes.get(name, lists.WAITS):
            remedy = "Let its key read the list; the service reads it before the first message, and every day."
            yield Finding("provider-list", Level.WARNING, f"{name}: {notes.get(name, lists.WAITS)}.", remedy)


def addresses_of(host: str) -> list[str]:
    """The addresses of a name. Raises `OSError` where it has none."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)]


def callback_address(examined: Examined, resolve: Resolve = addresses_of) -> Iterator[Finding]:
    """Readers and providers reach us: by https, under a name that leads out of this house."""
    if not examined.real:
        return
    parts = urlsplit(examined.settings.public_url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        reason = "PUBLIC_URL is not https: no campaign may start, and providers do not call back."
        yield Finding("callback-address", Level.FAULT, reason, "Set it to the address that readers reach.")
        return
    try:
        found = resolve(host)
    except OSError:
        reason = f"The name {host} of PUBLIC_URL leads nowhere."
        yield Finding("callback-address", Level.FAULT, reason, "Give it an address in the DNS, or correct it.")
        return
    if all(not ipaddress.ip_address(each).is_global for each in found):
        reason = f"The name {host} of PUBLIC_URL leads to this house alone: neither readers nor providers reach it."
        yield Finding("callback-address", Level.WARNING, reason, "Look at it from outside; doctor cannot.")
