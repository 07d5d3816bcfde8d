"""What every test stands on: no setting of the shell reaches a test."""

import os
import re
from pathlib import Path

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.databases", "tests.skips"]

ROOT = Path(__file__).resolve().parents[1]

# Time limits of single examples measure the machine, not the rule.
# What lands must not hang on the draw of the day: in CI each run draws the same examples.
settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.load_profile("house")


def pytest_configure() -> None:
    """Drop every setting that the shell carries."""
    for example in ROOT.glob("config.example.env"):
        for name in re.findall(r"^(?:# ?)?([A-Z][A-Z0-9_]*)=", example.read_text(), re.MULTILINE):
            os.environ.pop(name, None)
