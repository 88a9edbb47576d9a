"""`make corpus-nvcc`: every program of corpus/ compiled by NVIDIA's compiler, which proves that it is CUDA."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from tests.corpus.programs import Entry, entries

from cuport.oracle.gpu import find_nvcc

# sm_80: what the programs use of tensor cores and bfloat16 needs it.
FLAGS = ("-std=c++17", "-arch=sm_80", "--extended-lambda", "--expt-relaxed-constexpr", "-w", "-c", "-o", os.devnull)


def main(names: list[str]) -> int:
    nvcc = find_nvcc()
    if nvcc is None:
        print("skipped: no nvcc on this machine, so whether it takes the corpus was not seen")
        return 0
    chosen = [e for e in entries() if not names or e.name in names]

    def compiled(entry: Entry) -> tuple[Entry, str]:
        done = subprocess.run([nvcc, *FLAGS, str(entry.path)], capture_output=True, text=True, check=False)
        return entry, "" if done.returncode == 0 else done.stderr.strip() or f"exit code {done.returncode}"

    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for entry, complaint in pool.map(compiled, chosen):
            if complaint:
                failed += 1
                print(f"{entry.name}:\n{complaint}")
    print(f"{len(chosen) - failed} of {len(chosen)} programs compile with {nvcc}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
