#!/bin/bash
# Brings up what the live tests of the libvirt connector need, on this machine and on loopback: libvirtd (only where none runs yet), a
# storage pool and an SSH server of their own. Debian and its kin, as root, with or without systemd. Idempotent. State lies in
# $GOLDPRESS_LIVE_DIR (default ~/.cache/goldpress-live/libvirt), which gets the file `env` for the tests.
set -euo pipefail
state=${GOLDPRESS_LIVE_DIR:-$HOME/.cache/goldpress-live/libvirt}
port=${GOLDPRESS_LIVE_SSH_PORT:-22422}
pool=goldpress-live
mkdir -p "$state"/{run,log,pool,ssh}
chmod 711 "$state"; chmod 700 "$state/ssh"
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

missing=""
for package in libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86 qemu-utils ovmf openssh-server openssh-client; do
  dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=" $package"
done
if [ -n "$missing" ]; then
  apt-get update -qq >"$state/log/apt.log" 2>&1 || true
  # shellcheck disable=SC2086
  apt-get install -y -q --no-install-recommends -o DPkg::Options::=--force-confold $missing >>"$state/log/apt.log" 2>&1
fi

alive() { [ -s "$state/run/$1.pid" ] && kill -0 "$(cat "$state/run/$1.pid")" 2>/dev/null; }
start() { local name=$1; shift; alive "$name" && return 0; setsid nohup "$@" >>"$state/log/$name.out" 2>&1 </dev/null & echo $! >"$state/run/$name.pid"; }
answers() { timeout 20 virsh -q -c qemu:///system version >/dev/null 2>&1; }

if ! answers; then
  # A container: QEMU runs as root, without AppArmor and control groups.
  if ! grep -q '# GOLDPRESS-LIVE-BEGIN' /etc/libvirt/qemu.conf; then
    cat >>/etc/libvirt/qemu.conf <<'CONF'
# GOLDPRESS-LIVE-BEGIN
user = "root"
group = "root"
dynamic_ownership = 0
security_driver = "none"
cgroup_controllers = [ ]
namespaces = [ ]
stdio_handler = "file"
# GOLDPRESS-LIVE-END
CONF
  fi
  cat >"$state/libvirtd.conf" <<CONF
auth_unix_rw = "none"
auth_unix_ro = "none"
unix_sock_dir = "/run/libvirt"
log_outputs = "3:file:$state/log/libvirtd.log"
host_uuid_source = "machine-id"
CONF
  mkdir -p /run/libvirt
  [ -s /etc/machine-id ] || head -c16 /dev/urandom | od -An -tx1 | tr -d ' \n' >/etc/machine-id
  start libvirtd /usr/sbin/libvirtd --config "$state/libvirtd.conf"
  for _ in $(seq 60); do answers && break; sleep .5; done
  answers || { echo "libvirtd does not answer; see $state/log" >&2; exit 1; }
fi

if ! virsh -q -c qemu:///system pool-info "$pool" >/dev/null 2>&1; then
  virsh -q -c qemu:///system pool-define-as "$pool" dir --target "$state/pool" >/dev/null
fi
virsh -q -c qemu:///system pool-start "$pool" >/dev/null 2>&1 || true
virsh -q -c qemu:///system pool-refresh "$pool" >/dev/null

[ -e "$state/ssh/host_ed25519" ] || ssh-keygen -q -t ed25519 -N '' -f "$state/ssh/host_ed25519"
[ -e "$state/ssh/id_ed25519" ] || ssh-keygen -q -t ed25519 -N '' -C goldpress-live -f "$state/ssh/id_ed25519"
cp "$state/ssh/id_ed25519.pub" "$state/ssh/authorized_keys"
# MaxSessions as OpenSSH has it: the connector has to live with ten.
cat >"$state/ssh/sshd_config" <<CONF
Port $port
ListenAddress 127.0.0.1
HostKey $state/ssh/host_ed25519
AuthorizedKeysFile $state/ssh/authorized_keys
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
MaxSessions 10
MaxStartups 64
PidFile none
Subsystem sftp internal-sftp
CONF
mkdir -p /run/sshd
start sshd /usr/sbin/sshd -D -e -f "$state/ssh/sshd_config"
for _ in $(seq 50); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep .1; done

cat >"$state/env" <<ENV
export GOLDPRESS_LIVE_LIBVIRT_PORT=$port
export GOLDPRESS_LIVE_LIBVIRT_USER=$(id -un)
export GOLDPRESS_LIVE_LIBVIRT_KEY=$state/ssh/id_ed25519
export GOLDPRESS_LIVE_LIBVIRT_HOST_KEY=$(ssh-keygen -l -f "$state/ssh/host_ed25519.pub" | cut -d' ' -f2)
export GOLDPRESS_LIVE_LIBVIRT_POOL=$pool
export GOLDPRESS_LIVE_LIBVIRT_FOLDER=$state/pool
ENV
cat "$state/env"
