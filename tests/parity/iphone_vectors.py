"""`python -m tests.parity.iphone_vectors`: Swift's own expected results, in build/phones/iphone-vectors.

Those of a Core AI bundle need Apple's runtime; where it cannot run, a line says so and Swift skips its test.
"""

import json
import shutil
import sys
from pathlib import Path

from tests.apple import reason_to_skip
from tests.float_bundle import WIDER, write_checkpoint
from tests.parity.record_calls import recorded_calls
from tests.parity.record_pngs import recorded_pngs
from tests.shared_bundles import PHONES, make_once, shared_bundle

FOLDER, COREAI = PHONES / "iphone-vectors", PHONES / "iphone27"


def write() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    calls = recorded_calls(shared_bundle("iphone"))
    (FOLDER / "calls.json").write_text(json.dumps(calls), encoding="utf-8")
    (FOLDER / "pngs.json").write_text(json.dumps(recorded_pngs(FOLDER)), encoding="utf-8")


def write_coreai() -> None:
    """A Core AI bundle of a small random checkpoint, and its calls. Raises SystemExit if its export fails."""
    from export.coreai import main as export

    shutil.rmtree(COREAI, ignore_errors=True)
    COREAI.mkdir(parents=True)
    checkpoint = write_checkpoint(COREAI / "checkpoint", WIDER)
    bundle: Path = COREAI / "bundle"
    if code := export(["--checkpoint", str(checkpoint), "--fp32", "--out", str(bundle)]):
        raise SystemExit(code)
    (COREAI / "calls.json").write_text(json.dumps(recorded_calls(bundle)), encoding="utf-8")


if __name__ == "__main__":
    make_once(FOLDER, write, "tests/parity")
    if why := reason_to_skip():
        shutil.rmtree(COREAI, ignore_errors=True)
        print(f"WARNING: Swift is not compared with calls of Core AI: {why}", file=sys.stderr)
    else:
        make_once(COREAI, write_coreai, "tests/parity")
