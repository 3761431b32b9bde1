"""`python -m tests.bench.floor sha256|crc64nvme BYTES`: one checksum over bytes in memory, and nothing else."""

from __future__ import annotations

import sys

from tests.bench.content import crc64nvme_of, sha256_of

if __name__ == "__main__":
    made = {"sha256": sha256_of, "crc64nvme": crc64nvme_of}[sys.argv[1]]
    print(made(int(sys.argv[2])))
