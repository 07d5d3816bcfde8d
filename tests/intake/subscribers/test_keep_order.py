"""Do-not-contact wins in every order of import."""

from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reminder.domain.states import Channel
from reminder.intake.subscribers.keep import keep_list
from reminder.intake.subscribers.rows import Asked, Row
from reminder.store.database import Database
from reminder.store.vault import Vault
from tests.intake.subscribers.cast import row
from tests.intake.subscribers.stored import closed, empty, reachable

NOW = datetime(2020, 12, 1, 10, tzinfo=UTC)
BOTH = (Channel.EMAIL, Channel.SMS)
NAMES = ("clara", "ellen", "farid")
# Each person has one address of a kind, as on lists of real people; a row may know only one of them.
ROWS = st.builds(
    lambda name, knows, agrees, asked, everything, lacks, scopes: row(
        name,
        email=knows != "phone",
        phone=knows != "email",
        agrees=agrees if knows == "both" else None,
        asked=asked,
        everything=everything,
        lacks=lacks,
        subscriptions=scopes,
    ),
    st.sampled_from(NAMES),
    st.sampled_from(["email", "both", "both"]),
    st.sampled_from([BOTH, BOTH[:1], BOTH[1:]]),
    st.sampled_from([None, None, None, *Asked]),
    st.booleans(),
    st.sampled_from([(), (), ("wording",)]),
    st.sampled_from([(), ("all",), ("list:london",)]),
)


def stored_in_order(database: Database, vault: Vault, rows: list[Row], size: int) -> tuple[dict, set]:
    empty(database)
    keep_list(database, vault, rows, NOW, rows_in_a_transaction=size)
    return closed(database), reachable(database)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rows=st.lists(ROWS, max_size=6), data=st.data(), size=st.sampled_from([1, 2, 500]))
def test_any_order_of_rows_ends_with_the_same_do_not_contact_list_and_the_same_people_reached(
    sqlite_database: Database, vault: Vault, rows: list[Row], data: st.DataObject, size: int
) -> None:
    """Also when a list is cut into transactions at other places."""
    shuffled = data.draw(st.permutations(rows))
    assert stored_in_order(sqlite_database, vault, rows, 500) == stored_in_order(sqlite_database, vault, shuffled, size)


ANY_ROWS = st.builds(
    lambda name, number, knows, asked, everything: row(
        name, number=number, email=knows != "phone", phone=knows != "email", asked=asked, everything=everything
    ),
    st.sampled_from(NAMES),
    st.sampled_from(NAMES),
    st.sampled_from(["email", "both", "phone"]),
    st.sampled_from([None, None, Asked.OPTED_OUT, Asked.DIED]),
    st.booleans(),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rows=st.lists(ANY_ROWS, max_size=7), size=st.sampled_from([1, 3, 500]))
def test_however_lists_contradict_each_other_nobody_whose_address_was_closed_is_reached(
    sqlite_database: Database, vault: Vault, rows: list[Row], size: int
) -> None:
    now_closed, now_reached = stored_in_order(sqlite_database, vault, rows, size)
    asked_for = {
        (int(channel), vault.address_hash(channel, normal)) for each in rows for channel, normal in each.blocked()
    }
    assert asked_for <= set(now_closed)
    assert not now_reached & set(now_closed)
