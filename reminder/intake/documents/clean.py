"""Raw text made fit to read and to pass on: no control or direction marks, no mail quotes, bullets as bullets."""

import re
import unicodedata

LONGEST_LINE = 2_000
BULLET = "•"
# Letters of Persian and Indian scripts are joined or kept apart by these two; between letters they belong to the text.
_JOINERS = "\u200c\u200d"
_SPACES = dict.fromkeys(
    map(ord, "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"), " "
)
_LIGATURES = (range(0xFB00, 0xFDFE), range(0xFE70, 0xFEFF))

_MAIL_HEADER = re.compile(
    r"(?:From|To|Cc|Bcc|Subject|Date|Sent|Reply-To|Message-ID|Received|Content-[\w-]+|MIME-Version|X-[\w-]+|De|Para|Asunto|Fecha|Objet|Von|An|Betreff):",
    re.IGNORECASE,
)
_MAIL_SENDER = re.compile(r"(?:From|Subject|De|Asunto|Objet|Von|Betreff):", re.IGNORECASE)
_BOX_LINE = re.compile(r"[\s+|=_*~#-]{4,}")
_BOX_ENDS = re.compile(r"^\s*[+|]\s+|\s+[+|]\s*$")
_PAGE_NUMBER = re.compile(
    r"\s*(?:[Pp]age |[Ss]eite |[Pp]ágina |[Pp]agina |- ?)?[0-9]{1,3}(?: ?(?:/|of|de|von|sur) ?[0-9]{1,3})?(?: ?-)?\s*"
)


class _Marks(dict[int, str]):
    """What each character becomes: most stay, marks that nobody sees go, private-use glyphs become bullets."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        self[code] = self._become(char, code)
        return self[code]

    @staticmethod
    def _become(char: str, code: int) -> str:
        if char == "\n" or char in _JOINERS:
            return char
        if char == "\t":
            return "    "
        if any(code in block for block in _LIGATURES):
            return unicodedata.normalize("NFKC", char)
        category = unicodedata.category(char)
        if category == "Co":
            return BULLET
        return "" if category in ("Cc", "Cf", "Cs", "Cn") else char


_MARKS = _Marks(_SPACES)


def clean(raw: str) -> str:
    """The text with "\\n" line ends, plain spaces, no invisible marks, no mail headers and quotes, no drawn boxes, no page
    numbers alone in a line; endless lines are cut at a space."""
    text = re.sub("\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]", "\n", raw)
    text = unicodedata.normalize("NFC", text.translate(_MARKS))
    text = re.sub(rf"(?<!\w)[{_JOINERS}]|[{_JOINERS}](?!\w)", "", text)
    lines = [_bullets_in_place(line.rstrip()) for line in text.split("\n")]
    lines = _without_mail_headers([_without_quote(line) for line in lines])
    lines = ["" if _BOX_LINE.fullmatch(line) else _BOX_ENDS.sub("", line) for line in lines]
    return "\n".join(piece for line in lines for piece in _cut(line))


def clean_field(text: str) -> str:
    """One field typed by hand, cleaned the same way but with its words untouched."""
    lines = unicodedata.normalize("NFC", re.sub("\r\n?|[\v\f\x85\u2028\u2029]", "\n", text).translate(_MARKS)).split(
        "\n"
    )
    return "\n".join(line.rstrip() for line in lines).strip()


def without_page_numbers(page: str) -> str:
    """A page of a PDF without a number that stands alone in its first or last line."""
    lines = page.rstrip().split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    for place in (0, -1):
        if lines and _PAGE_NUMBER.fullmatch(lines[place]):
            lines.pop(place)
    return "\n".join(lines)


def _bullets_in_place(line: str) -> str:
    """A glyph that starts a line is its bullet; anywhere else it is an ornament and goes."""
    if BULLET not in line:
        return line
    body = line.lstrip()
    if body.startswith(BULLET):
        return f"{line[: len(line) - len(body)]}{BULLET} {body.lstrip(BULLET).replace(BULLET, '').strip()}"
    return line.replace(BULLET, "")


def _without_quote(line: str) -> str:
    return re.sub(r"^(?:\s?>)+ ?", "", line) if line.lstrip()[:1] == ">" else line


def _without_mail_headers(lines: list[str]) -> list[str]:
    """Without the headers of a mail at the top: their date is that of the mail."""
    start = next((number for number, line in enumerate(lines) if line.strip()), 0)
    end = start
    while end < len(lines) and (
        _MAIL_HEADER.match(lines[end]) or (end > start and lines[end][:1] == " " and lines[end].strip())
    ):
        end += 1
    is_mail = end - start >= 2 and any(_MAIL_SENDER.match(line) for line in lines[start:end])
    return lines[end:] if is_mail else lines


def _cut(line: str) -> list[str]:
    pieces = []
    while len(line) > LONGEST_LINE:
        place = line.rfind(" ", LONGEST_LINE // 2, LONGEST_LINE)
        place = LONGEST_LINE if place < 0 else place
        pieces.append(line[:place])
        line = line[place:].lstrip() if place < LONGEST_LINE else line[place:]
    return [*pieces, line]
