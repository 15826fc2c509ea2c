/** Makes the record of one domain: what libvirt says, and what the headers of its disks say. Decides nothing. */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { say } from '../../../shared/model/message.ts';
import type { VmDisk, VmSnapshot } from '../../../shared/model/source-vm.ts';
import type { SourceVmRecord } from '../inventory-records.ts';
import type { DomainDisk } from '../domain-xml/domain-xml.ts';
import type { HostDomain } from './domains.ts';
import { diskProblem, type HostDisks } from './host-disks.ts';
import type { Pool } from './pools.ts';

interface ExaminedDisk {
  disk: VmDisk;
  stamps: string[];
}

export async function describeDomain(found: HostDomain, disks: HostDisks, pools: readonly Pool[], addresses: string[], signal?: AbortSignal): Promise<SourceVmRecord> {
  const { domain } = found;
  const examined: ExaminedDisk[] = [];
  for (const [index, disk] of domain.disks.entries()) examined.push(await examine(disk, index === domain.systemDisk, disks, pools, signal));
  const fingerprint = createHash('sha256').update(found.text).update(`\0${found.power}\0${found.currentSnapshot ?? ''}`);
  for (const snapshot of found.snapshots) fingerprint.update(`\0${snapshot.text}`);
  for (const item of examined) fingerprint.update(`\0${item.disk.key}\0${item.disk.location}\0${item.disk.problem?.code ?? ''}\0${item.stamps.join('\0')}`);
  return {
    externalId: found.uuid,
    name: domain.name,
    definition: 'libvirt-xml',
    os: domain.os,
    bootMode: domain.bootMode,
    videoModel: domain.videoModel,
    vcpus: domain.vcpus,
    memoryBytes: domain.memoryBytes,
    powerState: found.power,
    disks: examined.map((item) => item.disk),
    snapshots: toVmSnapshots(found),
    instructions: [],
    definitionText: found.text,
    addresses,
    fingerprint: fingerprint.digest('hex').slice(0, 32),
  };
}

export function toVmSnapshots({ snapshots, currentSnapshot }: HostDomain): VmSnapshot[] {
  return snapshots.map((snapshot) => ({
    id: snapshot.name, name: snapshot.name, createdAt: snapshot.createdAt === 0 ? null : snapshot.createdAt, parentId: snapshot.parent,
    isCurrent: snapshot.name === currentSnapshot,
  }));
}

async function examine(defined: DomainDisk, isSystem: boolean, disks: HostDisks, pools: readonly Pool[], signal?: AbortSignal): Promise<ExaminedDisk> {
  const { path, problem } = disks.locate(defined, pools);
  const said = defined.format === 'other' ? null : defined.format;
  const unread: VmDisk = {
    key: defined.key, location: path ?? defined.source, format: said, virtualBytes: null, actualBytes: null, bus: defined.bus, isSystem, chainDepth: 0, problem,
  };
  if (path === null) return { disk: unread, stamps: [] };
  const before = await disks.stamp(path);
  if (before === 'gone') return { disk: { ...unread, problem: say('LIBVIRT_DISK_MISSING', { host: disks.host.label, file: path }) }, stamps: [before] };
  try {
    const layers = await disks.layers(path, pools, signal);
    const [top] = layers;
    if (top === undefined) return { disk: unread, stamps: [before] };
    return {
      disk: {
        ...unread,
        format: top.format,
        virtualBytes: top.virtualBytes,
        actualBytes: layers.reduce((sum, layer) => sum + layer.actualBytes, 0),
        chainDepth: layers.length - 1,
        // A guest can write another format's header into its raw disk: what the definition says decides what is read, or nothing is.
        problem: defined.format !== null && defined.format !== top.format
          ? say('LIBRARY_DISK_FORMAT_DIFFERS', { file: posix.basename(path), said: defined.format, found: top.format })
          : null,
      },
      stamps: await Promise.all(layers.map((layer) => disks.stamp(layer.path))),
    };
  } catch (error) {
    signal?.throwIfAborted();
    return { disk: { ...unread, problem: diskProblem(error) }, stamps: [before] };
  }
}
