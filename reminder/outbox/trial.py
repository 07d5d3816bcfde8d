"""A marked test of a campaign's reminder, to the office itself."""

from datetime import datetime

from reminder.domain.states import Channel, MessageKind
from reminder.store.columns import ordinal
from reminder.store.database import Connection, Database
from reminder.store.queueing import Addressee, at_once, organisers, queue


def queue_test(database: Database, campaign_id: int, channel: Channel, locale: str, now: datetime) -> int:
    """Queue what the reminder of a campaign that is there would say, to every organiser by email; returns how many."""
    items = [[campaign_id, "test", ordinal(now.date()), int(channel)]]

    def work(connection: Connection) -> int:
        people = [Addressee(each.person_id, Channel.EMAIL, locale) for each in organisers(connection)]
        when = at_once(MessageKind.TEST, now)
        dedupe = f"test:{campaign_id}:{now.isoformat()}"
        return queue(connection, MessageKind.TEST, people, dedupe=dedupe, items=items, when=when, now=now)

    return database.write(work)
