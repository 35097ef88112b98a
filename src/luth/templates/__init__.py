"""Chat templates for training, one for each model family, and what holds for every chat template."""

from datetime import date
from pathlib import Path


def template_file(name: str) -> Path:
    """Return a template's file: a path, or the name of a file of this folder, such as `smollm2.jinja`."""
    packaged = Path(__file__).parent / name
    in_package = Path(name).name == name and packaged.is_file() and not Path(name).is_file()
    return packaged if in_package else Path(name)


def date_fixed(template: str, day: date) -> str:
    """Return a chat template for which today is always `day`.

    transformers gives templates a function strftime_now, which several put into their system prompt; here the template
    brings its own.
    """
    if "strftime_now" not in template:
        return template
    known = [f"%{letter}" for letter in "aAbBcdHIjmMpSUwWxXyY"] + ["%-d", "%-m", "%e", "%F"]
    values = "".join(f" | replace({code!r}, {day.strftime(code)!r})" for code in known)
    return f"{{%- macro strftime_now(format) -%}}{{{{ format{values} }}}}{{%- endmacro -%}}{{{{- '' }}}}{template}"
