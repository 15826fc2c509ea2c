/**
 * Reads OVF descriptors (DMTF DSP0243) as VMware, VirtualBox and others write them: hardware, firmware, operating system and the disk
 * files beside them. They are read only: an OVF is a document about an export, not a VM that runs here.
 */
import type { Element } from '@xmldom/xmldom';
import { AppError } from '../../../shared/model/app-error.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import { type BootMode, type OsIdentity, unknownOs } from '../../../shared/model/os.ts';
import { attribute, child, children, descend, localName, parseXml, textOf } from '../domain-xml/xml.ts';

export interface OvfDisk {
  key: string;
  /** Name of the file beside the descriptor, as its reference has it. */
  file: string;
  capacityBytes: number | null;
  /** Why it cannot be used, as far as the descriptor says. */
  problem: Message | null;
}

export interface OvfMachine {
  name: string;
  vcpus: number | null;
  memoryBytes: number | null;
  bootMode: BootMode;
  videoModel: string | null;
  os: OsIdentity;
  disks: OvfDisk[];
  /** Names of files that the descriptor refers to. */
  files: string[];
}

/** CIM resource types of hardware items. */
const resource = { cpu: '3', memory: '4', disk: '17', graphics: '24' } as const;

/** @throws `LIBRARY_DEFINITION_BROKEN`, `OVF_SEVERAL_VMS` */
export function parseOvf(text: string, label: string): OvfMachine {
  const { root } = parseXml(text, label);
  if (localName(root) !== 'Envelope') throw new AppError('LIBRARY_DEFINITION_BROKEN', { file: label, problem: `<${localName(root)}>` });
  const collection = child(root, 'VirtualSystemCollection');
  const systems = [...children(root, 'VirtualSystem'), ...(collection === undefined ? [] : children(collection, 'VirtualSystem'))];
  const system = systems[0];
  if (system === undefined) throw new AppError('LIBRARY_DEFINITION_BROKEN', { file: label, problem: 'VirtualSystem' });
  if (systems.length > 1) throw new AppError('OVF_SEVERAL_VMS', { file: label, count: systems.length });
  const hardware = child(system, 'VirtualHardwareSection');
  const items = hardware === undefined ? [] : [...children(hardware, 'Item'), ...children(hardware, 'StorageItem')];
  const files = readFiles(root);
  return {
    name: (textOf(child(system, 'Name')) ?? attribute(system, 'id') ?? label).slice(0, 1000),
    vcpus: quantity(itemOf(items, resource.cpu), () => 1),
    memoryBytes: quantity(itemOf(items, resource.memory), unitBytes),
    bootMode: readFirmware(system, hardware),
    videoModel: readVideo(system, itemOf(items, resource.graphics)),
    os: readOs(system),
    disks: readDisks(root, items, files),
    files: [...files.values()].map((file) => file.href),
  };
}

const itemOf = (items: readonly Element[], type: string): Element | undefined => items.find((item) => textOf(child(item, 'ResourceType')) === type);

function quantity(item: Element | undefined, unit: (name: string | null) => number | null): number | null {
  const amount = Number(textOf(child(item, 'VirtualQuantity')) ?? NaN);
  const factor = unit(textOf(child(item, 'AllocationUnits')));
  const value = factor === null ? NaN : amount * factor;
  return Number.isSafeInteger(value) && value > 0 ? value : null;
}

/** `byte * 2^20`, `MegaBytes`, `KB` …; without a unit OVF means bytes for capacities. */
function unitBytes(name: string | null): number | null {
  if (name === null) return 1;
  const power = /^byte\s*\*\s*(\d+)\s*\^\s*(\d+)$/i.exec(name.trim());
  if (power !== null) return Number(power[1]) ** Number(power[2]);
  switch (name.trim().toLowerCase()) {
    case 'byte': case 'bytes': return 1;
    case 'kb': case 'kilobytes': return 1024;
    case 'mb': case 'megabytes': return 1024 ** 2;
    case 'gb': case 'gigabytes': return 1024 ** 3;
    default: return null;
  }
}

interface FileReference { href: string; isCompressed: boolean; isChunked: boolean }

function readFiles(root: Element): Map<string, FileReference> {
  const references = child(root, 'References');
  const files = new Map<string, FileReference>();
  for (const file of references === undefined ? [] : children(references, 'File')) {
    const id = attribute(file, 'id');
    const href = attribute(file, 'href');
    if (id === null || href === null) continue;
    const compression = attribute(file, 'compression');
    files.set(id, { href: decodeHref(href), isCompressed: compression !== null && compression !== 'identity', isChunked: attribute(file, 'chunkSize') !== null });
  }
  return files;
}

/** References are URLs; a name with a lone percent sign is taken as it stands. */
function decodeHref(href: string): string {
  try {
    return decodeURIComponent(href);
  } catch {
    // Not an escaped URL: the name itself.
    return href;
  }
}

/** Disks in the order of the hardware; without hardware items, in the order of the disk section. */
function readDisks(root: Element, items: readonly Element[], files: ReadonlyMap<string, FileReference>): OvfDisk[] {
  const section = child(root, 'DiskSection');
  const disks = section === undefined ? [] : children(section, 'Disk');
  const used = items.filter((item) => textOf(child(item, 'ResourceType')) === resource.disk)
    .map((item) => /\/disk\/(.+)$/.exec(textOf(child(item, 'HostResource')) ?? '')?.[1])
    .flatMap((id) => disks.find((disk) => attribute(disk, 'diskId') === id) ?? []);
  return (used.length > 0 ? used : disks).map((disk, index) => {
    const reference = files.get(attribute(disk, 'fileRef') ?? '');
    const amount = Number(attribute(disk, 'capacity') ?? NaN) * (unitBytes(attribute(disk, 'capacityAllocationUnits')) ?? NaN);
    let problem: Message | null = null;
    if (reference === undefined) problem = say('OVF_DISK_EMPTY', { disk: attribute(disk, 'diskId') ?? String(index + 1) });
    else if (/^[a-z][a-z0-9+.-]+:\/\//i.test(reference.href)) problem = say('OVF_DISK_REMOTE', { url: reference.href });
    else if (reference.isCompressed || reference.isChunked) problem = say('OVF_DISK_PACKED', { file: reference.href });
    return {
      key: attribute(disk, 'diskId') ?? `disk${index + 1}`,
      file: reference?.href ?? '',
      capacityBytes: Number.isSafeInteger(amount) && amount > 0 ? amount : null,
      problem,
    };
  });
}

/** `firmware` = efi or bios in VMware's Config or ExtraConfig, `Firmware type` in VirtualBox's machine; both mean BIOS when silent. */
function readFirmware(system: Element, hardware: Element | undefined): BootMode {
  const configs = hardware === undefined ? [] : [...children(hardware, 'Config'), ...children(hardware, 'ExtraConfig')];
  const value = configs.find((config) => attribute(config, 'key') === 'firmware');
  const machine = child(system, 'Machine');
  const virtualBox = attribute(machine === undefined ? undefined : descend(machine, 'Hardware', 'Firmware'), 'type');
  const said = (attribute(value, 'value') ?? virtualBox ?? '').toLowerCase();
  if (said.startsWith('efi') || said === 'uefi') return 'uefi';
  if (said === 'bios') return 'bios';
  const type = textOf(hardware === undefined ? undefined : descend(hardware, 'System', 'VirtualSystemType')) ?? '';
  return machine !== undefined || /^(vmx|virtualbox)-/i.test(type) ? 'bios' : 'unknown';
}

function readVideo(system: Element, item: Element | undefined): string | null {
  const machine = child(system, 'Machine');
  const display = machine === undefined ? undefined : descend(machine, 'Hardware', 'Display');
  return (attribute(display, 'controller') ?? textOf(child(item, 'ResourceSubType')))?.toLowerCase().slice(0, 50) ?? null;
}

function readOs(system: Element): OsIdentity {
  const section = child(system, 'OperatingSystemSection');
  const type = attribute(section, 'osType') ?? textOf(child(section, 'OSType')) ?? '';
  const description = textOf(child(section, 'Description'));
  const words = `${type} ${description ?? ''}`.toLowerCase();
  const is64 = /64/.test(words);
  const named = (family: OsIdentity['family'], distro: string | null): OsIdentity => ({
    family, distro, name: (description ?? type).slice(0, 200), version: null, architecture: is64 ? 'x86_64' : null, source: 'platform',
  });
  if (words.trim() === '') return unknownOs;
  if (/windows|winnt|\bwin\d/.test(words)) return named('windows', 'win');
  const distro = ['ubuntu', 'debian', 'fedora', 'centos', 'rocky', 'almalinux', 'rhel', 'opensuse', 'sles', 'openeuler', 'kylin'].find((name) => words.includes(name));
  if (distro !== undefined) return named('linux', distro);
  if (/linux|redhat|red hat|suse|oracle/.test(words)) return named('linux', null);
  if (/bsd|darwin|macos|solaris|dos/.test(words)) return named('other', null);
  return named('unknown', null);
}
