#!/usr/bin/env bash
# Swift on Debian: trixie's own package (and the header of onnxruntime's C API) in a root in build/swift-root, for
# Debian 12's libc is too old for it. The system's packages are not touched. Two minutes, 2.7 GB, or nothing where it
# was done before. Needs root: the folder becomes a machine of its own (chroot with /proc).
#
# usage: .ci/swift.sh                  makes the root
#        .ci/swift.sh COMMAND...       ... and runs COMMAND in it, at the top of the repository
set -euo pipefail
cd "$(dirname "$0")/.."
root=build/swift-root
packages=swiftlang,libc6-dev,libstdc++-14-dev,git,ca-certificates,pkgconf,zlib1g-dev,libonnxruntime-dev

need() { echo "error: $0 needs $1" >&2; exit 2; }

key=$(echo "$packages" | sha256sum)
if [ "$(cat "$root/ready" 2>/dev/null)" != "$key" ]; then
    [ "$(id -u)" = 0 ] || need "root, to make a Debian root: run it with sudo, or install Swift 6 from swift.org"
    command -v apt-get >/dev/null || need "apt-get: run it on Debian, or install Swift 6 from swift.org"
    if ! command -v mmdebstrap >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq mmdebstrap >/dev/null
    fi
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -1)
    [ -n "$mirror" ] || need "a Debian mirror: add one to /etc/apt/sources.list"
    rm -rf "$root" "$root.partial"
    mkdir -p build
    mmdebstrap --quiet --variant=minbase --include="$packages" trixie "$root.partial" "$mirror"
    echo "$key" >"$root.partial/ready"
    mv "$root.partial" "$root"
fi
[ $# -gt 0 ] || exit 0

# The repository under its own path, so that messages and build folders name the same files inside and outside.
[ "$(id -u)" = 0 ] || need "root, to enter $root: run it with sudo"
export PROJECT=$PWD ROOT=$PWD/$root
mkdir -p "$ROOT$PROJECT"
exec unshare --mount --pid --fork bash -euc '
    mount -t proc proc "$ROOT/proc"
    mount --bind "$PROJECT" "$ROOT$PROJECT"
    exec chroot "$ROOT" /usr/bin/env -i HOME=/root PATH=/usr/bin:/usr/sbin:/bin LANG=C.UTF-8 \
        ${MEISSONIC_ONNXRUNTIME:+"MEISSONIC_ONNXRUNTIME=$MEISSONIC_ONNXRUNTIME"} bash -c "cd \"\$0\" && exec \"\$@\"" "$PROJECT" "$@"
' bash "$@"
