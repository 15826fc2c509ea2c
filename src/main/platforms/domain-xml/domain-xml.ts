/**
 * Reads libvirt domain XML: the facts a source VM needs, and nothing else. Elements that are not understood are left alone; changes
 * are made by `domain-edit.ts` on the same document.
 */
import type { Document, Element } from '@xmldom/xmldom';
import { AppError } from '../../../shared/model/app-error.ts';
import type { DiskFormat } from '../../../shared/model/disk.ts';
import type { BootMode, OsIdentity } from '../../../shared/model/os.ts';
import { readLibosinfo } from './libosinfo.ts';
import { attribute, child, children, descend, localName, parseXml, textOf } from './xml.ts';

export interface DomainDisk {
  element: Element;
  /** Target device (`vda`), or `disk1` … where the definition names none. */
  key: string;
  /** As written: a path, or what stands in its place. */
  source: string;
  /** Null where the source is not a file (a pool volume, a network disk). */
  file: string | null;
  /** The format that the hypervisor will read it with; null where the definition does not say. */
  format: DiskFormat | 'other' | null;
  bus: string | null;
}

export interface Domain {
  document: Document;
  root: Element;
  name: string;
  uuid: string | null;
  vcpus: number | null;
  memoryBytes: number | null;
  architecture: string | null;
  bootMode: BootMode;
  videoModel: string | null;
  nvramFile: string | null;
  disks: DomainDisk[];
  /** Index into `disks` of the one it boots from; -1 without disks. */
  systemDisk: number;
  os: OsIdentity;
}

/** Whether a text looks like a domain at all: other XML files lie in libraries too. */
export function looksLikeDomain(text: string): boolean {
  return /<domain[\s>]/.test(text.slice(0, 16 * 1024));
}

/**
 * @param label the file, for messages
 * @throws `LIBRARY_DEFINITION_BROKEN` when it is not well-formed or not a domain
 */
export function parseDomain(text: string, label: string): Domain {
  const { document, root } = parseXml(text, label);
  if (localName(root) !== 'domain') throw new AppError('LIBRARY_DEFINITION_BROKEN', { file: label, problem: `<${localName(root)}>` });
  const name = textOf(child(root, 'name'));
  if (name === null) throw new AppError('LIBRARY_DEFINITION_BROKEN', { file: label, problem: 'domain/name' });
  const disks = readDisks(root);
  const architecture = attribute(descend(root, 'os', 'type'), 'arch');
  return {
    document,
    root,
    name: name.slice(0, 1000),
    uuid: textOf(child(root, 'uuid')),
    vcpus: readVcpus(root),
    memoryBytes: readMemory(child(root, 'memory')),
    architecture,
    bootMode: readBootMode(root, architecture),
    videoModel: attribute(child(primaryVideo(root), 'model'), 'type'),
    nvramFile: textOf(descend(root, 'os', 'nvram')) ?? attribute(descend(root, 'os', 'nvram', 'source'), 'file'),
    disks,
    systemDisk: systemDiskOf(disks),
    os: readLibosinfo(root, architecture),
  };
}

function readVcpus(root: Element): number | null {
  const element = child(root, 'vcpu');
  const count = Number(attribute(element, 'current') ?? textOf(element));
  return Number.isInteger(count) && count > 0 ? count : null;
}

/** Multipliers of libvirt's units; a missing unit means KiB. */
const memoryUnits: Readonly<Record<string, number>> = {
  b: 1, bytes: 1, kb: 1000, k: 1024, kib: 1024, mb: 1000 ** 2, m: 1024 ** 2, mib: 1024 ** 2, gb: 1000 ** 3, g: 1024 ** 3, gib: 1024 ** 3,
  tb: 1000 ** 4, t: 1024 ** 4, tib: 1024 ** 4,
};

function readMemory(element: Element | undefined): number | null {
  const amount = Number(textOf(element) ?? NaN);
  const unit = memoryUnits[(attribute(element, 'unit') ?? 'KiB').toLowerCase()];
  const bytes = unit === undefined ? NaN : amount * unit;
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null;
}

/**
 * `firmware='efi'`, a pflash loader or an NVRAM file mean UEFI; on a PC, none of them means BIOS. Other machines have no such default.
 */
function readBootMode(root: Element, architecture: string | null): BootMode {
  const os = child(root, 'os');
  const firmware = attribute(os, 'firmware');
  if (firmware === 'efi') return 'uefi';
  if (firmware === 'bios') return 'bios';
  const loader = child(os, 'loader');
  if (attribute(loader, 'type') === 'pflash' || child(os, 'nvram') !== undefined) return 'uefi';
  if (loader !== undefined && /ovmf|edk2|aavmf|uefi/i.test(textOf(loader) ?? '')) return 'uefi';
  return architecture === null || architecture === 'x86_64' || architecture === 'i686' ? 'bios' : 'unknown';
}

/** The video device marked as primary, else the first. */
export function primaryVideo(root: Element): Element | undefined {
  const devices = child(root, 'devices');
  const videos = devices === undefined ? [] : children(devices, 'video');
  return videos.find((video) => attribute(child(video, 'model'), 'primary') === 'yes') ?? videos[0];
}

const driverFormats: Readonly<Record<string, DiskFormat>> = { raw: 'raw', qcow2: 'qcow2', vpc: 'vhd', vhdx: 'vhdx', vmdk: 'vmdk' };

function readDisks(root: Element): DomainDisk[] {
  const devices = child(root, 'devices');
  const elements = devices === undefined ? [] : children(devices, 'disk').filter((disk) => (attribute(disk, 'device') ?? 'disk') === 'disk');
  const keys = new Set<string>();
  return elements.map((element, index) => {
    const target = child(element, 'target');
    const source = child(element, 'source');
    const file = attribute(source, 'file');
    const driver = attribute(child(element, 'driver'), 'type');
    let key = attribute(target, 'dev') ?? `disk${index + 1}`;
    while (keys.has(key)) key = `${key}+`;
    keys.add(key);
    return {
      element,
      key,
      source: file ?? attribute(source, 'dev') ?? ([attribute(source, 'pool'), attribute(source, 'volume')].filter((part) => part !== null).join('/')
        || (attribute(source, 'name') ?? '')),
      file,
      format: driver === null ? null : (driverFormats[driver] ?? 'other'),
      bus: attribute(target, 'bus'),
    };
  });
}

/** The disk with the lowest boot order; without one, the first as libvirt takes it. */
function systemDiskOf(disks: readonly DomainDisk[]): number {
  const order = (disk: DomainDisk): number => Number(attribute(child(disk.element, 'boot'), 'order') ?? Infinity);
  let best = disks.length === 0 ? -1 : 0;
  disks.forEach((disk, index) => {
    const current = disks[best];
    if (current !== undefined && order(disk) < order(current)) best = index;
  });
  return best;
}
