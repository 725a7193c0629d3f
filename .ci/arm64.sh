#!/usr/bin/env bash
# An ARM64 machine in build/arm64, to run bundles on a phone's instruction set: QEMU's user mode, a Debian root with
# Python, and the aarch64 wheels of what the runtime imports, in the versions of requirements.lock. Everything stays
# in that folder; the system's packages are not touched. Half a minute, or nothing where it was done before.
#
# usage: .ci/arm64.sh [PYTHON]      PYTHON's pip downloads the wheels; default: python3
set -euo pipefail
cd "$(dirname "$0")/.."
python="${1:-python3}"
target=build/arm64
work=$PWD/$target.partial
# bookworm's QEMU 7.2 crashes when onnxruntime is imported. trixie's is a static program and runs on either.
release=trixie

key=$(cat .ci/arm64.sh requirements.lock pyproject.toml | sha256sum)
if [ "$(cat "$target/ready" 2>/dev/null)" = "$key" ]; then
    exit 0
fi
command -v apt-get >/dev/null || { echo "error: $0 needs apt-get: run it on Debian" >&2; exit 2; }

rm -rf "$work"
mkdir -p "$work"/apt/{lists,archives}/partial "$work/root"

# apt with lists of its own, from the mirror that the machine uses anyway.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -1)
[ -n "$mirror" ] || { echo "error: apt has no Debian mirror: add one to /etc/apt/sources.list" >&2; exit 2; }
echo "deb $mirror $release main" >"$work/apt/sources"
: >"$work/apt/status" # no package is installed, so the root gets all that Python depends on
host=$(dpkg --print-architecture)
cat >"$work/apt/conf" <<CONF
Dir::State::lists "$work/apt/lists";
Dir::State::status "$work/apt/status";
Dir::Cache::archives "$work/apt/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "$work/apt/sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Architecture "arm64";
APT::Architectures { "arm64"; "$host"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
CONF
export APT_CONFIG=$work/apt/conf
apt-get -qq update
apt-get -qq install --yes --download-only python3-minimal libpython3-stdlib libstdc++6 >/dev/null
(cd "$work/apt" && apt-get -qq download "qemu-user:$host" >/dev/null)
for package in "$work"/apt/archives/*.deb; do
    dpkg-deb --extract "$package" "$work/root"
done
ln -s usr/lib "$work/root/lib" # where programs look for their loader; base-files would bring it
dpkg-deb --fsys-tarfile "$work"/apt/qemu-user_*.deb | tar --extract --directory "$work" --strip-components 3 ./usr/bin/qemu-aarch64
rm -r "$work/apt"

version=$(readlink "$work/root/usr/bin/python3")
"$python" -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' \
    >"$work/requirements.txt"
"$python" -m pip install --quiet --no-compile --target "$work/site" --constraint requirements.lock \
    --requirement "$work/requirements.txt" --only-binary :all: --implementation cp \
    --python-version "${version#python}" \
    --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 --platform manylinux2014_aarch64

"$work/qemu-aarch64" -cpu cortex-a76 -L "$work/root" -E PYTHONPATH="$work/site" "$work/root/usr/bin/python3" -S -c \
    'import onnxruntime, platform; print("build/arm64:", platform.machine(), "onnxruntime", onnxruntime.__version__)'
echo "$key" >"$work/ready"
rm -rf "$target"
mv "$work" "$target"
