"""The seccomp filter: system calls that a program under test has no business making.

libseccomp puts the architecture check in front (x32 and 32-bit calls included), so a call cannot be
renumbered past it. It is a list of what is denied, after Docker's default profile turned round:
what is not listed still meets no network, no capabilities and a read-only system.
"""

from __future__ import annotations

import errno
import os
import socket
from functools import cache

# fmt: off
DENIED = (
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd",
    "mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig",
    "fsmount", "fspick", "mount_setattr", "setns", "unshare", "bpf", "perf_event_open",
    "userfaultfd", "fanotify_init", "lookup_dcookie", "keyctl", "add_key", "request_key",
    "io_uring_setup", "io_uring_enter", "io_uring_register", "kexec_load", "kexec_file_load",
    "init_module", "finit_module", "delete_module", "reboot", "swapon", "swapoff", "quotactl",
    "acct", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "stime", "syslog",
    "personality", "name_to_handle_at", "open_by_handle_at", "iopl", "ioperm", "modify_ldt",
    "vhangup", "nfsservctl", "mbind", "move_pages", "migrate_pages", "set_mempolicy",
    "sethostname", "setdomainname", "memfd_create", "memfd_secret", "shmget", "msgget",
    "semget", "mq_open", "vmsplice", "uselib", "ustat", "sysfs", "_sysctl",
)
# fmt: on
"""Memory that no resource limit counts (memfd, System V) is among them."""

NAMESPACES = (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
"""Flags of clone that make mount, cgroup, uts, ipc, user, pid and network namespaces."""

TERMINAL_INPUT = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX: typing into the terminal the run was started from."""


@cache
def filter_program() -> bytes:
    """The filter in the kernel's form, for this machine. Raises `OSError` without libseccomp."""
    try:
        import pyseccomp as seccomp
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        raise OSError(f"libseccomp cannot be used ({error})")
    denied = seccomp.ERRNO(errno.EPERM)
    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    for name in DENIED:
        try:
            rules.add_rule(denied, name)
        except ValueError:  # a name this libseccomp or architecture does not know
            continue
    for flag in NAMESPACES:
        rules.add_rule(denied, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    # Its flags lie in memory, where a filter cannot look; the C library falls back to clone.
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
    rules.add_rule(denied, "socket", seccomp.Arg(0, seccomp.NE, socket.AF_UNIX))
    for request in TERMINAL_INPUT:
        rules.add_rule(denied, "ioctl", seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, request))
    read, write = os.pipe()
    with os.fdopen(read, "rb") as source:
        with os.fdopen(write, "wb") as sink:
            rules.export_bpf(sink)
        return source.read()
