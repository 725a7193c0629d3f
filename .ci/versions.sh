#!/usr/bin/env bash
# Tests the versions that pyproject.toml allows, by default both ends: .ci/versions.sh PYTHON [oldest|newest]
# uv resolves and installs each set into build/versions, of 5 GB with the CUDA packages of PyTorch.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1
sets=("${@:2}")
[ ${#sets[@]} -gt 0 ] || sets=(oldest newest)

tests=( # what meets the dependencies: checkpoints, tracing, quantization, onnxruntime
    tests/reference/test_checkpoint.py tests/reference/test_transformer.py
    tests/export/test_trace.py tests/export/test_requantize.py
    tests/quantize/test_fp16.py tests/quantize/test_int4.py tests/quantize/test_int8.py
    tests/runtime/test_bundle.py tests/runtime/test_generator.py tests/runtime/test_onnxruntime_engine.py
)

"$python" -m venv build/versions
build/versions/bin/pip install --quiet --upgrade uv
uv=build/versions/bin/uv
for set in "${sets[@]}"; do
    case $set in
        oldest) resolution=lowest-direct ;;
        newest) resolution=highest ;;
        *) echo "error: $set is neither oldest nor newest" >&2; exit 2 ;;
    esac
    target=build/versions/$set
    "$uv" venv --quiet --clear --python "$python" "$target"
    "$uv" pip compile --quiet --python "$target" --resolution "$resolution" --extra export pyproject.toml \
        --output-file "$target.txt"
    "$uv" pip install --quiet --python "$target" --requirement "$target.txt" pytest pytest-xdist
    grep -E '^(torch|transformers|diffusers|onnx|onnxscript|onnxruntime|numpy|pydantic)==' "$target.txt" | tr '\n' ' '
    echo "on $("$target/bin/python" --version)"
    "$target/bin/python" -m pytest --quiet -n0 "${tests[@]}"
done
