#!/bin/bash
# stops what up.sh started, by pidfile (process group of each). --wipe also removes its state.
D=${GOLDPRESS_LIVE_OPENSTACK_DIR:-$HOME/.cache/goldpress-live/openstack}; RUN=$D/run
for n in nova-compute nova-scheduler nova-conductor nova-api cinder-volume cinder-scheduler cinder-api neutron placement glance keystone rabbitmq epmd mysqld; do
  f=$RUN/$n.pid; [ -s "$f" ] || continue; p=$(cat "$f")
  kill -TERM "$p" 2>/dev/null
done
for n in nova-compute nova-scheduler nova-conductor nova-api cinder-volume cinder-scheduler cinder-api neutron placement glance keystone rabbitmq epmd mysqld; do
  f=$RUN/$n.pid; [ -s "$f" ] || continue; p=$(cat "$f")
  for i in $(seq 40); do kill -0 "$p" 2>/dev/null || break; sleep .25; done
  kill -0 "$p" 2>/dev/null && kill -KILL -- "-$p" 2>/dev/null   # setsid => pid is its group leader
  rm -f "$f"; echo "stopped $n ($p)"
done
[ "${1:-}" = --wipe ] && rm -rf "$D"/{mysql,rabbit,images,staging,tasks,instances,state,run,etc,log} "$D"/.schema-* "$D"/.seeded "$D"/.catalog "$D"/.hosts
exit 0
