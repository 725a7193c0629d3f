"""`python -m tests.parity.iphone_vectors`: Swift's own expected results, in build/phones/iphone-vectors."""

import json

from tests.parity.record_calls import recorded_calls
from tests.parity.record_pngs import recorded_pngs
from tests.shared_bundles import PHONES, make_once, shared_bundle

FOLDER = PHONES / "iphone-vectors"


def write() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    calls = recorded_calls(shared_bundle("iphone"))
    (FOLDER / "calls.json").write_text(json.dumps(calls), encoding="utf-8")
    (FOLDER / "pngs.json").write_text(json.dumps(recorded_pngs(FOLDER)), encoding="utf-8")


if __name__ == "__main__":
    make_once(FOLDER, write, "tests/parity")
