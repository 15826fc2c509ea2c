#!/bin/bash
# up.sh: real OpenStack (Debian 12 packages: Zed) on 127.0.0.1, no systemd, no docker, no debconf.
# usage: up.sh [services]     services default: "keystone glance placement neutron nova"
#   "keystone glance" only: no rabbitmq, no neutron/nova (fastest)
#   env: NOVA_DRIVER=fake|libvirt (default libvirt, which needs a running libvirtd)   GOLDPRESS_LIVE_OPENSTACK_DIR
# Idempotent: a second call starts what is not running and prints the env again.
set -euo pipefail
SERVICES=" ${*:-keystone glance placement neutron nova} "
NOVA_DRIVER=${NOVA_DRIVER:-libvirt}
D=${GOLDPRESS_LIVE_OPENSTACK_DIR:-$HOME/.cache/goldpress-live/openstack}; X=$D/pkg
ETC=$D/etc; LOG=$D/log; RUN=$D/run; SQLSOCK=$RUN/mysqld.sock
ADMIN_PASS=${ADMIN_PASS:-secret-admin}
P_KS=${P_KS:-5000} P_GL=${P_GL:-9292} P_NOVA=${P_NOVA:-8774} P_PL=${P_PL:-8778} P_NEU=${P_NEU:-9696} P_CIN=${P_CIN:-8776} P_AMQP=${P_AMQP:-35672} P_EPMD=${P_EPMD:-34369} P_DIST=${P_DIST:-34370}
mkdir -p "$X" "$ETC" "$LOG" "$RUN" "$D/images" "$D/staging" "$D/tasks" "$D/instances" "$D/locks" "$D/state"
chmod 700 "$RUN"
has() { [[ $SERVICES == *" $1 "* ]]; }
T0=$(date +%s.%N); LAST=$T0
step() { local n; n=$(date +%s.%N); printf 'TIME %6.1fs (+%5.1fs) %s\n' "$(echo "$n-$T0"|bc -l 2>/dev/null || awk "BEGIN{print $n-$T0}")" "$(awk "BEGIN{print $n-$LAST}")" "$*" >&2; LAST=$n; }
alive() { [ -s "$RUN/$1.pid" ] && kill -0 "$(cat "$RUN/$1.pid")" 2>/dev/null; }
UP0=$(date -u '+%Y-%m-%d %H:%M:%S'); STARTED=0
start() { # name cmd...   background process with log + pidfile
  local n=$1; shift; alive "$n" && return 0
  setsid nohup "$@" >>"$LOG/$n.out" 2>&1 </dev/null & echo $! >"$RUN/$n.pid"; STARTED=1; }
wait_http() { local u=$1 n=${2:-60} i; for ((i=0;i<n*4;i++)); do curl -s -o /dev/null --noproxy '*' --max-time 5 "$u" && return 0; sleep .25; done; echo "TIMEOUT waiting for $u" >&2; return 1; }

# ---------- 1. packages: python libs only (no service package => no debconf/dbconfig, no postinst daemons) ----------
export DEBIAN_FRONTEND=noninteractive
PK="python3-keystone python3-glance uwsgi-core uwsgi-plugin-python3 qemu-utils python3-pymysql python3-requests mariadb-server-core mariadb-client-core eatmydata curl"
DL="glance-common glance-api"
if has nova || has neutron || has cinder; then
  PK+=" erlang-base erlang-asn1 erlang-crypto erlang-eldap erlang-inets erlang-mnesia erlang-os-mon erlang-parsetools erlang-public-key erlang-runtime-tools erlang-ssl erlang-syntax-tools erlang-tools erlang-xmerl"
  DL+=" rabbitmq-server"; fi
has nova && { PK+=" python3-nova"; DL+=" nova-common nova-api"; }
has nova && [ "$NOVA_DRIVER" = libvirt ] && PK+=" python3-libvirt"
has placement && { PK+=" python3-placement"; DL+=" placement-common"; }
has neutron && { PK+=" python3-neutron"; DL+=" neutron-common neutron-api"; }
has cinder && { PK+=" python3-cinder"; DL+=" cinder-common cinder-api"; }
MISSING=""; for p in $PK; do dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed || MISSING+=" $p"; done
if [ -n "$MISSING" ]; then
  apt-get update -qq >"$LOG/apt.log" 2>&1 || true
  apt-get install -y -q --no-install-recommends -o DPkg::Options::=--force-unsafe-io -o DPkg::Options::=--force-confold $MISSING >>"$LOG/apt.log" 2>&1
fi
for p in $DL; do  # configs/wsgi scripts/rabbit come from the service .debs, unpacked, never installed
  [ -e "$X/.$p" ] && continue
  (cd "$X" && apt-get download -q "$p" >>"$LOG/apt.log" 2>&1 && dpkg-deb -x "$p"_*.deb . && rm -f "$p"_*.deb && touch ".$p")
done
step packages

# ---------- 2. mariadb (unix socket only, no grants) ----------
if [ ! -d "$D/mysql/mysql" ]; then
  mariadb-install-db --no-defaults --user=root --datadir="$D/mysql" --skip-test-db --auth-root-authentication-method=normal >"$LOG/mysql-install.log" 2>&1
fi
start mysqld eatmydata /usr/sbin/mariadbd --no-defaults --user=root --datadir="$D/mysql" --socket="$SQLSOCK" --pid-file="$RUN/mysqld.own.pid" --skip-networking --skip-grant-tables \
  --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0 --innodb-buffer-pool-size=256M --skip-log-bin --max-connections=500 --character-set-server=utf8mb3
sql() { mariadb --no-defaults -S "$SQLSOCK" "$@"; }
for i in $(seq 120); do sql -e 'select 1' >/dev/null 2>&1 && break; sleep .25; done
for db in keystone glance placement nova nova_api nova_cell0 neutron cinder; do echo "create database if not exists $db character set utf8mb3;"; done | sql
db() { echo "mysql+pymysql://root@localhost/$1?unix_socket=$SQLSOCK"; }
step mariadb

# ---------- 3. rabbitmq (loopback, own epmd) ----------
AMQP="rabbit://guest:guest@127.0.0.1:$P_AMQP/"
if has nova || has neutron || has cinder; then
  start epmd epmd -port "$P_EPMD" -address 127.0.0.1
  sleep .3
  R=$(echo "$X"/usr/lib/rabbitmq/lib/rabbitmq_server-*)
  printf 'listeners.tcp.1 = 127.0.0.1:%s\nlog.console = true\nvm_memory_high_watermark.relative = 0.4\ndisk_free_limit.absolute = 50MB\n' "$P_AMQP" >"$ETC/rabbitmq.conf"; echo '[].' >"$ETC/enabled_plugins"
  mkdir -p "$D/rabbit"
  start rabbitmq env HOME="$D/rabbit" ERL_EPMD_PORT="$P_EPMD" ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_NODENAME=os@localhost RABBITMQ_DIST_PORT="$P_DIST" \
    RABBITMQ_CONFIG_FILE="$ETC/rabbitmq.conf" RABBITMQ_CONF_ENV_FILE=/nonexistent RABBITMQ_ENABLED_PLUGINS_FILE="$ETC/enabled_plugins" RABBITMQ_MNESIA_BASE="$D/rabbit/mnesia" RABBITMQ_LOG_BASE="$LOG" RABBITMQ_LOGS=- \
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}' "$R/sbin/rabbitmq-server"
fi

# ---------- 4. config ----------
authtoken() { cat <<E
[keystone_authtoken]
www_authenticate_uri = http://127.0.0.1:$P_KS/v3
$(svcauth)
E
}
svcauth() { cat <<E
auth_url = http://127.0.0.1:$P_KS/v3
auth_type = password
username = admin
password = $ADMIN_PASS
project_name = admin
user_domain_name = Default
project_domain_name = Default
region_name = RegionOne
E
}
mkdir -p "$ETC/keystone"
cat >"$ETC/keystone/keystone.conf" <<E
[DEFAULT]
log_file = $LOG/keystone.log
[database]
connection = $(db keystone)
[token]
provider = fernet
[fernet_tokens]
key_repository = $ETC/keystone/fernet
[credential]
key_repository = $ETC/keystone/credential
E
cat >"$ETC/glance-api.conf" <<E
[DEFAULT]
bind_host = 127.0.0.1
bind_port = $P_GL
workers = 1
log_file = $LOG/glance.log
enabled_backends = file:file
enabled_import_methods = [glance-direct,web-download,copy-image]
show_multiple_locations = True
limit_param_default = 25
[database]
connection = $(db glance)
[glance_store]
default_backend = file
[file]
filesystem_store_datadir = $D/images
[os_glance_staging_store]
filesystem_store_datadir = $D/staging
[os_glance_tasks_store]
filesystem_store_datadir = $D/tasks
[paste_deploy]
flavor = keystone
config_file = $X/usr/share/glance-common/glance-api-paste.ini
[task]
work_dir = $D/tasks
[taskflow_executor]
engine_mode = serial
[image_format]
disk_formats = ami,ari,aki,vhd,vhdx,vmdk,raw,qcow2,vdi,iso,ploop
[import_filtering_opts]
allowed_ports =
[image_import_opts]
image_import_plugins = [${GLANCE_IMPORT_PLUGINS:-}]
[image_conversion]
output_format = ${GLANCE_CONVERT_TO:-qcow2}
$(authtoken)
E
# glance reads image-import options from glance-image-import.conf (own config file), so pass both
cat >"$ETC/glance-image-import.conf" <<E
[image_import_opts]
image_import_plugins = [${GLANCE_IMPORT_PLUGINS:-}]
[image_conversion]
output_format = ${GLANCE_CONVERT_TO:-qcow2}
[import_filtering_opts]
allowed_ports = ${GLANCE_WEB_PORTS:-}
E
cat >"$ETC/placement.conf" <<E
[DEFAULT]
log_file = $LOG/placement.log
[placement_database]
connection = $(db placement)
[api]
auth_strategy = keystone
$(authtoken)
E
cat >"$ETC/neutron.conf" <<E
[DEFAULT]
bind_host = 127.0.0.1
bind_port = $P_NEU
log_file = $LOG/neutron.log
core_plugin = ml2
service_plugins =
api_workers = 0
rpc_workers = 0
rpc_state_report_workers = 0
api_paste_config = $X/usr/share/neutron-common/api-paste.ini
transport_url = $AMQP
state_path = $D/state
agent_down_time = 2000000000
notify_nova_on_port_status_changes = false
notify_nova_on_port_data_changes = false
host = devhost
[oslo_concurrency]
lock_path = $D/locks
[database]
connection = $(db neutron)
max_pool_size = 10
[ml2]
type_drivers = flat,local,vxlan
tenant_network_types = vxlan
mechanism_drivers = linuxbridge
extension_drivers = port_security
[experimental]
linuxbridge = true
[ml2_type_vxlan]
vni_ranges = 1:1000
$(authtoken)
E
PRIVSEP="/usr/bin/python3 $(command -v privsep-helper || echo /usr/bin/privsep-helper) --config-file $ETC/nova.conf"
VIRT="compute_driver = fake.FakeDriver"; [ "$NOVA_DRIVER" = libvirt ] && VIRT="compute_driver = libvirt.LibvirtDriver"
cat >"$ETC/nova.conf" <<E
[DEFAULT]
host = devhost
my_ip = 127.0.0.1
transport_url = $AMQP
state_path = $D/state
instances_path = $D/instances
api_paste_config = $X/usr/share/nova-common/api-paste.ini
$VIRT
vif_plugging_is_fatal = false
vif_plugging_timeout = 0
reserved_host_disk_mb = 0
shutdown_timeout = 2
reserved_host_memory_mb = 0
cpu_allocation_ratio = 64
ram_allocation_ratio = 16
disk_allocation_ratio = 64
osapi_max_limit = 1000
force_raw_images = false
[api]
auth_strategy = keystone
max_limit = 1000
[api_database]
connection = $(db nova_api)
max_pool_size = 10
[database]
connection = $(db nova)
max_pool_size = 10
[oslo_concurrency]
lock_path = $D/locks
[oslo_policy]
policy_dirs = /nonexistent
[scheduler]
workers = 1
discover_hosts_in_cells_interval = 5
[conductor]
workers = 1
[upgrade_levels]
[vnc]
enabled = false
[spice]
enabled = false
[libvirt]
virt_type = ${NOVA_VIRT_TYPE:-qemu}
cpu_mode = none
snapshots_directory = $D/instances/snapshots
inject_partition = -2
images_type = qcow2
[nova_sys_admin]
helper_command = $PRIVSEP
[vif_plug_linux_bridge_privileged]
helper_command = $PRIVSEP
[vif_plug_ovs_privileged]
helper_command = $PRIVSEP
[privsep_osbrick]
helper_command = $PRIVSEP
[glance]
api_servers = http://127.0.0.1:$P_GL
$(svcauth)
[placement]
$(svcauth)
[neutron]
$(svcauth)
service_metadata_proxy = false
[cinder]
$(svcauth)
os_region_name = RegionOne
[service_user]
send_service_user_token = true
$(svcauth)
$(authtoken)
E
cat >"$ETC/cinder.conf" <<E
[DEFAULT]
host = devhost
my_ip = 127.0.0.1
log_file = $LOG/cinder.log
transport_url = $AMQP
state_path = $D/state
api_paste_config = $X/usr/share/cinder-common/api-paste.ini
resource_query_filters_file = $X/etc/cinder/resource_filters.json
enabled_backends = fake
glance_api_servers = http://127.0.0.1:$P_GL
auth_strategy = keystone
[fake]
volume_driver = ${CINDER_DRIVER:-cinder.tests.fake_driver.FakeGateDriver}
volume_backend_name = fake
volume_group = cinder-volumes
[database]
connection = $(db cinder)
[oslo_concurrency]
lock_path = $D/locks
[service_user]
send_service_user_token = true
$(svcauth)
$(authtoken)
E
nova_py() { echo "import sys; sys.argv=['nova-$1','--config-file','$ETC/nova.conf','--log-file','$LOG/nova-$1.log']; from nova.cmd.$1 import main; sys.exit(main())"; }
PYX=/usr/bin/python3
uwsgi_start() { # name port wsgi-file processes threads
  start "$1" uwsgi_python3 --http-socket "127.0.0.1:$2" --wsgi-file "$3" --master --processes "$4" --threads "$5" --lazy-apps --enable-threads --thunder-lock --die-on-term --no-orphans --need-app --buffer-size 65535 --add-header 'Connection: close' --disable-logging; }
command -v uwsgi_python3 >/dev/null || { uwsgi_python3() { :; }; }

# ---------- 5. schema (first run only; other services in parallel while keystone gets its own and starts) ----------
J=()
if has glance && [ ! -e "$D/.schema-glance" ]; then (
  "$PYX" "$X/usr/bin/glance-manage" --config-file "$ETC/glance-api.conf" db_sync; touch "$D/.schema-glance") >"$LOG/schema-glance.log" 2>&1 & J+=($!); fi
if has placement && [ ! -e "$D/.schema-placement" ]; then (
  placement-manage --config-file "$ETC/placement.conf" db sync; touch "$D/.schema-placement") >"$LOG/schema-placement.log" 2>&1 & J+=($!); fi
if has nova && [ ! -e "$D/.schema-nova" ]; then (
  nm() { "$PYX" "$X/usr/bin/nova-manage" --config-file "$ETC/nova.conf" "$@"; }
  nm api_db sync; nm cell_v2 map_cell0 --database_connection "$(db nova_cell0)"; nm db sync
  nm cell_v2 create_cell --name cell1 --database_connection "$(db nova)" --transport-url "$AMQP"; touch "$D/.schema-nova") >"$LOG/schema-nova.log" 2>&1 & J+=($!); fi
if has neutron && [ ! -e "$D/.schema-neutron" ]; then (
  "$PYX" "$X/usr/bin/neutron-db-manage" --config-file "$ETC/neutron.conf" upgrade heads; touch "$D/.schema-neutron") >"$LOG/schema-neutron.log" 2>&1 & J+=($!); fi
if has cinder && [ ! -e "$D/.schema-cinder" ]; then (
  "$PYX" "$X/usr/bin/cinder-manage" --config-file "$ETC/cinder.conf" db sync; touch "$D/.schema-cinder") >"$LOG/schema-cinder.log" 2>&1 & J+=($!); fi
if [ ! -e "$D/.schema-keystone" ]; then (
  keystone-manage --config-file "$ETC/keystone/keystone.conf" db_sync
  keystone-manage --config-file "$ETC/keystone/keystone.conf" fernet_setup --keystone-user root --keystone-group root
  keystone-manage --config-file "$ETC/keystone/keystone.conf" credential_setup --keystone-user root --keystone-group root
  keystone-manage --config-file "$ETC/keystone/keystone.conf" bootstrap --bootstrap-password "$ADMIN_PASS" --bootstrap-username admin --bootstrap-project-name admin --bootstrap-role-name admin \
    --bootstrap-service-name keystone --bootstrap-region-id RegionOne --bootstrap-public-url "http://127.0.0.1:$P_KS/v3" --bootstrap-internal-url "http://127.0.0.1:$P_KS/v3" --bootstrap-admin-url "http://127.0.0.1:$P_KS/v3"
  touch "$D/.schema-keystone") >"$LOG/schema-keystone.log" 2>&1 ; fi
export OS_KEYSTONE_CONFIG_DIR="$ETC/keystone" OS_PLACEMENT_CONFIG_DIR="$ETC/placement.d" OS_CINDER_CONFIG_DIR="$ETC/cinder.d"
uwsgi_start keystone "$P_KS" /usr/bin/keystone-wsgi-public 1 8
wait_http "http://127.0.0.1:$P_KS/v3"
if ! grep -qxF "$SERVICES" "$D/.catalog" 2>/dev/null; then
SERVICES="$SERVICES" P_KS=$P_KS P_GL=$P_GL P_NOVA=$P_NOVA P_PL=$P_PL P_NEU=$P_NEU P_CIN=$P_CIN ADMIN_PASS=$ADMIN_PASS "$PYX" - <<'E'
import os, requests, time
e=os.environ; svc=e['SERVICES'].split(); K=f"http://127.0.0.1:{e['P_KS']}/v3"
s=requests.Session(); s.trust_env=False
def tok():
    r=s.post(K+'/auth/tokens',json={'auth':{'identity':{'methods':['password'],'password':{'user':{'name':'admin','domain':{'name':'Default'},'password':e['ADMIN_PASS']}}},'scope':{'project':{'name':'admin','domain':{'name':'Default'}}}}}); r.raise_for_status(); return r.headers['X-Subject-Token'], r.json()['token']
t,body=tok(); s.headers['X-Auth-Token']=t
def ensure(path,coll,one,match,new):
    for x in s.get(K+path).json()[coll]:
        if all(x.get(k)==v for k,v in match.items()): return x
    r=s.post(K+path,json={one:{**match,**new}}); r.raise_for_status(); return r.json()[one]
cat={'glance':('image',f"http://127.0.0.1:{e['P_GL']}"),'nova':('compute',f"http://127.0.0.1:{e['P_NOVA']}/v2.1"),'placement':('placement',f"http://127.0.0.1:{e['P_PL']}"),'neutron':('network',f"http://127.0.0.1:{e['P_NEU']}"),'cinder':('volumev3',f"http://127.0.0.1:{e['P_CIN']}/v3/%(project_id)s")}
for n in svc:
    if n not in cat: continue
    ty,url=cat[n]; sv=ensure('/services','services','service',{'name':n,'type':ty},{})
    for i in ('public','internal','admin'):
        ensure('/endpoints','endpoints','endpoint',{'service_id':sv['id'],'interface':i,'region_id':'RegionOne'},{'url':url})
roles={r['name']:r['id'] for r in s.get(K+'/roles').json()['roles']}
p=ensure('/projects','projects','project',{'name':'demo','domain_id':'default'},{})
u=ensure('/users','users','user',{'name':'demo','domain_id':'default'},{'password':'secret-demo'})
for r in ('member','reader'):
    if r in roles: s.put(f"{K}/projects/{p['id']}/users/{u['id']}/roles/{roles[r]}").raise_for_status()
if 'service' not in roles: ensure('/roles','roles','role',{'name':'service'},{})
sid={r['name']:r['id'] for r in s.get(K+'/roles').json()['roles']}['service']
adm=body['user']['id']; ap=body['project']['id']
s.put(f"{K}/projects/{ap}/users/{adm}/roles/{sid}")
s.headers['X-Auth-Token']=tok()[0]
E
echo "$SERVICES" >>"$D/.catalog"; fi
step "keystone up, catalog seeded"
for j in "${J[@]:-}"; do [ -n "$j" ] && { wait "$j" || { echo "schema job failed, see $LOG/schema-*.log" >&2; exit 1; }; }; done
step "schema+config"

# ---------- 6. services ----------
mkdir -p "$ETC/placement.d" "$ETC/nova.d" "$ETC/cinder.d"; cp "$ETC/placement.conf" "$ETC/placement.d/placement.conf"; { cat "$ETC/nova.conf"; } >"$ETC/nova.d/nova.conf"; sed -i "0,/\[DEFAULT\]/s||[DEFAULT]\nlog_file = $LOG/nova-api.log|" "$ETC/nova.d/nova.conf"
cp "$X/usr/share/nova-common/api-paste.ini" "$ETC/nova.d/" 2>/dev/null || true
cp "$ETC/cinder.conf" "$ETC/cinder.d/cinder.conf"
has glance && start glance "$PYX" "$X/usr/bin/glance-api" --config-file "$ETC/glance-api.conf" --config-file "$ETC/glance-image-import.conf"
has placement && uwsgi_start placement "$P_PL" /usr/bin/placement-api 1 4
if has nova || has neutron || has cinder; then for i in $(seq 240); do (exec 3<>/dev/tcp/127.0.0.1/"$P_AMQP") 2>/dev/null && break; sleep .25; done; fi
has neutron && start neutron "$PYX" "$X/usr/bin/neutron-server" --config-file "$ETC/neutron.conf"
if has nova; then
  OS_NOVA_CONFIG_DIR="$ETC/nova.d" uwsgi_start nova-api "$P_NOVA" "$X/usr/bin/nova-api-wsgi" 1 8
  for s in conductor scheduler compute; do start "nova-$s" "$PYX" -c "$(nova_py $s)"; done
fi
if has cinder; then
  uwsgi_start cinder-api "$P_CIN" "$X/usr/bin/cinder-wsgi" 1 4
  for s in scheduler volume; do start "cinder-$s" "$PYX" -c "import sys; sys.argv=['cinder-$s','--config-file','$ETC/cinder.conf','--log-file','$LOG/cinder-$s.log']; from cinder.cmd.$s import main; sys.exit(main())"; done
fi
has glance && wait_http "http://127.0.0.1:$P_GL/versions"
has placement && wait_http "http://127.0.0.1:$P_PL/"
has neutron && wait_http "http://127.0.0.1:$P_NEU/"
has nova && wait_http "http://127.0.0.1:$P_NOVA/"
has cinder && wait_http "http://127.0.0.1:$P_CIN/"
step "services up"

# ---------- 7. seed ----------
if ! grep -qxF "$SERVICES" "$D/.seeded" 2>/dev/null; then
SERVICES="$SERVICES" P_KS=$P_KS P_GL=$P_GL P_NOVA=$P_NOVA P_PL=$P_PL P_NEU=$P_NEU P_CIN=$P_CIN ADMIN_PASS=$ADMIN_PASS "$PYX" - <<'E'
import os, requests, time
e=os.environ; svc=e['SERVICES'].split(); K=f"http://127.0.0.1:{e['P_KS']}/v3"
s=requests.Session(); s.trust_env=False
def tok():
    r=s.post(K+'/auth/tokens',json={'auth':{'identity':{'methods':['password'],'password':{'user':{'name':'admin','domain':{'name':'Default'},'password':e['ADMIN_PASS']}}},'scope':{'project':{'name':'admin','domain':{'name':'Default'}}}}}); r.raise_for_status(); return r.headers['X-Subject-Token'], r.json()['token']
t,body=tok(); s.headers['X-Auth-Token']=t
def ensure(path,coll,one,match,new):
    for x in s.get(K+path).json()[coll]:
        if all(x.get(k)==v for k,v in match.items()): return x
    r=s.post(K+path,json={one:{**match,**new}}); r.raise_for_status(); return r.json()[one]
if 'neutron' in svc:
    N=f"http://127.0.0.1:{e['P_NEU']}/v2.0"
    if not s.get(N+'/networks?name=private').json()['networks']:
        n=s.post(N+'/networks',json={'network':{'name':'private','shared':True,'provider:network_type':'local'}}); n.raise_for_status()
        s.post(N+'/subnets',json={'subnet':{'network_id':n.json()['network']['id'],'ip_version':4,'cidr':'10.99.0.0/20','enable_dhcp':False,'name':'private'}}).raise_for_status()
if 'nova' in svc:
    V=f"http://127.0.0.1:{e['P_NOVA']}/v2.1"
    have={f['name'] for f in s.get(V+'/flavors').json()['flavors']}
    for n,ram,c,dk in (('m1.tiny',128,1,1),('m1.small',512,1,5),('m1.medium',1024,2,20)):
        if n not in have: s.post(V+'/flavors',json={'flavor':{'name':n,'ram':ram,'vcpus':c,'disk':dk}}).raise_for_status()
E
if has neutron; then # pretend a live linuxbridge agent on host "devhost" so ML2 can bind ports (agent_down_time is huge)
sql neutron -e "insert ignore into agents(id,agent_type,\`binary\`,topic,host,admin_state_up,created_at,started_at,heartbeat_timestamp,configurations,\`load\`) values('aaaaaaaa-0000-0000-0000-000000000001','Linux bridge agent','neutron-linuxbridge-agent','N/A','devhost',1,now(),now(),now(),'{\"bridge_mappings\": {}, \"interface_mappings\": {}, \"tunnel_types\": [\"vxlan\"], \"tunneling_ip\": \"127.0.0.1\"}',0)"; fi
echo "$SERVICES" >>"$D/.seeded"; fi
if has nova && [ $STARTED = 1 ]; then # API up is not enough: wait for conductor+scheduler+compute heartbeats newer than this start
  for i in $(seq 240); do n=$(sql -N nova -e "select count(distinct \`binary\`) from services where deleted=0 and coalesce(updated_at,created_at)>='$UP0' and \`binary\` in ('nova-conductor','nova-scheduler','nova-compute')"); m=$(sql -N nova -e "select count(*) from compute_nodes where deleted=0 and coalesce(updated_at,created_at)>='$UP0'"); [ "$n" = 3 ] && [ "$m" -ge 1 ] && break; sleep .5; done
  step "nova heartbeats ($n of 3)"
fi
if has nova && [ ! -e "$D/.hosts" ]; then
  for i in $(seq 40); do n=$(sql -N nova -e 'select count(*) from compute_nodes'); [ "$n" -ge 1 ] && break; sleep .5; done
  "$PYX" "$X/usr/bin/nova-manage" --config-file "$ETC/nova.conf" cell_v2 discover_hosts >"$LOG/discover.log" 2>&1 && touch "$D/.hosts"
fi
step seed
cat >"$D/openrc" <<E
export OS_AUTH_URL=http://127.0.0.1:$P_KS/v3
export OS_IDENTITY_API_VERSION=3
export OS_USERNAME=admin
export OS_PASSWORD=$ADMIN_PASS
export OS_PROJECT_NAME=admin
export OS_USER_DOMAIN_NAME=Default
export OS_PROJECT_DOMAIN_NAME=Default
export OS_REGION_NAME=RegionOne
export OS_DEMO_USERNAME=demo OS_DEMO_PASSWORD=secret-demo OS_DEMO_PROJECT_NAME=demo
E
cat "$D/openrc"
