"""Chat templates for training, one for each model family."""

from pathlib import Path


def template_file(name: str) -> Path:
    """Return a template's file: a path, or the name of a file of this folder, such as `smollm2.jinja`."""
    packaged = Path(__file__).parent / name
    in_package = Path(name).name == name and packaged.is_file() and not Path(name).is_file()
    return packaged if in_package else Path(name)
