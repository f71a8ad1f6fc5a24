"""Encodes sample texts with the Rust `tokenizers` (0.23) and the embedded definition, for the tests of @steepest/c4-data.

    python tools/reference/c4-data/encode-samples.py packages/c4-data/src/tokenizers/embedded.tokenizer.json \
        packages/c4-data/test/fixtures/embedded-ids.json
"""

import json
import sys

from tokenizers import Tokenizer

SAMPLES = [
    "",
    " ",
    "The optimizer takes one step along the gradient.",
    "  Leading, doubled  and trailing spaces \n\tand lines  ",
    "Learning rates of 3.16e-4, 1e-3 & 0.01; batch = 256 x 512 tokens (131,072).",
    "Don't panic: it's only \"text\" - isn't it?",
    "ﬁne ligatures, ＦＵＬＬ width, ½ and ² by NFKC",
    "Ünknown çharacters: 東京, Москва, 🙂🙃 and é",
    "const f = (x) => x ** 2; // {a: [1, 2]} <b> ~ ^ | \\ ` @ # $ %",
    "An unusually long word: antidisestablishmentarianism, then wwwwwwwwwwwwwwwwwwww.",
    "Ends with a special token </s>",
    "<pad> starts, <unk> is inside and </s> too.",
    "Fellow citizens, the state of our Union is strong. " * 20,
]

tokenizer = Tokenizer.from_file(sys.argv[1])
cases = []
for text in SAMPLES:
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    cases.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids)})
with open(sys.argv[2], "w", encoding="utf-8") as file:
    json.dump({"generatedWith": "Python tokenizers 0.23.3", "cases": cases}, file, ensure_ascii=False, indent=1)
    file.write("\n")
