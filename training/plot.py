"""The losses and figures of a run as curves: `losses.svg`, drawn from its log."""

import json
from pathlib import Path
from typing import Any

WIDTH, HEIGHT, MARGIN = 420, 200, 46
COLUMNS = 2
SMOOTHED_OVER = 20  # lines of the log

Curve = list[tuple[float, float]]


def plot_run(folder: Path) -> None:
    """Draw one panel per loss and per validation figure of `log.jsonl`."""
    lines = (folder / "log.jsonl").read_text("utf-8").splitlines()
    panels = curves([json.loads(line) for line in lines])
    rows = -(-len(panels) // COLUMNS)
    drawn = [
        panel(name, several, i % COLUMNS * WIDTH, i // COLUMNS * HEIGHT)
        for i, (name, several) in enumerate(panels.items())
    ]
    size = f'width="{COLUMNS * WIDTH}" height="{rows * HEIGHT}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">'
    ground = '<rect width="100%" height="100%" fill="white"/>'
    (folder / "losses.svg").write_text("\n".join([head, ground, *drawn, "</svg>"]), "utf-8")


def curves(rows: list[dict[str, Any]]) -> dict[str, list[Curve]]:
    """Sort the log into panels: a smoothed curve each; for validation also that of the guide."""
    panels: dict[str, list[Curve]] = {}
    for row in rows:
        for name, value in row.get("losses", {}).items():
            panels.setdefault(name, [[]])[0].append((row["step"], value))
        for kind, figures in row.get("validation", {}).items():
            for name in ("psnr", "distance"):
                both = panels.setdefault(f"{kind}: {name} (grey: guide alone)", [[], []])
                both[0].append((row["step"], figures[name]))
                both[1].append((row["step"], figures[f"guide_{name}"]))
    return {
        name: [smoothed(curve) for curve in several] if len(several) == 1 else several
        for name, several in panels.items()
    }


def smoothed(curve: Curve) -> Curve:
    """Replace every value by the mean of the last ones."""
    found = []
    for i, (step, _) in enumerate(curve):
        last = [value for _, value in curve[max(0, i - SMOOTHED_OVER + 1) : i + 1]]
        found.append((step, sum(last) / len(last)))
    return found


def panel(name: str, several: list[Curve], left: int, top: int) -> str:
    """Draw curves into a box, with the least and the largest value beside it."""
    points = [point for curve in several for point in curve]
    least_x, most_x = min(x for x, _ in points), max(x for x, _ in points)
    least_y, most_y = min(y for _, y in points), max(y for _, y in points)
    wide, high = WIDTH - 1.5 * MARGIN, HEIGHT - MARGIN
    x0, y0 = left + MARGIN, top + MARGIN / 2

    def place(x: float, y: float) -> str:
        across = (x - least_x) / max(most_x - least_x, 1e-9)
        up = (y - least_y) / max(most_y - least_y, 1e-9)
        return f"{x0 + across * wide:.1f},{y0 + (1 - up) * high:.1f}"

    parts = [
        f'<rect x="{x0}" y="{y0}" width="{wide}" height="{high}" fill="none" stroke="#ccc"/>',
        f'<text x="{x0}" y="{y0 - 6}" font-size="12">{name}</text>',
        f'<text x="{x0 - 4}" y="{y0 + 10}" font-size="10" text-anchor="end">{most_y:.4g}</text>',
        f'<text x="{x0 - 4}" y="{y0 + high}" font-size="10" text-anchor="end">{least_y:.4g}</text>',
        f'<text x="{x0 + wide}" y="{y0 + high + 14}" font-size="10" text-anchor="end">'
        f"step {most_x:,.0f}</text>",
    ]
    for curve, colour in zip(several, ("#0a58ca", "#999"), strict=False):
        line = " ".join(place(x, y) for x, y in curve)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        )
    return "\n".join(parts)
