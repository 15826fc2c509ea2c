/**
 * Changes hardware in a libvirt domain definition so that libvirt accepts the result: what hangs together is changed together (CPU
 * topology, current memory, loader and NVRAM), everything else stays.
 */
import type { Element } from '@xmldom/xmldom';
import { AppError } from '../../../shared/model/app-error.ts';
import type { HardwareChange } from '../../../shared/model/finding.ts';
import { parseDomain, primaryVideo, type Domain } from './domain-xml.ts';
import { appendChild, attribute, child, children, descend, ensureChild, removeElement, serializeXml } from './xml.ts';

/**
 * The definition with the change made. A value that is already there is not written again, so that an empty change gives the same VM.
 * @throws `HARDWARE_NUMA`, `HARDWARE_SEVERAL_VIDEO_CARDS` for what cannot be changed without guessing
 */
export function editHardware(text: string, change: HardwareChange, label: string): string {
  const domain = parseDomain(text, label);
  changeHardware(domain, change, label);
  return serializeXml(domain.document);
}

export function changeHardware(domain: Domain, change: HardwareChange, label: string): void {
  const { root } = domain;
  const isResized = (change.vcpus !== undefined && change.vcpus !== domain.vcpus) || (change.memoryBytes !== undefined && change.memoryBytes !== domain.memoryBytes);
  if (isResized && descend(root, 'cpu', 'numa', 'cell') !== undefined) throw new AppError('HARDWARE_NUMA', { file: label });
  if (change.vcpus !== undefined && change.vcpus !== domain.vcpus) setVcpus(root, change.vcpus);
  if (change.memoryBytes !== undefined && change.memoryBytes !== domain.memoryBytes) setMemory(root, change.memoryBytes);
  if (change.bootMode !== undefined && change.bootMode !== domain.bootMode) {
    if (change.bootMode === 'uefi') setUefi(root);
    else setBios(root, domain.architecture);
  }
  if (change.videoModel !== undefined && change.videoModel !== domain.videoModel) setVideo(root, change.videoModel, label);
}

function setVcpus(root: Element, count: number): void {
  const vcpu = ensureChild(root, 'vcpu');
  vcpu.textContent = String(count);
  vcpu.removeAttribute('current');
  // The list of single CPUs for hotplug names each of the old ones.
  removeElement(child(root, 'vcpus'));
  const topology = descend(root, 'cpu', 'topology');
  if (topology === undefined) return;
  const part = (name: string): number => Number(attribute(topology, name) ?? 1);
  const perSocket = ['dies', 'clusters', 'cores', 'threads'].reduce((product, name) => product * part(name), 1);
  if (Number.isInteger(count / perSocket)) {
    topology.setAttribute('sockets', String(count / perSocket));
    return;
  }
  const threads = Number.isInteger(count / part('threads')) ? part('threads') : 1;
  for (const name of ['dies', 'clusters']) if (topology.hasAttribute(name)) topology.setAttribute(name, '1');
  topology.setAttribute('sockets', '1');
  topology.setAttribute('cores', String(count / threads));
  topology.setAttribute('threads', String(threads));
}

function setMemory(root: Element, bytes: number): void {
  const kib = Math.round(bytes / 1024);
  for (const name of ['memory', 'currentMemory']) {
    const element = name === 'memory' ? ensureChild(root, name) : child(root, name);
    if (element === undefined) continue;
    element.setAttribute('unit', 'KiB');
    element.textContent = String(kib);
  }
}

/**
 * Automatic firmware selection, with Secure Boot off: a disk that was installed under BIOS or elsewhere has no keys for it. libvirt
 * makes the NVRAM from its template at the first start, and wants ACPI on a PC.
 */
function setUefi(root: Element): void {
  const os = ensureChild(root, 'os');
  removeElement(child(os, 'loader'));
  removeElement(child(os, 'nvram'));
  os.setAttribute('firmware', 'efi');
  if (child(os, 'firmware') === undefined) {
    const feature = appendChild(appendChild(os, 'firmware'), 'feature');
    feature.setAttribute('enabled', 'no');
    feature.setAttribute('name', 'secure-boot');
  }
  const features = ensureChild(root, 'features');
  if (child(features, 'acpi') === undefined) appendChild(features, 'acpi');
}

/** Without loader and NVRAM there is no UEFI; the NVRAM file itself stays where it is. */
function setBios(root: Element, architecture: string | null): void {
  const os = ensureChild(root, 'os');
  for (const name of ['loader', 'nvram', 'firmware']) removeElement(child(os, name));
  os.removeAttribute('firmware');
  // Elsewhere than on a PC the absence means nothing, so it is said.
  if (architecture !== null && architecture !== 'x86_64' && architecture !== 'i686') os.setAttribute('firmware', 'bios');
}

/** Attributes that only some models take; libvirt refuses them on the others. */
const modelMemory = ['ram', 'vram', 'vram64', 'vgamem'];

function setVideo(root: Element, model: string, label: string): void {
  const devices = ensureChild(root, 'devices');
  if (model === 'none' && children(devices, 'video').length > 1) throw new AppError('HARDWARE_SEVERAL_VIDEO_CARDS', { file: label });
  const video = primaryVideo(root) ?? appendChild(devices, 'video');
  const element = ensureChild(video, 'model');
  element.setAttribute('type', model);
  for (const name of modelMemory) element.removeAttribute(name);
  if (model !== 'virtio') removeElement(child(element, 'acceleration'));
  if (model === 'none') {
    for (const name of ['heads', 'primary', 'blob']) element.removeAttribute(name);
    for (const name of ['address', 'alias', 'driver']) removeElement(child(video, name));
    removeElement(child(element, 'resolution'));
  }
}

/** Points a disk at another file. An explicit `<backingStore>` described the old chain; the new file's header tells the new one. */
export function setDiskSource(disk: Domain['disks'][number], file: string, format: 'qcow2' | 'raw'): void {
  const source = ensureChild(disk.element, 'source');
  source.setAttribute('file', file);
  const driver = ensureChild(disk.element, 'driver');
  if (!driver.hasAttribute('name')) driver.setAttribute('name', 'qemu');
  driver.setAttribute('type', format);
  removeElement(child(disk.element, 'backingStore'));
}
