"""`lacuna page`: open the daemon's page in a browser."""

import click

from lacuna.commands.setup import COMMAND


@click.command()
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening it.")
def page(no_browser: bool) -> None:
    """Show in the browser what the daemon does, what it fills with and what went wrong.

    Starts the daemon if it is not running. The address is good once, and for a minute.
    """
    import webbrowser

    address = page_address()
    if not no_browser:
        if webbrowser.open(address):
            return
        click.echo("No browser can be opened from here. Open this address in one.", err=True)
    click.echo(address)
    click.echo("It can be opened once, within a minute.", err=True)


def page_address() -> str:
    """Return a fresh address of the page, of a daemon that is started if need be.

    Raises:
        LacunaError: If it cannot be started, does not answer, or is too old.
    """
    from lacuna.commands.stuck import require_answer
    from lacuna_wire import LacunaError
    from lacuna_wire.client import Client
    from lacuna_wire.endpoint import find_daemon, start_daemon
    from lacuna_wire.errors import NotFound

    endpoint = find_daemon()
    if endpoint is None:
        require_answer()
        endpoint = start_daemon(list(COMMAND))
    try:
        return Client(endpoint).page()
    except NotFound:
        raise LacunaError(
            f"The daemon that is running is version {endpoint.version}, which has no page. Run "
            "`lacuna setup`, which starts this version.",
            code="old_daemon",
        ) from None
