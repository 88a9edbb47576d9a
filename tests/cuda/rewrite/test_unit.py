"""Device-only units: what host code alone needs stays out."""

from pathlib import Path

from cuport.cuda import read
from cuport.cuda.rewrite import unit_text

PROGRAM = """#include <algorithm>
#include <iostream>
using std::cout; using std::endl;
using std::max;
__global__ void k(int* a, int n) { int i = threadIdx.x; if (i < n) a[i] = max(a[i], 3); }
int main() { cout << "PASS" << endl; }
"""


def test_a_using_declaration_goes_with_the_code_that_needs_it(tmp_path: Path) -> None:
    (tmp_path / "a.cu").write_text(PROGRAM)
    text = unit_text(read(tmp_path / "a.cu"), ["k"])
    assert "using std::cout" not in text and "using std::endl" not in text and "<iostream>" not in text
    assert "using std::max" in text
