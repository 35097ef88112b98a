import psutil
import pytest
import torch

from luth.core.memory import free_memory


def test_what_the_allocator_keeps_on_a_card_is_free_too(monkeypatch):
    gib = 2**30
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (3 * gib, 80 * gib))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 70 * gib)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 20 * gib)
    assert free_memory(torch.device("cuda")) == 53 * gib
    assert free_memory(torch.device("cpu")) == pytest.approx(psutil.virtual_memory().available, rel=0.5)
