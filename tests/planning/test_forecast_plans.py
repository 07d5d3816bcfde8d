"""A forecast of a million people takes about a second because it reads indexes: the plan of each of its statements."""

import re
from typing import Any

import pytest
from sqlalchemy import event, text

from reminder.outbox.opening import open_due
from reminder.planning.forecast import forecast
from reminder.store.database import Connection, Database
from reminder.store.vault import Vault
from tests.planning.world import BEGAN, HOMES, MAIL, World, make_world, utc, zones_of

# Tables that are filled by the million, under the names by which statements call them.
BIG = re.compile(r"SCAN (subscriber|subscription|message|delivery|s|q|p|m|c|d)\b(?! USING)")
SITUATIONS = {
    "everybody is in the audience": (["all"], "", False),
    "most are": (["all"], "DELETE FROM subscription WHERE subscriber_id = 1", False),
    "few are": (["list:x"], "INSERT INTO subscription (scope, subscriber_id) VALUES ('list:x', 1)", False),
    "some have theirs already": (["all"], "", True),
}


@pytest.fixture
def crowd(sqlite_database: Database, vault: Vault) -> World:
    world = make_world(sqlite_database, vault, MAIL)
    for number in range(3):
        for name, zone in HOMES.items():
            world.person(f"{name}{number}", zone, sms=number == 0)
    exceptions = (
        "INSERT INTO exclusion (subscriber_id, what) VALUES (2, 'CN')",
        "INSERT INTO letter (campaign_id, round, subscriber_id, at, how, late) VALUES (1, 1, 3, 0, '', 0)",
    )
    for sql in exceptions:
        world.database.write(lambda connection, sql=sql: connection.execute(text(sql)))
    return world


def statements(world: World, audience: list[str], sql: str, *, some_have_it: bool) -> list[tuple[str, Any]]:
    """Everything that a forecast asks, with its values."""
    campaign_id = world.live(audience=audience)
    if sql:
        world.database.write(lambda connection: connection.execute(text(sql)))
    now = BEGAN
    if some_have_it:
        now = utc("2020-12-01T20:00")
        world.plan(BEGAN)
        open_due(world.database, now, chunk=100, zones_of=zones_of)
    asked: list[tuple[str, Any]] = []
    event.listen(world.database._readers, "before_cursor_execute", lambda *args: asked.append((args[2], args[3])))
    forecast(world.desk, campaign_id, now=now, limits={}, country_zones=zones_of)
    return [(statement, values) for statement, values in asked if statement.startswith(("SELECT", "WITH"))]


@pytest.mark.parametrize(("audience", "sql", "some_have_it"), SITUATIONS.values(), ids=SITUATIONS.keys())
def test_no_statement_of_a_forecast_reads_a_big_table_row_by_row(
    crowd: World, audience: list[str], sql: str, some_have_it: bool
) -> None:
    asked = statements(crowd, audience, sql, some_have_it=some_have_it)
    with crowd.database.read() as connection:
        plans = {
            statement: [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
            for statement, values in asked
        }
    found = [(line, statement) for statement, plan in plans.items() for line in plan if BIG.match(line)]
    assert found == []
    used = {name for plan in plans.values() for line in plan for name in re.findall(r"INDEX (\w+)", line)}
    assert "subscriber_not_active" in used
    assert audience == ["list:x"] or {"reachable_by_email", "reachable_by_sms"} <= used
    assert not some_have_it or {"one_a_day", "one_promise"} <= used


@pytest.mark.parametrize(("audience", "sql", "some_have_it"), SITUATIONS.values(), ids=SITUATIONS.keys())
def test_people_are_counted_without_a_look_at_their_rows(
    crowd: World, audience: list[str], sql: str, some_have_it: bool
) -> None:
    asked = statements(crowd, audience, sql, some_have_it=some_have_it)
    everybody = re.compile(r"SELECT s\.rhythm_id, .* FROM subscriber s WHERE ")
    counts = [(one, values) for one, values in asked if everybody.match(one)]
    # By email and by SMS alone; without recent reminders most people are counted apart from the unusual ones.
    assert len(counts) == (0 if audience == ["list:x"] else 2 if some_have_it else 4)
    with crowd.database.read() as connection:
        assert [rows_read(connection, statement, values) for statement, values in counts] == [0] * len(counts)


def rows_read(connection: Connection, statement: str, values: Any) -> int:
    """How many columns the program of a statement takes from rows of the supporters' table, and not from an index."""
    root = connection.execute(text("SELECT rootpage FROM sqlite_master WHERE name = 'subscriber'")).scalar_one()
    program = connection.exec_driver_sql(f"EXPLAIN {statement}", values).all()
    cursors = {step[2] for step in program if step[1] == "OpenRead" and step[3] == root}
    return sum(step[1] == "Column" and step[2] in cursors for step in program)
