"""Amazon at the door: its subscription is agreed to, its events get in, and what could not be checked comes again."""

import httpx

from reminder.clock import VirtualClock
from reminder.providers.registry import build
from reminder.store.database import Database
from reminder.web.hooks import Hooks
from tests.databases import vault_for_tests
from tests.fakes.sns import ARN, CERTIFICATE, CONFIRM, CONFIRMATION, NOTIFICATION, Amazon, posted, signed
from tests.outbox.world import URL
from tests.providers.people import NOW
from tests.providers.samples.ses import LEAST


def stored(database: Database) -> int:
    with database.read() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM raw_event").scalar_one())


async def test_amazons_messages_come_in_by_its_own_signature(database: Database) -> None:
    amazon = Amazon(failures=1)
    async with amazon.client() as http:
        ses = build("ses", LEAST | {"topics": ARN}, http)
        web = Hooks(database, vault_for_tests(), {"ses": ses}, VirtualClock(NOW), URL, lambda: None)
        transport = httpx.ASGITransport(web)
        async with httpx.AsyncClient(transport=transport, base_url="http://inside") as sns:

            async def told(envelope: dict[str, str]) -> int:
                callback = posted(envelope)
                headers = dict(callback.headers)
                return (await sns.post("/hooks/ses", content=callback.body, headers=headers)).status_code

            # A refusal would be the end of it: SNS calls again after 5xx alone.
            assert await told(signed(CONFIRMATION)) == 503
            assert stored(database) == 0
            assert await told(signed(CONFIRMATION)) == 200
            assert await told(signed(NOTIFICATION)) == 200
            assert stored(database) == 2
            assert await told(signed(NOTIFICATION) | {"Message": "another"}) == 400
            assert stored(database) == 2
    assert amazon.asked == [CERTIFICATE, CERTIFICATE, CONFIRM]
