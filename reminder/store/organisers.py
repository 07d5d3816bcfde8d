"""The people of the office."""

from datetime import datetime

from sqlalchemy import Connection, insert, select

from reminder.store.tables import Organiser

_ORGANISER = Organiser.metadata.tables["organiser"]


def keep_organiser(
    connection: Connection, *, email_ct: bytes, email_hash: bytes, name_ct: bytes, now: datetime, locale: str = "en"
) -> bool:
    """Add an organiser; False where the address is one's already."""
    if connection.execute(select(_ORGANISER.c.id).where(_ORGANISER.c.email_hash == email_hash)).first() is not None:
        return False
    row = {"email_ct": email_ct, "email_hash": email_hash, "name_ct": name_ct, "locale": locale, "since": now}
    connection.execute(insert(_ORGANISER).values(**row))
    return True
