"""Proves the data sound: `python -m base_model.check_data experts/tiny/data`, run in `scripts/`.

For each task: no prompt stands twice, in one split or in two; every prompt lies in the split its hash
names; classify quotes no test prompt and no unseen task but in its test; there are at least 500 test problems; and every reference solves its own problem. References are
written by this package's generators, so running them is safe. Exits with status 1 if anything fails.
"""

import json
import sys
from pathlib import Path

from .answers import final_answer
from .tasks import CODE_TASKS, SEEN_TASKS, SPLITS, UNSEEN_TASKS, split_of
from .tasks.classify import quoted_prompt

MINIMUM_TESTS = 500


def main() -> None:
    folder = Path(sys.argv[1])
    faults = [fault for task in (*SEEN_TASKS, *UNSEEN_TASKS, "classify") for fault in task_faults(folder, task)]
    for fault in faults:
        print(fault)
    print("data is sound" if not faults else f"{len(faults)} faults")
    sys.exit(bool(faults))


def task_faults(folder: Path, task: str) -> list[str]:
    faults: list[str] = []
    owner: dict[str, str] = {}
    for split in SPLITS:
        lines = [json.loads(text) for text in (folder / task / f"{split}.jsonl").read_text().splitlines()]
        print(f"{task}/{split}: {len(lines)} problems of {len({line['topic'] for line in lines})} topics")
        if split == "test" and len(lines) < MINIMUM_TESTS:
            faults.append(f"{task}/test: {len(lines)} problems, at least {MINIMUM_TESTS} are needed")
        for line in lines:
            if line["prompt"] in owner:
                faults.append(f"{line['id']}: its prompt is also that of {owner[line['prompt']]}")
            owner[line["prompt"]] = line["id"]
            if split_of(line["prompt"]) != split:
                faults.append(f"{line['id']}: its prompt belongs to {split_of(line['prompt'])}")
            if task == "classify":
                own = split_of(quoted_prompt(line["prompt"]))
                if split == "test" and own != "test" or split != "test" and (own != "train" or line["topic"] in UNSEEN_TASKS):
                    faults.append(f"{line['id']}: it quotes a {own} prompt of {line['topic']}")
            if not reference_is_right(task, line):
                faults.append(f"{line['id']}: the reference does not solve it")
    return faults


def reference_is_right(task: str, line: dict) -> bool:
    if task not in CODE_TASKS:
        return final_answer(task, line["reference"]) == line["answer"]
    program = line["program_prefix"] + line["reference"] + "\n" + "\n".join(line["tests"])
    try:
        exec(program, {})  # noqa: S102
    except Exception:
        return False
    return bool(line["tests"])


if __name__ == "__main__":
    main()
