"""When a provider is stopped because too much comes back."""

import pytest

from reminder.domain.brake import Brake, Fared, why_stop


@pytest.mark.parametrize(
    ("fared", "why"),
    [
        (Fared(), ""),
        (Fared(10_000, 0, 9), ""),
        (Fared(10_000, 0, 10), "10 of 10000 messages were reported as spam"),
        (Fared(3_000, 0, 3), "3 of 3000 messages were reported as spam"),
        (Fared(3_001, 0, 3), ""),
        (Fared(50, 0, 2), ""),
        (Fared(10_000, 399, 0), ""),
        (Fared(10_000, 400, 0), "400 of 10000 messages came back"),
        (Fared(100, 19, 0), ""),
        (Fared(100, 20, 0), "20 of 100 messages came back"),
        (Fared(0, 20, 0), "20 of 0 messages came back"),
        (Fared(10_000, 400, 10), "10 of 10000 messages were reported as spam"),
    ],
)
def test_the_line(fared: Fared, why: str) -> None:
    assert why_stop(fared, Brake()) == why


def test_the_line_is_a_setting() -> None:
    assert why_stop(Fared(10_000, 399, 0), Brake(bounces=2.0))
    assert not why_stop(Fared(10_000, 0, 10), Brake(complaints=0.3))
