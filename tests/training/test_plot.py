import json
from xml.etree import ElementTree

from training.plot import plot_run, smoothed


def test_every_loss_and_every_figure_gets_a_panel(tmp_path):
    figures = {"psnr": 20.0, "distance": 0.5, "guide_psnr": 19.0, "guide_distance": 0.6}
    rows = [{"step": n, "losses": {"inside": 1 / (n + 1)}} for n in range(30)]
    rows.append({"step": 30, "validation": {"thin": figures}})
    text = "\n".join(json.dumps(row) for row in rows)
    (tmp_path / "log.jsonl").write_text(text, "utf-8")
    plot_run(tmp_path)
    drawn = ElementTree.parse(tmp_path / "losses.svg").getroot()
    lines = [element for element in drawn if element.tag.endswith("polyline")]
    assert len(lines) == 5  # a loss, and two figures with and without the network


def test_smoothing_keeps_a_constant():
    assert smoothed([(0, 2.0), (1, 2.0)]) == [(0, 2.0), (1, 2.0)]
