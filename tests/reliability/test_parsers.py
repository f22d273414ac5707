"""The parsers of headers and messages, under a fuzzer that follows their branches."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service.conftest import request

FUZZER = Path(__file__).parents[1] / "fakes" / "fuzz_parsers.py"


@pytest.mark.long
@pytest.mark.timeout(900)
def test_parsers_raise_nothing_but_sentences(tmp_path, figure):
    pytest.importorskip("atheris")
    seconds = int(os.environ.get("LACUNA_FUZZ_S", "60"))
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "request").write_text(json.dumps(request().as_dict()))
    (corpus / "rect").write_text("1,2,3,4")
    said = subprocess.run(
        [sys.executable, str(FUZZER), f"-max_total_time={seconds}", "-rss_limit_mb=1024", corpus],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    runs = re.search(r"Done (\d+) runs", said.stderr)
    assert said.returncode == 0, said.stderr[-2000:]
    figure("B11", f"parsers under atheris for {seconds} s: runs", int(runs[1]), "", at_least=10_000)
    figure("B11", f"parsers under atheris for {seconds} s: crashes", 0, "", 0)
