#!/bin/sh
# Builds libpatchbay_torch.so: build.sh OUTPUT.so [LIBTORCH folder]. Called by Patchbay.Torch.csproj.
# Without a folder it takes the system's libtorch (Debian's libtorch-dev).
set -e
out=$1
torch=$2
here=$(dirname "$0")
fail() { echo "error : $1 Run 'dotnet fsi build.fsx setup', which installs what is missing." >&2; exit 1; }

command -v g++ >/dev/null || fail "Patchbay.Torch needs g++, which is not installed."
if [ -n "$torch" ]; then
    headers=$torch/include
    libs=$torch/lib
    [ -f "$libs/libtorch_cpu.so" ] || fail "LIBTORCH=$torch holds no lib/libtorch_cpu.so."
    search="-L$libs -Wl,-rpath,$libs"
else
    headers=/usr/include
    libs=$(dirname "$(g++ -print-file-name=libtorch_cpu.so)")
    search=
    [ "$libs" != . ] || fail "Patchbay.Torch needs libtorch, which is not installed and not named in LIBTORCH."
fi
[ -f "$headers/ATen/ATen.h" ] || fail "libtorch's headers (ATen/ATen.h) are not in $headers."

cuda=
if [ -f "$libs/libtorch_cuda.so" ]; then cuda="-ltorch_cuda -lc10_cuda"; fi
# Older libtorch downloads use the C++ ABI from before C++11; the linked library must use the same.
abi=1
if ! grep -q __cxx11 "$libs/libc10.so"; then abi=0; fi

# Newer libtorch says in its headers that it needs C++20.
std=c++17
if grep -q "C++20 or later" "$headers/ATen/ATen.h"; then std=c++20; fi

mkdir -p "$(dirname "$out")"
# Into a file of our own, then renamed: projects may build at the same time.
temporary=$out.$$
trap 'rm -f "$temporary"' EXIT
g++ -std=$std -O1 -fPIC -shared -fvisibility=hidden -w -D_GLIBCXX_USE_CXX11_ABI=$abi \
    -I"$headers" -I"$headers/torch/csrc/api/include" "$here/patchbay_torch.cpp" -o "$temporary" \
    $search -Wl,--no-as-needed -ltorch -ltorch_cpu -lc10 $cuda
mv -f "$temporary" "$out"
