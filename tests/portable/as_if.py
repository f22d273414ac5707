"""Run Lacuna as if on Windows or macOS: what those systems lack is gone, for its own modules alone.

Libraries stay as they are, for they come as other builds there. Every module of Lacuna gets `os`,
`sys`, `signal`, `socket`, `subprocess` and `ctypes` as that system has them, modules that it lacks
cannot be imported, and the folders of the kernel of Linux are not there. It is put in force by the
`sitecustomize` of a folder in PYTHONPATH, and every Python that is started from here gets that too.

What cannot be had here is a disk of that system: paths have slashes, files may be removed while
they are open, and modes count.
"""

import asyncio
import builtins
import ctypes
import fcntl
import importlib.abc
import importlib.machinery
import os
import pathlib
import platform
import resource
import signal
import socket
import struct
import subprocess
import sys
import types
from pathlib import Path

HERE = Path(__file__).parent
OURS = ("lacuna", "lacuna_wire")
LINUX_ONLY_FOLDERS = ("/proc", "/sys", "/dev/shm")

MISSING_MODULES = {
    "windows": {
        "fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "posix", "crypt",
        "curses", "readline", "nis", "spwd",
    },
    "macos": {"spwd", "nis"},
}  # fmt: skip
# Of the names that Python has on Linux: docs.python.org, "Availability".
MISSING_IN_OS = {
    "windows": """
        geteuid getuid getgid getegid getgroups getresuid getresgid setuid seteuid setgid setegid
        setgroups setreuid setregid initgroups getpgid getpgrp setpgid setpgrp setsid getsid killpg
        fork forkpty wait wait3 wait4 waitid WIFEXITED WIFSIGNALED WIFSTOPPED WEXITSTATUS WTERMSIG
        WCOREDUMP WNOHANG WUNTRACED nice getpriority setpriority getloadavg sysconf sysconf_names
        confstr confstr_names pathconf statvfs fstatvfs uname chown fchown lchown fchmod chroot
        mkfifo mknod major minor makedev pread pwrite preadv pwritev readv writev sendfile openpty
        login_tty ttyname ctermid tcgetpgrp tcsetpgrp lockf F_LOCK F_ULOCK F_TEST F_TLOCK sync
        fdatasync posix_fallocate posix_fadvise posix_spawn posix_spawnp posix_openpt
        sched_getaffinity sched_setaffinity sched_yield sched_getscheduler register_at_fork
        memfd_create eventfd pidfd_open getxattr setxattr listxattr removexattr copy_file_range
        splice unshare setns getrandom O_NOFOLLOW O_NONBLOCK O_CLOEXEC O_DIRECTORY O_SYNC O_DSYNC
        O_PATH O_TMPFILE O_NOATIME O_NOCTTY O_ASYNC O_DIRECT RTLD_LAZY RTLD_NOW RTLD_GLOBAL fchdir
        get_blocking set_blocking supports_dir_fd
    """,
    "macos": """
        posix_fallocate posix_fadvise sched_getaffinity sched_setaffinity sched_getscheduler
        memfd_create eventfd pidfd_open getxattr setxattr listxattr removexattr copy_file_range
        splice unshare setns getrandom fdatasync O_PATH O_TMPFILE O_NOATIME O_DIRECT getresuid
        getresgid preadv2
    """,
}
KEPT_SIGNALS = {"SIGABRT", "SIGFPE", "SIGILL", "SIGINT", "SIGSEGV", "SIGTERM"}
# What comes with Windows and is asked by its name; their stand-ins keep access lists in files.
TOOLS = {"icacls", "whoami"}


class Lacking(types.ModuleType):
    """A module of Python as another system has it.

    Args:
        real: As it is here.
        missing: Names that are not there.
        others: Names that are there and are something else.
    """

    def __init__(self, real, missing=(), others=None):
        super().__init__(real.__name__)
        self.__dict__.update(_real=real, _missing=set(missing), _others=dict(others or {}))

    def __getattr__(self, name):
        others = self.__dict__["_others"]
        if name in others:
            return others[name]
        if name in self.__dict__["_missing"]:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}", name=name)
        return getattr(self.__dict__["_real"], name)

    def __setattr__(self, name, value):
        setattr(self.__dict__["_real"], name, value)

    def __delattr__(self, name):
        delattr(self.__dict__["_real"], name)


class Loader(importlib.abc.Loader):
    """Loads a module of ours with builtins of its own, whose `import` is that of the system."""

    def __init__(self, loader, own_builtins):
        self._loader, self._builtins = loader, own_builtins

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__dict__["__builtins__"] = self._builtins
        self._loader.exec_module(module)


class Finder(importlib.abc.MetaPathFinder):
    def __init__(self, own_builtins):
        self._builtins = own_builtins

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in OURS:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None and spec.origin:
            spec.loader = Loader(spec.loader, self._builtins)
        return spec


def is_ours(depth):
    """Whether the innermost frame that is not Python's own library belongs to Lacuna."""
    frame = sys._getframe(depth)
    library = os.path.dirname(os.__file__)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.partition(".")[0] in OURS:
            return True
        file = frame.f_code.co_filename
        own = file.startswith((library, "<frozen")) and "site-packages" not in file
        if not own and file != __file__:
            return False
        frame = frame.f_back
    return False


def is_of_linux(path):
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else ""
    return isinstance(text, str) and text.startswith(LINUX_ONLY_FOLDERS)


def hide_the_folders_of_linux(system):
    def look(event, arguments):
        looks = event in ("open", "os.listdir", "os.scandir") and is_of_linux(arguments[0])
        if looks and is_ours(2):
            raise FileNotFoundError(2, f"There is no such folder on {system}", arguments[0])

    sys.addaudithook(look)
    real_stat = pathlib.Path.stat

    def stat(path, **keywords):
        if is_of_linux(path) and is_ours(2):
            raise FileNotFoundError(2, f"There is no such folder on {system}", str(path))
        facts = real_stat(path, **keywords)
        return without_owner(facts) if system == "windows" and is_ours(2) else facts

    pathlib.Path.stat = stat


def without_owner(facts):
    """Windows says 0 for every owner."""
    return os.stat_result((*facts[:4], 0, 0, *facts[6:10]), {"st_mtime_ns": facts.st_mtime_ns})


def pass_on(system):
    """Have every Python that is started from here be on that system, too."""
    real = subprocess.Popen.__init__
    here = str(HERE / f"as_{system}")

    def begin(self, args, *more, env=None, preexec_fn=None, creationflags=0, **keywords):
        words = [args] if isinstance(args, str | os.PathLike) else list(args)
        if system == "windows":
            if preexec_fn is not None:
                raise ValueError("preexec_fn is not supported on Windows platforms")
            if words[0] in TOOLS:
                args = [sys.executable, str(HERE / "windows_tools.py"), *words]
        elif creationflags:
            raise ValueError("creationflags is only supported on Windows platforms")
        env = dict(os.environ if env is None else env)
        env["PYTHONPATH"] = os.pathsep.join(
            [here, *(each for each in env.get("PYTHONPATH", "").split(os.pathsep) if each != here)]
        ).rstrip(os.pathsep)
        real(self, args, *more, env=env, preexec_fn=preexec_fn, **keywords)

    subprocess.Popen.__init__ = begin


class Kernel32:
    """Says yes to everything."""

    def __init__(self, name, use_last_error=False):
        assert name == "kernel32"

    def __getattr__(self, name):
        def call(*_arguments):
            return 1

        setattr(self, name, call)
        return call


def no_dll(name, *_arguments, **_keywords):
    if name is None:
        raise TypeError("LoadLibrary() argument 1 must be str, not None")
    raise FileNotFoundError(f"Could not find module '{name}'")


def fcntl_of_macos(descriptor, command, argument=0):
    """Know the one command that Linux lacks: F_PREALLOCATE, with a `struct fstore`."""
    if command != 42:
        return fcntl.fcntl(descriptor, command, argument)
    flags, mode, offset, length, allocated = struct.unpack("@Iiqqq", argument)
    assert (flags, mode, offset, allocated) == (4, 3, 0, 0), argument
    os.posix_fallocate(descriptor, 0, length)
    return argument


def locking_of_windows(descriptor, mode, _bytes):
    """Lock as the library does here; the whole file, where Windows locks its first byte."""
    assert mode == 2, "LK_NBLCK"
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def usage_of_macos(who):
    """Count the most memory in bytes, where Linux counts it in kilobytes."""
    return types.SimpleNamespace(ru_maxrss=resource.getrusage(who).ru_maxrss * 1024)


def modules_of(system):
    missing = MISSING_IN_OS[system].split()
    if system == "macos":
        return {
            "fcntl": Lacking(fcntl, (), {"fcntl": fcntl_of_macos}),
            "resource": Lacking(resource, (), {"getrusage": usage_of_macos}),
            "os": Lacking(os, missing),
            "sys": Lacking(sys, (), {"platform": "darwin"}),
            "platform": Lacking(platform, (), {"machine": lambda: "arm64"}),
            "signal": Lacking(signal, {"SIGPWR", "SIGSTKFLT", "SIGRTMIN", "SIGRTMAX", "SIGPOLL"}),
            "ctypes": Lacking(ctypes, (), {"CDLL": no_dll}),
        }
    kinds = [name for name in dir(signal) if name.startswith(("SIG", "sig", "pthread_", "ITIMER"))]
    gone = [name for name in kinds if name not in {*KEPT_SIGNALS, "SIG_DFL", "SIG_IGN", "signal"}]
    others = {
        "name": "nt", "sep": "\\", "altsep": "/", "pathsep": ";", "linesep": "\r\n",
        "O_BINARY": 0, "O_NOINHERIT": os.O_CLOEXEC,
        "fstat": lambda descriptor: without_owner(os.fstat(descriptor)),
        "stat": lambda path, **keywords: without_owner(os.stat(path, **keywords)),
        "lstat": lambda path, **keywords: without_owner(os.lstat(path, **keywords)),
    }  # fmt: skip
    return {
        "msvcrt": types.SimpleNamespace(locking=locking_of_windows, LK_NBLCK=2),
        "os": Lacking(os, missing, others),
        "sys": Lacking(sys, ("abiflags",), {"platform": "win32"}),
        "signal": Lacking(signal, {*gone, "alarm", "setitimer", "pause"}),
        "socket": Lacking(
            socket, ("AF_UNIX", "socketpair", "SO_REUSEPORT"),
            {"SO_EXCLUSIVEADDRUSE": socket.SO_KEEPALIVE},
        ),
        "subprocess": Lacking(
            subprocess, (),
            {"CREATE_NO_WINDOW": 0, "DETACHED_PROCESS": 0, "CREATE_NEW_PROCESS_GROUP": 0},
        ),
        "ctypes": Lacking(
            ctypes, (),
            {"CDLL": no_dll, "WinDLL": Kernel32, "get_last_error": lambda: 5, "WinError": OSError},
        ),
    }  # fmt: skip


def psutil_of_windows(psutil):
    """Have its `memory_info` say what it says on Windows alone: `peak_wset`."""

    class Process(psutil.Process):
        def memory_info(self):
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            return types.SimpleNamespace(rss=super().memory_info().rss, peak_wset=most)

    return Lacking(psutil, (), {"Process": Process})


def no_signal_handler(*_arguments):
    raise NotImplementedError


def install(system):
    modules = modules_of(system)

    def own_import(name, scope=None, local=None, fromlist=(), level=0):
        if level == 0 and name.partition(".")[0] in MISSING_MODULES[system]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if level == 0 and name == "msvcrt" and name in modules:
            return modules[name]  # there is none here
        found = builtins.__import__(name, scope, local, fromlist, level)
        if system == "windows" and name == "psutil":
            return psutil_of_windows(found)
        return modules.get(name, found) if level == 0 else found

    own_builtins = {**vars(builtins), "__import__": own_import}
    sys.meta_path.insert(0, Finder(own_builtins))
    hide_the_folders_of_linux(system)
    pass_on(system)
    if system == "windows":
        asyncio.SelectorEventLoop.add_signal_handler = no_signal_handler
