"""Encodes difficult text with the Rust tokenizers library, for the tests of @steepest/c4-data.

Needs the Python packages `tokenizers` 0.23 and `sentencepiece` 0.2. From the repository root, with T5's tokenizer.json:

    python tools/reference/c4-data/encode-edge-cases.py t5/tokenizer.json packages/c4-data
"""

import json
import random
import sys
import tempfile
from base64 import b64encode
from pathlib import Path

import sentencepiece
import tokenizers
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Tokenizer

t5_path, package = sys.argv[1], Path(sys.argv[2])
random.seed(6)

ALPHABETS = [
    "abc XYZ, .!?-'\"$%&@#0123456789",
    "aeo nAu \u0300\u0301\u0308\u0340\u0341\u0344\u0345 éÅ\u212bﬁ½²\u00b4",
    "a \u00a0\u2003\u3000\u1680\u2028\u2029\u202f\u200b\u200c\u200d\ufeff\u0085\u180e\u00ad\u2581",
    "x \t\n\r\u000b\u000c\u0000\u0001\u0008\u001f\u007f\u008f\u009f\ufffd",
    "は ハ\uff9e\u3099ガ日本語ｱｲ（）ＡＢ１２！～〜\u115f한글\u1112\u1161\u11ab각",
    "Привет, мир ёЁ \u0483 עברית \u05b0 العربية \u064b \u0600 \u06dd हिन्दी क्षि ไทย ำ \u0e33",
    "👍🏽 👨‍👩‍👧 🇩🇪🇫 ❤️ © ® ™ ☺ 𝒳 𐍈 \U0001f3fb",
    "“quoted” ‘text’ — – … € £ • é ü ß ñ ç ş ţ â î",
    "!!!???...---***===###%%%777333000",
]
SPELLED = ["</s>", "<unk>", "<pad>", "<extra_id_0>", "<extra_id_99>", "＜/s＞", "< /s>", "<", "</s", "▁", "\r\n", "  "]
WORDS = "the of Laboratories 2,555 773-777-2891 $3000 co-operation Überraschung naïve don't e.g. www.example.org".split()


def difficult():
    pieces = []
    alphabets = random.sample(ALPHABETS, random.choice([1, 1, 2, 3]))
    for _ in range(random.randint(1, 12)):
        kind = random.random()
        if kind < 0.15:
            pieces.append(random.choice(SPELLED))
        elif kind < 0.3:
            pieces.append(random.choice(WORDS))
        else:
            alphabet = random.choice(alphabets)
            pieces.append("".join(random.choice(alphabet) for _ in range(random.randint(1, 6))))
        pieces.append(random.choice(["", "", " ", " ", "\n"]))
    return "".join(pieces)


texts = ["", " ", "\u0001", "a\u0085", "a \u0085 ", "\ufeffa\ufeff", "a \u0301b", "\u0340\u0308", "x \u0340\u0308", "e\u0301\u0308", "y" * 300]
texts += [" ".join("!" * n for n in range(1, 30)), "you!!!!!!!!", "日本 日本日 a日b", "</s>", " </s> a", "a </s> b ", "<pad></s>x"]
texts += [difficult() for _ in range(180)]
# One list of ids per text and tokenizer. A lone half of a surrogate pair cannot reach the Rust library.
texts = list(dict.fromkeys(texts))


def ids(definition):
    tokenizer = Tokenizer.from_str(json.dumps(definition))
    return [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]


def prune(definition, size):
    """The rule of the option `prune`, written a second time."""
    vocabulary = list(enumerate(definition["model"]["vocab"]))
    added = {token["content"] for token in definition["added_tokens"]}
    kept = {i for i, (piece, _) in vocabulary if piece in ("<pad>", "</s>", "<unk>")}
    kept |= {i for i, (piece, _) in vocabulary if len(piece) == 1 and piece not in added}
    rest = [(i, score) for i, (piece, score) in vocabulary if piece not in added and i not in kept]
    kept |= {i for i, _ in sorted(rest, key=lambda entry: -entry[1])[: size - len(kept)]}
    entries = [entry for i, entry in vocabulary if i in kept]
    tokens = [token for token in definition["added_tokens"] if token["id"] in kept]
    return {**definition, "added_tokens": tokens, "model": {**definition["model"], "vocab": entries}}


def small_definition():
    """A tokenizer of T5's kind with a character map of its own, small enough to stand in the repository."""
    rules = {
        "e\u0301": "é", "a\u0308": "ä", "ﬁ": "fi", "½": "1⁄2", "\u00a0": " ", "\u2003": " ", "\u3000": " ", "\u2581": " ",
        "\t": " ", "\n": " ", "\r": " ", "\u200b": " ", "\ufeff": " ", "\u0001": "", "\u001f": "", "\u007f": "", "\u0340": "\u0300",
        "Ａ": "A", "＜": "<", "＞": ">", "\u0344": "\u0308\u0301", "\u212b": "Å",
    }
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "rules.tsv")
        code = lambda text: " ".join(f"{ord(character):X}" for character in text)
        table.write_text("".join(f"{code(source)}\t{code(target)}\n" for source, target in rules.items()), encoding="utf-8")
        corpus = Path(folder, "corpus.txt")
        corpus.write_text((package / "README.md").read_text(encoding="utf-8"), encoding="utf-8")
        sentencepiece.SentencePieceTrainer.train(
            input=str(corpus), model_prefix=f"{folder}/small", vocab_size=400, model_type="unigram", pad_id=0, eos_id=1,
            unk_id=2, bos_id=-1, normalization_rule_tsv=str(table), minloglevel=2,
        )
        model = sentencepiece_model_pb2.ModelProto()
        model.ParseFromString(Path(folder, "small.model").read_bytes())
    special = [{"id": i, "content": c, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
               for i, c in enumerate(["<pad>", "</s>", "<unk>"])]
    charsmap = b64encode(model.normalizer_spec.precompiled_charsmap).decode()
    t5 = json.loads(Path(t5_path).read_text(encoding="utf-8"))
    steps = [{"type": "Precompiled", "precompiled_charsmap": charsmap}, *t5["normalizer"]["normalizers"][1:]]
    vocabulary = [[piece.piece, round(piece.score, 6)] for piece in model.pieces]
    return {**t5, "added_tokens": special, "normalizer": {"type": "Sequence", "normalizers": steps},
            "model": {"type": "Unigram", "unk_id": 2, "vocab": vocabulary, "byte_fallback": False}}


t5 = json.loads(Path(t5_path).read_text(encoding="utf-8"))
# The form in which T5's tokenizer was published first.
legacy = {
    **t5,
    "normalizer": t5["normalizer"]["normalizers"][0],
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
        {"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "\u2581", "add_prefix_space": True}]},
}
embedded = json.loads((package / "src/tokenizers/embedded.tokenizer.json").read_text(encoding="utf-8"))
small = small_definition()
fixtures = package / "test/fixtures"


def write(name, content):
    (fixtures / name).write_text(json.dumps(content, ensure_ascii=True, separators=(",", ":")) + "\n", encoding="utf-8")


write("small.tokenizer.json", small)
write("edge-ids.json", {
    "generatedWith": f"Python tokenizers {tokenizers.__version__}, sentencepiece {sentencepiece.__version__}",
    "texts": texts,
    "ids": {"t5": ids(t5), "t5-legacy": ids(legacy), "t5-4k": ids(prune(t5, 4096)), "embedded": ids(embedded), "small": ids(small)},
})
