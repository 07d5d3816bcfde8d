"""What needs an eye: by message and campaign, never by address."""

import json
import re
from typing import Any

from sqlalchemy import event

from reminder.domain.states import MessageKind
from reminder.outbox.overview import unclear_lines
from reminder.store.overview import unclear_rows
from tests.fakes.scripted import LOST, Answer, Scripted
from tests.outbox.world import DAY, ONE_DAY, World, address


def lines(world: World) -> list[str]:
    return [line.text() for line in unclear_lines(world.database)]


def test_when_all_went_well_nothing_needs_an_eye(world: World) -> None:
    world.scene("Aigerim", "Clara").open()
    world.send(Scripted())
    assert lines(world) == []


def test_a_message_without_an_answer_is_listed_by_its_number_and_campaign(world: World) -> None:
    world.scene("Aigerim", "Clara").open()
    clara = world.message_of("Clara").id
    world.send(Scripted(answer=lambda to: LOST if to.address == address("Clara") else Answer()))
    assert lines(world) == [f"Message {clara}, campaign 1, Tue 22 Dec, email: unclear: may have arrived"]


def test_a_message_that_speaks_of_two_appeals_names_both(world: World) -> None:
    world.scene("Clara", letters="AB").open()
    world.send(Scripted(answer=lambda to: LOST))
    (line,) = unclear_lines(world.database)
    assert (line.unclear, line.campaign_ids, line.kind) == (True, (1, 2), MessageKind.NUDGE)
    assert ", campaigns 1 and 2, " in line.text()


def test_what_was_set_aside_stands_in_one_line_for_its_sending(world: World) -> None:
    world.scene("Aigerim", "Bikash", "Clara").open()
    first = min(world.message_of(name).id for name in world.people)
    world.run("UPDATE message SET state = 6, void = 1, reason = 18 WHERE kind = 1")
    world.run("UPDATE delivery SET state = 6, reason = 18")
    (line,) = unclear_lines(world.database)
    assert (line.unclear, line.number, line.message_id) == (False, 3, first)
    said = f"Message {first} and 2 more, campaign 1, deadline-7d, Tue 22 Dec, email: set aside: could not be built"
    assert line.text() == said


def test_content_that_a_provider_refuses_is_set_aside_with_that_reason(world: World) -> None:
    world.scene("Clara").open()
    world.run("UPDATE message SET state = 3, reason = 20 WHERE kind = 1")
    world.run("UPDATE delivery SET state = 6, reason = 20")
    (line,) = lines(world)
    assert line.endswith("deadline-7d, Tue 22 Dec, email: set aside: content refused by the provider")


def test_what_could_not_be_built_says_where_the_mistake_is(world: World) -> None:
    world.scene("Clara").open()
    # The deadline came forward behind our back: a reminder of a day that has passed is not built.
    world.run("UPDATE campaign SET deadline_on = :day", day=(DAY - ONE_DAY).toordinal())
    assert world.send(Scripted()).dropped == 1
    (line,) = lines(world)
    assert line.endswith("set aside: could not be built; The reminder of campaign 1 is for a date that has passed")


def test_a_message_that_was_purged_leaves_its_line(world: World) -> None:
    world.scene("Clara").open()
    world.run("UPDATE delivery SET state = 6, reason = 18")
    world.run("DELETE FROM message")
    (line,) = unclear_lines(world.database)
    assert line.message_id is None
    assert line.text().startswith("A message that is not kept any more, campaign 1, deadline-7d")


def test_of_very_many_unclear_ones_the_last_line_stands_for_the_rest(world: World) -> None:
    world.scene("Aigerim", "Bikash", "Clara", "Davi").open()
    world.run("UPDATE message SET state = 5")
    with world.database.read() as connection:
        found, total = unclear_rows(connection, 2)
    assert (len(found), total) == (2, 4)
    assert sum(line.number for line in unclear_lines(world.database)) == 4


def test_no_line_names_a_person(world: World) -> None:
    world.scene("Aigerim", "Clara").open()
    world.send(Scripted(answer=lambda to: LOST))
    said = json.dumps([line.to_json() for line in unclear_lines(world.database)]) + "".join(lines(world))
    assert not re.search(r"@|Clara|Aigerim|\+44", said)
    assert json.loads(json.dumps(unclear_lines(world.database)[0].to_json()))["reason"] == "unclear: may have arrived"


def test_both_are_found_by_their_small_indexes(sqlite_world: World) -> None:
    sqlite_world.scene("Clara").open()
    sqlite_world.run("UPDATE message SET state = 5")
    sqlite_world.run("UPDATE delivery SET state = 6, reason = 18")
    asked: list[tuple[str, Any]] = []
    event.listen(
        sqlite_world.database._readers, "before_cursor_execute", lambda *args: asked.append((args[2], args[3]))
    )
    assert len(unclear_lines(sqlite_world.database)) == 2
    with sqlite_world.database.read() as connection:
        plans = [
            str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {question}", values).all())
            for question, values in asked
            if question.startswith("SELECT")
        ]
    assert [re.findall(r"SCAN .*?INDEX (\w+)", plan) for plan in plans[:3]] == [
        ["message_unclear"],
        ["message_unclear"],
        ["delivery_set_aside"],
    ]
    assert not any("SCAN" in plan for plan in plans[3:])
