#!/bin/bash
# The live tests of the libvirt connector, against a real libvirt, QEMU and SSH server on this machine. Exits non-zero where one fails.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
"$here/up.sh" >/dev/null
trap '"$here/down.sh"' EXIT
# shellcheck disable=SC1091
. "${GOLDPRESS_LIVE_DIR:-$HOME/.cache/goldpress-live/libvirt}/env"
cd "$root"
node scripts/run.mjs node_modules/vitest/vitest.mjs run --config tests/live/libvirt/vitest.config.ts "$@"
