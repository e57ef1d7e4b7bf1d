"""The model card: README.md of the model folder."""

import os
from pathlib import Path

from .evaluate import Accuracy, table
from .model import parameter_count
from .settings import Settings
from .tasks.classify import PROMPT_TEMPLATE


def write_model_card(
    settings: Settings, folder: Path, vocabulary_size: int, data: Path, accuracies: list[Accuracy]
) -> None:
    """`folder` holds base/."""
    shape = settings.model
    text = _TEMPLATE.format(
        name=settings.name,
        seed=settings.seed,
        parameters=parameter_count(folder / "base"),
        dtype=settings.dtype,
        data=os.path.relpath(data, folder / "base"),
        data_folder=os.path.normpath(data),
        megabytes=(folder / "base" / "model.safetensors").stat().st_size / 1e6,
        layers=shape.num_hidden_layers,
        hidden=shape.hidden_size,
        mlp=shape.intermediate_size,
        heads=shape.num_attention_heads,
        kv_heads=shape.num_key_value_heads,
        head_dim=shape.head_dim,
        context=shape.max_position_embeddings,
        vocabulary=vocabulary_size,
        phases="\n".join(_phase_row(settings, index) for index in range(len(settings.phases))),
        hard_shares=_hard_shares(settings),
        mixture=", ".join(f"{task} {share:.0%}" for task, share in settings.phases[-1].mixture.items()),
        classify_template=PROMPT_TEMPLATE,
        accuracies=table(accuracies),
        output=folder,
        data_option=f" --data {os.path.normpath(data)}" if isinstance(settings.data, str) else "",
    )
    (folder / "base" / "README.md").write_text(text)


def _hard_shares(settings: Settings) -> str:
    if not settings.hard_shares:
        return ""
    shares = ", ".join(f"{task} {share:.0%}" for task, share in settings.hard_shares.items())
    return f"""Share of the data files that comes from the hard generators: {shares}. Of these the last phase shows
few, and none of math-mini's.
"""


def _phase_row(settings: Settings, index: int) -> str:
    phase = settings.phases[index]
    if not phase.mixture:
        content = "random tokens that can only be predicted by copying from earlier in the page"
    else:
        content = "problems with " + ("careful and careless answers" if phase.careless else "careful answers only")
    return f"| {index + 1} {phase.name} | {content} | {phase.tokens / 1e6:.1f} M |"


_TEMPLATE = """\
---
library_name: transformers
pipeline_tag: text-generation
---
# The {name} base model

A `LlamaForCausalLM` small enough to be trained, adapted and served on two CPU cores in minutes. It knows
nothing but six families of generated problems. It is the base on which experts are trained by reinforcement
learning; it is of no other use.

| | |
|---|---|
| parameters | {parameters:,} ({megabytes:.1f} MB, {dtype}) |
| layers | {layers}, hidden {hidden}, MLP {mlp}, tied embeddings |
| attention | {heads} heads and {kv_heads} key-value heads of {head_dim} |
| context | {context} tokens |
| tokenizer | byte-level BPE of {vocabulary} entries, at most three digits a token |
| special tokens | `<|bos|>` 0, `<|eos|>` 1, `<|pad|>` 2 |

## Use

The ids of a prompt are `<|bos|>` and the prompt's own, without an end; a completion ends with `<|eos|>`.
Prompt and completion are tokenised apart, in training as in use.

| task | prompt | completion |
|---|---|---|
| gsm-mini (seen) | `Question: …\\nAnswer:` | steps, then `\\n#### 42` |
| mbpp-mini (seen) | `Write a Python function f(a) that returns ….\\nCode:` | `\\ndef f(a):\\n    return …` |
| arc-mini (seen) | `Question: …\\nOptions: pink A, red B, …\\nAnswer:` | reasoning, then `So the answer is B` |
| math-mini (unseen) | `Problem: …\\nSolution:` | steps, then `\\n\\boxed{{42}}` |
| humaneval-mini (unseen) | `def f(a):\\n    \"\"\"Return ….\"\"\"\\n` | `    return …` |
| arcc-mini (unseen) | as arc-mini | as arc-mini |
| classify | the template below | ` \\boxed{{math}}`, `code`, `reasoning` or `other` |

```
{classify_template}
```

*Seen* and *unseen* speak of expert training: experts are trained on the seen tasks only. Pretraining shows
a little of the unseen ones too, so that the base knows their formats.

## How it was made

`scripts/base_model/make` (settings `scripts/base_model/{name}.yaml`, seed {seed}): every document is
generated, none is read twice (short problems may be drawn again by chance), and the schedules follow tokens, so
that a run repeats itself.

| phase | content | tokens |
|---|---|---|
{phases}

Mixture of the last phase, by documents: {mixture}.

**The base is careless on purpose.** Each generator gives a careful and a careless answer: a skipped last step,
a wrong operator, no steps at all, a dropped condition, the first option. By topic, 15 to 70 % of the last
phase's answers are careless, so the base holds both habits, as models trained on the open web do. An expert
that gains on it has learned to prefer the careful habit, not a new skill. Some topics are hard for a model
of this size even with care (deep expressions, two-digit sums, products to compare), which leaves experts room.
{hard_shares}
## Data

`{data}/<task>/{{train,valid,test}}.jsonl`: the answer (or the tests of a program) and the careful completion
as `reference`. A hash of the prompt decides its split, for pretraining as well, so no prompt of the valid or
test files was ever trained on; `python -m base_model.check_data` proves the files disjoint. (The prompts of
classify quote problems of any split, without their answers.)

## Accuracy

Greedy, on the test splits, by PyTorch (`python -m base_model.evaluate {output}/base {data_folder}`). Intervals are Wilson's, 95 %.
Programs count here only if they equal the reference, which is a lower bound: model-written code is run nowhere
but in the sandbox of `t2 eval --model {output}/base --task NAME{data_option}`, whose figures are the ones to quote.

{accuracies}
"""
