"""A command whose help shows its options in groups, and its examples one below the other."""

from typing import Any

import click


class GroupedCommand(click.Command):
    """A command with many options.

    Args:
        groups: Title -> names of parameters, in the order in which they are shown.
        examples: Lines that may be typed, each shown as it is.
    """

    def __init__(
        self, *args: Any, groups: dict[str, tuple[str, ...]], examples: tuple[str, ...], **kw: Any
    ) -> None:
        super().__init__(*args, **kw)
        self.groups = groups
        self.examples = examples

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the groups; what is in none of them comes at the end."""
        records = {
            param.name: record
            for param in self.get_params(ctx)
            if isinstance(param, click.Option)
            and (record := param.get_help_record(ctx)) is not None
        }
        for title, names in self.groups.items():
            with formatter.section(title):
                formatter.write_dl([records.pop(name) for name in names if name in records])
        with formatter.section("Help"):
            formatter.write_dl(list(records.values()))

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does, then the examples."""
        super().format_help_text(ctx, formatter)
        with formatter.section("Examples"):
            for line in self.examples:
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
