"""The three uses end to end, as a user types them: translate, verify, review; with inspect and run beside them."""

import hashlib
import json
import re
import shlex
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.cli.programs import KERNEL, SCALE, TWO, changed

Run = Callable[..., subprocess.CompletedProcess[str]]
RULES = ("translate", "--translator", "rules")
SCHEMA = Path(__file__).parents[2] / "docs" / "evidence.schema.json"

BY_HAND = """import jax.numpy as jnp


def scale(n, a, x):
    return {"x": x.at[:n].set(a * x[:n] + jnp.float32(1.0))}
"""
WRONG = BY_HAND.replace("float32(1.0)", "float32(1.001)")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "prog.cu").write_text(SCALE)
    return tmp_path


@pytest.fixture
def ported(project: Path, cuport: Run) -> Path:
    """The program with its accepted JAX port beside it; judged once, later from the store."""
    assert cuport(*RULES, "prog.cu", "-t", "jax", "-q").returncode == 0
    return project


def report(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert "Traceback" not in done.stderr
    body = json.loads(done.stdout)
    assert body["schema"] == "cuport-report/1" and body["exit_code"] == done.returncode
    assert isinstance(body, dict)
    return body


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# -- translate -----------------------------------------------------------------------------------------------------


def test_translate_writes_accepted_ports_with_their_evidence(cuport: Run, project: Path) -> None:
    done = cuport(*RULES, "prog.cu", "--output-format", "json")
    body = report(done)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [(v["target"], v["status"]) for v in body["verdicts"]] == [("jax", "ACCEPTED"), ("triton", "ACCEPTED")]
    for target, words in (("jax", ("lowered",)), ("triton", ("compiled",))):
        port, evidence = project / f"prog_{target}.py", project / f"prog_{target}.json"
        assert {str(port.name), str(evidence.name)} <= set(body["written"])
        told = json.loads(evidence.read_text())
        jsonschema.validate(told, json.loads(SCHEMA.read_text()))
        assert told["port_sha256"] == hashlib.sha256(port.read_bytes()).hexdigest()
        assert {b["kind"] for b in told["verdicts"][0]["evidence"]["builds"]} == set(words)
        assert re.search(r"scale\(100, 3.0, x", port.read_text().split('"""')[1]), "a real launch as a call"

    again = cuport(*RULES, "prog.cu")
    assert again.returncode == 0 and "2 accepted  (2 unchanged, from the store)" in again.stdout
    assert again.stdout.count("(unchanged, from the store)") == 2
    for part in (
        "ran       beside the original",
        "domain    n >= 1; len(x) = n",
        "compiled  for cuda:90",
        "lowered   for tpu",
    ):
        assert part in again.stdout


def test_one_file_holds_the_ports_of_all_kernels(cuport: Run, tmp_path: Path) -> None:
    (tmp_path / "two.cu").write_text(TWO)
    done = cuport(*RULES, "two.cu", "-t", "jax", "--out", "ports")
    assert done.returncode == 0, done.stdout + done.stderr
    code = (tmp_path / "ports" / "two_jax.py").read_text()
    assert "\ndef first(" in code and "\ndef second(" in code and code.count("import jax\n") <= 1
    assert [v["kernel"] for v in json.loads((tmp_path / "ports" / "two_jax.json").read_text())["verdicts"]] == [
        "first",
        "second",
    ]
    before = files(tmp_path / "ports")
    part = cuport(*RULES, "two.cu", "-t", "jax", "--out", "ports", "--kernel", "second")
    assert part.returncode == 3 and "[record.would-drop]" in part.stderr and "first" in part.stderr
    assert files(tmp_path / "ports") == before, "a port of both is not replaced by one of one"
    for words in (("--kernel", "third"), ("--kernel", "first", "--kernel", "third")):
        absent = cuport("verify", "two.cu", "ports/two_jax.py", *words)
        assert absent.returncode == 3 and "no kernel named third was found [usage.no-such-kernel]" in absent.stderr
    (tmp_path / "prog.cu").write_text(SCALE)
    one = cuport(*RULES, ".", "-t", "jax", "--kernel", "second", "--out", "one")
    assert one.returncode == 0 and set(files(tmp_path / "one")) == {"two_jax.py", "two_jax.json"}


def test_check_writes_nothing_and_says_what_would_change(cuport: Run, project: Path) -> None:
    check = (*RULES, "prog.cu", "-t", "jax", "--check")
    fresh = cuport(*check)
    assert fresh.returncode == 1 and "would change prog_jax.py" in fresh.stderr
    assert set(files(project)) == {"prog.cu"}
    assert cuport(*RULES, "prog.cu", "-t", "jax").returncode == 0
    before = files(project)
    assert cuport(*check).returncode == 0
    (project / "prog_jax.py").write_text(BY_HAND)
    changed_port = cuport(*check, "--diff")
    assert changed_port.returncode == 1 and "\n-    return {" in changed_port.stdout
    assert files(project) == before | {"prog_jax.py": BY_HAND.encode()}


def test_diff_is_a_unified_diff_that_patch_would_take(cuport: Run, ported: Path) -> None:
    port = ported / "prog_jax.py"
    new = port.read_text()
    port.write_text(BY_HAND)
    done = cuport(*RULES, "prog.cu", "-t", "jax", "--diff", "--overwrite", "-q")
    assert done.returncode == 0 and port.read_text() == new
    diff = done.stdout[done.stdout.index("--- a/prog_jax.py") :]
    assert "\n+++ b/prog_jax.py\n@@ -1," in diff
    removed = [line[1:] for line in diff.splitlines() if line[0] in " -" and not line.startswith("---")]
    added = [line[1:] for line in diff.splitlines() if line[0] in " +" and not line.startswith("+++")]
    assert removed == BY_HAND.splitlines() and added == new.splitlines()
    assert "--- a/" not in cuport(*RULES, "prog.cu", "-t", "jax", "--diff", "-q").stdout, "nothing changed"


def test_a_port_edited_by_hand_is_kept(cuport: Run, ported: Path) -> None:
    port = ported / "prog_jax.py"
    port.write_text(port.read_text() + "# mine\n")
    before = files(ported)
    done = cuport(*RULES, "prog.cu", "-t", "jax", "-q")
    assert done.returncode == 3 and "[record.hand-written]" in done.stderr and "--overwrite" in done.stderr
    assert files(ported) == before
    assert cuport(*RULES, "prog.cu", "-t", "jax", "--overwrite", "-q").returncode == 0
    assert "# mine" not in port.read_text()


def test_a_program_argument_reaches_the_original(cuport: Run, project: Path) -> None:
    (project / "prog.cu").write_text(changed("argc > 1 ? atoi(argv[1]) : 100", "atoi(argv[1])"))
    without = cuport(*RULES, "prog.cu", "-t", "jax", "-q")
    assert without.returncode == 3 and "[oracle.crash]" in without.stdout + without.stderr
    found = json.loads(cuport("inspect", "--cases", "prog.cu", "--arg", "37", "--output-format", "json").stdout)
    captured = [c["label"] for c in found[0]["cases"]["scale"] if c["origin"] == "captured"]
    assert captured and all("n=37" in label for label in captured)


def test_a_bare_kernel_is_judged_on_the_first_guess_of_its_case_file(cuport: Run, tmp_path: Path) -> None:
    (tmp_path / "bare.cu").write_text(KERNEL)
    guess = cuport("inspect", "--write-cases", "bare.cu")
    assert guess.returncode == 0 and "wrote bare.cases.toml" in guess.stderr
    assert "[scale]" in (tmp_path / "bare.cases.toml").read_text()
    done = cuport(*RULES, "bare.cu", "-t", "jax")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "domain    n >= 1; len(x) = n" in done.stdout and (tmp_path / "bare_jax.py").exists()
    again = cuport("inspect", "--write-cases", "bare.cu")
    assert again.returncode == 3 and "[cases.exists]" in again.stderr
    (tmp_path / "bare.cases.toml").write_text("[scale]\nsizes = { m = 3 }\n")
    wrong = cuport("verify", "bare.cu")
    assert wrong.returncode == 3 and "bare.cases.toml:2:" in wrong.stdout, "the case file takes part in the verdict"


# -- verify --------------------------------------------------------------------------------------------------------


def test_forged_evidence_is_not_believed(cuport: Run, ported: Path) -> None:
    (ported / "prog_jax.py").write_text(WRONG)
    told = json.loads((ported / "prog_jax.json").read_text())
    told["port_sha256"] = hashlib.sha256(WRONG.encode()).hexdigest()
    assert told["verdicts"][0]["status"] == "ACCEPTED"
    (ported / "prog_jax.json").write_text(json.dumps(told))
    done = cuport("verify", ".")
    assert done.returncode == 1 and "REJECTED" in done.stdout and "(unchanged" not in done.stdout
    assert json.loads((ported / "prog_jax.json").read_text()) == told, "verify writes nothing"


@pytest.mark.parametrize("what", ["source", "port", "header"])
def test_a_change_of_anything_judged_is_judged_again(what: str, cuport: Run, ported: Path) -> None:
    source, port = ported / "prog.cu", ported / "prog_jax.py"
    if what == "header":
        source.write_text(
            changed("1.0f;\n}", "OFFSET;\n}").replace("#include <cstdio>", '#include "offset.h"\n#include <cstdio>')
        )
        (ported / "offset.h").write_text("#define OFFSET 1.0f\n")
    same = cuport("verify", ".", "--output-format", "json")
    assert report(same)["verdicts"][0]["status"] == "ACCEPTED"
    if what == "source":
        source.write_text(changed("+ 1.0f;", "+ 1.5f;").replace("+ 1.0f ?", "+ 1.5f ?"))
    elif what == "port":
        port.write_text(BY_HAND.replace("float32(1.0)", "float32(1.003)"))
    else:
        (ported / "offset.h").write_text("#define OFFSET 1.25f\n")
        source.write_text(source.read_text().replace("+ 1.0f ?", "+ 1.25f ?"))
    done = cuport("verify", ".", "--output-format", "json")
    (verdict,) = report(done)["verdicts"]
    assert done.returncode == 1 and verdict["status"] == "REJECTED" and not verdict["cached"]


def test_a_rejection_shows_the_first_difference_and_replays(cuport: Run, project: Path) -> None:
    (project / "my ports").mkdir()
    (project / "my ports" / "p.py").write_text(WRONG)
    told = cuport("verify", "prog.cu", "my ports/p.py", "-D", "UNUSED=1 + 2")
    assert told.returncode == 1 and "1 rejected" in told.stdout
    done = cuport("verify", "prog.cu", "my ports/p.py", "-D", "UNUSED=1 + 2", "--output-format", "json")
    (first,) = report(done)["verdicts"]
    example = first["counterexample"]
    assert first["cached"] and f"differs   x[{example['index'][0]}] expected {example['expected']:.9g}" in told.stdout
    assert f"replay    {example['replay']}" in told.stdout, "not wrapped: people copy it"
    program, *words = shlex.split(example["replay"])
    assert program == "cuport"
    replayed = cuport(*words, "--output-format", "json")
    (second,) = report(replayed)["verdicts"]
    assert replayed.returncode == 1
    same = ("buffer", "index", "expected", "got", "bound", "differing", "case_digest")
    assert {k: second["counterexample"][k] for k in same} == {k: example[k] for k in same}
    unknown = cuport("verify", "prog.cu", "my ports/p.py", "--case", "0000")
    assert unknown.returncode == 3 and "[verify.no-such-case]" in unknown.stdout + unknown.stderr


def test_a_rejected_proposal_is_kept_with_a_command_that_replays_it(cuport: Run, project: Path) -> None:
    answer = f"```python\n{WRONG}```\n"
    (project / "answer.txt").write_text(answer)
    env = {"CUPORT_COMMAND": json.dumps(["cat", "answer.txt"])}
    words = ("translate", "--translator", "command", "prog.cu", "-t", "jax", "--attempts", "1")
    done = cuport(*words, "--output-format", "json", env=env)
    (verdict,) = report(done)["verdicts"]
    assert done.returncode == 1 and not (project / "prog_jax.py").exists()
    kept = project / ".cuport" / "rejected" / "prog_scale_jax.py"
    assert "1.001" in kept.read_text() and json.loads(kept.with_suffix(".json").read_text())["status"] == "REJECTED"
    replayed = cuport(*shlex.split(verdict["counterexample"]["replay"])[1:])
    assert replayed.returncode == 1 and "differs   x[" in replayed.stdout


def test_the_report_says_the_same_in_every_format(cuport: Run, ported: Path) -> None:
    (ported / "bad.cu").write_text(changed("+ 1.0f;", "+ 1.5f;").replace("+ 1.0f ?", "+ 1.5f ?"))
    shutil.copy(ported / "prog_jax.py", ported / "bad_jax.py")
    (ported / "lone.cu").write_text("int main() { return 0; }\n")
    (ported / "lone_jax.py").write_text("import jax\n")
    (ported / "portless.cu").write_text(SCALE)
    said = {
        form: cuport("verify", ".", "--output-format", form, "-q")
        for form in ("json", "junit", "sarif", "github", "text")
    }
    assert {form: done.returncode for form, done in said.items()} == dict.fromkeys(said, 1)
    body = report(said["json"])
    assert body["totals"] == {"ACCEPTED": 1, "REJECTED": 1, "INCONCLUSIVE": 0, "UNSUPPORTED": 0, "FAILED": 0}
    assert {d["code"] for d in body["diagnostics"]} == {"read.no-kernel", "verify.no-port"}
    junit = ET.fromstring(said["junit"].stdout)
    assert [junit.get(k) for k in ("tests", "failures", "errors")] == ["3", "1", "1"]
    sarif = json.loads(said["sarif"].stdout)["runs"][0]["results"]
    assert sorted((r["ruleId"], r["level"]) for r in sarif) == [
        ("read.no-kernel", "error"),
        ("rejected", "error"),
        ("verify.no-port", "note"),
    ]
    uris = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in sarif if "locations" in r]
    assert "bad.cu" in uris
    github = said["github"].stdout.splitlines()
    assert [line.split(" ")[0] for line in github if "bad.cu" in line] == ["::error"] and len(github) == 3
    assert "1 accepted, 1 rejected" in said["text"].stdout
    assert all("[read.no-kernel]" in done.stderr for done in said.values()), "stderr says it too"


def test_many_verdicts_are_a_table(cuport: Run, ported: Path) -> None:
    for i in range(7):
        shutil.copy(ported / "prog.cu", ported / f"copy{i}.cu")
        shutil.copy(ported / "prog_jax.py", ported / f"copy{i}_jax.py")
    done = cuport("verify", ".", "-j", "2")
    assert done.returncode == 0 and "8 accepted  (8 unchanged, from the store)" in done.stdout
    rows = [line.split() for line in done.stdout.splitlines() if ".cu" in line]
    assert [r[0] for r in rows] == sorted(f"{n}.cu" for n in ("prog", *(f"copy{i}" for i in range(7))))
    assert all(r[1:4] == ["scale", "jax", "ACCEPTED"] for r in rows)


def test_verify_takes_a_port_by_any_name_and_knows_its_target(cuport: Run, project: Path) -> None:
    (project / "mine.py").write_text(BY_HAND)
    done = cuport("verify", "prog.cu", "mine.py")
    assert done.returncode == 0 and "ACCEPTED     scale -> jax" in done.stdout
    fresh = cuport("verify", "prog.cu", "mine.py", "--fresh")
    assert fresh.returncode == 0 and "from the store" not in fresh.stdout
    (project / "mine.py").write_text("def scale(n, a, x):\n    return {}\n")
    unknown = cuport("verify", "prog.cu", "mine.py")
    assert unknown.returncode == 2 and "[usage.which-target]" in unknown.stderr and "--target" in unknown.stderr
    (project / "mine.py").write_text("import jax\n\n\ndef scale(n, a, x:\n")
    broken = cuport("verify", "prog.cu", "mine.py")
    assert broken.returncode == 3 and "mine.py:4:" in broken.stderr and "[port.syntax-error]" in broken.stderr
    (project / "mine.py").write_text("import jax\n\n\ndef other(n, a, x):\n    return {}\n")
    lacking = cuport("verify", "prog.cu", "mine.py")
    assert lacking.returncode == 3 and "does not define scale" in lacking.stdout and "cuport inspect" in lacking.stdout
    (project / "mine.py").write_text("import os\nimport jax\n\n\ndef scale(n, a, x):\n    return {}\n")
    unlawful = cuport("verify", "prog.cu", "mine.py")
    assert unlawful.returncode == 1 and "mine.py:1:" in unlawful.stdout


# -- review --------------------------------------------------------------------------------------------------------


def git(folder: Path, *words: str) -> None:
    head = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run([*head, *words], check=True, capture_output=True)


def test_review_compares_with_the_port_accepted_last(cuport: Run, ported: Path) -> None:
    port = ported / "prog_jax.py"
    same = cuport("review", ".")
    assert same.returncode == 0 and same.stdout == ""
    assert "0 of 1 ports differ" in same.stderr and "prog_jax.py scale: ACCEPTED" in same.stderr
    port.write_text(port.read_text() + "# mine\n")
    done = cuport("review", "prog.cu")
    assert done.returncode == 0 and "+# mine" in done.stdout.splitlines() and "--- a/prog_jax.py" in done.stdout
    assert "prog_jax.py scale: not judged yet" in done.stderr and "1 of 1 ports differ" in done.stderr


def test_review_compares_with_a_git_revision(cuport: Run, ported: Path) -> None:
    outside = cuport("review", ".", "--base", "HEAD")
    assert outside.returncode == 3 and "[review.git]" in outside.stderr and "Traceback" not in outside.stderr
    git(ported, "init", "-q")
    git(ported, "add", "prog.cu", "prog_jax.py")
    git(ported, "commit", "-q", "-m", "first")
    old = (ported / "prog_jax.py").read_text()
    (ported / "prog_jax.py").write_text(BY_HAND)
    done = cuport("review", ".", "--base", "HEAD")
    assert done.returncode == 0
    removed = [line[1:] for line in done.stdout.splitlines() if line[0] in " -" and not line.startswith("---")]
    assert removed == old.splitlines()
    unknown = cuport("review", ".", "--base", "no-such-branch")
    assert unknown.returncode == 3 and "no-such-branch" in unknown.stderr


# -- inspect and run -----------------------------------------------------------------------------------------------


def test_inspect_says_what_was_read(cuport: Run, project: Path) -> None:
    done = cuport("inspect", "prog.cu", "--output-format", "json")
    (found,) = json.loads(done.stdout)
    assert done.returncode == 0 and found["def_lines"] == {"scale": "def scale(n, a, x):"}
    (kernel,) = found["source"]["kernels"]
    assert [(p["name"], p["ctype"]["dtype"], p["ctype"]["pointer"]) for p in kernel["params"]] == [
        ("n", "int32", 0),
        ("a", "float32", 0),
        ("x", "float32", 1),
    ]
    assert kernel["launches"][0]["block"] == "32" and kernel["span"]["line"] == 3
    with_cases = cuport("inspect", "prog.cu", "--cases")
    assert "domain    n >= 1; len(x) = n" in with_cases.stdout and "captured" in with_cases.stdout


def test_run_is_the_program(cuport: Run, project: Path) -> None:
    assert cuport("run", "prog.cu").stdout == "last of 100: 149.5\n"
    done = cuport("run", "prog.cu", "--", "33")
    assert (done.returncode, done.stdout, done.stderr) == (0, "last of 33: 49\n", "")
    (project / "prog.cu").write_text(changed("? 0 : 7", "? 41 : 7"))
    assert cuport("run", "prog.cu", "7").returncode == 41
    (project / "prog.cu").write_text(changed("return h[n - 1]", 'fprintf(stderr, "%s\\n", argv[2]); return h[n - 1]'))
    done = cuport("run", "prog.cu", "--schedule", "reverse", "--", "64", "--seed")
    assert (done.returncode, done.stderr) == (0, "--seed\n"), "what follows -- is the program's"
