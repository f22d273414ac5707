"""`lacuna weights` in a shell: columns for programs, one sentence for people when it fails."""

import pytest
import safetensors.torch
import torch
from click.testing import CliRunner

from lacuna.commands.weights import weights
from lacuna.network import precision
from lacuna.network.architectures.lama.generator import Generator
from lacuna.network.catalogue import default_name, find_weights
from lacuna.network.checkpoints import import_weights
from lacuna.network.difference import Difference
from lacuna_wire import LacunaError
from lacuna_wire.errors import DeviceLost


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


def test_patches_are_listed_and_marked_as_the_default_and_so_are_the_shipped_weights():
    first, second = run("list").stdout.splitlines()
    line = second.split("\t")

    assert first.split("\t") == ["*", "patches", "", "none", "", "", "", ""]
    assert line[:4] == ["", "lacuna-small", line[2], "LaMa 32 x 6"]
    assert line[2].endswith(" MiB")
    assert line[4] == "guided, residual"
    assert len(line) == 8


def test_imported_weights_are_listed_under_their_name(file):
    assert run("import", file).exit_code == 0
    assert run("import", file, "--name", "other").exit_code == 0

    names = [line.split("\t")[1] for line in run("list").stdout.splitlines()]

    assert names == ["patches", "lacuna-small", "mine", "other"]


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


def test_import_says_which_weights_fills_use_and_what_changes_that(file):
    said = run("import", file, "--name", "best").stdout

    assert (
        "Fills use patches as before. To have them use best, type `lacuna weights set best "
        "--default`." in said
    )
    assert run("set", "best", "--default").stdout.startswith("Fills use best from now on")
    assert default_name() == "best"


def test_import_of_big_lama_says_that_fills_use_it_and_how_to_go_back(file):
    said = run("import", file, "--name", "big-lama").stdout.splitlines()[-1]

    assert said == (
        "Fills use big-lama from now on. To go back, type `lacuna weights set patches --default`."
    )
    assert run(*said.split("`")[1].split()[2:]).exit_code == 0
    assert default_name() == "patches"
    assert "none: fills are copied" in run("info").stdout


def test_import_says_in_which_precision_weights_fill_and_so_does_info(file, monkeypatch):
    monkeypatch.setattr(precision, "choose_precision", lambda *_devices: torch.bfloat16)
    monkeypatch.setattr(precision, "measure", lambda *_arguments: Difference(2.5, 16.0))
    words = "float32: in bfloat16 fills differ by 2.50 of 255 on average and 16.0 at most"

    assert f"On CPU it fills in {words}." in run("import", file).stdout
    assert f"on CPU\t{words}" in run("info", "mine").stdout


def test_device_that_is_lost_while_precisions_are_compared_does_not_undo_an_import(
    file, monkeypatch
):
    def lost(*_arguments):
        raise DeviceLost("The GPU failed.")

    monkeypatch.setattr(precision, "choose_precision", lambda *_devices: torch.bfloat16)
    monkeypatch.setattr(precision, "measure", lost)

    result = run("import", file)

    assert result.exit_code == 0
    assert "The GPU failed. The precisions are compared at the first fill." in result.stderr
    assert find_weights("mine").bfloat16 == {}


def test_limits_are_set_shown_and_taken_back(file):
    run("import", file)

    assert run("set", "mine", "--bridges", "192").stdout.startswith("mine bridges 192 px")
    assert "bridges\t192 px" in run("info", "mine").stdout
    run("set", "mine", "--bridges", "0", "--usable", "2048")
    assert "bridges\t128 px" in run("info", "mine").stdout
    assert "usable up to\t2048 px" in run("info", "mine").stdout


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ((), "Nothing is to be set"),
        (("--bridges", "-1"), "0<=x<=9999"),
        (("--bridges", "10000"), "0<=x<=9999"),
        (("--usable", "x"), "not a valid integer"),
    ],
)
def test_settings_that_make_no_sense_are_refused(options, reason, file):
    run("import", file)

    result = run("set", "mine", *options)

    assert result.exit_code == 2
    assert reason in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("info", "nope"), "unknown_weights"),
        (("fetch", "nope"), "unknown_weights"),
        (("set", "nope", "--default"), "unknown_weights"),
        (("set", "lacuna-small", "--bridges", "9"), "not_imported"),
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


def test_fetch_reports_what_was_installed_and_what_that_changes(file, monkeypatch):
    from lacuna.network import fetch

    def fetched(name, progress, mirror):
        assert (name, mirror) == ("big-lama", "https://a/b/")
        progress(1, 2)
        return import_weights(file, name)

    monkeypatch.setattr(fetch, "fetch_weights", fetched)

    said = run("fetch", "big-lama", "--from", "https://a/b/").stdout
    assert said.startswith("big-lama is installed: LaMa, width 4, blocks 2, ")
    assert "Fills use big-lama from now on. To go back, type `" in said
