"""Memory: how much is free, and on a CPU how to keep what was freed."""

import ctypes
import re
from pathlib import Path

import psutil
import torch

# Parameters of mallopt, from glibc's malloc.h.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4


def keep_freed_memory() -> None:
    """Tell glibc to keep freed memory instead of handing it back to the kernel after every large tensor.

    Activations and logits come and go with every batch. On virtual machines, where page faults are slow, returning
    their memory can cost more time than the arithmetic. Without glibc this does nothing.
    """
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        libc.mallopt(M_TOP_PAD, 64 << 20)
    except (OSError, AttributeError):
        return


def free_memory(device: torch.device) -> int:
    """Return how many bytes of a device's memory are free, those that PyTorch's allocator keeps included."""
    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + kept
    return psutil.virtual_memory().available


def peak_memory(device: torch.device) -> int:
    """Return the most bytes that this process has held: on a card its tensors, on a CPU everything."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
    return int(peak[1]) * 1024 if peak else psutil.Process().memory_info().rss
