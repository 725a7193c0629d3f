"""Whether this machine can run Core AI's tests."""

from importlib.util import find_spec

from reference.extras import EXTRAS, coreai_unavailable


def reason_to_skip() -> str | None:
    """Why Apple's runtime cannot run here; `.ci/test.sh` prints it at its end."""
    if why := coreai_unavailable():
        return why
    missing = [package for package in EXTRAS["coreai"] if find_spec(package) is None]
    return "coreai-core is not installed: pip install 'meissonic-mobile[coreai]'" if missing else None
