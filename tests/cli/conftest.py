"""Offices at three stages. Making one takes a second, copying it a millisecond."""

import shutil
from pathlib import Path

import pytest

from tests.cli.office import ORGANISER, SUPPORTERS, URGENT, Office


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation with one organiser."""
    folder = tmp_path_factory.mktemp("made")
    Office(folder).done("init --organiser Office", typed=f"{ORGANISER}\n")
    return folder


@pytest.fixture(scope="session")
def running(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation whose campaign 1, for everybody, went live on 1 December 2020 at 08:00 UTC."""
    folder = tmp_path_factory.mktemp("running") / "office"
    shutil.copytree(made, folder)
    office = Office(folder)
    office.done("subscribers import", SUPPORTERS)
    office.done("campaign create --audience all", office.code_of(URGENT))
    office.done("campaign approve 1")
    office.done("campaign start 1")
    return folder


@pytest.fixture
def nowhere(tmp_path: Path) -> Office:
    """An office before its first command."""
    return Office(tmp_path)


@pytest.fixture
def office(made: Path, tmp_path: Path) -> Office:
    """An office that has done `init`."""
    shutil.copytree(made, tmp_path / "office")
    return Office(tmp_path / "office")


@pytest.fixture
def live(running: Path, tmp_path: Path) -> Office:
    """An office with a live campaign."""
    shutil.copytree(running, tmp_path / "live")
    return Office(tmp_path / "live")
