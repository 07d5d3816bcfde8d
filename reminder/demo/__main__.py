"""python -m reminder.demo [FOLDER]"""

import sys
from pathlib import Path

from reminder.demo.play import play
from reminder.demo.saying import closing_lines, lines
from reminder.errors import Trouble
from reminder.log import set_up_log


def main(arguments: list[str]) -> int:
    """Run the demo into a folder, `demo` where none is named; the exit code."""
    set_up_log("human", "error")
    try:
        shown = play(Path(arguments[0] if arguments else "demo").absolute())
    except Trouble as trouble:
        print(f"error: {trouble}", file=sys.stderr)
        return trouble.exit_code
    for line in [*lines(shown), "", *closing_lines(shown)]:
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
