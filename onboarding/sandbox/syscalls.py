"""A system-call filter (seccomp) for the sandbox's children on Linux: no sockets, no new processes, no changes to
files.

Resource limits can't do this: root may fork without limit, and RLIMIT_FSIZE neither stops deleting nor truncating. The
filter needs no privilege. It is a list of what is refused (EPERM), since what a PDF library calls to compute is
open-ended. Layout and constants: linux/filter.h, linux/seccomp.h, linux/audit.h; numbers: the kernel's own tables per
architecture.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from typing import Final

_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _JUMP_IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET, _ARGUMENTS_OFFSET = 0, 4, 16  # struct seccomp_data
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | errno.EPERM
_X32_BIT = 0x40000000  # x86-64's second table of numbers: refused whole
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column in the table below, AUDIT_ARCH_*
_NONE = -1  # no such call on this architecture
_REFUSED = {
    # network; not socketpair, whose two ends reach nobody but this process: an event loop needs one to wake itself
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200),
    # processes
    "clone": (56, 220), "clone3": (435, 435), "fork": (57, _NONE), "vfork": (58, _NONE),
    "execve": (59, 221), "execveat": (322, 281),
    # other processes, the kernel, and ways around this filter
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438), "kill": (62, 129), "io_uring_setup": (425, 425), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "unshare": (272, 97), "setns": (308, 268),
    "mount": (165, 40), "umount2": (166, 39), "chroot": (161, 51), "keyctl": (250, 219), "init_module": (175, 105),
    # changes to files
    "creat": (85, _NONE), "openat2": (437, 437), "truncate": (76, 45), "ftruncate": (77, 46),
    "unlink": (87, _NONE), "unlinkat": (263, 35), "rename": (82, _NONE), "renameat": (264, 38), "renameat2": (316, 276),
    "link": (86, _NONE), "linkat": (265, 37), "symlink": (88, _NONE), "symlinkat": (266, 36),
    "mkdir": (83, _NONE), "mkdirat": (258, 34), "rmdir": (84, _NONE), "mknod": (133, _NONE), "mknodat": (259, 33),
    "chmod": (90, _NONE), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, _NONE), "fchown": (93, 55), "lchown": (94, _NONE), "fchownat": (260, 54),
    "utimensat": (280, 88), "setxattr": (188, 5), "fsetxattr": (190, 7), "fallocate": (285, 47),
}  # fmt: skip
_OPENING = {"open": (2, _NONE, 1), "openat": (257, 56, 2)}  # numbers, and which argument holds the flags


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def install_filter() -> bool:
    """Refuse these calls to this process for good. False where there is no such filter; nothing has changed then."""
    if _PROGRAM is None:
        return False
    if control_process(_PR_SET_NO_NEW_PRIVS, 1) != 0:
        return False
    return control_process(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(_PROGRAM)) == 0


def control_process(option: int, *values: int) -> int:
    """Linux's prctl(2) with up to four values, the rest zero. 0 where the kernel agrees."""
    return int(_LIBC.prctl(option, *(ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4])))


def _compiled() -> _Program | None:
    """The filter for this machine: made once, so that not every child has to. None where there is no such filter."""
    machine = _MACHINES.get(platform.machine())
    if not sys.platform.startswith("linux") or machine is None or sys.maxsize < 2**32:
        return None
    instructions = _instructions(*machine)
    return _Program(len(instructions) // 8, instructions)


def _instructions(column: int, architecture: int) -> bytes:
    refuse = _instruction(_RETURN, _REFUSE)
    code = [
        _instruction(_LOAD, _ARCHITECTURE_OFFSET),
        _instruction(_JUMP_IF_EQUAL, architecture, if_true=1),
        refuse,
        _instruction(_LOAD, _NUMBER_OFFSET),
        _instruction(_JUMP_IF_AT_LEAST, _X32_BIT, if_false=1),
        refuse,
    ]
    for numbers in _REFUSED.values():
        if numbers[column] != _NONE:
            code += [_instruction(_JUMP_IF_EQUAL, numbers[column], if_false=1), refuse]
    for opening in _OPENING.values():
        if opening[column] != _NONE:
            flags = _ARGUMENTS_OFFSET + 8 * opening[2]  # both architectures are little-endian: the low word comes first
            code += [
                _instruction(_JUMP_IF_EQUAL, opening[column], if_false=4),
                _instruction(_LOAD, flags),
                _instruction(_JUMP_IF_ANY_BIT, _WRITE_FLAGS, if_false=1),
                refuse,
                _instruction(_RETURN, _ALLOW),
            ]
    code.append(_instruction(_RETURN, _ALLOW))
    return b"".join(code)


def _instruction(code: int, operand: int, *, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, operand)


_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_PROGRAM: Final = _compiled()
