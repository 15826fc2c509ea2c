/** What the snapshot operations of a host share: who a domain is now, its overlays, and the files that its snapshots hold. */
import { posix } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import { setDiskSource } from '../domain-xml/domain-edit.ts';
import { parseDomain } from '../domain-xml/domain-xml.ts';
import { serializeXml } from '../domain-xml/xml.ts';
import { removeVolume } from './deleter-role.ts';
import { otherUsers } from './disk-users.ts';
import { readDomain, type HostDomain } from './domains.ts';
import type { HostDisks } from './host-disks.ts';
import { listPools, poolOf, type Pool } from './pools.ts';
import type { DiskSwitch, StampedFile } from './snapshot-plan.ts';
import type { HostSnapshot } from './snapshot-xml.ts';
import type { Virsh } from './virsh.ts';

export interface Subject {
  found: HostDomain;
  pools: Pool[];
}

export class SnapshotTools {
  readonly virsh: Virsh;
  readonly disks: HostDisks;

  constructor(virsh: Virsh, disks: HostDisks) {
    this.virsh = virsh;
    this.disks = disks;
  }

  async subject(vm: ExternalId, signal?: AbortSignal): Promise<Subject> {
    return { found: await readDomain(this.virsh, vm, signal), pools: await listPools(this.virsh, signal) };
  }

  /** @throws `NOT_FOUND`, `LIBVIRT_SNAPSHOT_INTERNAL` for one that our tools cannot take apart */
  snapshot({ found }: Subject, name: string): HostSnapshot & { domain: NonNullable<HostSnapshot['domain']> } {
    const snapshot = found.snapshots.find((item) => item.name === name);
    if (snapshot === undefined) throw new AppError('NOT_FOUND', { what: 'snapshot', id: name });
    if (snapshot.isInternal || snapshot.domain === null) throw new AppError('LIBVIRT_SNAPSHOT_INTERNAL', { name });
    return { ...snapshot, domain: snapshot.domain };
  }

  /** The files that a snapshot holds still. */
  frozenFiles(snapshot: HostSnapshot, pools: readonly Pool[]): string[] {
    return (snapshot.domain?.disks ?? []).flatMap((disk) => this.disks.locate(disk, pools).path ?? []);
  }

  currentFiles({ found, pools }: Subject): string[] {
    return found.domain.disks.flatMap((disk) => this.disks.locate(disk, pools).path ?? []);
  }

  /** Whether the domain's disks are these overlays (or these bases). */
  isOn({ found, pools }: Subject, switches: readonly DiskSwitch[], which: 'overlay' | 'base'): boolean {
    return switches.every((item) => {
      const disk = found.domain.disks.find((candidate) => candidate.key === item.key);
      return disk !== undefined && this.disks.locate(disk, pools).path === item[which];
    });
  }

  /** A definition with its disks pointed elsewhere. */
  pointedAt(text: string, switches: readonly DiskSwitch[], which: 'overlay' | 'base', label: string): string {
    const domain = parseDomain(text, label);
    for (const item of switches) {
      const disk = domain.disks.find((candidate) => candidate.key === item.key);
      if (disk !== undefined) setDiskSource(disk, item[which], which === 'overlay' ? 'qcow2' : item.baseFormat);
    }
    return serializeXml(domain.document);
  }

  async anyExists(paths: readonly string[]): Promise<boolean> {
    for (const path of paths) if ((await this.disks.stamp(path)) !== 'gone') return true;
    return false;
  }

  /** New empty overlays through their pools; those of an earlier attempt are taken as they are. */
  async makeOverlays(switches: readonly DiskSwitch[], pools: readonly Pool[], signal: AbortSignal): Promise<void> {
    for (const item of switches) {
      if ((await this.disks.stamp(item.overlay)) !== 'gone') continue;
      const pool = this.poolFor(item.overlay, pools);
      // A base that was put there by hand is unknown to its pool so far.
      await this.virsh.run(['pool-refresh', '--pool', pool.uuid], { signal });
      await this.virsh.run([
        'vol-create-as', '--pool', pool.uuid, '--name', posix.basename(item.overlay), '--capacity', String(item.virtualBytes), '--format', 'qcow2',
        '--backing-vol', item.base, '--backing-vol-format', item.baseFormat,
      ], { signal });
    }
  }

  /** @throws `LIBVIRT_NOT_IN_POOL` */
  poolFor(path: string, pools: readonly Pool[]): Pool {
    const pool = poolOf(pools, path);
    if (pool === null) throw new AppError('LIBVIRT_NOT_IN_POOL', { file: path });
    return pool;
  }

  async removeAll(paths: readonly string[], pools: readonly Pool[]): Promise<void> {
    for (const path of paths) await removeVolume(this.virsh, this.disks, path, pools);
  }

  /** Removes what is still as it was when it was planned; anything else belongs to somebody by now. */
  async removeUnchanged(files: readonly StampedFile[], pools: readonly Pool[]): Promise<void> {
    for (const file of files) if ((await this.disks.stamp(file.path)) === file.stamp) await removeVolume(this.virsh, this.disks, file.path, pools);
  }

  /** @throws `SNAPSHOT_BASE_SHARED` where another domain needs one of the files */
  async refuseShared({ found, pools }: Subject, name: string, files: readonly string[]): Promise<void> {
    const real = await Promise.all(files.map(async (path) => (await this.disks.host.files.realPath(path)) ?? path));
    const users = await otherUsers(this.virsh, this.disks, found.uuid, real, pools);
    if (users.length > 0) throw new AppError('SNAPSHOT_BASE_SHARED', { name, users: users.join(', ') });
  }
}
