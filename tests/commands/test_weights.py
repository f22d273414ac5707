"""`lacuna weights` in a shell: columns for programs, one sentence for people when it fails."""

import pytest
import safetensors.torch
import torch
from click.testing import CliRunner

from lacuna.commands.weights import weights
from lacuna.network.architectures.lama.generator import Generator
from lacuna.network.catalogue import find_weights
from lacuna_wire import LacunaError


@pytest.fixture(autouse=True)
def weights_home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "lacuna" / "weights"


@pytest.fixture
def file(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "mine.safetensors"
    words = {"how": "drawn\x1b[31m at random", "licence": "[red]CC0[/red]"}
    safetensors.torch.save_file(Generator(4, 2).state_dict(), path, words)
    return path


def run(*arguments):
    """Run the command; errors are left to the caller, as the top of the command line expects."""
    return CliRunner().invoke(weights, [str(part) for part in arguments], catch_exceptions=False)


def test_shipped_weights_are_listed_and_marked_as_the_default():
    line = run("list").stdout.splitlines()[0].split("\t")

    assert line[:4] == ["*", "lacuna-small", line[2], "LaMa 32 x 6"]
    assert line[2].endswith(" MiB")
    assert line[4] == "guided, residual"
    assert len(line) == 8


def test_imported_weights_are_listed_under_their_name(file):
    assert run("import", file).exit_code == 0
    assert run("import", file, "--name", "other").exit_code == 0

    names = [line.split("\t")[1] for line in run("list").stdout.splitlines()]

    assert names == ["lacuna-small", "mine", "other"]


def test_info_says_everything_and_nothing_that_moves_the_cursor(file):
    run("import", file)

    said = run("info", "mine").stdout

    assert find_weights("mine").sha256 in said
    assert "at random" in said
    assert "[red]CC0[/red]" in said
    assert "\x1b" not in said


def test_info_of_a_file_needs_no_import(file):
    assert "width\t4" in run("info", file).stdout


def test_broken_weights_are_named_and_the_others_still_listed(file):
    run("import", file)
    find_weights("mine").path.write_bytes(b"damaged")

    result = run("list")

    assert "lacuna-small" in result.stdout
    assert result.stderr.startswith("mine.safetensors cannot be used as weights: ")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("info", "nope"), "unknown_weights"),
        (("fetch", "nope"), "unknown_weights"),
        (("import", "/nowhere/x.pt"), "bad_weights"),
        (("import", "/nowhere/x.pt", "--name", "../x"), "bad_name"),
        (("import", "/nowhere/x.pt", "--name", "lacuna-small"), "name_taken"),
    ],
)
def test_refusals_reach_the_top_as_one_sentence_with_a_code(arguments, code, weights_home):
    with pytest.raises(LacunaError) as caught:
        run(*arguments)

    assert caught.value.code == code
    assert not weights_home.exists()


def test_fetch_reports_what_was_installed(monkeypatch):
    from lacuna.network import fetch

    info = find_weights("lacuna-small")._replace(name="big-lama")

    def fetched(name, progress, mirror):
        assert (name, mirror) == ("big-lama", "https://a/b/")
        progress(1, 2)
        return info

    monkeypatch.setattr(fetch, "fetch_weights", fetched)

    assert run("fetch", "big-lama", "--from", "https://a/b/").stdout.startswith(
        "big-lama is installed: LaMa, width 32, blocks 6, "
    )
