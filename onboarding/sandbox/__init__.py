"""Everything that opens received bytes runs here: in a child process with limits on memory, time and files, without
network.

A zygote (a clean process started by exec, without threads) imports what the work needs once and forks one child per
job. Input comes as open descriptors, never as names; the answer is JSON. What is too large for it goes to one file that
the program opened and hands in: a child never opens a file for writing, and names none. What a child does to itself is
an outcome, not an exception.

Confinement: address space, CPU time, wall time, output, open files, no core dump; on Linux an empty network name space
where the kernel permits, and a system-call filter (x86-64, arm64) that refuses sockets, new processes and changes to
files. Residual risks: the child has the operator's user and can read what that user can read (but send it nowhere but
into its own answer); without a filter (other machines) processes and files are held by limits only; a hole in the
kernel.
"""

from onboarding.sandbox.confinement import Limits
from onboarding.sandbox.host import Limit, Sandbox, SandboxResult

__all__ = ["Limit", "Limits", "Sandbox", "SandboxResult"]
