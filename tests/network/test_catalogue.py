"""Weights are found by name, never by accident, and are what they were when they came."""

import json
import subprocess
import sys
import threading

import pytest

from lacuna.network.catalogue import (
    check_choice,
    choices,
    choose_default,
    default_name,
    find_weights,
    is_intact,
    is_patches,
    role_of,
    set_limits,
    weights_folder,
    weights_names,
)
from lacuna.network.checkpoints import import_weights
from lacuna.network.index import locked
from lacuna.network.tile_network import load_network
from lacuna_wire import LacunaError


def test_catalogue_lists_without_torch_or_numpy():
    """The daemon's front lists weights and must stay small."""
    program = (
        "import sys; from lacuna.network import catalogue; catalogue.find_weights(); "
        "from lacuna.network import fetch; from lacuna.commands import weights; "
        "sys.exit(not {'torch', 'numpy', 'safetensors', 'rich'}.isdisjoint(sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0


def test_shipped_weights_are_there_without_any_installation(weights_home):
    info = find_weights()

    assert info.name == "lacuna-small"
    assert info.architecture.NAME == "LaMa"
    assert info.dimensions == {"width": 32, "blocks": 6}
    assert (info.role, info.output) == ("corrects", "residual")
    assert len(info.sha256) == 64
    assert not weights_home.exists()


def test_patches_alone_are_the_default_until_big_lama_is_installed(weights_files):
    import_weights(weights_files / "w.pt", "another")
    assert choices() == ["patches", "lacuna-small", "another"]
    assert default_name() == "patches"
    assert is_patches("")

    import_weights(weights_files / "w.pt", "big-lama")

    assert find_weights().name == default_name() == "big-lama"
    assert choices() == ["big-lama", "patches", "lacuna-small", "another"]
    assert weights_names() == ["big-lama", "lacuna-small", "another"]
    assert not is_patches("")


def test_user_chooses_the_default_and_goes_back(weights_files):
    import_weights(weights_files / "w.pt", "big-lama")

    choose_default("lacuna-small")
    assert find_weights().name == default_name() == "lacuna-small"
    assert choices() == ["lacuna-small", "big-lama", "patches"]

    choose_default("patches")
    assert choices() == ["patches", "big-lama", "lacuna-small"]

    choose_default("big-lama")
    assert find_weights().name == default_name() == "big-lama"


def test_patches_are_no_weights_and_nothing_can_be_set_for_them(weights_home):
    check_choice("patches")
    with pytest.raises(LacunaError, match="no weights named 'patches'"):
        find_weights("patches")
    with pytest.raises(LacunaError) as caught:
        set_limits("patches", bridges_px=9)
    assert caught.value.code == "not_imported"


def test_chosen_default_that_is_deleted_is_no_longer_one(weights_files):
    path = import_weights(weights_files / "w.pt", "mine").path
    choose_default("mine")
    assert default_name() == "mine"

    path.unlink()

    assert default_name() == "patches"


@pytest.mark.parametrize("name", ["nope", "./w.safetensors"])
def test_what_is_not_imported_becomes_no_default(name, weights_files, monkeypatch, weights_home):
    monkeypatch.chdir(weights_files)

    with pytest.raises(LacunaError):
        choose_default(name)
    assert not weights_home.exists()


def test_limits_of_imported_weights_can_be_set_and_taken_back(weights_files):
    before = import_weights(weights_files / "w.pt", "mine")
    assert (before.max_hole_radius_px, before.usable_px) == (128, 1024)

    assert set_limits("mine", bridges_px=192) == before._replace(max_hole_radius_px=192)
    assert set_limits("mine", usable_px=2048) == find_weights("mine")
    assert find_weights("mine") == before._replace(max_hole_radius_px=192, usable_px=2048)
    assert set_limits("mine", bridges_px=0, usable_px=0) == before
    set_limits("mine", bridges_px=192)
    assert load_network(find_weights("mine"), "cpu").max_hole_radius_px == 192
    assert is_intact("mine")


def test_limits_go_with_the_weights_that_they_were_set_for(weights_files):
    import_weights(weights_files / "w.pt", "mine")
    set_limits("mine", bridges_px=192).path.unlink()

    assert import_weights(weights_files / "w.pt", "mine").max_hole_radius_px == 128


@pytest.mark.parametrize("name", ["lacuna-small", "nope", "./w.safetensors"])
def test_limits_of_what_is_not_imported_cannot_be_set(name, weights_files, monkeypatch):
    monkeypatch.chdir(weights_files)

    with pytest.raises(LacunaError) as caught:
        set_limits(name, bridges_px=192)
    assert caught.value.code in ("not_imported", "unknown_weights")


def test_first_form_of_the_index_is_still_read(weights_files):
    info = import_weights(weights_files / "w.pt", "weights")  # whatever they are called
    (weights_folder() / "index.json").write_text(json.dumps({"weights": info.sha256}))

    assert find_weights("weights") == info
    assert set_limits("weights", bridges_px=1).max_hole_radius_px == 1
    assert is_intact("weights")


def test_role_is_told_by_name_and_path_and_of_the_default(weights_files):
    assert role_of() == role_of("patches") == role_of("lacuna-small") == "corrects"

    import_weights(weights_files / "w.pt", "big-lama")

    assert role_of() == role_of("big-lama") == role_of(weights_files / "w.safetensors")
    assert role_of() == "proposes"
    assert role_of("lacuna-small") == "corrects"
    with pytest.raises(LacunaError, match="no weights named 'nope'"):
        role_of("nope")


@pytest.mark.parametrize("name", ["nope", "LACUNA-SMALL", "lacuna-small.safetensors", "."])
def test_unknown_name_is_refused_with_the_names_there_are(name):
    with pytest.raises(LacunaError, match=r"Installed are patches, lacuna-small\.") as caught:
        find_weights(name)

    assert (caught.value.code, caught.value.status) == ("unknown_weights", 422)


def test_name_of_a_file_in_the_current_folder_is_not_a_name_of_weights(
    make_weights, tmp_path, monkeypatch
):
    """Names come over the wire; only text with a slash, which the wire refuses, is a path."""
    path = make_weights("mine")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(LacunaError, match="no weights named"):
        find_weights("mine.safetensors")
    assert find_weights("./mine.safetensors") == find_weights(path)._replace(
        path=find_weights("./mine.safetensors").path
    )


def test_file_that_nobody_installed_is_not_in_the_catalogue(make_weights, weights_home):
    weights_home.mkdir(parents=True)
    make_weights("stranger").rename(weights_home / "stranger.safetensors")

    assert weights_names() == ["lacuna-small"]


def test_deleted_weights_are_no_longer_listed_and_can_be_installed_again(weights_files):
    import_weights(weights_files / "w.pt", "mine").path.unlink()
    assert weights_names() == ["lacuna-small"]

    import_weights(weights_files / "w.pt", "mine")

    assert is_intact("mine")


def test_flipped_bit_in_installed_weights_is_noticed_at_load(weights_files):
    info = import_weights(weights_files / "w.pt", "mine")
    data = bytearray(info.path.read_bytes())
    data[-5] ^= 1
    info.path.write_bytes(data)

    with pytest.raises(LacunaError, match="has changed since it was installed") as caught:
        load_network(find_weights("mine"), "cpu")
    assert caught.value.code == "bad_weights"
    assert info.path.exists()


def test_damaged_weights_may_be_replaced_and_good_ones_may_not(weights_files):
    info = import_weights(weights_files / "w.pt", "mine")
    with pytest.raises(LacunaError, match="mine is already installed") as caught:
        import_weights(weights_files / "w.ckpt", "mine")
    assert caught.value.code == "name_taken"
    assert find_weights("mine") == info

    info.path.write_bytes(b"damaged")
    import_weights(weights_files / "w.ckpt", "mine")

    assert is_intact("mine")


def test_broken_weights_do_not_hide_the_others(weights_files):
    import_weights(weights_files / "w.pt", "broken").path.write_bytes(b"damaged")

    assert weights_names() == ["lacuna-small", "broken"]
    assert find_weights("lacuna-small").name == find_weights().name == "lacuna-small"
    with pytest.raises(LacunaError, match=r"broken\.safetensors cannot be used"):
        find_weights("broken")


@pytest.mark.parametrize("name", ["", "Mine", "../mine", "a/b", "a b", "-a", ".a", "a" * 65, "ä"])
def test_names_that_the_wire_cannot_carry_are_refused(name, weights_files, weights_home):
    with pytest.raises(LacunaError, match="cannot be a name of weights"):
        import_weights(weights_files / "w.pt", name)
    assert not weights_home.exists()


@pytest.mark.parametrize("name", ["patches", "lacuna-small"])
def test_names_of_what_comes_with_lacuna_cannot_be_taken(name, weights_files):
    with pytest.raises(LacunaError, match=f"{name} comes with Lacuna"):
        import_weights(weights_files / "w.pt", name)


ENTRY = '{"sha256": "' + 64 * "0" + '"'


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"../x": ""}',
        '{"mine": "short"}',
        '{"mine": 7}',
        "[" * 100_000,
        '{"weights": {"mine": "short"}}',
        '{"weights": {"mine": {}}}',
        '{"weights": {"../x": ' + ENTRY + "}}}",
        '{"weights": {"mine": ' + ENTRY + ', "bridges_px": "7"}}}',
        '{"weights": {"mine": ' + ENTRY + ', "usable_px": -1}}}',
        '{"weights": {}, "default": 7}',
    ],
)
def test_damaged_index_is_an_error_that_names_it(text):
    weights_folder().mkdir(parents=True)
    (weights_folder() / "index.json").write_text(text)

    with pytest.raises(LacunaError, match=r"index\.json is damaged"):
        find_weights()


def test_two_writers_at_once_are_refused(weights_files):
    with locked("index"), pytest.raises(LacunaError, match="Another program is busy"):
        import_weights(weights_files / "w.pt", "mine")

    import_weights(weights_files / "w.pt", "mine")


def test_folder_that_cannot_be_written_is_an_error_that_names_it(weights_files, weights_home):
    weights_home.parent.mkdir(parents=True)
    weights_home.write_text("a file where the folder should be")

    with pytest.raises(LacunaError, match=r"cannot write to .*/weights: ") as caught:
        import_weights(weights_files / "w.pt", "mine")
    assert caught.value.code == "not_writable"


def test_readers_never_see_half_of_an_installation(weights_files):
    """Whatever a reader finds while weights are installed can be loaded."""
    done = threading.Event()

    def install():
        for number in range(5):
            import_weights(weights_files / "w.safetensors", f"weights-{number}")
        done.set()

    writer = threading.Thread(target=install)
    writer.start()
    while not done.is_set():
        assert all(is_intact(name) for name in weights_names())
    writer.join()
    assert len(weights_names()) == 6
