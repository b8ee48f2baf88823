"""`python -m jobs …` is the `everyminute` command."""

from jobs.cli import main

if __name__ == "__main__":
    main()
