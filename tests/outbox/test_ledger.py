"""The ledger holds whatever happens: a machine that lives through random days and looks at every rule after each event.

What the provider took is the truth; the ledger may say less (unclear), never something else.
"""

import json
import os
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from reminder.domain.message import Recipient
from reminder.domain.states import (
    AttemptState,
    BatchState,
    CampaignState,
    DeliveryState,
    Fault,
    MessageState,
    Verdict,
    WaveState,
)
from reminder.outbox.settling import decide
from reminder.planning.triage import triage
from reminder.providers.contract import Call, Capabilities
from reminder.store.columns import instant, seconds
from reminder.store.database import Database
from tests.fakes.scripted import LATER, LOST, NEVER_ARRIVED, YES, Answer, Scripted
from tests.outbox.moves import forbid_other_moves
from tests.outbox.world import DAY, HOUR, MORNING, ONE_DAY, World, no_zones

PEOPLE = ("Clara", "Davi", "Ellen", "Farid", "Hana", "Ivo")
LETTERS = "AB"
STEPS = (("deadline-7d", 0), ("deadline-5d", 2), ("deadline-2d", 5))
END = MORNING + 9 * ONE_DAY
ANSWERS = {
    "yes": YES,
    "taken but unanswered": LOST,
    "neither taken nor answered": NEVER_ARRIVED,
    "later": LATER,
    "much later": Answer(Verdict.RETRY, retry_after=30_000),
    "not begun": Answer(Verdict.RETRY, retry_after=0),
    "bad address": Answer(Verdict.REJECTED, Fault.ADDRESS),
    "bad content": Answer(Verdict.REJECTED, Fault.CONTENT),
    "bad account": Answer(Verdict.RETRY, Fault.ACCOUNT),
}
PATIENCE = settings(
    max_examples=int(os.environ.get("LEDGER_EXAMPLES", "8")),
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
# Mostly yes: a machine in which nothing ever arrives tells little.
answers = st.lists(st.sampled_from(["yes"] * 6 + list(ANSWERS)), min_size=1, max_size=6)
people = st.sampled_from(PEOPLE)
letters = st.sampled_from(LETTERS)


class Died(BaseException):
    """The sender's process is gone, as after SIGKILL: nothing of ours runs any more."""


@dataclass
class Acceptance:
    """One message in the provider's hands."""

    message_id: int
    person: int
    at: datetime


class Ledger(RuleBasedStateMachine):
    """Days in London. `template` is a migrated database, `can_be_asked` whether the provider knows what it took."""

    template: ClassVar[Path]
    can_be_asked: ClassVar[bool]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.template, self.folder / "reminder.db")
        self.database = Database(f"sqlite:///{self.folder / 'reminder.db'}")
        forbid_other_moves(self.database)
        self.world = World(self.database)
        able = Capabilities(batch_size=2, look_up=self.can_be_asked, keeps_message_id=True, real=False)
        self.provider = Scripted(capabilities=able, before=self.sees)
        self.accepted: list[Acceptance] = []
        self.repeated: set[int] = set()
        self.told: set[int] = set()
        self.left: set[str] = set()

    @initialize()
    def begin(self) -> None:
        world = self.world
        world.clock.move_to(MORNING - HOUR)
        world.scene(*PEOPLE, letters="")
        world.set_person("Farid", cadence_n=2)
        for letter in LETTERS:
            world.campaign(letter)
            for step, days in STEPS:
                world.wave(letter, step, on=DAY + days * ONE_DAY, last_useful=step == STEPS[-1][0])

    def teardown(self) -> None:
        try:
            if self.world.campaigns:
                self.live_on_to_the_end()
                self.everything_is_accounted_for()
        finally:
            self.database.close()
            shutil.rmtree(self.folder)

    # What happens

    @rule(hours=st.sampled_from([0.02, 1, 3, 6, 12, 24]))
    def time_passes(self, hours: float) -> None:
        self.world.clock.move_to(min(self.world.clock.now() + timedelta(hours=hours), END))

    @rule()
    def heartbeat(self) -> None:
        now = self.world.clock.now()
        triage(self.database, now, country_zones=no_zones)
        self.world.open(chunk=2)
        self.world.tidy()
        self.world.settle(self.provider)

    @rule(script=answers)
    def send(self, script: Sequence[str]) -> None:
        self.follow(script)
        self.world.send(self.provider)

    @rule(script=answers, after=st.booleans())
    def send_and_die(self, script: Sequence[str], after: bool) -> None:
        """Killed in a call, before or after the provider took its messages; started again at once."""

        def die(call: Call) -> None:
            self.sees(call)
            raise Died

        self.follow(script)
        hook = "after" if after else "before"
        setattr(self.provider, hook, die)
        try:
            self.world.send(self.provider)
        except Died:
            self.world.tidy(nobody_else=True)
        finally:
            self.provider.before, self.provider.after = self.sees, lambda call: None

    @rule(letter=letters, state=st.sampled_from([CampaignState.PAUSED, CampaignState.PAUSED, CampaignState.STOPPED]))
    def stop_or_pause(self, letter: str, state: CampaignState) -> None:
        if self.state_of(letter) in (CampaignState.LIVE, CampaignState.PAUSED):
            self.world.stop(letter, state)

    @rule(letter=letters)
    def resume(self, letter: str) -> None:
        """What was taken back and is still ahead is planned again, as the plan does it."""
        if self.state_of(letter) is CampaignState.PAUSED:
            self.world.tidy()
            self.world.set_campaign(letter, state=CampaignState.LIVE)
            self.world.run(
                "UPDATE wave SET state = 1, chunk_locale = '', chunk_end = 0 WHERE campaign_id = :id AND not_after > :now"
                " AND (state = 6 OR (state = 3 AND EXISTS (SELECT 1 FROM delivery d WHERE d.wave_id = wave.id AND d.state = 3)))",
                id=self.world.campaigns[letter],
                now=seconds(self.world.clock.now()),
            )

    @rule(name=people, letter=letters)
    def write_a_letter(self, name: str, letter: str) -> None:
        known = "SELECT 1 FROM letter WHERE campaign_id = :campaign AND subscriber_id = :person"
        ids = {"campaign": self.world.campaigns[letter], "person": self.world.people[name]}
        if not self.world.rows(known, **ids):
            self.world.wrote(name, letter)
            self.left.add(name)

    @rule(name=people)
    def leave(self, name: str) -> None:
        self.world.closes(name)
        self.left.add(name)

    @rule(name=people, hours=st.integers(1, 60))
    def take_a_break(self, name: str, hours: int) -> None:
        self.world.set_person(name, paused_until=self.world.clock.now() + hours * HOUR)
        self.left.add(name)

    @precondition(lambda self: self.unclear())
    @rule(word=st.sampled_from(["arrived", "give-up", "send-again"]), which=st.integers(0, 20))
    def an_organiser_decides(self, word: str, which: int) -> None:
        unclear = self.unclear()
        message_id = unclear[which % len(unclear)]
        now = self.world.clock.now()
        if word == "send-again":
            if now >= instant(self.message(message_id).not_after):
                return
            self.repeated.add(message_id)
        if word == "arrived":
            self.told.add(message_id)
        decide(self.database, message_id, word, now)

    # The provider's side: it knows nothing of the ledger, but we look over its shoulder

    def follow(self, script: Sequence[str]) -> None:
        turns = [ANSWERS[word] for word in script]

        def answer(recipient: Recipient) -> Answer:
            told = turns.pop(0) if turns else YES
            if told.was_taken:
                message = self.message(recipient.message_id)
                self.accepted.append(Acceptance(recipient.message_id, message.subscriber_id, self.world.clock.now()))
            return told

        self.provider.answer = answer

    def sees(self, call: Call) -> None:
        """At the moment of the call everything that speaks against it is committed: nothing may."""
        for recipient in call.recipients:
            message = self.message(recipient.message_id)
            now = self.world.clock.now()
            assert now < instant(message.not_after), "after the last instant"
            assert 8 <= now.hour < 21, "in the night"
            person = self.world.rows("SELECT * FROM subscriber WHERE id = :id", id=message.subscriber_id)[0]
            assert person.email_since is not None, "after leaving"
            assert (person.paused_until or 0) <= seconds(now), "in a break"
            for campaign in self.campaigns_of(message):
                found = self.world.rows("SELECT * FROM campaign WHERE id = :id", id=campaign)[0]
                assert found.state == CampaignState.LIVE, "after a stop"
                wrote = "SELECT 1 FROM letter WHERE campaign_id = :campaign AND subscriber_id = :person"
                assert not self.world.rows(wrote, campaign=campaign, person=message.subscriber_id), "after a letter"

    # The rules

    @invariant()
    def nobody_gets_a_message_twice_unless_it_is_listed(self) -> None:
        for message_id, times in Counter(each.message_id for each in self.accepted).items():
            message = self.message(message_id)
            assert times <= message.tries or message.state in (MessageState.DUE, MessageState.RETRY)
            if times > 1:
                assert message.tries > 1
                assert not self.can_be_asked or message_id in self.repeated
                listed = "SELECT 1 FROM event WHERE message_id = :id AND kind = 'sent again'"
                assert self.world.rows(listed, id=message_id), "possibly twice, and nobody told"

    @invariant()
    def nobody_gets_two_reminders_on_one_day(self) -> None:
        days: dict[Any, set[int]] = defaultdict(set)
        for each in self.accepted:
            days[each.person, each.at.date()].add(each.message_id)
        assert [ids for ids in days.values() if len(ids - self.repeated - self.sent_again()) > 1] == []

    @invariant()
    def what_was_carried_was_taken_and_what_was_taken_is_carried_or_unclear(self) -> None:
        taken = {each.message_id for each in self.accepted}
        for row in self.world.rows("SELECT id, state, tries FROM message WHERE kind = 1"):
            if row.state == MessageState.ACCEPTED:
                assert row.id in taken | self.told
            if row.id in taken and row.id not in self.repeated | self.sent_again():
                under_way = self.world.rows(
                    "SELECT 1 FROM attempt WHERE state = 1 AND :id BETWEEN first_message AND last_message", id=row.id
                )
                settled = (MessageState.ACCEPTED, MessageState.AMBIGUOUS, MessageState.REJECTED)
                assert under_way or row.state in settled

    @invariant()
    def every_promise_that_is_due_has_a_message_that_carries_it(self) -> None:
        """And every message that waits has its promises."""
        carriers = defaultdict(set)
        rows = self.world.rows(
            "SELECT m.id, m.subscriber_id, m.state, m.local_on, c.items, b.state AS batch FROM message m"
            " JOIN batch b ON b.id = m.batch_id JOIN content c ON c.id = b.content_id"
            " WHERE m.kind = 1 AND m.state IN (1, 2, 4, 5)"
        )
        for row in rows:
            for campaign, step, anchor, channel in json.loads(row.items):
                carriers[campaign, step, anchor, channel, row.subscriber_id].add(row)
        for promise in self.world.rows("SELECT * FROM delivery WHERE state IN (1, 2)"):
            key = (promise.campaign_id, promise.step_key, promise.anchor_on, promise.channel, promise.subscriber_id)
            states = {row.state for row in carriers.get(key, ()) if row.local_on == promise.local_on}
            if promise.state == DeliveryState.DUE:
                assert states & {MessageState.DUE, MessageState.RETRY, MessageState.AMBIGUOUS}, "a promise nobody keeps"
            else:
                assert MessageState.ACCEPTED in states, "kept by nobody"
        for row in rows:
            if row.state in (MessageState.DUE, MessageState.RETRY):
                assert row.batch in (BatchState.OPEN, BatchState.CLAIMED, BatchState.SENDING, BatchState.WITHDRAWN)

    # The end

    def live_on_to_the_end(self) -> None:
        """Quiet days: everything that may still go goes."""
        self.follow([])
        while self.world.clock.now() < END:
            now = self.world.clock.now()
            self.world.clock.move_to(min(now + 4 * HOUR, END))
            self.heartbeat()
            self.world.send(self.provider)
        # The clock may have come here without a single beat.
        self.heartbeat()
        self.world.tidy()

    def everything_is_accounted_for(self) -> None:
        unclear = set(self.unclear())
        assert set(self.world.counts("batch")) <= {BatchState.DONE}
        assert AttemptState.SENDING not in self.world.counts("attempt")
        due = self.world.rows("SELECT subscriber_id, local_on FROM delivery WHERE state = 1")
        waiting = {(m.subscriber_id, m.local_on) for m in map(self.message, unclear)}
        assert {(row.subscriber_id, row.local_on) for row in due} <= waiting
        assert not self.can_be_asked or not [
            m for m in map(self.message, unclear) if instant(m.not_after) > END and m.id not in self.repeated
        ]
        self.nobody_was_overlooked()

    def nobody_was_overlooked(self) -> None:
        """Who said nothing all the time has a promise of every sending that was opened and never taken back."""
        wanted = "SELECT 1 FROM delivery WHERE campaign_id = :campaign AND step_key = :step AND subscriber_id = :person"
        for wave in self.world.rows("SELECT * FROM wave WHERE state = :open", open=int(WaveState.OPEN)):
            for name in PEOPLE:
                person = self.world.rows("SELECT * FROM subscriber WHERE id = :id", id=self.world.people[name])[0]
                if name in self.left or person.email_since is None:
                    continue
                found = self.world.rows(wanted, campaign=wave.campaign_id, step=wave.step_key, person=person.id)
                assert found, f"{name} was overlooked"
        assert set(self.world.counts("wave")) <= {
            WaveState.OPEN,
            WaveState.SUPERSEDED,
            WaveState.MISSED,
            WaveState.WITHDRAWN,
        }

    # To look things up

    def state_of(self, letter: str) -> CampaignState:
        return CampaignState(
            self.world.one("SELECT state FROM campaign WHERE id = :id", id=self.world.campaigns[letter])
        )

    def message(self, message_id: int) -> Any:
        return self.world.rows("SELECT * FROM message WHERE id = :id", id=message_id)[0]

    def unclear(self) -> list[int]:
        return [row[0] for row in self.world.rows("SELECT id FROM message WHERE state = 5 ORDER BY id")]

    def sent_again(self) -> set[int]:
        return {row[0] for row in self.world.rows("SELECT message_id FROM event WHERE kind = 'sent again'")}

    def campaigns_of(self, message: Any) -> list[int]:
        sql = "SELECT c.items FROM batch b JOIN content c ON c.id = b.content_id WHERE b.id = :id"
        return [item[0] for item in json.loads(self.world.one(sql, id=message.batch_id))]


@pytest.mark.parametrize("can_be_asked", [True, False], ids=["can be asked", "cannot be asked"])
def test_the_ledger_holds_whatever_happens(sqlite_template: Path, can_be_asked: bool) -> None:
    machine = type("LedgerOf", (Ledger,), {"template": sqlite_template, "can_be_asked": can_be_asked})
    run_state_machine_as_test(machine, settings=PATIENCE)
    assert issubclass(machine, Ledger)
