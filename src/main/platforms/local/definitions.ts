/**
 * Definitions of VMs in a library, whatever describes them: libvirt XML, OVF, an OVA archive, or a bare disk. Reads and parses; finds
 * the disk files that a definition means, inside the library only.
 */
import { basename, dirname, extname, isAbsolute, join } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import type { DiskFormat } from '../../../shared/model/disk.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import { unknownOs, type BootMode, type OsIdentity } from '../../../shared/model/os.ts';
import { exists, readDefinition, textFingerprint } from './definition-file.ts';
import { looksLikeDomain, parseDomain } from '../domain-xml/domain-xml.ts';
import { baseNameOf, roleOf, stemOf, unfinishedSuffixes } from './file-names.ts';
import type { LibraryRoot } from './library-root.ts';
import { parseOvf } from './ovf.ts';
import { noSnapshots, readSnapshots, type SnapshotTree } from './snapshot-metadata.ts';

export interface DefinedDisk {
  key: string;
  /** As the definition writes it. */
  source: string;
  /** Real path inside the library; null where there is no usable file. */
  path: string | null;
  /** The format that the definition says; null where it says none. */
  format: DiskFormat | 'other' | null;
  capacityBytes: number | null;
  bus: string | null;
  isSystem: boolean;
  problem: Message | null;
}

export interface Definition {
  id: ExternalId;
  /** The definition file; for a bare disk, the disk. */
  path: string;
  kind: 'libvirt-xml' | 'ovf' | 'bare-disk';
  name: string;
  os: OsIdentity;
  bootMode: BootMode;
  videoModel: string | null;
  vcpus: number | null;
  memoryBytes: number | null;
  text: string | null;
  fingerprint: string;
  disks: DefinedDisk[];
  /** NVRAM as written; null without. */
  nvramFile: string | null;
  snapshots: SnapshotTree;
}

const bare = { os: unknownOs, bootMode: 'unknown', videoModel: null, vcpus: null, memoryBytes: null, nvramFile: null, snapshots: noSnapshots } as const;

export class Definitions {
  readonly #root: LibraryRoot;

  constructor(root: LibraryRoot) {
    this.#root = root;
  }

  /**
   * Reads the definition behind a path. A broken one still is a VM, whose disk says what is wrong: it must not vanish from the list.
   * @returns null for an XML file that describes something else
   */
  async read(path: string): Promise<Definition | null> {
    switch (roleOf(basename(path))) {
      case 'definition': return this.#readText(path, 'libvirt-xml');
      case 'ovf': return this.#readText(path, 'ovf');
      case 'archive': return this.#unusable(path, 'ovf', null, say('OVF_ARCHIVE', { file: basename(path) }));
      case 'disk': case 'document': case 'unfinished': case 'other': return this.#bareDisk(path);
    }
  }

  async #readText(path: string, kind: 'libvirt-xml' | 'ovf'): Promise<Definition | null> {
    let text: string | null = null;
    try {
      const file = await readDefinition(path);
      text = file.text;
      if (kind === 'libvirt-xml' && !looksLikeDomain(text)) return null;
      return kind === 'ovf' ? await this.#fromOvf(path, text) : await this.#fromDomain(path, text);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (!(await exists(path))) return null;
      // An unreadable XML file may be anything; an unreadable or broken domain or OVF is a VM that somebody misses.
      if (text === null && kind === 'libvirt-xml' && error.code === 'LIBRARY_DEFINITION_TOO_LARGE') return null;
      return this.#unusable(path, kind, text, error.asMessage);
    }
  }

  async #fromDomain(path: string, text: string): Promise<Definition> {
    const domain = parseDomain(text, path);
    const disks = await Promise.all(domain.disks.map(async (disk, index): Promise<DefinedDisk> => {
      const located = disk.file === null ? { path: null, problem: say('LIBRARY_DISK_NOT_A_FILE', { disk: disk.key, source: disk.source }) } : await this.#locate(disk.file, path);
      return { key: disk.key, source: disk.source, format: disk.format, capacityBytes: null, bus: disk.bus, isSystem: index === domain.systemDisk, ...located };
    }));
    return {
      id: await this.#root.idOf(path), path, kind: 'libvirt-xml', name: domain.name, os: domain.os, bootMode: domain.bootMode, videoModel: domain.videoModel,
      vcpus: domain.vcpus, memoryBytes: domain.memoryBytes, text, fingerprint: textFingerprint(text), disks, nvramFile: domain.nvramFile,
      snapshots: readSnapshots(domain.root),
    };
  }

  async #fromOvf(path: string, text: string): Promise<Definition> {
    const machine = parseOvf(text, path);
    const disks = await Promise.all(machine.disks.map(async (disk, index): Promise<DefinedDisk> => {
      const located = disk.problem === null ? await this.#locate(disk.file, path) : { path: null, problem: disk.problem };
      return { key: disk.key, source: disk.file, format: null, capacityBytes: disk.capacityBytes, bus: null, isSystem: index === 0, ...located };
    }));
    return {
      ...bare, id: await this.#root.idOf(path), path, kind: 'ovf', name: machine.name, os: machine.os, bootMode: machine.bootMode, videoModel: machine.videoModel,
      vcpus: machine.vcpus, memoryBytes: machine.memoryBytes, text, fingerprint: textFingerprint(text), disks,
    };
  }

  async #bareDisk(path: string): Promise<Definition | null> {
    if (!(await exists(path))) return null;
    const name = basename(path);
    const disk: DefinedDisk = { key: name, source: path, path, format: null, capacityBytes: null, bus: null, isSystem: true, problem: null };
    return { ...bare, id: await this.#root.idOf(path), path, kind: 'bare-disk', name: stemOf(name), text: null, fingerprint: 'bare', disks: [disk] };
  }

  /** A VM that cannot be used, told by a disk that stands for its definition. */
  async #unusable(path: string, kind: 'libvirt-xml' | 'ovf', text: string | null, problem: Message): Promise<Definition> {
    const name = basename(path);
    const disk: DefinedDisk = { key: name, source: path, path: null, format: null, capacityBytes: null, bus: null, isSystem: true, problem };
    return {
      ...bare, id: await this.#root.idOf(path), path, kind, name: stemOf(name), text, fingerprint: text === null ? 'unreadable' : textFingerprint(text), disks: [disk],
    };
  }

  /**
   * The file that a definition means. Libraries are copied to USB disks, so a path that leads nowhere (or out of the library) is taken
   * by its base name from beside the definition.
   */
  async #locate(written: string, definition: string): Promise<{ path: string | null; problem: Message | null }> {
    const folder = dirname(definition);
    const asWritten = isAbsolute(written) ? written : join(folder, written);
    const beside = join(folder, baseNameOf(written));
    for (const candidate of [asWritten, beside]) {
      const path = written.includes('\0') ? null : await this.#root.realInside(candidate);
      if (path !== null) return { path, problem: null };
    }
    for (const suffix of unfinishedSuffixes) {
      if (await exists(`${beside}${suffix}`)) return { path: null, problem: say('LIBRARY_DISK_UNFINISHED', { file: `${baseNameOf(written)}${suffix}` }) };
    }
    const isOutside = await exists(asWritten);
    return { path: null, problem: say(isOutside ? 'LIBRARY_DISK_OUTSIDE' : 'LIBRARY_DISK_MISSING', { file: written, folder: isOutside ? this.#root.path : folder }) };
  }

  /** NVRAM and snapshot files follow the same rule as disks. */
  async locate(written: string, definition: string): Promise<string | null> {
    return (await this.#locate(written, definition)).path;
  }
}

/** Whether a file name says that it is a definition (and not a disk standing alone). */
export const isDefinitionName = (name: string): boolean => ['.xml', '.ovf', '.ova'].includes(extname(name).toLowerCase());
