"""What the conformance suite needs to know of each provider: one module each, named after it ("-" as "_").

A module has `SITUATIONS`: for each situation a way to put the provider before the real thing in that mood; and
`LEAST`: the fewest options that it can be made with.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import httpx

from reminder.domain.states import Fault, Verdict
from reminder.providers.contract import Provider
from tests.fakes.http import FakeHttp

# The value of every secret setting in the samples: it must come out nowhere.
SECRET = "correct-horse-battery"


class Situation(Enum):
    """A mood of the other side, and the verdict and fault that the provider must make of it for everybody."""

    GOOD = (Verdict.ACCEPTED, Fault.NONE)
    NOBODY_THERE = (Verdict.REJECTED, Fault.ADDRESS)
    DISLIKED = (Verdict.REJECTED, Fault.CONTENT)
    BUSY = (Verdict.RETRY, Fault.NONE)
    LOCKED_OUT = (Verdict.RETRY, Fault.ACCOUNT)
    NO_ANSWER = (Verdict.AMBIGUOUS, Fault.NONE)

    @property
    def verdict(self) -> Verdict:
        return self.value[0]

    @property
    def fault(self) -> Fault:
        return self.value[1]


@dataclass(frozen=True)
class Stand:
    """A provider before the real thing. `taken` says how often the other side took a wire id.

    `server` and `http` are what it talks to and by, where that is HTTP: a test may change the answer and the patience.
    """

    provider: Provider
    taken: Callable[[str], int]
    server: FakeHttp | None = None
    http: httpx.AsyncClient | None = None


Setting = Callable[[Path], AbstractAsyncContextManager[Stand]]
