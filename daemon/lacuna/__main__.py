"""`python -m lacuna`: the command line, and the worker process that the daemon starts."""

import sys

from lacuna.cli import main


def run() -> None:
    """Start the worker if that is asked for, else the command line."""
    if sys.argv[1:] == ["worker"]:
        from lacuna.worker import run_worker

        run_worker()
    else:
        main()


if __name__ == "__main__":
    run()
