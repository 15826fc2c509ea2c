/** Tests a host step by step: the way in, libvirt, its pools, and what this account may do with their files. Changes nothing. */
import { AppError } from '../../../shared/model/app-error.ts';
import { CodedError } from '../../../shared/model/coded-error.ts';
import { available, unavailable, type Availability, type Capabilities } from '../../../shared/model/capability.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { TestStep } from '../../../shared/model/platform.ts';
import type { ProbeResult } from '../connector.ts';
import { listDomains, readDomains } from './domains.ts';
import type { HostDisks } from './host-disks.ts';
import { listPools, type Pool } from './pools.ts';
import { UnknownHostKey } from './ssh/host-key-check.ts';
import type { Virsh } from './virsh.ts';

/** Disks that are tried: accounts may read all or none of them, as a rule. */
const triedDisks = 5;

export async function probeHost(virsh: Virsh, disks: HostDisks, signal: AbortSignal): Promise<ProbeResult> {
  const steps: TestStep[] = [];
  const { host } = virsh;
  const failed = (title: Message, error: unknown): ProbeResult => {
    signal.throwIfAborted();
    if (!(error instanceof CodedError)) throw error;
    const trust = error instanceof UnknownHostKey
      ? { field: error.field, value: error.fingerprint, what: 'host-key' as const, detail: say('SSH_TRUST_DETAIL', { host: String(error.params['host']), fingerprint: error.fingerprint }) }
      : null;
    steps.push({ title, outcome: 'failed', detail: error.asMessage, trust });
    return { version: null, capabilities: {}, steps };
  };

  try {
    await host.run(['true'], { signal, isQuery: true });
    steps.push({ title: say('LIBVIRT_TEST_REACH'), outcome: 'ok', detail: say('LIBVIRT_TEST_REACH_DETAIL', { host: host.label }) });
  } catch (error) {
    return failed(say('LIBVIRT_TEST_REACH'), error);
  }

  let version: string | null;
  let pools: Pool[];
  try {
    const [text] = await virsh.ask([['version']], signal);
    version = versionIn(text ?? '');
    const domains = await listDomains(virsh, signal);
    pools = await listPools(virsh, signal);
    steps.push({
      title: say('LIBVIRT_TEST_ANSWERS'), outcome: 'ok',
      detail: say('LIBVIRT_TEST_ANSWERS_DETAIL', { version: version ?? '?', domains: domains.uuids.length, pools: pools.length }),
    });
  } catch (error) {
    return failed(say('LIBVIRT_TEST_ANSWERS'), error);
  }

  const rights = await reasonFrom(virsh.requireRights(signal), signal);
  steps.push({ title: say('LIBVIRT_TEST_RIGHTS'), outcome: rights === null ? 'ok' : 'skipped', detail: rights ?? say('LIBVIRT_TEST_RIGHTS_DETAIL') });
  const reading = await readObstacle(virsh, disks, pools, signal);
  steps.push({ title: say('LIBVIRT_TEST_READ'), outcome: reading === null ? 'ok' : 'skipped', detail: reading ?? say('LIBVIRT_TEST_READ_DETAIL') });
  const writing = rights ?? (await writeObstacle(virsh, pools));
  steps.push({ title: say('LIBVIRT_TEST_WRITE'), outcome: writing === null ? 'ok' : 'skipped', detail: writing ?? say('LIBVIRT_TEST_WRITE_DETAIL') });

  const may = (reason: Message | null): Availability => (reason === null ? available : unavailable(reason));
  const capabilities: Capabilities = {
    sourceVms: available, agent: may(rights), diskExport: may(reading), power: may(rights), hardware: may(rights), deleter: may(writing), snapshots: may(writing ?? reading),
    imageStore: may(writing), creator: may(writing),
  };
  return { version, capabilities, steps };
}

async function reasonFrom(work: Promise<void>, signal: AbortSignal): Promise<Message | null> {
  try {
    await work;
    return null;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AppError && !error.isRetryable) return error.asMessage;
    throw error;
  }
}

/** Disks of running domains belong to QEMU's account: a few are opened to see whether ours may read them. */
async function readObstacle(virsh: Virsh, disks: HostDisks, pools: readonly Pool[], signal: AbortSignal): Promise<Message | null> {
  const list = await listDomains(virsh, signal);
  const domains = await readDomains(virsh, list, list.uuids.slice(0, triedDisks), signal, () => undefined);
  const paths = domains.flatMap((found) => found.domain.disks.flatMap((disk) => disks.locate(disk, pools).path ?? [])).slice(0, triedDisks);
  let refused: string | null = null;
  for (const path of paths) {
    if ((await disks.stamp(path)) === 'gone') continue;
    if (await disks.host.files.canRead(path)) return null;
    refused = path;
  }
  return refused === null ? null : say('LIBVIRT_DISKS_NOT_READABLE', { host: disks.host.label, file: refused });
}

/** One pool whose folder takes files is enough; each action asks about its own. */
async function writeObstacle(virsh: Virsh, pools: readonly Pool[]): Promise<Message | null> {
  const folders = pools.flatMap((pool) => (pool.isActive ? (pool.path ?? []) : []));
  for (const folder of folders) if (await virsh.host.files.canWrite(folder)) return null;
  const [first] = folders;
  return first === undefined ? say('LIBVIRT_NO_POOLS', { host: virsh.host.label }) : say('LIBVIRT_FOLDER_READ_ONLY', { host: virsh.host.label, folder: first });
}

/** `Using library: libvirt 9.0.0` */
function versionIn(text: string): string | null {
  return /library: libvirt (\d[\w.-]*)/.exec(text)?.[1] ?? null;
}
