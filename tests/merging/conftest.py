import pytest
import torch
from safetensors.torch import load_file, save_file


@pytest.fixture
def near_and_far(make_model, tmp_path):
    """Give a base with a copy a little moved, as fine-tuning moves it, and one at large angles, all tensors alike."""

    def moved(base, folder, noise):
        other = make_model(folder)
        torch.manual_seed(3)
        weights = load_file(base / "model.safetensors")
        weights = {
            name: tensor + noise * tensor.std().clamp(0.1) * torch.randn_like(tensor)
            for name, tensor in weights.items()
        }
        save_file(weights, other / "model.safetensors", {"format": "pt"})
        return other

    def make(family="llama"):
        base = make_model(tmp_path / "base", family)
        return base, {"near": moved(base, tmp_path / "near", 0.01), "far": moved(base, tmp_path / "far", 3.0)}

    return make
