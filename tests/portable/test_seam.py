"""What only one system has is called in one place, and that place does the right thing on each."""

import ast
import ctypes
import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from lacuna.system import access, paths, peak, places, removing, room, shell, ties, users
from lacuna_wire import LacunaError, private_files, replacing
from tests.portable.as_if import MISSING_IN_OS, MISSING_MODULES
from tests.portable.windows_tools import INHERITED, OWN

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / "daemon/lacuna", ROOT / "shared/lacuna_wire"]
# Files that may name what one system has, and others lack.
SEAM = {
    "daemon/lacuna/system",
    *(
        f"shared/lacuna_wire/{name}.py"
        for name in (
            "cards",
            "engine_install/processes",
            "engine_install/pythons",
            "fitness",
            "peers",
            "private_files",
            "whereabouts",
        )
    ),
}
POSIX_SIGNALS = {
    "SIGKILL", "SIGHUP", "SIGSTOP", "SIGCONT", "SIGCHLD", "SIGUSR1", "SIGUSR2", "SIGQUIT",
    "SIGPIPE", "SIGALRM", "alarm", "pause", "pthread_kill", "pthread_sigmask", "setitimer",
    "sigwait",
}  # fmt: skip
FOLDERS = ("/proc", "/sys/", "/dev/")
# Of one desktop, behind a question which system it is: sockets of systemd, entries of a home.
ASKED_FIRST = {"AF_UNIX": "daemon/lacuna/service/notify.py"}


def only_posix(path):
    """Names of POSIX alone that a file uses: modules, functions, signals, folders of Linux."""
    tree = ast.parse(path.read_text("utf-8"))
    gone = set(MISSING_IN_OS["windows"].split()) | set(MISSING_IN_OS["macos"].split())
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
        and node.body and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [each.name for each in node.names]
            top = getattr(node, "module", None)
            if getattr(node, "level", 0) == 0:
                tops = {name.partition(".")[0] for name in ([top] if top else names)}
                found |= tops & (MISSING_MODULES["windows"] | {"ctypes", "msvcrt", "winreg"})
            if top == "os":
                found |= set(names) & gone
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner, name = node.value.id, node.attr
            if (owner == "os" and name in gone) or (owner == "signal" and name in POSIX_SIGNALS):
                found.add(f"{owner}.{name}")
            if owner == "socket" and name == "AF_UNIX":
                found.add(name)
            if owner == "os" and name == "open":
                found.add("os.open")  # in text mode on Windows unless that is ruled out
        elif isinstance(node, ast.keyword) and node.arg in ("preexec_fn", "pass_fds", "dir_fd"):
            found.add(node.arg)
        elif isinstance(node, ast.Constant) and id(node) not in documentation:
            text = node.value if isinstance(node.value, str) else ""
            found |= {text} if text.startswith(FOLDERS) else set()
    return found


def test_what_only_one_system_has_stays_in_its_seam():
    outside = {}
    for folder in SOURCES:
        for path in folder.rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            if not any(name.startswith(each) for each in SEAM):
                found = {each for each in only_posix(path) if ASKED_FIRST.get(each) != name}
                opened = OPENERS.get(name, set())
                if found - opened:
                    outside[name] = found - opened

    assert outside == {}


# Those that open files by descriptors, with flags of their own or for nothing but a name.
OPENERS = {
    name: {"os.open"}
    for name in (
        "daemon/lacuna/service/spool.py", "daemon/lacuna/service/worker_process.py",
        "daemon/lacuna/service/own_files.py", "daemon/lacuna/files/output.py",
        "shared/lacuna_wire/replacing.py",
    )
}  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "import fcntl", "from resource import getrusage", "import os\nos.geteuid()",
        "import os\nos.sysconf('SC_PAGE_SIZE')", "from os import fork", "open('/proc/meminfo')",
        "import signal\nsignal.SIGKILL", "import os\nos.open('x', 0)", "run(preexec_fn=print)",
        "import ctypes.wintypes", "def f():\n    import pwd",
    ],
)  # fmt: skip
def test_lint_finds_it(line, tmp_path):
    (tmp_path / "bad.py").write_text(line)

    assert only_posix(tmp_path / "bad.py")


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_types_hold_on_every_system(platform):
    """The types of Python's library say what each system has: no name may be missing on any."""
    pytest.importorskip("mypy")
    cache = ["--cache-dir", f".mypy_cache/{platform}"]
    mypy = [sys.executable, "-m", "mypy", "--platform", platform, *cache]
    ran = subprocess.run(mypy, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout


def on(monkeypatch, *modules, platform="win32", name="nt"):
    """Have modules of ours see another system; what else they call is the one that is here."""
    system = SimpleNamespace(**{**vars(sys), "platform": platform})
    own_os = SimpleNamespace(**{**vars(os), "name": name})
    for module in modules:
        if hasattr(module, "sys"):
            monkeypatch.setattr(module, "sys", system)
        if hasattr(module, "os"):
            monkeypatch.setattr(module, "os", own_os)
    return own_os


# Room


@pytest.mark.parametrize("platform", ["linux", "win32", "freebsd14"])
@pytest.mark.parametrize("length", [0, 1, room.__dict__["ZEROS"].__len__() + 7])
def test_room_is_a_file_of_zeros_with_blocks_for_all_of_it(monkeypatch, tmp_path, platform, length):
    on(monkeypatch, room, platform=platform)
    with (tmp_path / "file").open("x+b") as file:
        room.make_room(file.fileno(), length)

    assert (tmp_path / "file").read_bytes() == bytes(length)
    if hasattr(os.stat_result, "st_blocks") and length:
        assert (tmp_path / "file").stat().st_blocks * 512 >= length


def test_room_on_macos_is_asked_for_as_its_manual_says(monkeypatch, tmp_path):
    asked = []
    fake = SimpleNamespace(fcntl=lambda descriptor, *words: asked.append(words))
    monkeypatch.setitem(sys.modules, "fcntl", fake)
    on(monkeypatch, room, platform="darwin")
    with (tmp_path / "file").open("x+b") as file:
        room.make_room(file.fileno(), 1000)

    ((command, store),) = asked
    # struct fstore of <sys/fcntl.h>: flags, mode of the place, offset, length, what was allocated.
    assert (command, len(store)) == (42, 32)
    assert store == bytes([4, 0, 0, 0, 3, 0, 0, 0]) + bytes(8) + (1000).to_bytes(
        8, "little"
    ) + bytes(8)
    assert (tmp_path / "file").stat().st_size == 1000


def test_no_room_is_an_error_wherever_zeros_are_written(monkeypatch, disk_of):
    on(monkeypatch, room)
    full = os.strerror(errno.ENOSPC)
    with (disk_of("64k") / "file").open("x+b") as file, pytest.raises(OSError, match=full):
        room.make_room(file.fileno(), 1 << 20)


# Ties


def test_job_of_windows_is_made_once_and_ends_with_us(monkeypatch):
    calls = []

    class Kernel:
        def __init__(self, name, use_last_error):
            assert (name, use_last_error) == ("kernel32", True)

        def __getattr__(self, name):
            def call(*arguments):
                calls.append((name, arguments))
                return {"CreateJobObjectW": 77, "OpenProcess": 88}.get(name, 1)

            self.__dict__[name] = call
            return call

    on(monkeypatch, ties)
    monkeypatch.setattr(ties, "_jobs", [])
    monkeypatch.setattr(ctypes, "WinDLL", Kernel, raising=False)
    ties.tie(4321)
    ties.tie(4322)

    names = [name for name, _ in calls]
    once = ["OpenProcess", "AssignProcessToJobObject", "CloseHandle"]
    assert names == ["CreateJobObjectW", "SetInformationJobObject", *once, *once]
    job, kind, limits, size = calls[1][1]
    assert (job, kind) == (77, 9)
    assert limits._obj.basic.flags == 0x2000
    if ctypes.sizeof(ctypes.c_void_p) == 8:
        assert size == 144  # sizeof(JOBOBJECT_EXTENDED_LIMIT_INFORMATION) of 64 bit
        assert type(limits._obj).memory.offset == 112
    assert calls[2][1] == (0x0101, False, 4321)
    assert calls[3][1] == (77, 88)
    assert calls[4][1] == (88,)


def test_job_that_windows_refuses_is_an_error(monkeypatch):
    class Kernel:
        def __init__(self, name, use_last_error):
            pass

        def __getattr__(self, name):
            self.__dict__[name] = lambda *_: 0
            return self.__dict__[name]

    on(monkeypatch, ties)
    monkeypatch.setattr(ties, "_jobs", [])
    monkeypatch.setattr(ctypes, "WinDLL", Kernel, raising=False)
    monkeypatch.setattr(ctypes, "get_last_error", lambda: 5, raising=False)
    monkeypatch.setattr(ctypes, "WinError", lambda code: OSError(code, "denied"), raising=False)

    with pytest.raises(OSError, match="denied"):
        ties.tie(4321)


def test_no_other_system_has_jobs_or_death_signals(monkeypatch):
    monkeypatch.setattr(subprocess, "CREATE_NO_WINDOW", 0x08000000, raising=False)
    on(monkeypatch, ties)
    assert ties.tied_options() == {"creationflags": 0x08000000}
    on(monkeypatch, ties, platform="darwin")
    assert ties.tied_options() == {}
    ties.tie(1)
    ties.end_me_first()


# Access


@pytest.fixture
def windows(monkeypatch, tmp_path):
    """The two tools of Windows; gives the access list of a folder, to be read and changed."""
    on(monkeypatch, access)
    tool = Path(__file__).with_name("windows_tools.py")
    real = subprocess.run

    def run(words, **keywords):
        keywords.pop("creationflags")
        return real([sys.executable, str(tool), *words], **keywords)

    monkeypatch.setattr(access.subprocess, "run", run)
    folder = tmp_path / "state"
    folder.mkdir()
    listed = tmp_path / "state.access-list"
    listed.write_text(INHERITED)
    return folder, listed


@pytest.mark.parametrize(
    ("entry", "others"),
    [
        ("", []),
        ("(A;OICIID;0x1200a9;;;BU)", ["BU"]),
        ("(A;;FR;;;WD)(A;;FR;;;AU)", ["WD", "AU"]),
        ("(A;;FA;;;S-1-5-21-1-2-3-1002)", ["S-1-5-21-1-2-3-1002"]),
        ("(D;;FA;;;WD)", []),  # who is kept out does not get in
        (f"(A;;FA;;;{OWN}9)", [f"{OWN}9"]),  # another one whose number begins like ours
    ],
)
def test_whoever_an_access_list_lets_in_is_seen_and_shut_out(windows, entry, others):
    folder, listed = windows
    listed.write_text(INHERITED + entry)

    assert access.others_with_access(folder) == others
    access.close_to_others(folder)
    assert access.others_with_access(folder) == []
    assert listed.read_text().startswith("D:PAI" if others else "D:AI")


def test_folder_without_an_access_list_is_open_to_everybody(windows):
    folder, listed = windows
    for none in ("", "D:NO_ACCESS_CONTROL"):
        listed.write_text(none)
        assert access.others_with_access(folder) == ["WD"]


def test_folder_that_cannot_be_closed_is_a_sentence(windows, monkeypatch):
    folder, listed = windows
    listed.write_text(INHERITED + "(A;;FA;;;WD)")
    monkeypatch.setattr(
        access, "closing_command", lambda _folder: ["whoami", "/user", "/fo", "csv", "/nh"]
    )

    with pytest.raises(LacunaError, match="is open to WD and cannot be closed") as caught:
        access.close_to_others(folder)
    assert caught.value.code == "untrusted_file"


def test_windows_that_does_not_answer_is_a_sentence(monkeypatch, tmp_path):
    on(monkeypatch, access)

    def missing(words, **_keywords):
        raise FileNotFoundError(2, "The system cannot find the file specified")

    monkeypatch.setattr(access.subprocess, "run", missing)
    with pytest.raises(LacunaError, match=r"^`icacls` cannot be run: .*\.$"):
        access.close_to_others(tmp_path)


def test_elsewhere_there_are_no_access_lists_to_ask_for(monkeypatch, tmp_path):
    monkeypatch.setattr(access.subprocess, "run", None)

    assert access.others_with_access(tmp_path) == []
    access.close_to_others(tmp_path)


# Files that are open elsewhere


def refuse_while_open(monkeypatch, owner, name, times):
    """Let a call fail a few times, as Windows does while another program reads."""
    real, left = getattr(owner, name), [times]

    def act(*arguments, **keywords):
        if left[0]:
            left[0] -= 1
            raise PermissionError(13, "Access is denied")
        return real(*arguments, **keywords)

    monkeypatch.setattr(owner, name, act)
    return left


def test_file_that_somebody_reads_is_replaced_as_soon_as_it_is_closed(monkeypatch, tmp_path):
    own_os = on(monkeypatch, replacing)
    refuse_while_open(monkeypatch, own_os, "replace", 3)
    with replacing.replaced(tmp_path / "file") as file:
        file.write(b"new")

    assert (tmp_path / "file").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]


def test_file_that_stays_open_is_refused_and_nothing_is_left(monkeypatch, tmp_path):
    own_os = on(monkeypatch, replacing)
    monkeypatch.setattr(replacing, "TRIES_S", 0.1)
    refuse_while_open(monkeypatch, own_os, "replace", 10**6)
    with pytest.raises(PermissionError), replacing.replaced(tmp_path / "file") as file:
        file.write(b"new")

    assert os.listdir(tmp_path) == []


def test_plugin_that_an_editor_has_open_is_a_sentence_that_says_to_close_it(monkeypatch, tmp_path):
    from lacuna.desktop import install

    for platform, remedy in (
        ("win32", " Close the editor, then try again."),
        ("linux", ""),
    ):
        on(monkeypatch, install, platform=platform, name=os.name)
        with pytest.raises(LacunaError) as caught, install._sentences(tmp_path):
            raise PermissionError(13, "Access is denied", "lacuna-gimp.py")
        assert str(caught.value) == f"lacuna-gimp.py cannot be written: Access is denied.{remedy}"


def test_elsewhere_a_refusal_is_final(monkeypatch, tmp_path):
    left = refuse_while_open(monkeypatch, replacing.os, "replace", 5)
    with pytest.raises(PermissionError), replacing.replaced(tmp_path / "file") as file:
        file.write(b"new")

    assert left == [4]


def test_spool_file_that_is_still_mapped_goes_with_the_next_one(monkeypatch, tmp_path):
    on(monkeypatch, removing)
    monkeypatch.setattr(removing, "_left", set())
    for name in ("first", "second"):
        (tmp_path / name).touch()
    refuse_while_open(monkeypatch, Path, "unlink", 1)
    removing.discard(tmp_path / "first")
    assert (tmp_path / "first").exists()
    removing.discard(tmp_path / "second")

    assert os.listdir(tmp_path) == []
    assert removing._left == set()


def test_elsewhere_a_file_that_cannot_be_removed_is_an_error(monkeypatch, tmp_path):
    refuse_while_open(monkeypatch, Path, "unlink", 1)

    with pytest.raises(PermissionError):
        removing.discard(tmp_path / "first")


def test_link_is_not_read_on_windows_either(monkeypatch, tmp_path):
    on(monkeypatch, private_files)
    (tmp_path / "real.json").write_text("{}")
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")

    with pytest.raises(LacunaError, match="it is a symbolic link"):
        private_files.read_private(tmp_path / "link.json")
    assert private_files.read_private(tmp_path / "real.json") == {}


def test_state_that_is_replaced_at_this_moment_is_read_a_little_later(monkeypatch, tmp_path):
    own_os = on(monkeypatch, private_files)
    (tmp_path / "state.json").write_text('{"a": 1}')
    refuse_while_open(monkeypatch, own_os, "open", 3)
    assert private_files.read_private(tmp_path / "state.json") == {"a": 1}
    monkeypatch.setattr(private_files, "TRIES_S", 0.1)
    refuse_while_open(monkeypatch, own_os, "open", 10**6)

    with pytest.raises(LacunaError, match="cannot be read: ") as caught:
        private_files.read_private(tmp_path / "state.json")
    assert caught.value.code == "not_readable"


# Paths and words


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("C:\\short.png", "C:\\short.png"),
        ("C:\\" + "a" * 300, "\\\\?\\C:\\" + "a" * 300),
        ("D:\\絵\\" + "b" * 244, "\\\\?\\D:\\絵\\" + "b" * 244),
        ("\\\\server\\share\\" + "c" * 300, "\\\\?\\UNC\\server\\share\\" + "c" * 300),
        ("\\\\?\\C:\\" + "d" * 300, "\\\\?\\C:\\" + "d" * 300),
    ],
)
def test_long_path_gets_the_prefix_that_windows_wants_once(path, expected):
    assert paths.extended(path) == expected


def test_elsewhere_paths_stay_as_they_are():
    path = Path("a" * 300)

    assert paths.reachable(path) is path


@pytest.mark.skipif(os.name != "posix", reason="asks a shell of POSIX what it understands")
def test_what_is_to_be_typed_is_understood_by_a_shell(tmp_path):
    for name in ("plain", 'it\'s "50 %" $HOME `x` 絵'):
        folder, file = tmp_path / name / "folder", tmp_path / name / "file"
        folder.mkdir(parents=True)
        file.touch()
        line = shell.one_after_the_other(shell.removal(folder), shell.removal(file))
        subprocess.run(line, shell=True, check=True)
        assert os.listdir(tmp_path / name) == []


def test_what_is_to_be_typed_in_powershell(monkeypatch, tmp_path):
    """As "about_Quoting_Rules" and "about_Operators" of PowerShell 5.1 say; nobody has typed it."""
    on(monkeypatch, shell)
    monkeypatch.setattr(shell, "Path", Path)
    program = "C:\\Users\\Åsa's\\lacuna.exe"

    assert shell.program_word(program) == "& 'C:\\Users\\Åsa''s\\lacuna.exe'"
    assert shell.program_word("C:\\Lacuna\\lacuna.exe") == "C:\\Lacuna\\lacuna.exe"
    folder = tmp_path / "a b"
    folder.mkdir()
    assert shell.removal(folder) == f"Remove-Item -Recurse '{folder}'"
    assert shell.one_after_the_other("a", "b") == "a ; b"
    words = ["icacls", "C:\\Åsa Blå", "/grant:r", "*S-1-5-18:(OI)(CI)F"]
    assert shell.command_line(words) == "icacls 'C:\\Åsa Blå' /grant:r '*S-1-5-18:(OI)(CI)F'"


def test_short_lived_files_go_to_memory_where_there_is_a_folder_for_that(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(places.tempfile, "gettempdir", lambda: "/temporary")
    for platform, expected in {
        "linux": [Path("/dev/shm"), tmp_path],
        "darwin": [Path("/temporary")],
        "win32": [Path("/temporary")],
    }.items():
        on(monkeypatch, places, platform=platform)
        assert places.short_lived_folders() == expected


def test_user_of_windows_is_marked_by_name(monkeypatch):
    on(monkeypatch, users)
    monkeypatch.setenv("USERNAME", "Åsa")

    assert (users.own_id(), users.own_mark()) == (0, "Åsa")


def test_peak_of_memory_on_windows_is_that_of_psutil(monkeypatch):
    import psutil

    on(monkeypatch, peak)
    monkeypatch.setattr(
        psutil.Process, "memory_info", lambda _process: SimpleNamespace(peak_wset=123)
    )
    peak.forget_peak()

    assert peak.peak_bytes() == 123


def test_lock_is_held_against_threads_and_processes_until_it_is_closed(tmp_path):
    from lacuna.system.locks import try_lock

    lock = try_lock(tmp_path / "lock")
    assert try_lock(tmp_path / "lock") is None
    code = f"from lacuna.system.locks import *; print(try_lock(Path({str(tmp_path / 'lock')!r})))"
    ask = [sys.executable, "-c", code]
    assert subprocess.run(ask, capture_output=True, text=True, check=True).stdout == "None\n"
    os.close(lock)
    found = []
    thread = threading.Thread(target=lambda: found.append(try_lock(tmp_path / "lock")))
    thread.start()
    thread.join()
    assert found[0] is not None
    os.close(found[0])


def test_holder_of_a_lock_that_is_killed_gives_it_back(tmp_path):
    from lacuna.system.locks import try_lock

    code = (
        f"import time; from lacuna.system.locks import *; "
        f"print(try_lock(Path({str(tmp_path / 'lock')!r})), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline().strip().isdigit()
        assert try_lock(tmp_path / "lock") is None
        holder.kill()
    give_up = time.monotonic() + 10
    while (lock := try_lock(tmp_path / "lock")) is None:
        assert time.monotonic() < give_up
    os.close(lock)
