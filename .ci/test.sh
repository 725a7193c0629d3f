#!/usr/bin/env bash
# The tests of all four languages. Kotlin's, Swift's and TypeScript's run one after the other beside Python's, because
# compilers and single tests leave cores idle. Both always run to their end; Python's summary is the last line. The exit
# code is 0 if all passed.
#
# usage: .ci/test.sh PYTHON      after `make android-vectors iphone-vectors web-vectors`
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p build

phones() {
    local failed=0
    .ci/android.sh || failed=1
    .ci/ios.sh "$1" || failed=1
    .ci/web.sh || failed=1
    return $failed
}

set -m # the job gets a process group, so that the trap ends its children too
phones "$1" >build/phones.log 2>&1 </dev/null &
job=$!
set +m
trap 'kill -- -$job 2>/dev/null' EXIT

# Two workers of one thread each: more threads would fight over two cores.
OMP_NUM_THREADS=1 "$1" -m pytest -n 2 -m 'not slow' 2>&1 | tee build/pytest.log
python=$?

wait $job
phones=$?
cat build/phones.log
why=$("$1" -c 'from tests.npu.conftest import reason_to_skip; print(reason_to_skip() or "")')
[ -z "$why" ] || echo "WARNING: no test of the NPU ran: $why" >&2
why=$("$1" -c 'from tests.apple import reason_to_skip; print(reason_to_skip() or "")')
[ -z "$why" ] || echo "WARNING: no test of Core AI ran: $why" >&2
[ $phones = 0 ] || echo "error: the tests of Kotlin, Swift or the page failed: see above" >&2
tail -n 1 build/pytest.log
[ $python = 0 ] || exit $python
exit $phones
