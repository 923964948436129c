#!/bin/bash
# Builds a private sysroot with std for wasm32-wasip2 where rustup cannot fetch one: Debian's rustc-web,
# rust-web-src and wasi-libc, the stock cargo, and the component linker of rustup's own toolchain.
# usage: rust-wasm-toolchain.sh DIR [target...]; afterwards:
#   RUSTC=DIR/bin/rustc cargo build --release --target wasm32-wasip2
set -euo pipefail
[ $# -gt 0 ] || { echo "usage: $0 DIR [target...]" >&2; exit 2; }
mkdir -p "$1"; OUT=$(realpath "$1"); shift
TARGETS=${*:-wasm32-wasip2}
HERE=$(dirname "$(realpath "$0")")
RUSTC_BIN=/usr/bin/rustc
SOURCE=/usr/lib/rustlib/src/rust/library
LIBC=/usr/lib/wasm32-wasi

if [ ! -x "$RUSTC_BIN" ] || [ ! -e "$SOURCE/std/Cargo.toml" ] || [ ! -e "$LIBC/libc.a" ]; then
  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
    install -y -q --no-install-recommends rustc-web rust-web-src wasi-libc lld-22
fi
# The stamp names everything that the sysroot is made of, so that an upgrade of any part rebuilds it.
STAMP="$({ "$RUSTC_BIN" -vV; env -u RUSTC rustc -vV; cat "$LIBC/libc.a" "$HERE"/*.rs "$0"; } | md5sum | cut -c1-12) $TARGETS"
[ "$(cat "$OUT/stamp" 2>/dev/null)" = "$STAMP" ] && exit 0
rm -f "$OUT/stamp"

HOST=$("$RUSTC_BIN" -vV | sed -n 's/^host: //p')
HOST_LIBRARIES=$("$RUSTC_BIN" --print sysroot)/lib/rustlib/$HOST/lib
RUSTUP=$(env -u RUSTC rustc --print sysroot)/lib/rustlib/$HOST/bin   # wasm-component-ld, rust-lld
mkdir -p "$OUT/lib/rustlib/$HOST" "$OUT/bin"
ln -sfn "$HOST_LIBRARIES" "$OUT/lib/rustlib/$HOST/lib"

# With Debian's lld the folder needs only a copy of wasm-component-ld from rustup, so a sandbox has to
# show a build no more than /usr and DIR.
LINKERS="$OUT/lib/rustlib/$HOST/bin"
LLD=$(ls /usr/bin/wasm-ld-* /usr/bin/wasm-ld 2>/dev/null | sort -V | tail -1 || true)
if [ -n "$LLD" ]; then
  mkdir -p "$LINKERS/gcc-ld"; cp "$RUSTUP/wasm-component-ld" "$LINKERS/"
  for name in rust-lld wasm-ld gcc-ld/wasm-ld; do ln -sf "$LLD" "$LINKERS/$name"; done
else
  ln -sfn "$RUSTUP" "$LINKERS"
fi
printf '#!/bin/sh\nexec %s --sysroot "%s" "$@"\n' "$RUSTC_BIN" "$OUT" > "$OUT/bin/rustc"; chmod +x "$OUT/bin/rustc"

WORK=$(mktemp -d); trap 'rm -rf "$WORK"' EXIT
mkdir "$WORK/src"; echo '#![no_std]' > "$WORK/src/lib.rs"
printf '[package]\nname="empty"\nversion="0.0.0"\nedition="2021"\n[profile.release]\nopt-level=3\ncodegen-units=1\n[workspace]\n' > "$WORK/Cargo.toml"
export RUSTC_BOOTSTRAP=1
for target in $TARGETS; do
  BUILD_STD=(--manifest-path "$WORK/Cargo.toml" --target "$target" -Zbuild-std=std,panic_abort)
  # std's own dependencies come from the registry. They are fetched first so that their folders exist:
  # no path of this machine is to end up in the panic messages of a guest.
  RUSTC=$RUSTC_BIN cargo fetch --quiet "${BUILD_STD[@]}"
  # Without bitcode in std's libraries a guest with `lto = true` does not link.
  FLAGS=-Cembed-bitcode=yes$'\x1f'--remap-path-prefix=$SOURCE=/rust/library
  for crates in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*; do
    FLAGS+=$'\x1f'--remap-path-prefix=$crates=/rust/crates
  done
  RUSTC=$RUSTC_BIN CARGO_ENCODED_RUSTFLAGS=$FLAGS cargo build --quiet --release --target-dir "$WORK/t" "${BUILD_STD[@]}"
  libraries="$OUT/lib/rustlib/$target/lib"; rm -rf "$libraries"; mkdir -p "$libraries"
  find "$WORK/t/$target/release/deps" -name '*.rlib' ! -name 'libempty-*' -exec cp {} "$libraries/" \;
  case $target in *-wasip*)
    mkdir "$libraries/self-contained"; cp "$LIBC"/{crt1-reactor.o,libc.a} "$libraries/self-contained/"
    for object in wasi_start wasi_stubs; do
      "$OUT/bin/rustc" --edition 2024 --target "$target" -O --crate-type lib --emit obj -Ccodegen-units=1 \
        "$HERE/$object.rs" -o "$WORK/$object.o"
    done
    cp "$WORK/wasi_start.o" "$libraries/self-contained/crt1-command.o"
    ar qS "$libraries/self-contained/libc.a" "$WORK/wasi_stubs.o" ;;
  esac
done
echo "$STAMP" > "$OUT/stamp"
