"""Trains tokenizers with the `tokenizers` library (0.23) on the embedded corpus, for the tests of trainTokenizer.

From the repository root:

    python tools/reference/c4-data/train_reference_tokenizers.py packages/c4-data/test/fixtures/trained-tokenizers.json
"""

import gzip
import json
import math
import string
import sys
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

CORPUS = Path(__file__).parents[3] / "packages/c4-data/data/embedded-corpus.jsonl.gz"
TRAINED = 300
HELD_OUT = slice(4000, 4100)
SAMPLES = [
    "Hello,  the nation is at peace.\n\n\tIt's they'll 1234 times — naïve 日本語 😀!",
    "  two spaces  and a tab\t at the end \u00a0\u3000",
    "antidisestablishmentarianism</s>and more<pad>",
    "aaaaaaaa bbbbbbb ababababab abcabcabc",
]
BPE_SIZE = 700
UNIGRAM_SIZE = 1000

with gzip.open(CORPUS, "rt", encoding="utf-8") as file:
    documents = [json.loads(line)["text"] for line in file]


def train_bpe(texts, size):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=["<pad>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer, json.loads(tokenizer.to_str())["model"]["merges"]


def train_unigram():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Replace(Regex("[\\s\\u0000-\\u001f\\u007f]+"), " "),
            normalizers.Strip(left=False, right=True),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="first")
    printable = [character for character in string.printable if not character.isspace()]
    trainer = trainers.UnigramTrainer(
        vocab_size=UNIGRAM_SIZE,
        special_tokens=["<pad>", "</s>", "<unk>"],
        unk_token="<unk>",
        initial_alphabet=printable + ["\u2581"],
        max_piece_length=16,
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents[:TRAINED], trainer)
    return tokenizer


# Runs of one letter and of a few, where pairs overlap and counts tie.
repetitive = ["aaaa aaa aaaaa aa", "abab ababab abcabc", "aab abb aabb bbaa", "zyx zyxzyx xyzxyz"] * 3
bpe, merges = train_bpe(documents[:TRAINED], BPE_SIZE)
unigram = train_unigram()
scores = dict(json.loads(unigram.to_str())["model"]["vocab"])
tokens = 0
likelihood = 0.0
for text in documents[HELD_OUT]:
    pieces = unigram.encode(text, add_special_tokens=False).tokens
    tokens += len(pieces)
    likelihood += sum(scores.get(piece, -math.inf) for piece in pieces)
result = {
    "documents": TRAINED,
    "bpe": {
        "size": BPE_SIZE,
        "merges": merges,
        "samples": [{"text": text, "ids": bpe.encode(text, add_special_tokens=False).ids} for text in SAMPLES],
    },
    "repetitive": {"texts": repetitive, "size": 300, "merges": train_bpe(repetitive, 300)[1]},
    "unigram": {"size": UNIGRAM_SIZE, "heldOut": [HELD_OUT.start, HELD_OUT.stop], "tokens": tokens, "logLikelihood": likelihood},
}
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(result, file, ensure_ascii=False, separators=(",", ":"))
    file.write("\n")
print(len(merges), tokens, likelihood)
