"""The model letter as a letter: address, date in the letter's language, the text, a place for name or initials."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from reminder.rendering.languages import Words
from reminder.rendering.views import AppealView, TargetView

# What mail programs and the systems they run on pass on whole.
LONGEST_MAILTO = 1_900
# A byte order mark: without it the text editor of older systems shows Arabic, Chinese and Russian as noise.
_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter to one target, in the language of the document. `day` is written out in that language."""

    address: tuple[str, ...]
    day: str
    salutation: str
    body: str
    language: str

    @property
    def text(self) -> str:
        """All of it as plain text with LF line ends, ending with the place to sign."""
        parts = ["\n".join(self.address), self.day, self.salutation, self.body]
        return "\n\n".join(part for part in parts if part) + "\n"


def letter_to(view: AppealView, target: TargetView | None, today: date, words: Words) -> Letter:
    """The letter of an appeal; `words` are those of the document's language. A salutation is said once."""
    salutation = target.salutation if target is not None else ""
    body = view.letter.strip()
    if salutation and body.startswith(salutation.rstrip(":,")):
        salutation = ""
    return Letter(
        address=target.lines if target is not None else (),
        day=words.day_and_year(today),
        salutation=salutation,
        body=body,
        language=view.language,
    )


def as_file(letter: Letter) -> bytes:
    """The letter as a text file that old and new editors show alike."""
    return (_MARK + letter.text.replace("\n", "\r\n")).encode("utf-8")


def mailto(address: str, subject: str, letter: Letter) -> str:
    """A link that opens a mail program with the letter in it; where that is too long, with the subject alone.

    The subject is never empty: some programs drop the text of such a mail. Lines end as RFC 6068 has it.
    """
    text = "\n\n".join(part for part in (letter.salutation, letter.body) if part)
    head = f"mailto:{quote(address, safe='@.+-_')}?subject={quote(subject, safe='')}"
    whole = f"{head}&body={quote(text.replace(chr(10), chr(13) + chr(10)), safe='')}"
    return whole if len(whole) <= LONGEST_MAILTO else head
