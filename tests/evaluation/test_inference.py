"""Our inference gives what LightEval's and transformers' own give, for every family and whatever is in the batch."""

import pytest
import torch
from accelerate import Accelerator
from lighteval.models.transformers.transformers_model import TransformersModel, TransformersModelConfig
from lighteval.tasks.requests import Doc
from transformers import AutoModelForCausalLM, Qwen3Config

from luth.checkpoints.families import families, side_by_side_families
from luth.core.errors import UserError
from luth.evaluation.backends.answer_store import AnswerStore
from luth.evaluation.backends.transformers_model import default_batch_tokens, load_model
from luth.evaluation.inference import packed, padded, questions
from luth.evaluation.inference.questions import Prompt
from luth.evaluation.inference.sampling import Sampling
from luth.evaluation.recipe import EvalRecipe, Generation, rows

DOCS = [
    Doc(query="Quelle couleur a le ciel ?", choices=["bleu", "rouge vif", "un", "deux trois quatre"], gold_index=0),
    Doc(query="Dis bonjour.", choices=["Bonjour à tous, et bienvenue parmi nous !"], gold_index=0),
    Doc(query="Oui ou non ? " * 20, choices=["Oui", "Non"], gold_index=1),
    Doc(query="Lettre ?", choices=["A", "B", "C", "D"], gold_index=1),
    Doc(
        query="Mot après mot, la phrase est trop longue. " * 60, choices=["oui", "non, jamais de la vie"], gold_index=0
    ),
]
# The padded path is shown quickly by LFM2.
FAMILIES = [
    pytest.param(family, marks=pytest.mark.slow) if family not in ("lfm2", *side_by_side_families()) else family
    for family in families()
]


def ours(folder, tmp_path, name="answers", **more):
    recipe = EvalRecipe([str(folder)], ["any"], "", dtype="float32", batch_size=4, batch_tokens=300, **more)
    model = load_model(str(folder), None, recipe, tmp_path / "cache")
    (row,) = rows(recipe, recipe.tasks, [])
    model.set_mode(row, AnswerStore(tmp_path / name))
    return model


class OnOurIds(TransformersModel):
    """LightEval's own backend, asked with the ids of our prompts and choices."""

    def tok_encode_pair(self, context, continuations, pairwise=False):
        (doc,) = (doc for doc in DOCS if self.prompt_manager.prepare_prompt(doc) == context)
        ids, choices = self.prompts.choices(doc, None)
        return [ids] * len(choices), choices


@pytest.mark.parametrize("tokenisation", ["template", "lighteval"])
@pytest.mark.parametrize("family", FAMILIES)
def test_log_likelihoods_are_lightevals(family, tokenisation, make_model, tmp_path, capfd):
    folder = make_model(tmp_path / "model", family)
    config = TransformersModelConfig(
        model_name=str(folder), batch_size=2, dtype="float32", cache_dir=str(tmp_path / "c")
    )
    weights = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    kind = TransformersModel if tokenisation == "lighteval" else OnOurIds
    theirs = kind.from_model(weights, config, Accelerator(cpu=True))
    model = ours(folder, tmp_path, tokenisation=tokenisation)
    theirs.prompts = model.prompts
    assert packed.fits(model.model) == (family in side_by_side_families())
    for one, other in zip(theirs._loglikelihood_tokens(DOCS), model.loglikelihood(DOCS), strict=True):
        count = len(other.logprobs)
        assert other.logprobs == pytest.approx(one.logprobs[:count], abs=1e-4)
        assert other.argmax_logits_eq_gold == one.argmax_logits_eq_gold[:count]
    assert "1 of 5 prompts are longer than the 1024 tokens" in capfd.readouterr().out


@pytest.mark.parametrize("family", ["llama", "lfm2"])
def test_log_likelihoods_are_the_same_in_parts(family, make_model, tmp_path, monkeypatch):
    folder = make_model(tmp_path / "model", family)
    whole = [answer.logprobs for answer in ours(folder, tmp_path).loglikelihood(DOCS)]
    monkeypatch.setattr(questions, "CPU_ELEMENTS", 1500)
    assert [answer.logprobs for answer in ours(folder, tmp_path, "parts").loglikelihood(DOCS)] == whole


GIB = 2**30


@pytest.mark.parametrize(
    ("device", "wanted", "running", "rows"),
    # Qwen3-0.6B keeps 112 KiB a token: of 8,500 tokens, half of 8 GiB holds four.
    [("cuda", 1, 1, 1), ("cuda", 128, 4, 4), ("cpu", 1, 1, 16), ("cpu", 128, 4, 16)],
)
def test_a_card_holds_no_idle_rows(device, wanted, running, rows):
    assert packed.places(wanted, 8500 * 112 * 1024, 8 * GIB) == running
    assert packed.rows_of_a_step(running, torch.device(device)) == rows
    assert packed.rows_of_a_step(100, torch.device(device)) == 100


def test_there_is_a_place_however_little_is_free():
    assert packed.places(128, GIB, 0) == packed.places(128, GIB, GIB) == 1


def test_a_card_reads_more_tokens_at_once_where_its_memory_holds_them():
    config = Qwen3Config(vocab_size=151936, hidden_size=1024, intermediate_size=3072)

    def tokens(device, free):
        return default_batch_tokens(torch.device(device), config, 2, free)

    assert tokens("cpu", 500 * GIB) == tokens("cuda", 0) == 4096
    assert tokens("cuda", 70 * GIB) == 32768
    # As many as have room for every token's logits.
    assert 4096 < tokens("cuda", 10 * GIB) < 32768
    assert tokens("cuda", 10 * GIB) * 2 * 151936 < 5 * GIB


def test_the_recipe_s_batch_tokens_win(make_model, tmp_path):
    folder = make_model(tmp_path / "model")
    assert ours(folder, tmp_path).batch_tokens == 300
    assert (
        load_model(str(folder), None, EvalRecipe([str(folder)], ["any"], ""), tmp_path / "cache").batch_tokens == 4096
    )


@pytest.mark.parametrize("family", ["llama", "lfm2"])
def test_memory_that_runs_out_is_one_line_that_names_what_to_lower(family, make_model, tmp_path):
    model = ours(make_model(tmp_path / "model", family), tmp_path)
    model.model.register_forward_pre_hook(lambda *_: torch.empty(2**50))
    for ask in (model.loglikelihood, model.greedy_until):
        with pytest.raises(UserError, match=r"memory is full .*batch_tokens.*batch_size") as error:
            ask(DOCS[:2])
        assert error.value.code == "out-of-memory"


def test_a_question_asked_twice_is_answered_twice(make_model, tmp_path):
    model = ours(make_model(tmp_path / "model"), tmp_path)
    order = [0, 1, 0, 2, 4, 4, 3]
    found = model.loglikelihood([DOCS[at] for at in order])
    alone = {at: ours(tmp_path / "model", tmp_path, f"alone-{at}").loglikelihood([DOCS[at]])[0] for at in set(order)}
    for at, answer in zip(order, found, strict=True):
        assert answer.logprobs == pytest.approx(alone[at].logprobs, abs=1e-4)


def prompts(count):
    made = torch.Generator().manual_seed(3)
    sizes = torch.randint(3, 60, (count,), generator=made).tolist()
    return [
        Prompt(at, torch.randint(5, 300, (size,), generator=made).tolist(), 4 + 5 * at, seed=at)
        for at, size in enumerate(sizes)
    ]


def generate(model, asked, sampling=None, batch_size=4, advance=lambda tokens: None):
    stop = set(range(0, 600, 40))
    sampling = sampling or Sampling()
    if packed.fits(model):
        found = packed.completions(model, asked, sampling, stop, batch_size, 100, advance)
    else:
        found = padded.completions(model, asked, sampling, stop, batch_size, advance)
    return {prompt.index: (completion.tokens, completion.truncated) for prompt, completion in found}


@pytest.mark.parametrize("family", FAMILIES)
def test_greedy_completions_are_transformers_own_one_by_one(family, make_model, tmp_path):
    model = AutoModelForCausalLM.from_pretrained(make_model(tmp_path / "model", family), dtype=torch.float32)
    asked, steps = prompts(13), []
    found = generate(model, asked, advance=steps.append)
    # Each step is told, the stop tokens included: a bar moves while answers are being written.
    assert sum(steps) == sum(len(tokens) + (not truncated) for tokens, truncated in found.values())
    assert max(steps) <= 4 and len(steps) > 13
    stop = sorted(range(0, 600, 40))
    ends = set()
    for prompt in asked:
        whole = model.generate(
            torch.tensor([prompt.tokens]),
            attention_mask=torch.ones(1, len(prompt.tokens), dtype=torch.long),
            max_new_tokens=prompt.max_new_tokens,
            do_sample=False,
            eos_token_id=stop,
            pad_token_id=0,
        )[0, len(prompt.tokens) :].tolist()
        stopped = whole[-1] in stop
        assert found[prompt.index] == (whole[:-1] if stopped else whole, not stopped)
        ends.add(stopped)
    assert ends == {True, False}


@pytest.mark.parametrize("family", ["llama", "lfm2"])
def test_what_is_drawn_for_a_prompt_does_not_depend_on_its_company(family, make_model, tmp_path):
    model = AutoModelForCausalLM.from_pretrained(make_model(tmp_path / "model", family), dtype=torch.float32)
    sampling = Sampling(temperature=0.8, top_k=20, top_p=0.9)
    asked = prompts(9)
    together = generate(model, asked, sampling, batch_size=4)
    alone = {index: answer for one in reversed(asked) for index, answer in generate(model, [one], sampling).items()}
    assert together == alone
    assert together != generate(model, asked)
    other = [Prompt(one.index, one.tokens, one.max_new_tokens, seed=one.seed + 100) for one in asked]
    assert together != generate(model, other, sampling)


def test_draws_follow_the_warped_distribution():
    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0]]).repeat(4000, 1)
    sampling = Sampling(temperature=0.5, top_k=3)
    generators = [torch.Generator().manual_seed(seed) for seed in range(4000)]
    drawn = torch.tensor(sampling.next_tokens(logits, generators))
    wanted = torch.tensor([4.0, 2.0, 0.0]).softmax(-1)
    shares = torch.bincount(drawn, minlength=4) / 4000
    assert shares[3] == 0
    assert shares[:3] == pytest.approx(wanted, abs=0.03)


def test_a_context_that_fills_the_model_still_gets_one_token(make_model, tmp_path, capfd):
    model = ours(make_model(tmp_path / "model"), tmp_path)
    model.generation = Generation(max_new_tokens=5)
    (answer,) = model.greedy_until([DOCS[-1]])
    assert len(answer.input_tokens) == 1023 and len(answer.output_tokens[0]) <= 1
    assert answer.truncated_tokens_count > 0 and "1 of 1 prompts" in capfd.readouterr().out


def test_answers_come_from_the_store_where_they_are_there(make_model, tmp_path, monkeypatch):
    folder = make_model(tmp_path / "model")
    first = ours(folder, tmp_path).loglikelihood(DOCS)
    again = ours(folder, tmp_path)
    monkeypatch.setattr(packed, "likelihoods", lambda *_: pytest.fail("asked again"))
    assert [one.logprobs for one in again.loglikelihood(DOCS)] == [one.logprobs for one in first]


@pytest.mark.parametrize("family", ["llama", "lfm2"])
def test_the_bar_of_the_answers_counts_tokens(family, make_model, tmp_path, capfd):
    model = ours(make_model(tmp_path / "model", family), tmp_path)
    model.generation = Generation(max_new_tokens=7)
    model.greedy_until(DOCS[:3])
    last = capfd.readouterr().err.split("Answers:")[-1]
    assert "100%" in last and "21.0/21.0" in last and "3 of 3 answers" in last
