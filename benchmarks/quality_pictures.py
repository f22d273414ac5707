"""Pictures before and after, for docs/quality.md."""

from pathlib import Path

from lacuna.engine.fill import Network


def draw_page(folder: Path, network: Network) -> None:
    """Draw them."""
