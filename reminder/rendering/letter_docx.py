"""The model letter as a word processor's document: right-to-left where the letter is, each text with its language."""

import io

from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docx.text.paragraph import Paragraph

from reminder.rendering.facts import RTL_LANGUAGES
from reminder.rendering.letter import Letter

FONT, POINTS = "Times New Roman", 12


def as_docx(letter: Letter) -> bytes:
    """The file: address, date, salutation, text."""
    document = Document()
    for section in document.sections:
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2.5)
    style = document.styles["Normal"]
    style.font.name, style.font.size = FONT, Pt(POINTS)
    for text in (*letter.address, "", letter.day, "", letter.salutation, *letter.body.splitlines()):
        _write(document.add_paragraph(), text, letter.language)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _write(paragraph: Paragraph, text: str, language: str) -> None:
    paragraph.paragraph_format.space_after = Pt(0)
    run = paragraph.add_run(text)
    rtl = language.split("-")[0] in RTL_LANGUAGES
    properties = run._element.get_or_add_rPr()
    tag = OxmlElement("w:lang")
    tag.set(qn("w:bidi" if rtl else "w:val"), language)
    if rtl:
        properties.append(OxmlElement("w:rtl"))
        paragraph._p.get_or_add_pPr().append(OxmlElement("w:bidi"))
    properties.append(tag)
