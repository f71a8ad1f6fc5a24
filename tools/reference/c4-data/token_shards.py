"""Reads and writes token shards with NumPy alone, as the README of @steepest/c4-data describes them.

    python tools/reference/c4-data/token_shards.py check FOLDER    sees that NumPy finds in a folder what its manifest says
    python tools/reference/c4-data/token_shards.py write           makes the fixtures of the tests anew
"""

import hashlib
import json
import math
import sys
import zlib
from pathlib import Path

import numpy as np

FIXTURES = Path(__file__).parents[3] / "packages/c4-data/test/fixtures"
INDEX_TYPE = np.dtype([("end", "<u4"), ("bytes", "<u4")])


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def block_checksums(*paths):
    """CRC-32 of each 16 KiB of each file, one file after the other."""
    blocks = [data[i : i + 16384] for data in map(Path.read_bytes, paths) for i in range(0, len(data), 16384)]
    return np.array([zlib.crc32(block) for block in blocks], dtype="<u4")


def checksum(content):
    """SHA-256 of the compact JSON of a manifest without its own checksum."""
    return hashlib.sha256(json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def check(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest.pop("checksum") == checksum(manifest)
    token_type = {"uint16": "<u2", "uint32": "<u4"}[manifest["tokenType"]]
    end_of_sequence = manifest["tokenizer"]["endOfSequence"]
    for name, split in manifest["splits"].items():
        documents = 0
        for shard in split["shards"]:
            tokens = np.memmap(folder / shard["tokensFile"], dtype=token_type, mode="r")
            index = np.memmap(folder / shard["documentsFile"], dtype=INDEX_TYPE, mode="r")
            assert len(tokens) == shard["tokens"] and len(index) == shard["documents"]
            assert index["bytes"].astype(np.int64).sum() == shard["bytes"]
            assert tokens.max() < manifest["tokenizer"]["vocabularySize"]
            assert (tokens[index["end"].astype(np.int64) - 1] == end_of_sequence).all()
            assert (np.diff(index["end"].astype(np.int64), prepend=0) >= 2).all() and index["end"][-1] == len(tokens)
            assert sha256(folder / shard["tokensFile"]) == shard["tokensSha256"]
            assert sha256(folder / shard["documentsFile"]) == shard["documentsSha256"]
            assert sha256(folder / shard["checksumsFile"]) == shard["checksumsSha256"]
            blocks = np.fromfile(folder / shard["checksumsFile"], dtype="<u4")
            assert (blocks == block_checksums(folder / shard["tokensFile"], folder / shard["documentsFile"])).all()
            documents += len(index)
        assert documents == split["documents"]
        print(json.dumps({"split": name, "documents": documents, "tokens": split["tokens"]}))


def write_shards():
    """Two shards of made-up 32-bit ids: document d of n has n + d % 5 text tokens; ids are a congruence of their place."""
    folder = FIXTURES / "numpy-shards"
    folder.mkdir(parents=True, exist_ok=True)

    def split(name, document_counts, place):
        shards = []
        for number, count in enumerate(document_counts):
            lengths = np.array([6 + d % 5 for d in range(count)])
            ends = np.cumsum(lengths)
            tokens = (np.arange(place, place + ends[-1], dtype=np.int64) * 7919 + 13) % 70000 + 3
            tokens[ends - 1] = 1
            index = np.zeros(count, dtype=INDEX_TYPE)
            index["end"], index["bytes"] = ends, 4 * (lengths - 1) + 1
            files = {f"{kind}File": f"{name}-{number:05}.{kind}" for kind in ("tokens", "documents", "checksums")}
            tokens.astype("<u4").tofile(folder / files["tokensFile"])
            index.tofile(folder / files["documentsFile"])
            blocks = block_checksums(folder / files["tokensFile"], folder / files["documentsFile"])
            blocks.tofile(folder / files["checksumsFile"])
            hashes = {file.replace("File", "Sha256"): sha256(folder / path) for file, path in files.items()}
            counts = {"documents": count, "tokens": int(ends[-1]), "bytes": int(index["bytes"].sum())}
            shards.append({**files, **counts, **hashes})
            place += int(ends[-1])
        totals = {key: sum(shard[key] for shard in shards) for key in ("documents", "tokens", "bytes")}
        return {**totals, "shards": shards}

    splits = {"train": split("train", [20, 13], 0), "validation": split("validation", [5], 1000)}
    tokenizer = {"hash": "made up", "vocabularySize": 70003, "endOfSequence": 1, "file": "tokenizer.json"}
    manifest = {
        "format": "steepest-token-shards",
        "version": 2,
        "tokenType": "uint32",
        "tokenizer": {**tokenizer, "sha256": "0" * 64},
        "seed": None,
        "validationFraction": None,
        "limits": {"shardTokens": 160, "documents": None, "validationDocuments": None},
        "source": {"type": "numpy"},
        "inputs": [],
        "malformedLines": {"count": 0, "examples": []},
        "splits": splits,
    }
    sealed = {**manifest, "checksum": checksum(manifest)}
    (folder / "manifest.json").write_text(json.dumps(sealed, indent=2) + "\n")


def permutation(length, label):
    """The generalized Feistel cipher with cycle walking of src/permutation.ts, on Python's integers."""
    mask = 0xFFFFFFFF
    rows = math.isqrt(length - 1) + 1
    columns = -(-length // rows)
    rounds = 16 if length < 4096 else 8
    digest = hashlib.sha512(label.encode()).digest()
    keys = [int.from_bytes(digest[4 * i : 4 * i + 4], "little") for i in range(rounds)]

    def mixed(value, key, below):
        x = value ^ key
        x = ((x ^ (x >> 16)) * 0x85EBCA6B) & mask
        x = ((x ^ (x >> 13)) * 0xC2B2AE35) & mask
        return ((x ^ (x >> 16)) * below) >> 32

    def place(index):
        while True:
            row, column = divmod(index, columns)
            for i in range(0, rounds, 2):
                row = (row + mixed(column, keys[i], rows)) % rows
                column = (column + mixed(row, keys[i + 1], columns)) % columns
            index = row * columns + column
            if index < length:
                return index

    return place


def shuffled(count, label):
    """Fisher and Yates' order by xoroshiro128+ (Blackman and Vigna), of src/batches/document-order.ts, on Python's integers."""
    mask = 2**64 - 1
    seed = int.from_bytes(hashlib.sha256(label.encode()).digest()[:4], "little")
    state = [0xFFFFFFFF << 32 | (seed ^ 0xFFFFFFFF), seed << 32]

    def rotated(value, bits):
        return (value << bits | value >> (64 - bits)) & mask

    def below(bound):
        while True:
            low = (state[0] + state[1]) & 0xFFFFFFFF
            mixed = state[0] ^ state[1]
            state[0], state[1] = rotated(state[0], 24) ^ mixed ^ (mixed << 16 & mask), rotated(mixed, 37)
            value = low ^ 0x80000000
            if value < 2**32 // bound * bound:
                return value % bound

    order = list(range(count))
    for last in range(count - 1, 0, -1):
        other = below(last + 1)
        order[last], order[other] = order[other], order[last]
    return order


def write_order():
    """The sequences of two epochs of the made-up shards, by seed 5 and contextLength 10."""
    folder = FIXTURES / "numpy-shards"
    manifest = json.loads((folder / "manifest.json").read_text())
    documents = []
    for shard in manifest["splits"]["train"]["shards"]:
        tokens = np.fromfile(folder / shard["tokensFile"], dtype="<u4")
        index = np.fromfile(folder / shard["documentsFile"], dtype=INDEX_TYPE)
        documents += np.split(tokens, index["end"][:-1])
    rows = []
    for epoch in (0, 1):
        stream = np.concatenate([documents[i] for i in shuffled(len(documents), f"train 5 {epoch}")])
        rows += [stream[10 * i : 10 * i + 11].tolist() for i in range((len(stream) - 1) // 10)]
    (FIXTURES / "numpy-shards-order.json").write_text(json.dumps(rows) + "\n")


def write_permutations():
    cases = []
    for length, label in [(1, "a"), (2, "a"), (5, "a"), (12, "b"), (1000, "c"), (4096, "d"), (304_723_012, "e"), (2**45 + 7, "f")]:
        place = permutation(length, label)
        indices = range(length) if length < 20 else [0, 1, 2, 3, length // 2, length - 2, length - 1]
        cases.append({"length": length, "label": label, "places": {str(i): place(i) for i in indices}})
    (FIXTURES / "permutation.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["check"] and len(sys.argv) == 3:
        check(Path(sys.argv[2]))
    elif sys.argv[1:] == ["write"]:
        write_shards()
        write_order()
        write_permutations()
    else:
        sys.exit(__doc__)
