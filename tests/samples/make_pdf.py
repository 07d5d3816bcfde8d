"""Prints `nagyz-muhammed.txt` as the PDF beside it. Needs fpdf2, which nothing else needs: `uv pip install fpdf2`.

python tests/samples/make_pdf.py FONT.ttf
"""

import datetime
import sys
from pathlib import Path

from fpdf import FPDF

HERE = Path(__file__).resolve().parent
LINES_OF_A_PAGE = 46


def print_pdf(font: str) -> None:
    """One line of text as one line of the page, with a page number at the foot."""
    pdf = FPDF(format="A4")
    pdf.set_creation_date(datetime.datetime(2020, 11, 2, tzinfo=datetime.UTC))
    pdf.set_auto_page_break(False)
    pdf.add_font("text", fname=font)
    lines = (HERE / "nagyz-muhammed.txt").read_text(encoding="utf-8").splitlines()
    for first in range(0, len(lines), LINES_OF_A_PAGE):
        pdf.add_page()
        pdf.set_font("text", size=9)
        for line in lines[first : first + LINES_OF_A_PAGE]:
            pdf.cell(0, 5.4, line.replace("\uf0b7", "•"), new_x="LMARGIN", new_y="NEXT")
        pdf.set_y(-15)
        pdf.cell(0, 5, str(pdf.page_no()), align="C")
    pdf.output(str(HERE / "nagyz-muhammed.pdf"))


if __name__ == "__main__":
    print_pdf(sys.argv[1])
