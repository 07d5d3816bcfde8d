"""The email folder's situations."""

from tests.providers.samples.folders import LEAST, situations

__all__ = ["LEAST", "SITUATIONS"]

SITUATIONS = situations("email-folder")
