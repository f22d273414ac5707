"""`lacuna` is found by terminals, and nothing that is not ours is touched for it."""

import pytest

from lacuna.desktop.command_link import (
    command_word,
    find_command,
    is_ours,
    leads_to,
    link_place,
    make_link,
    own_program,
)
from lacuna_wire import LacunaError
from tests.desktop.homes import add_program, new_home

SCRIPT = "#!/venv/bin/python\nimport sys\nfrom lacuna.cli import main\nsys.exit(main())\n"


@pytest.fixture
def home(tmp_path):
    return new_home(tmp_path)


@pytest.fixture
def program(tmp_path):
    return new_program(tmp_path / "venv å")


def new_program(environment, text=SCRIPT):
    path = environment / "bin" / "lacuna"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_link_is_found_where_it_is_made_and_leads_to_the_program(home, program):
    link = link_place(home)
    on_path = home._replace(environment={"PATH": str(link.parent)})
    assert find_command(on_path) is None

    make_link(link, program)

    assert find_command(on_path) == link
    assert leads_to(link, program)
    assert is_ours(link)


def test_what_an_activated_environment_finds_is_not_found_in_the_next_terminal(home, program):
    inside = home._replace(environment={"PATH": str(program.parent)})
    assert find_command(inside) == program

    activated = {**inside.environment, "VIRTUAL_ENV": str(program.parents[1])}
    assert find_command(home._replace(environment=activated)) is None


@pytest.mark.parametrize("gone", [True, False])
def test_link_of_an_older_installation_is_replaced(home, program, tmp_path, gone):
    older = new_program(tmp_path / "older")
    link = link_place(home)
    make_link(link, older)
    if gone:
        older.unlink()

    make_link(link, program)

    assert leads_to(link, program)


@pytest.mark.parametrize("kind", ["file", "link", "dangling", "folder", "pipx"])
def test_what_is_not_ours_stays_as_it_is(home, program, tmp_path, kind):
    link = link_place(home)
    link.parent.mkdir(parents=True)
    other = new_program(tmp_path / "other", SCRIPT if kind == "pipx" else "#!/bin/sh\n")
    if kind == "pipx":
        (tmp_path / "other" / "pipx_metadata.json").touch()
    if kind == "file":
        link.write_text("#!/bin/sh\n")
    elif kind == "folder":
        link.mkdir()
    else:
        link.symlink_to(other.with_name("gone") if kind == "dangling" else other)
    before = link.lstat()

    assert not is_ours(link)
    with pytest.raises(LacunaError, match=r"lacuna is another program, and stays\."):
        make_link(link, program)
    assert link.lstat().st_ino == before.st_ino


def test_folder_that_cannot_be_written_is_a_sentence(home, program):
    (home.folder / ".local").touch()  # a file where a folder belongs

    with pytest.raises(LacunaError, match=r"lacuna cannot be written: .+\.$"):
        make_link(link_place(home), program)


@pytest.mark.parametrize("system", ["macos", "windows"])
def test_other_systems_have_no_place_for_it(home, system):
    assert link_place(home._replace(system=system)) is None


def test_command_is_typed_with_its_path_unless_a_terminal_finds_this_very_one(home):
    assert command_word(home) == str(own_program())
    add_program(home, "lacuna")
    assert command_word(home) == str(own_program())

    make_link(link_place(home), own_program())
    found = home._replace(environment={"PATH": str(link_place(home).parent)})
    assert command_word(found) == "lacuna"
