"""Writing: the page, the letter as print, file and mail, and that it closes with the appeal."""

import io
from urllib.parse import parse_qs, unquote

import pytest
from docx import Document

from tests.web.pages_world import World

VIEWS = ("write", "print", "by-hand", "letter.txt", "letter.docx")


def path(world: World, name: str, view: str) -> str:
    return f"/a/{world.codes[name]}/{view}"


def test_own_words_come_before_the_model_letter(world: World) -> None:
    page = world.client.get(path(world, "nagyz", "write")).text
    assert page.index("In your own words") < page.index("The model letter")
    assert "Director" in page
    assert "mailto:" not in page
    assert "29 December 2020" in page


def test_the_letter_stands_in_a_labelled_field_that_can_be_copied_without_a_script(world: World) -> None:
    page = world.client.get(path(world, "nagyz", "write")).text
    assert '<label for="letter">' in page
    assert '<textarea id="letter" readonly' in page


def test_a_mail_program_is_offered_only_where_the_document_has_an_address(world: World) -> None:
    page = world.client.get(path(world, "rosa", "write")).text
    link = page.partition('href="mailto:')[2].partition('"')[0].replace("&amp;", "&")
    address, _, query = link.partition("?")
    assert unquote(address) == "comisionada@example.org"
    asked = parse_qs(query)
    assert asked["subject"] == ["An appeal"]
    assert "protect Rosa Quispe.\r\n" in asked["body"][0]
    assert len(link) < 1_900


def test_the_text_file_is_the_whole_letter(world: World) -> None:
    answer = world.client.get(path(world, "rosa", "letter.txt"))
    assert answer.headers["content-disposition"] == 'attachment; filename="letter.txt"'
    text = answer.content.decode("utf-8-sig")
    assert text.startswith("Elena Ejemplo\r\nCommissioner for Public Safety\r\nPlaza de la Muestra 1\r\n")
    assert "Sunday 20 December 2020\r\n" in text
    assert text.count("Dear Commissioner Ejemplo:") == 1


def test_the_document_names_its_language(world: World) -> None:
    answer = world.client.get(path(world, "rosa", "letter.docx"))
    document = Document(io.BytesIO(answer.content))
    assert "Dear Commissioner Ejemplo:" in [paragraph.text for paragraph in document.paragraphs]
    assert 'w:lang w:val="en"' in document.element.xml


@pytest.mark.parametrize("view", VIEWS[:3])
@pytest.mark.parametrize("name", ["expired", "stopped", "closed"])
def test_nobody_is_led_to_write_for_what_is_over(world: World, name: str, view: str) -> None:
    answer = world.client.get(path(world, name, view))
    assert (answer.status_code, answer.headers["location"]) == (303, f"/a/{world.codes[name]}")


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", ["redacted", "draft", "held"])
def test_what_nobody_may_see_is_not_there(world: World, name: str, view: str) -> None:
    assert world.client.get(path(world, name, view)).status_code == 404


@pytest.mark.parametrize("view", VIEWS)
def test_looking_at_a_letter_changes_nothing(world: World, view: str) -> None:
    assert world.client.get(path(world, "nagyz", view)).status_code == 200
    assert world.client.head(path(world, "nagyz", view)).status_code == 200
