"""Golden masks: what is trained, token by token."""

import pytest
from datasets import Dataset

from luth.errors import UserError
from luth.training.masking import IGNORED, mask, read_training_template, tokenize

SMOLLM2 = "src/luth/templates/smollm2.jinja"
QWEN3 = "src/luth/templates/qwen3.jinja"


def user(text):
    return {"role": "user", "content": text}


def assistant(text):
    return {"role": "assistant", "content": text}


def system(text):
    return {"role": "system", "content": text}


def spans(messages, tokenizer, template):
    """Return the text as runs of (trained, text), from tokens and labels alone."""
    encoded = mask(messages, tokenizer, read_training_template(template))
    runs = []
    for token, label in zip(encoded["input_ids"], encoded["labels"], strict=True):
        assert label in (token, IGNORED)
        on = label != IGNORED
        if runs and runs[-1][0] == on:
            runs[-1][1].append(token)
        else:
            runs.append((on, [token]))
    return [(on, tokenizer.decode(ids)) for on, ids in runs]


DEFAULT = "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
GOLDEN = {
    "single": (
        SMOLLM2,
        [user("Ça va ?"), assistant("Très bien.")],
        [
            (False, DEFAULT + "<|im_start|>user\nÇa va ?<|im_end|>\n<|im_start|>assistant\n"),
            (True, "Très bien.<|im_end|>"),
            (False, "\n"),
        ],
    ),
    "system and two exchanges": (
        SMOLLM2,
        [system("Sois bref."), user("Un."), assistant("Deux."), user("Trois."), assistant("Quatre.")],
        [
            (
                False,
                "<|im_start|>system\nSois bref.<|im_end|>\n<|im_start|>user\nUn.<|im_end|>\n<|im_start|>assistant\n",
            ),
            (True, "Deux.<|im_end|>"),
            (False, "\n<|im_start|>user\nTrois.<|im_end|>\n<|im_start|>assistant\n"),
            (True, "Quatre.<|im_end|>"),
            (False, "\n"),
        ],
    ),
    "qwen3, no thought": (
        QWEN3,
        [user("Un."), assistant("Deux.")],
        [
            (False, "<|im_start|>user\nUn.<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"),
            (True, "Deux.<|im_end|>"),
            (False, "\n"),
        ],
    ),
    "qwen3, a thought and none": (
        QWEN3,
        [user("Un."), assistant("<think>\nDeux suit un.\n</think>\n\nDeux."), user("Et ?"), assistant("Trois.")],
        [
            (False, "<|im_start|>user\nUn.<|im_end|>\n<|im_start|>assistant\n"),
            (True, "<think>\nDeux suit un.\n</think>\n\nDeux.<|im_end|>"),
            (False, "\n<|im_start|>user\nEt ?<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"),
            (True, "Trois.<|im_end|>"),
            (False, "\n"),
        ],
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_mask(name, tokenizer):
    template, messages, expected = GOLDEN[name]
    assert spans(messages, tokenizer, template) == expected


@pytest.mark.parametrize(
    "messages",
    [
        [user("Un."), assistant("Deux.")],
        [system("Bref."), user("Un."), assistant("Deux."), user("Trois."), assistant("Quatre.")],
    ],
)
def test_smollm2_renders_what_the_model_renders(messages, tokenizer):
    template = read_training_template(SMOLLM2)
    ours = tokenizer.apply_chat_template(messages, chat_template=template, tokenize=False)
    assert ours == tokenizer.apply_chat_template(messages, tokenize=False)
    prompts = [
        tokenizer.apply_chat_template(messages[:-1], chat_template=choice, tokenize=False, add_generation_prompt=True)
        for choice in (template, None)
    ]
    assert prompts[0] == prompts[1]


def test_the_padding_token_that_ends_a_turn_is_still_trained(tokenizer):
    assert tokenizer.pad_token_id == tokenizer.eos_token_id
    encoded = mask([user("a"), assistant("b")], tokenizer, read_training_template(SMOLLM2))
    assert encoded["labels"][-2] == tokenizer.eos_token_id


def test_long_rows_are_dropped_and_counted_never_cut(tokenizer):
    rows = Dataset.from_list([{"messages": [user("a"), assistant("b" * n)]} for n in (1, 2, 500)])
    kept, counts = tokenize(rows, tokenizer, read_training_template(SMOLLM2), max_length=200)
    assert counts["rows"] == len(kept) == 2 and counts["dropped_too_long"] == 1
    assert counts["tokens"] == sum(map(len, kept["input_ids"]))
    assert counts["trained_tokens"] == sum(label != IGNORED for labels in kept["labels"] for label in labels)
    with pytest.raises(UserError, match="longer than max_length 3"):
        tokenize(rows, tokenizer, read_training_template(SMOLLM2), max_length=3)


def test_a_template_without_markers_is_refused(tmp_path):
    path = tmp_path / "plain.jinja"
    path.write_text("{{ messages[0]['content'] }}")
    with pytest.raises(UserError, match=r"no \{% generation %\} markers"):
        read_training_template(str(path))
    with pytest.raises(UserError, match="no such file"):
        read_training_template(str(tmp_path / "none.jinja"))
