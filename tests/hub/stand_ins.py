"""Stand-ins for the Hub's datasets and models, built from the contracts beside this file, with rows made up here.

    dataset_files("manu/french_boolq")  # {"README.md": b"...", "default/test.parquet": b"...", ...}
    fill(hub)  # a FakeHub then has all that the contracts name

A dataset has its contract's configurations, splits, columns and types; a model its special tokens, template and
defaults. Where a contract says unknown, whatever the tasks can read stands there.
"""

import functools
import hashlib
import importlib.util
import io
import json
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as parquet
import yaml
from huggingface_hub import DatasetCardData
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

from luth.validation.contracts import NONE, UNKNOWN, read_contracts

CONTRACTS = read_contracts(Path(__file__).parent)
# By every name that recipes and tasks give them.
DATASETS = {name: contract.says for (kind, name), contract in CONTRACTS.items() if kind == "dataset"}
MODELS = {name: contract.says for (kind, name), contract in CONTRACTS.items() if kind == "model"}
LETTERS = "ABCD"
ROWS = 5


def _gpqa(question):
    return lambda n, configuration: {
        question: f"Combien font {n} + {n}\u00a0?",
        "Correct Answer": str(2 * n),
        **{f"Incorrect Answer {k}": str(2 * n + k) for k in (1, 2, 3)},
    }


def _ifeval(n, configuration):
    return {
        "key": n,
        "prompt": f"Écris {n} phrases sans virgule.",
        "instruction_id_list": ["punctuation:no_comma"],
        "kwargs": [{"num_words": None, "relation": None}],
    }


OPTIONS = ("Lequel est le plus grand\u00a0?\nOptions\u00a0:\n(A) Léa\n(B) Tom\n(C) Zoé", "(B)")
YES = ("Léa dit-elle vrai\u00a0?", "Oui")
NUMBER = ("Combien font 2 et 2\u00a0?", "4")
BBH = {
    "expressions_booléennes": ("not ( True ) est", "Faux"),
    "jugement_causal": YES,
    "dyck_languages": ("Complète la suite. Entrée\u00a0: ( [ {", "} ] )"),
    "sophismes_formels": ("L'argument est-il valide\u00a0?", "valide"),
    "multistep_arithmetic_two": NUMBER,
    "naviguer": YES,
    "comptage_d_objets": NUMBER,
    "compréhension_des_sports": YES,
    "toile_de_mensonges": YES,
    "tri_de_mots": ("Trie ces mots. Liste\u00a0: zèbre âne chat", "âne chat zèbre"),
}


def _bbh(n, configuration):
    task, target = BBH.get(configuration, OPTIONS)
    return {"input": f"Question {n}. {task}", "target": target}


def _mathematics(n, configuration):
    asked = "What is" if configuration in ("default", "English") else "Que vaut"
    stated = "It is" if configuration in ("default", "English") else "C'est"
    space = "" if asked == "What is" else "\u00a0"
    return {"problem": f"{asked} {n}^2{space}?", "solution": f"{stated} $\\boxed{{{n * n}}}$.", "answer": str(n * n)}


def _conversation(n, configuration):
    turns = (("user", f"Combien font {n} et {n}\u00a0?"), ("assistant", f"Cela fait {2 * n}."))
    return {"messages": [{"content": content, "role": role} for role, content in turns]}


def _hellaswag(beginning, then, endings):
    return lambda n, configuration: {
        "ctx_a": beginning.format(n),
        "ctx_b": then,
        "endings": endings,
        "label": "0",
    }


def _mmlu(n, configuration):
    choices = [str(n + k) for k in range(4)]
    return {"question": f"{n} + 1?", "subject": "maths", "choices": choices, "answer": 1}


# What a row holds, by dataset, as a function of its number and its configuration. Other columns are filled by type.
VALUES = {
    "jzhang86/fr_ifeval": _ifeval,
    "google/IFEval": _ifeval,
    "lightblue/M-IFEval": lambda n, configuration: {
        **_ifeval(n, configuration),
        "instruction_id_list": ["fr:punctuation:no_comma"],
    },
    "le-leadboard/gpqa-fr": _gpqa("problem"),
    "Idavidrein/gpqa": _gpqa("Question"),
    "le-leadboard/bbh-fr": _bbh,
    "openai/MMMLU": lambda n, configuration: {
        "Question": f"{n} + 1\u00a0?",
        **{letter: str(n + k) for k, letter in enumerate(LETTERS)},
        "Answer": "B",
    },
    "bezir/MATH-500-multilingual": _mathematics,
    "HuggingFaceH4/MATH-500": _mathematics,
    "le-leadboard/MATH_LVL5_fr": lambda n, configuration: _mathematics(n, "French"),
    "kurakurai/kholle": lambda n, configuration: {**_mathematics(n, "French"), "solution": None},
    "kurakurai/aime_2024_fr": lambda n, configuration: _mathematics(n, "French"),
    "le-leadboard/musr-fr": lambda n, configuration: {
        "narrative": f"Luc dormait. Ève rangeait {n} ciseaux.",
        "question": "Lequel a coupé la corde\u00a0?",
        "choices": ["Luc", "Ève"],
        "answer_index": 1,
    },
    "manu/french_boolq": lambda n, configuration: {
        "question": f"{n} est-il un nombre\u00a0?",
        "passage": "Les nombres servent à compter.",
        "label": 1,
    },
    "manu/french_bench_arc_challenge": lambda n, configuration: {
        "question": f"{n}\u00a0?",
        "choices": ["un gaz", "le feu", "l'eau", "la terre"],
        "answerKey": "A",
    },
    "allenai/ai2_arc": lambda n, configuration: {
        "question": f"{n}?",
        "choices": {"text": ["gas", "fire", "water"], "label": ["A", "B", "C"]},
        "answerKey": "C",
    },
    "manu/french_bench_hellaswag": _hellaswag("Il est {} heures.", "il", ["dort.", "vole.", "nage.", "lit."]),
    "Rowan/hellaswag": _hellaswag("It is {}.", "he", ["sleeps.", "flies.", "swims.", "reads."]),
    "lighteval/mmlu": _mmlu,
    "cais/mmlu": _mmlu,
    "kurakurai/luth-sft": _conversation,
    "HuggingFaceTB/smoltalk2": _conversation,
    "croissantllm/CroissantLLM-2201-sft": _conversation,
    "allenai/tulu-3-sft-personas-math": _conversation,
    "allenai/tulu-3-sft-personas-instruction-following": _conversation,
}


def _value(kind, name, n):
    """Return a value of a contract's type for a column that nothing reads."""
    if isinstance(kind, dict):
        return {key: _value(inner, key, n) for key, inner in kind.items()}
    if isinstance(kind, list):
        return [_value(kind[0], name, n)]
    return {"int64": n, "bool": False, "class_label": 0}.get(kind, f"{name} {n}")


def rows(name, configuration):
    """Return the rows of one configuration of a dataset, the same in every split, with its contract's columns."""
    columns = DATASETS[name].configurations[configuration].columns
    made = VALUES.get(DATASETS[name].id, lambda n, configuration: {})
    found = []
    for n in range(ROWS):
        values = made(n, configuration)
        kinds = dict.fromkeys(values, UNKNOWN) if columns == UNKNOWN else columns
        found.append({column: values.get(column, _value(kind, column, n)) for column, kind in kinds.items()})
    return found


def _feature(kind, inferred):
    """Return the feature of a contract's type; where that is unknown, the one that the rows' values have."""
    if isinstance(kind, dict) and isinstance(inferred, dict):
        return {key: _feature(kind[key], value) for key, value in inferred.items()}
    if isinstance(kind, list) and isinstance(inferred, datasets.List):
        return datasets.List(_feature(kind[0], inferred.feature))
    if kind == "class_label":
        return datasets.ClassLabel(names=list(LETTERS))
    return inferred if kind == UNKNOWN else datasets.Value(kind)


def _table(name, configuration):
    """Return the features of a contract's types, and the rows as a table of them."""
    made = rows(name, configuration)
    columns = DATASETS[name].configurations[configuration].columns
    kinds = {} if columns == UNKNOWN else columns
    inferred = datasets.Features.from_arrow_schema(pa.Table.from_pylist(made).schema)
    features = datasets.Features(
        {column: _feature(kinds.get(column, UNKNOWN), feature) for column, feature in inferred.items()}
    )
    return features, pa.Table.from_pylist(made, schema=features.arrow_schema)


@functools.cache
def dataset_files(name, counted=True):
    """Return a dataset's repository, bytes by path.

    Args:
        name: its id in the contracts.
        counted: whether the card says how many rows the real one has. The library would count those of a folder.
    """
    contract = DATASETS[name]
    files, configs, infos = {}, [], {}
    for configuration, part in contract.configurations.items():
        features, table = _table(name, configuration)
        file = io.BytesIO()
        parquet.write_table(table, file)
        paths = {split: f"{configuration}/{split}.parquet" for split in part.splits}
        files |= dict.fromkeys(paths.values(), file.getvalue())
        sources = [{"split": split, "path": path} for split, path in paths.items()]
        configs.append({"config_name": configuration, "data_files": sources})
        if counted and UNKNOWN not in part.splits.values():
            counts = {split: datasets.SplitInfo(split, num_examples=count) for split, count in part.splits.items()}
            infos[configuration] = datasets.DatasetInfo(features=features, splits=datasets.SplitDict(counts))
    card = DatasetCardData(configs=configs, **_licence(contract.licence))
    datasets.info.DatasetInfosDict(infos).to_dataset_card_data(card)
    files["README.md"] = f"---\n{card.to_yaml()}\n---\n".encode()
    return files


def _licence(tag):
    """Return a licence as cards have it: one without a tag of the Hub's own has a name beside the tag other."""
    if tag in (NONE, UNKNOWN):
        return {}
    return {"license": "other", "license_name": tag} if tag == "lfm1.0" else {"license": tag}


def write_dataset(root, name, given=None):
    """Write a dataset under `root`, laid out as on the Hub; `given` are rows that take the place of its own."""
    for path, data in dataset_files(name, counted=False).items():
        if given is not None and path.endswith(".parquet"):
            path = path.replace(".parquet", ".jsonl")
            data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in given).encode()
        elif given is not None:
            data = data.replace(b".parquet", b".jsonl")
        (root / name / path).parent.mkdir(parents=True, exist_ok=True)
        (root / name / path).write_bytes(data)


def _trl(name):
    (folder,) = importlib.util.find_spec("trl").submodule_search_locations
    return (Path(folder) / "chat_templates" / f"{name}.jinja").read_text("utf-8")


def _without_switch(template):
    """Return a template whose prompts end in an empty thought, whatever enable_thinking says."""
    before, found, after = template.rpartition(
        "    {%- if enable_thinking is defined and enable_thinking is false %}\n"
    )
    assert found
    return before + after.replace("    {%- endif %}\n", "", 1)


CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# Model type and template, by the beginning of the id; the first that fits.
FAMILIES = {
    "Qwen/Qwen3-": ("qwen3", lambda: _trl("qwen3")),
    "Qwen/Qwen2.5-": ("qwen2", lambda: CHATML),
    "Qwen/Qwen3.5-": ("qwen3_5", lambda: _trl("qwen3_5_nothink")),
    "LiquidAI/LFM2.5-": ("lfm2", lambda: _trl("lfm2_2_5_v2")),
    "LiquidAI/LFM2-": ("lfm2", lambda: _trl("lfm2")),
    "kurakurai/Luth-LFM2-": ("lfm2", lambda: _trl("lfm2")),
    "kurakurai/Luth-2-": ("qwen3", lambda: CHATML),
    "kurakurai/Luth-": ("qwen3", lambda: _without_switch(_trl("qwen3"))),
    "": ("llama", lambda: CHATML),
}


def _tokenizer(ids, adds_bos):
    """Return a byte-level tokenizer's JSON whose special tokens have these ids."""
    free = (number for number in range(100, 1000) if number not in ids.values())
    vocabulary = {**ids, **{letter: next(free) for letter in sorted(pre_tokenizers.ByteLevel.alphabet())}}
    inner = Tokenizer(models.BPE(vocabulary, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens([AddedToken(token, special=True) for token in ids])
    if adds_bos:
        bos = ("<|startoftext|>", ids["<|startoftext|>"])
        inner.post_processor = processors.TemplateProcessing("<|startoftext|> $A", None, [bos])
    return inner.to_str().encode()


@functools.cache
def _shape(shape):
    """Return a contract's shape in the keys of config.json."""
    if shape == UNKNOWN:
        return {}
    layers = ["conv"] * shape.conv_layers + ["full_attention"] * shape.attention_layers
    return {
        "hidden_size": shape.hidden,
        "intermediate_size": shape.intermediate,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "vocab_size": shape.vocabulary,
        "layer_types": layers,
        "block_auto_adjust_ff_dim": False,
    }


def model_files(name):
    """Return a model's repository, bytes by path; its weights are none."""
    contract = MODELS[name]
    family, template = next(found for beginning, found in FAMILIES.items() if name.startswith(beginning))
    known = {token: value for token, value in vars(contract.special_tokens).items() if value not in (NONE, UNKNOWN)}
    ids = {"bos": 1, "eos": 2, "pad": 0, **known}
    eos = ids["eos"][0] if isinstance(ids["eos"], list) else ids["eos"]
    tokens = {"<|startoftext|>": ids["bos"], "<|im_end|>": eos, "<|pad|>": ids["pad"], "<|im_start|>": 90}
    defaults = {} if contract.generation_config == UNKNOWN else contract.generation_config
    config = {
        "model_type": family,
        "tie_word_embeddings": contract.tied if contract.tied != UNKNOWN else True,
        "max_position_embeddings": contract.max_length if contract.max_length != UNKNOWN else 32768,
        **_shape(contract.shape),
    }
    named = {
        "bos_token": "<|startoftext|>",
        "eos_token": "<|im_end|>",
        "pad_token": "<|pad|>",
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    card = yaml.safe_dump(_licence(contract.licence))
    return {
        "README.md": f"---\n{card}---\n".encode(),
        "config.json": json.dumps(config).encode(),
        "generation_config.json": json.dumps({f"{token}_token_id": ids[token] for token in ids} | defaults).encode(),
        "tokenizer.json": _tokenizer(tokens, contract.tokenizer_adds_bos is True),
        "tokenizer_config.json": json.dumps(named).encode(),
        "chat_template.jinja": template().encode(),
        "model.safetensors": b"never downloaded",
    }


def fill(hub):
    """Put all datasets and models of the contracts on a `FakeHub`, under their ids and at their commits."""
    for kinds, files in ((DATASETS, dataset_files), (MODELS, model_files)):
        for name, contract in kinds.items():
            if name != contract.id:
                hub.moved[name] = contract.id
                continue
            known = "" if contract.revision == UNKNOWN else contract.revision
            commit = known + hashlib.sha1(name.encode()).hexdigest()[len(known) :]
            hub.repositories[name] = {"main": files(name)}
            hub.details[name] = {
                "sha": commit,
                "gated": "auto" if contract.gate == "gated" else False,
                "cardData": yaml.safe_load(files(name)["README.md"].decode().split("---\n")[1]),
            }
