#!/bin/bash
# The live tests of the openstack connector, against real keystone, glance, nova (on libvirt), placement and neutron. A cloud that the
# customary variables (OS_AUTH_URL …) already name is used as it is; otherwise up.sh brings one up here, and down.sh stops what it started.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
stops=()
trap 'for stop in "${stops[@]}"; do "$stop"; done' EXIT
if [ -z "${OS_AUTH_URL:-}" ]; then
  state=${GOLDPRESS_LIVE_OPENSTACK_DIR:-$HOME/.cache/goldpress-live/openstack}
  # A cloud that ran before this keeps running after it.
  if [ ! -s "$state/run/keystone.pid" ] || ! kill -0 "$(cat "$state/run/keystone.pid")" 2>/dev/null; then stops+=("$here/down.sh"); fi
  # Nova's driver needs a libvirtd; the other suite's scripts know how to bring one up and to stop what they have started.
  if ! timeout 20 virsh -q -c qemu:///system version >/dev/null 2>&1; then
    stops+=("$here/../libvirt/down.sh")
    "$here/../libvirt/up.sh" >/dev/null
  fi
  NOVA_DRIVER=${NOVA_DRIVER:-libvirt} "$here/up.sh" >/dev/null
  # shellcheck disable=SC1091
  . "$state/openrc"
fi
cd "$root"
node scripts/run.mjs node_modules/vitest/vitest.mjs run --config tests/live/openstack/vitest.config.ts "$@"
