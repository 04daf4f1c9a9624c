"""How a process ended, in words."""

import os
import signal

_NAMES: dict[int, str] = {
    signal.SIGSEGV: "segmentation fault",
    signal.SIGABRT: "abort",
    signal.SIGBUS: "bus error",
    signal.SIGFPE: "arithmetic error",
    signal.SIGILL: "illegal instruction",
    signal.SIGKILL: "killed from outside, perhaps by the system for want of memory",
}


def how_it_ended(status: int | None) -> str:
    """Say how a process ended that nobody here ended.

    Args:
        status: as `os.waitpid` gives it; None where it is not known.

    Returns:
        Words that follow "the process".
    """
    if status is None:
        return "ended, and nobody saw how"
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        name = _NAMES.get(number) or (signal.strsignal(number) or "unknown").lower()
        return f"ended by signal {number} ({name})"
    return f"left its process with exit code {os.WEXITSTATUS(status)}"


def over_time(limit_s: float) -> str:
    """Say that it was ended for want of progress."""
    return f"took longer than {limit_s:g} s without a sign of progress (--time-limit)"


def over_total_time(limit_s: float) -> str:
    """Say that all of it was ended."""
    return f"the whole took longer than {limit_s:g} s (--total-time-limit)"


def over_memory(limit_gib: float) -> str:
    """Say that it was ended for its size."""
    return f"needed more than {limit_gib:.3g} GiB of memory (--memory-limit)"
