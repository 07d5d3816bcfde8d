"""The country of each number that was stored before countries were kept: read from the number, page by page."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from cryptography.exceptions import InvalidTag

from reminder.domain.addresses import PhoneNumber
from reminder.intake.subscribers.addresses import read_phone
from reminder.store.database import Database
from reminder.store.people.countries import NO_COUNTRY, WithoutCountry, keep_countries, without_country
from reminder.store.vault import Vault

PEOPLE_AT_ONCE = 500
# To read a number takes 0.1 ms: so many pages hold a heartbeat up for some seconds, and a million people for a few minutes.
PAGES_A_HEARTBEAT = 100


def read_countries(
    database: Database,
    vault: Vault,
    now: datetime,
    *,
    catch_up: timedelta,
    at_once: int = PEOPLE_AT_ONCE,
    pages: int = PAGES_A_HEARTBEAT,
    go_on: Callable[[], bool] = lambda: True,
) -> int:
    """Keep the country of every number that has none yet; returns of how many. One that nobody can read has no country.

    Each page is a transaction of its own. Of very many the rest waits for the next heartbeat; then nothing is left to do.
    """
    done = 0
    for _ in range(pages):
        if not go_on():
            break
        with database.read() as connection:
            page = without_country(connection, at_once)
        if not page:
            break
        countries = {person.subscriber_id: _country(vault, person) for person in page}
        done += database.write(partial(keep_countries, countries=countries, now=now, since=now - catch_up))
    return done


def _country(vault: Vault, person: WithoutCountry) -> str:
    texts: Sequence[str]
    try:
        texts = vault.decrypt_many([person.phone_ct], b"phone")
    except (InvalidTag, KeyError, ValueError):
        return NO_COUNTRY
    number = read_phone(texts[0], person.country or None)
    return number.country if isinstance(number, PhoneNumber) else NO_COUNTRY
