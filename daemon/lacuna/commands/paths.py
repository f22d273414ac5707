"""Paths of files that users name."""

import os
from pathlib import Path
from typing import Any

import click

from lacuna.system.paths import reachable


class _ReachablePath(click.Path):
    """A path that can be opened, however long it is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return reachable(Path(os.fsdecode(super().convert(value, param, ctx))))


FILE = _ReachablePath(path_type=Path)
