"""What a supporter asks for is written the same way wherever it is compared."""

import pytest

from reminder.domain.scopes import country_scope, list_scope, topic_scope


@pytest.mark.parametrize("name", ["London Group", " london  group ", "LONDON\tGROUP"])
def test_case_and_blanks_do_not_tell_lists_apart(name: str) -> None:
    assert list_scope(name) == "list:london group"


def test_topics_and_countries_are_told_from_lists() -> None:
    assert (topic_scope("Writers"), country_scope("cn")) == ("topic:writers", "country:CN")
