"""The progress bar of the command line: phase, percent and the time left."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lacuna_wire import JobStatus

OnProgress = Callable[[JobStatus], None]


@contextmanager
def progress_bar(name: str, wanted: bool | None) -> Iterator[OnProgress]:
    """Show a bar on stderr while the block runs.

    Args:
        name: What is being filled.
        wanted: True or False; None shows it where stderr is a terminal.

    Yields:
        A function that takes the status of the job.
    """
    if wanted is None:
        wanted = sys.stderr.isatty()
    if not wanted:
        yield lambda _status: None
        return

    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.fields[name]}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("waiting", name=name, total=None)

        def show(status: JobStatus) -> None:
            phase = status.phase or status.state
            if status.tiles_total:
                phase = f"{phase}, tile {status.tiles_done} of {status.tiles_total}"
            total = 100 if status.tiles_total or status.percent else None
            progress.update(task, description=phase, completed=status.percent, total=total)

        yield show
