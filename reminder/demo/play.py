"""The whole demo: perform it, write its page, close the house."""

from pathlib import Path

from reminder.demo.page import write_page
from reminder.demo.stage import Shown, perform


def play(folder: Path) -> Shown:
    """Run the demo into `folder`, which is deleted and made again."""
    app, shown = perform(folder)
    try:
        write_page(app, shown)
    finally:
        app.close()
    return shown
