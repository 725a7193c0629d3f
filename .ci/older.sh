# shellcheck shell=bash
# To be sourced at the top of the repository.

older() { # whether a file is missing or older than the Python and the checkpoint that make it
    [ ! -f "$1" ] || [ -n "$(find requirements.lock runtime export quantize reference tests/runtime tests/parity \
        \( -name '*.py' -o -name '*.lock' -o -name '*.safetensors' \) -newer "$1" -print -quit)" ]
}
