"""What an import left in the database."""

from sqlalchemy import text

from reminder.domain.states import Channel
from reminder.store.database import Database
from reminder.store.vault import Vault
from tests.intake.subscribers.cast import NUMBERS, email_of

TABLES = ("subscriber", "subscription", "exclusion", "consent", "do_not_contact", "rhythm")


def everything_stored(database: Database) -> dict[str, list[tuple]]:
    with database.read() as connection:
        return {
            table: sorted((tuple(found) for found in connection.execute(text(f"SELECT * FROM {table}"))), key=repr)
            for table in TABLES
        }


def empty(database: Database) -> None:
    database.write(lambda connection: [connection.execute(text(f"DELETE FROM {table}")) for table in TABLES])


def reachable(database: Database) -> set[tuple[int, bytes]]:
    """Every (channel, hash) by which somebody may be written to, as the opening of a sending sees it."""
    found = set()
    with database.read() as connection:
        for channel, digest, since in ((1, "email_hash", "email_since"), (2, "phone_hash", "sms_since")):
            rows = connection.execute(
                text(
                    f"SELECT {digest} FROM subscriber s WHERE s.state = 1 AND s.{since} IS NOT NULL AND NOT EXISTS"
                    f" (SELECT 1 FROM do_not_contact n WHERE n.channel = {channel} AND n.address_hash = s.{digest})"
                )
            )
            found |= {(channel, bytes(digest)) for (digest,) in rows}
    return found


def closed(database: Database) -> dict[tuple[int, bytes], str]:
    with database.read() as connection:
        rows = connection.execute(text("SELECT channel, address_hash, reason FROM do_not_contact"))
        return {(channel, bytes(digest)): reason for channel, digest, reason in rows}


def hash_of(vault: Vault, name: str, channel: Channel = Channel.EMAIL) -> tuple[int, bytes]:
    normal = email_of(name).normal if channel is Channel.EMAIL else NUMBERS[name].normal
    return int(channel), vault.address_hash(channel, normal)
