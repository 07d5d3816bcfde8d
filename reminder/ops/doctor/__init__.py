"""`reminder doctor`: what is wrong with an installation, each finding with what to do about it."""

from reminder.ops.doctor.checks import CHECKS
from reminder.ops.doctor.examine import examine
from reminder.ops.doctor.finding import Examined, Finding, Level

__all__ = ["CHECKS", "Examined", "Finding", "Level", "examine"]
