"""The world that the tests of the pages share."""

from tests.web.pages_world import pages_template, steady_world, world, world_with

__all__ = ["pages_template", "steady_world", "world", "world_with"]
