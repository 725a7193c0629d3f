#!/usr/bin/env bash
# The tests of all three languages: Kotlin's and Swift's one after the other, Python's beside them, for compilers and
# single tests leave cores idle. Python's are printed last, whichever end first; the exit code is 0 if all passed.
#
# usage: .ci/test.sh PYTHON      after `make android-vectors iphone-vectors`
set -uo pipefail
cd "$(dirname "$0")/.."
log=build/pytest.log
mkdir -p build

# Two workers of one thread each: more threads would fight over two cores.
OMP_NUM_THREADS=1 "$1" -m pytest -n 2 -m 'not slow' >"$log" 2>&1 &
pytest=$!
trap 'kill $pytest 2>/dev/null' EXIT

phones=0
.ci/android.sh || phones=$?
.ci/ios.sh "$1" || phones=$?

tail -n +1 -f "$log" &
reader=$!
wait $pytest
python=$?
sleep 1 # for the last lines
kill $reader
wait $reader 2>/dev/null
if [ "$phones" != 0 ]; then
    echo "error: the tests of Kotlin or Swift failed: see above" >&2
    exit "$phones"
fi
exit "$python"
