"""`cuport run`: several sources, options, the program's own words, what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.programs import SCALE, changed, line_of

Run = Callable[..., subprocess.CompletedProcess[str]]

MAIN = """#include <cstdio>
#include "part.h"
int main(int argc, char **argv) {
    int *d, h;
    cudaMalloc(&d, sizeof(int));
    put<<<1, 1>>>(d, N);
    cudaMemcpy(&h, d, sizeof h, cudaMemcpyDeviceToHost);
    for (int i = 1; i < argc; i++) printf("%s ", argv[i]);
    printf("%d\\n", h);
}
"""
PART = "__global__ void put(int *p, int v);\n"
KERNEL = '#include "part.h"\n__global__ void put(int *p, int v) { p[0] = v + EXTRA; }\n'


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    (tmp_path / "inc").mkdir()
    (tmp_path / "inc" / "part.h").write_text(PART)
    (tmp_path / "main.cu").write_text(MAIN)
    (tmp_path / "part.cu").write_text(KERNEL)
    return tmp_path


def test_sources_and_options_in_any_order(cuport: Run, parts: Path) -> None:
    done = cuport("run", "-D", "N=40", "main.cu", "-Iinc", "part.cu", "-DEXTRA=2", "--", "-I", "a.cu", "--checked")
    assert done.stdout == "-I a.cu --checked 42\n", done.stderr
    assert done.returncode == 0


def test_options_of_nvcc_are_taken_or_left_out(cuport: Run, parts: Path) -> None:
    words = (
        "-O3 -std=c++14 -arch=sm_80 -gencode arch=compute_80,code=sm_80 -rdc=true -lineinfo --use_fast_math -lcudart"
    )
    done = cuport("run", *words.split(), "-Xcompiler", "-fopenmp", "-Iinc", "-DN=1", "-DEXTRA=0", "main.cu", "part.cu")
    assert (done.stdout, done.returncode) == ("1\n", 0), done.stderr


def test_words_that_name_no_source_go_to_the_program(cuport: Run, parts: Path) -> None:
    done = cuport("run", "main.cu", "part.cu", "5", "in.txt", "-Iinc", "-DN=1", "-DEXTRA=0", "--", "6")
    assert done.stdout == "5 in.txt 6 1\n", done.stderr


def test_dry_says_what_would_be_built_and_builds_nothing(cuport: Run, parts: Path, tmp_path: Path) -> None:
    cache = tmp_path / "fresh"
    words = ("run", "--dry", "main.cu", "part.cu", "-Iinc", "-DN=1", "-DEXTRA=0")
    done = cuport(*words, env={"CUPORT_CACHE_DIR": str(cache)})
    assert done.returncode == 0, done.stderr
    assert "main.cu: 0 kernels, 0 launches, 1 local headers" in done.stdout
    assert "part.cu: 1 kernels" in done.stdout
    assert not list(cache.rglob("oracle"))


def test_it_runs_here_with_our_input(cuport: Run, tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "cat.cu").write_text(
        '#include <cstdio>\n#include <cstdlib>\nint main() {\n  char a[20] = "", b[20] = "";\n'
        '  FILE* f = fopen("data.txt", "r");\n  if (!f) return 9;\n  fscanf(f, "%19s", a);\n  scanf("%19s", b);\n'
        '  printf("%s %s %s\\n", a, b, getenv("WORD"));\n}\n'
    )
    (tmp_path / "data.txt").write_text("file")
    done = subprocess.run(
        [sys.executable, "-m", "cuport", "run", "src/cat.cu"],
        cwd=tmp_path,
        env=environment | {"WORD": "shell", "OPENAI_API_KEY": "x"},
        input="input",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("file input shell\n", 0), done.stderr


def test_checked_finds_faults_of_the_whole_program(cuport: Run, tmp_path: Path) -> None:
    text = changed("if (i < n)", "if (i <= n)")
    (tmp_path / "off.cu").write_text(text)
    done = cuport("run", "--checked", "off.cu", "--", "32")
    assert "last of 32" in done.stdout
    assert done.returncode == 0  # one block: no thread beyond it
    done = cuport("run", "--checked", "off.cu", "--", "40")
    where = f"off.cu:{line_of('if (i <= n)', text)}:"
    assert done.returncode == 1, done.stderr
    assert f"{where}1: error: out-of-bounds: reads 4 bytes at byte 160 of x (160 bytes) (kernel scale" in done.stderr
    assert "[oracle.fault]" in done.stderr


def test_capture_keeps_launches_and_says_how_many(cuport: Run, tmp_path: Path) -> None:
    (tmp_path / "scale.cu").write_text(SCALE)
    done = cuport("run", "--capture", "kept", "scale.cu")
    assert done.returncode == 0
    assert "1 of 1 launches are kept in kept" in done.stderr
    with (tmp_path / "kept" / "000001.case").open("rb") as file:
        head = json.loads(file.readline())
    assert (head["kernel"], head["grid"], head["block"]) == ("scale", [4, 1, 1], [32, 1, 1])


@pytest.mark.parametrize(
    ("files", "words", "code", "part"),
    [
        ({}, ["run"], 2, "no source is given"),
        ({}, ["run", "x.py"], 2, "no source is given"),
        ({}, ["run", "gone.cu"], 3, "gone.cu does not exist"),
        ({"a.cu": "__global__ void k() {}\n"}, ["run", "a.cu"], 3, "a.cu has no main()"),
        ({"a.cu": "__global__ void k() {}\n", "b.cpp": ""}, ["run", "a.cu", "b.cpp"], 3, "a.cu, b.cpp have no main()"),
        ({"a.cu": "int main() { return cudaFoo(); }\n"}, ["run", "a.cu"], 3, "a.cu:1:21: error: cudaFoo is no part"),
        ({"a.cpp": "int main() { return x; }\n"}, ["run", "a.cpp"], 3, "a.cpp:1:21: error: 'x' was not declared"),
        ({"a.cu": "int main() {}\n"}, ["run", "a.cu", "-l", "nowhere"], 3, "the linker cannot find -lnowhere"),
        ({"a.cu": "int main() {}\n"}, ["run", "a.cu", "--std", "c++03"], 2, "c++03"),
    ],
)  # fmt: skip
def test_what_is_refused(
    files: dict[str, str], words: list[str], code: int, part: str, cuport: Run, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    done = cuport(*words)
    assert done.returncode == code, done.stderr
    assert part in done.stderr.replace("‘", "'").replace("’", "'")
    assert "Traceback" not in done.stderr


def test_headers_need_no_mention_and_do_no_harm(cuport: Run, parts: Path) -> None:
    (parts / "other.cuh").write_text("int other() { return 1; }\n")
    words = ("main.cu", "part.cu", "inc/part.h", "other.cuh", "-Iinc", "-DN=1", "-DEXTRA=0")
    done = cuport("run", *words)
    assert (done.stdout, done.returncode) == ("1\n", 0), done.stderr
