"""The suites of the daemon, the wire, the desktop and the commands, as if on another system.

Run by `pytest -m long tests/portable`, for it is minutes. Tests of what that system has not are
left out by name, with the reason.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUITES = ("tests/service", "tests/wire", "tests/desktop", "tests/commands")
MODES = "modes of files say nothing on Windows; access lists do, and tests/portable/test_seam.py"
OWNERS = "Windows says 0 for every owner, and profiles are closed by access lists"
SYSTEMD = "systemd is of Linux"
PLACES = "the test names the places of Linux; tests/portable/test_commands.py has the others"
POSIX = "the test does itself what only POSIX can do"
PEERS = "the kernel of Linux alone says whose process is at the other end, and where a process runs"
TYPED = "what is typed is for PowerShell, which is not here"
LINUX_ALONE = {
    "test_systemd_starts_the_daemon_where_it_manages_the_session": SYSTEMD,
    "test_systemd_that_refuses_is_a_line_with_its_reason": SYSTEMD,
    "test_kernel_ends_the_worker_before_the_editor": ("only Linux asks whom to end first"),
    "test_state_lies_in_the_home_folder_whatever_xdg_says": PLACES,
    "test_state_folder_of_the_other_systems": PLACES,
    "test_newer_plugin_is_refused_by_setup_and_named_by_doctor": PLACES,
    "test_doctor_names_what_is_broken_and_its_command_mends_it": PLACES,
    "test_doctor_says_how_the_command_is_found_and_types_it_so": PLACES,
    "test_everything_is_set_up_looked_at_kept_and_taken_back": PLACES,
    "test_command_of_somebody_else_is_left_alone_and_the_path_to_type_is_said": PLACES,
    "test_daemon_of_another_installation_is_replaced": PLACES,
    "test_dry_run_writes_nothing": PLACES,
    "test_what_fails_is_a_line_and_the_rest_is_done": PLACES,
    "test_full_disk_fails_line_by_line_and_leaves_no_half_of_a_plugin": PLACES,
    "test_what_starts_at_login_is_a_light_process_that_sleeps": PLACES,
    "test_both_ends_of_our_own_are_our_own": PEERS,
    "test_other_end_of_another_user_is_told_apart": PEERS,
    "test_daemon_that_lives_elsewhere_is_a_sentence_and_its_port_is_not_touched": PEERS,
    "test_file_of_a_daemon_that_ended_with_its_system_is_no_daemon": PEERS,
}
LEFT_OUT = {
    "windows": {
        **LINUX_ALONE,
        "test_daemon_is_ready_alive_and_ends": SYSTEMD,
        "test_command_is_typed_with_its_path_unless_a_terminal_finds_this_very_one": PLACES,
        "test_second_daemon_is_no_failure_for_systemd": SYSTEMD,
        "test_killed_daemon_takes_its_worker_along_and_the_next_one_sweeps_its_spool": (
            "a worker that hangs in C code is ended by a job of Windows, which is not here"
        ),
        "test_full_disk_is_no_space_and_leaves_no_file": ("posix_fallocate is replaced in it"),
        "test_disk_that_others_fill_at_this_moment_is_no_space_and_leaves_no_job": (
            "posix_fallocate is replaced in it"
        ),
        "test_sweep_removes_only_our_own_dead_folders": OWNERS,
        "test_files_and_folder_are_private_whatever_the_umask": MODES,
        "test_file_that_is_open_to_others_is_refused": MODES,
        "test_doctor_does_not_trust_a_token_that_others_can_read": MODES,
        "test_file_of_another_user_is_refused": OWNERS,
        "test_folder_of_another_user_is_not_written_to": OWNERS,
        "test_folder_of_somebody_else_is_refused": OWNERS,
        "test_settings_of_somebody_else_are_refused": OWNERS,
        "test_home_of_somebody_else_is_refused_as_a_whole": OWNERS,
        "test_name_of_260_bytes_is_one_sentence": "behind a prefix Windows takes them",
        "test_named_pipe_in_the_place_of_the_file_does_not_block": POSIX,
        "test_ctrl_c_cancels_the_job_and_leaves_no_file": POSIX,
        "test_kernel_of_linux_says_what_its_processor_has": "Windows has a function for that",
        "test_what_lies_in_the_place_of_the_lock_is_named_with_the_command_that_removes_it": TYPED,
    },
    "macos": {
        **LINUX_ALONE,
        "test_the_command_itself_names_card_and_remedy_and_the_worker_says_why_it_has_no_card": (
            "no Mac of today has an NVIDIA card"
        ),
        "test_killed_daemon_takes_its_worker_along_and_the_next_one_sweeps_its_spool": (
            "nothing of macOS ends a worker that hangs in C code when its front is killed"
        ),
    },
}


def test_every_test_that_is_left_out_is_there():
    text = "".join(
        path.read_text("utf-8") for suite in SUITES for path in (ROOT / suite).glob("test_*.py")
    )
    names = set(re.findall(r"def (test_\w+)", text))

    assert {name for tests in LEFT_OUT.values() for name in tests} <= names


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("system", LEFT_OUT)
def test_suites_hold_there_but_for_what_is_left_out_with_a_reason(system):
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent / f"as_{system}")}
    others = " and ".join(f"not {name}" for name in LEFT_OUT[system])
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-n2", "-k", others,
         *SUITES],
        cwd=ROOT, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stdout[-10_000:]
    assert int(re.search(r"([0-9]+) passed", ran.stdout)[1]) > 1000
