"""Writes the Parquet fixtures of the tests of @steepest/c4-data with Apache Arrow: two row groups in each of four codecs.

    python tools/reference/c4-data/parquet_file.py
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

FIXTURES = Path(__file__).parents[3] / "packages/c4-data/test/fixtures/parquet"


def main():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    texts = [f"document {i} – 東京" for i in range(5)] + [None, "the end"]
    table = pa.table({"id": pa.array(range(7), pa.int64()), "content": texts, "more": [[str(i)] for i in range(7)]})
    for codec in ("none", "snappy", "zstd", "gzip"):
        pq.write_table(table, FIXTURES / f"{codec}.parquet", compression=codec, row_group_size=4)
    # Arrow does not check the bytes of a string; other writers do not, either.
    latin1 = pa.StringArray.from_buffers(2, pa.array([0, 5, 9], pa.int32()).buffers()[1], pa.py_buffer(b"plaincaf\xe9"))
    wrong = pa.table({"content": latin1})
    pq.write_table(wrong, FIXTURES / "latin1.parquet", compression="none")


if __name__ == "__main__":
    main()
