#!/bin/bash
# Takes down what up.sh has started and made, and nothing else: domains whose disks lie in its pool, the pool, its SSH server, and
# libvirtd where that was its own.
set -uo pipefail
state=${GOLDPRESS_LIVE_DIR:-$HOME/.cache/goldpress-live/libvirt}
pool=goldpress-live
export LC_ALL=C
for uuid in $(virsh -q -c qemu:///system list --all --uuid 2>/dev/null); do
  virsh -q -c qemu:///system dumpxml --inactive "$uuid" 2>/dev/null | grep -qF "<source file='$state/pool/" || continue
  virsh -q -c qemu:///system destroy "$uuid" >/dev/null 2>&1
  virsh -q -c qemu:///system undefine "$uuid" --nvram --snapshots-metadata --managed-save >/dev/null 2>&1
done
virsh -q -c qemu:///system pool-destroy "$pool" >/dev/null 2>&1
virsh -q -c qemu:///system pool-undefine "$pool" >/dev/null 2>&1
for name in sshd libvirtd; do
  file=$state/run/$name.pid
  [ -s "$file" ] || continue
  pid=$(cat "$file")
  kill "$pid" 2>/dev/null
  for _ in $(seq 40); do kill -0 "$pid" 2>/dev/null || break; sleep .25; done
  rm -f "$file"
  [ "$name" = libvirtd ] && sed -i '/# GOLDPRESS-LIVE-BEGIN/,/# GOLDPRESS-LIVE-END/d' /etc/libvirt/qemu.conf
done
rm -rf "$state/pool"
exit 0
