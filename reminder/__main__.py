"""python -m reminder …: the same as the command `reminder`."""

from reminder.cli import main

if __name__ == "__main__":
    main()
