"""Trains the embedded tokenizer of @steepest/c4-data: 4,096 unigram pieces of T5's kind.

From the repository root (Python package `tokenizers` 0.23):

    node --conditions=@steepest/source --import tsx tools/reference/c4-data/export-documents.ts > documents.jsonl
    python tools/reference/c4-data/train-tokenizer.py documents.jsonl \
        packages/c4-data/src/tokenizers/embedded.tokenizer.json
"""

import json
import string
import sys

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

VOCABULARY_SIZE = 4096
SPECIAL = ["<pad>", "</s>", "<unk>"]

documents_path, output_path = sys.argv[1:3]
with open(documents_path, encoding="utf-8") as file:
    documents = [json.loads(line)["text"] for line in file]

tokenizer = Tokenizer(models.Unigram())
# The idea of T5's normalizer with standard parts: NFKC, any white space is one space, none at the end.
tokenizer.normalizer = normalizers.Sequence(
    [
        normalizers.NFKC(),
        normalizers.Replace(Regex("[\\s\\u0000-\\u001f\\u007f]+"), " "),
        normalizers.Strip(left=False, right=True),
    ]
)
tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="first")
tokenizer.decoder = decoders.Metaspace(replacement="\u2581", prepend_scheme="always")
# Every printable ASCII character is a piece even where the corpus lacks it, so that ordinary English has no <unk>.
printable = [character for character in string.printable if not character.isspace()]
tokenizer.train_from_iterator(
    documents,
    trainers.UnigramTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=SPECIAL,
        unk_token="<unk>",
        initial_alphabet=printable + ["\u2581"],
        max_piece_length=16,
        show_progress=False,
    ),
)
tokenizer.post_processor = processors.TemplateProcessing(
    single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
)

definition = json.loads(tokenizer.to_str())
vocabulary = definition["model"]["vocab"]
assert [piece for piece, _ in vocabulary[:3]] == SPECIAL, vocabulary[:3]
assert len(vocabulary) == VOCABULARY_SIZE, len(vocabulary)
assert not any("\u2581" in piece[1:] for piece, _ in vocabulary)
# Four decimals lose nothing that matters (scores span 3 to 13) and halve the file.
definition["model"]["vocab"] = [[piece, round(score, 4)] for piece, score in vocabulary]
missing = [c for c in printable if c not in {piece for piece, _ in vocabulary}]
assert not missing, missing
with open(output_path, "w", encoding="utf-8") as file:
    json.dump(definition, file, ensure_ascii=False, separators=(",", ":"))
    file.write("\n")
