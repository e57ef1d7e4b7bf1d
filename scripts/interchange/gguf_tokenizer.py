"""What a GGUF file says about the tokenizer: tokenizer.json, tokenizer_config.json, the chat templates and the token ids."""

import re
from collections import Counter

from gguf import TokenType
from gguf_file import File
from input_error import InputError

USE_ANOTHER = "t2 has no such tokenizer: use the model's own Hugging Face folder."
PIECE_LIMIT = 4096
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
          r"\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
TEKKEN = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|"
          r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|"
          r"\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
# What llama.cpp does for a file that does not name its pre-tokenizer.
UNNAMED = (r"[\p{P}\$\+<=>\^~\|]+", GPT2.removesuffix(r"|\s+"), r"\p{N}+", r"[0-9][0-9][0-9]")


def byte_level(use_regex: bool) -> dict:
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": use_regex}


def splits(*patterns: str) -> dict:
    parts = [{"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False} for pattern in patterns]
    return {"type": "Sequence", "pretokenizers": [*parts, byte_level(False)]}


# For each `tokenizer.ggml.pre` of a byte-level tokenizer: the sections normalizer and pre_tokenizer, ignore_merges, and whether
# llama.cpp begins every text with BOS if the file does not say so.
PRE_TOKENIZERS = {
    "gpt-2": (None, byte_level(True), False, False),
    "smollm": (None, {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level(True)]},
               False, False),
    "llama-bpe": (None, splits(LLAMA3), True, True),
    "qwen2": ({"type": "NFC"}, splits(QWEN2), False, False),
    "tekken": (None, splits(TEKKEN), True, True),
    "default": (None, splits(*UNNAMED), False, False),
}
PRE_TOKENIZERS |= dict.fromkeys(("llama3", "llama-v3"), PRE_TOKENIZERS["llama-bpe"])


class TokenizerOfFile:
    def __init__(self, file: File):
        self.file = file
        self.kind = file.get("tokenizer.ggml.model", str)
        if self.kind not in ("gpt2", "llama"):
            raise self.error(f"its tokenizer is of the kind '{self.kind}', expected gpt2 (byte-level BPE) or llama (SentencePiece's)")
        self.tokens = file.list_of("tokenizer.ggml.tokens", str)
        self.types = file.list_of("tokenizer.ggml.token_type", int)
        if len(self.types) != len(self.tokens):
            raise self.error(f"it has {len(self.tokens)} tokens, but types of {len(self.types)}")
        # Rows of the embeddings without a token, which llama.cpp names [PAD7].
        self.used = [index for index, kind in enumerate(self.types) if kind != TokenType.UNUSED]
        if twice := [token for token, count in Counter(self.tokens[index] for index in self.used).items() if count > 1]:
            raise self.error(f"the token '{twice[0]}' stands there twice")
        self.ids = {self.tokens[index]: index for index in self.used}
        self.bos, self.eos, self.unknown, self.padding, self.end_of_turn, self.end_of_message = map(
            self.named, ("bos", "eos", "unknown", "padding", "eot", "eom"))
        unknown_pieces = [index for index in self.used if self.types[index] == TokenType.UNKNOWN]
        if self.unknown is None and unknown_pieces:
            self.unknown = unknown_pieces[0]

    def error(self, problem: str, remedy: str = USE_ANOTHER) -> InputError:
        return InputError(self.file.path, problem, remedy)

    def named(self, name: str) -> int | None:
        token = self.file.get(f"tokenizer.ggml.{name}_token_id", int, None)
        if token is not None and not 0 <= token < len(self.tokens):
            raise self.error(f"its {name} token is {token}, expected 0 to {len(self.tokens) - 1}")
        return token

    @property
    def ends(self) -> list[int]:
        found = [token for token in (self.eos, self.end_of_turn, self.end_of_message) if token is not None]
        return list(dict.fromkeys(found))

    def added_tokens(self) -> list[dict]:
        names = {self.bos, self.eos, self.unknown, self.padding, self.end_of_turn, self.end_of_message}
        kinds = {index: index in names or self.types[index] in (TokenType.CONTROL, TokenType.UNKNOWN) for index in self.used
                 if index in names or self.types[index] in (TokenType.CONTROL, TokenType.UNKNOWN, TokenType.USER_DEFINED)}
        return [{"id": index, "content": self.tokens[index], "single_word": False, "lstrip": False, "rstrip": False,
                 "normalized": False, "special": special} for index, special in kinds.items()]

    def vocabulary(self, added: list[dict]) -> dict[str, int]:
        """Added tokens that follow the others without a gap stand in added_tokens alone, as in published files: there they get
        the same ids. Others also stand here."""
        outside = {token["id"] for token in added}
        first = max((index for index in self.used if index not in outside), default=-1) + 1
        is_dense = all(kind != TokenType.UNUSED for kind in self.types[:max(outside, default=-1) + 1])
        if self.kind == "llama" or not is_dense:
            return self.ids
        return {token: index for token, index in self.ids.items() if index < first}

    def merges(self, vocabulary: dict[str, int]) -> list[list[str]]:
        if "tokenizer.ggml.merges" in self.file.values or self.kind == "gpt2":
            pairs = [merge.split(" ") for merge in self.file.list_of("tokenizer.ggml.merges", str)]
            for pair in pairs:
                if len(pair) != 2 or not {*pair, "".join(pair)} <= vocabulary.keys():
                    raise self.error(f"the merge '{' '.join(pair)}' is not of two tokens that make a third one")
            return pairs
        return self.merges_by_scores(vocabulary)

    def merges_by_scores(self, vocabulary: dict[str, int]) -> list[list[str]]:
        """SentencePiece joins the two neighbours whose piece has the highest score. The same order as a list of merges, as
        transformers makes it: each way to cut a piece in two pieces, by descending score."""
        scores = self.file.list_of("tokenizer.ggml.scores", float)
        if len(scores) != len(self.tokens):
            raise self.error(f"it has {len(self.tokens)} tokens, but scores of {len(scores)}")
        normal = [index for index in self.used if self.types[index] == TokenType.NORMAL]
        if len(normal) > 1 and len({scores[index] for index in normal}) == 1:
            raise self.error("its tokens all have one score, so that their order cannot be known")
        merges = []
        for piece, index in vocabulary.items():
            if len(piece) > PIECE_LIMIT:
                raise self.error(f"token {index} has {len(piece)} characters, expected at most {PIECE_LIMIT}")
            cuts = [(piece[:place], piece[place:]) for place in range(1, len(piece))]
            cuts = [cut for cut in cuts if cut[0] in vocabulary and cut[1] in vocabulary]
            merges += [(scores[index], *cut) for cut in sorted(cuts, key=lambda cut: (vocabulary[cut[0]], vocabulary[cut[1]]))]
        merges.sort(key=lambda merge: (merge[0], len(merge[1]), len(merge[2])), reverse=True)
        return [[left, right] for _, left, right in merges]

    def begins_with_bos(self, default: bool) -> bool:
        return self.file.get("tokenizer.ggml.add_bos_token", bool, default) and self.bos is not None

    def post_processor(self, default: bool) -> dict | None:
        """BOS before and EOS after a text, if the file says so."""
        start = [self.bos] if self.begins_with_bos(default) else []
        end = [self.eos] if self.file.get("tokenizer.ggml.add_eos_token", bool, False) and self.eos is not None else []
        if not start + end:
            return None

        def single(name: str, number: int) -> list[dict]:
            def special(tokens: list[int]) -> list[dict]:
                return [{"SpecialToken": {"id": self.tokens[token], "type_id": number}} for token in tokens]
            return [*special(start), {"Sequence": {"id": name, "type_id": number}}, *special(end)]
        return {"type": "TemplateProcessing", "single": single("A", 0), "pair": single("A", 0) + single("B", 1),
                "special_tokens": {self.tokens[token]: {"id": self.tokens[token], "ids": [token], "tokens": [self.tokens[token]]}
                                   for token in start + end}}

    def content(self) -> dict:
        """The content of tokenizer.json."""
        added = self.added_tokens()
        vocabulary = self.vocabulary(added)
        head = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added}
        model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
                 "fuse_unk": False, "byte_fallback": False, "ignore_merges": False}
        name = self.file.get("tokenizer.ggml.pre", str, "default")
        content = {"vocab": vocabulary, "merges": self.merges(vocabulary)}
        if self.kind == "gpt2":
            if name not in PRE_TOKENIZERS:
                raise self.error(f"its pre-tokenizer is '{name}', expected {', '.join(PRE_TOKENIZERS)}")
            normalizer, pre_tokenizer, ignores_merges, starts = PRE_TOKENIZERS[name]
            return head | {"normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "post_processor": self.post_processor(starts),
                           "decoder": byte_level(True) | {"add_prefix_space": True},
                           "model": model | {"ignore_merges": ignores_merges} | content}
        if name != "default":
            raise self.error(f"its pre-tokenizer is '{name}', expected default for SentencePiece's kind")
        self.check_bytes()
        unknown = None if self.unknown is None else self.tokens[self.unknown]
        return head | self.space_marks() | {
            "post_processor": self.post_processor(True),
            "model": model | {"unk_token": unknown, "fuse_unk": True, "byte_fallback": TokenType.BYTE in self.types} | content}

    def check_bytes(self) -> None:
        for index in self.used:
            if self.types[index] == TokenType.BYTE and not re.fullmatch("<0x[0-9A-F]{2}>", self.tokens[index]):
                raise self.error(f"the byte token {index} is '{self.tokens[index]}', expected a name like <0x0A>")

    def space_marks(self) -> dict:
        """Spaces as ▁, and one before every stretch of text, as llama.cpp and Llama 2 put it there. Mistral's tokenizers that have
        [INST] as a token put one before the whole text only."""
        replace = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
        decoders = [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]
        strip = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
        if not self.file.get("tokenizer.ggml.add_space_prefix", bool, True):
            return {"normalizer": {"type": "Sequence", "normalizers": [replace]}, "pre_tokenizer": None,
                    "decoder": {"type": "Sequence", "decoders": decoders}}
        decoder = {"type": "Sequence", "decoders": [*decoders, strip]}
        if "[INST]" in self.ids and self.types[self.ids["[INST]"]] == TokenType.CONTROL:
            return {"normalizer": None, "decoder": decoder, "pre_tokenizer": {
                "type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}}
        prepend = {"type": "Prepend", "prepend": "▁"}
        return {"normalizer": {"type": "Sequence", "normalizers": [prepend, replace]}, "pre_tokenizer": None, "decoder": decoder}

    def names(self) -> dict[str, str]:
        """The special tokens by the names that chat templates read."""
        found = {"bos_token": self.bos, "eos_token": self.eos, "unk_token": self.unknown, "pad_token": self.padding}
        return {name: self.tokens[token] for name, token in found.items() if token is not None}

    def templates(self) -> dict[str, str]:
        """The chat templates by the files to write."""
        templates = {}
        if (text := self.file.get("tokenizer.chat_template", str, None)) is not None:
            templates["chat_template.jinja"] = text
        for name in self.file.get("tokenizer.chat_templates", list, []):
            if not re.fullmatch("[A-Za-z0-9_-]+", str(name)):
                raise self.error(f"it has a chat template of the name '{name}', expected letters and digits")
            templates[f"additional_chat_templates/{name}.jinja"] = self.file.get(f"tokenizer.chat_template.{name}", str)
        return templates
