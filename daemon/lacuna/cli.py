"""The command line: which commands there are, and how all of them fail.

Commands import what is heavy when they run, so that `lacuna --help` answers at once.
"""

import io
import signal
import sys

import click

from lacuna import __version__
from lacuna.commands.bench import bench
from lacuna.commands.demo import demo
from lacuna.commands.doctor import doctor
from lacuna.commands.inpaint import inpaint
from lacuna.commands.page import page
from lacuna.commands.service import serve, status, stop
from lacuna.commands.setup import setup
from lacuna.commands.uninstall import uninstall
from lacuna.commands.weights import weights
from lacuna_wire import LacunaError

REFUSED = 2
INTERRUPTED = 128 + signal.SIGINT


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lacuna")
def cli() -> None:
    """Remove what does not belong from pictures of any size, on your own computer."""


COMMANDS = (setup, doctor, page, inpaint, demo, serve, status, stop, weights, bench, uninstall)
for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Run a command; a failure is one sentence on stderr.

    Exits with 0 when all went well, 2 when something was refused or failed, be it one picture of
    many, 130 after Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # under `pythonw` of Windows there is none
            stream.reconfigure(errors="backslashreplace")  # its old code pages lack most letters
    try:
        code = cli(standalone_mode=False)
    except LacunaError as error:
        print(f"lacuna: {error.message}", file=sys.stderr)
        code = REFUSED
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort) as error:
        cause = error if isinstance(error, KeyboardInterrupt) else error.__cause__
        sentence = str(cause or "") or "Interrupted; nothing was written."
        print(f"lacuna: {sentence}", file=sys.stderr)
        code = INTERRUPTED
    sys.exit(code)
