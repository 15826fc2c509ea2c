/** A new libvirt domain over one disk, as virt-manager would define it: the least that starts and can be edited. */
import { DOMImplementation, type Element } from '@xmldom/xmldom';
import type { NewVmSpec } from '../connector.ts';
import { libosinfoIdOf, libosinfoNamespace } from './libosinfo.ts';
import { appendChild, serializeXml } from './xml.ts';

const drivers: Readonly<Record<NewVmSpec['diskFormat'], string>> = { qcow2: 'qcow2', raw: 'raw', vhd: 'vpc', vhdx: 'vhdx', vmdk: 'vmdk' };

/**
 * @param diskFile as written into the definition: a name beside it, so that the library can be moved
 * @param uuid of the new VM
 */
export function domainText(spec: NewVmSpec, diskFile: string, uuid: string): string {
  const document = new DOMImplementation().createDocument(null, 'domain', null);
  const root = document.documentElement;
  if (root === null) throw new Error('a new document without a root');
  const add = (parent: Element, name: string, attributes: Readonly<Record<string, string>> = {}, text?: string): Element => {
    const element = appendChild(parent, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  root.setAttribute('type', 'kvm');
  add(root, 'name', {}, spec.name);
  add(root, 'uuid', {}, uuid);
  addOsMetadata(root, spec);
  add(root, 'memory', { unit: 'KiB' }, String(Math.round(spec.memoryBytes / 1024)));
  add(root, 'vcpu', {}, String(spec.vcpus));
  const isUefi = spec.bootMode === 'uefi';
  const os = add(root, 'os', isUefi ? { firmware: 'efi' } : {});
  add(os, 'type', { arch: 'x86_64', machine: 'q35' }, 'hvm');
  if (isUefi) add(add(os, 'firmware'), 'feature', { enabled: 'no', name: 'secure-boot' });
  add(os, 'boot', { dev: 'hd' });
  const features = add(root, 'features');
  add(features, 'acpi');
  add(features, 'apic');
  add(root, 'cpu', { mode: 'host-passthrough' });
  // Windows keeps local time in its clock.
  add(root, 'clock', { offset: spec.os.family === 'windows' ? 'localtime' : 'utc' });
  const devices = add(root, 'devices');
  const disk = add(devices, 'disk', { type: 'file', device: 'disk' });
  add(disk, 'driver', { name: 'qemu', type: drivers[spec.diskFormat] });
  add(disk, 'source', { file: diskFile });
  // SATA needs no driver that Windows does not bring along.
  add(disk, 'target', spec.os.family === 'windows' ? { dev: 'sda', bus: 'sata' } : { dev: 'vda', bus: 'virtio' });
  const network = add(devices, 'interface', { type: 'network' });
  add(network, 'source', { network: 'default' });
  add(network, 'model', { type: 'virtio' });
  add(devices, 'input', { type: 'tablet', bus: 'usb' });
  add(devices, 'graphics', { type: 'vnc', autoport: 'yes' });
  add(add(devices, 'video'), 'model', { type: spec.videoModel });
  return serializeXml(document);
}

function addOsMetadata(root: Element, spec: NewVmSpec): void {
  const id = libosinfoIdOf(spec.os);
  if (id === null) return;
  const element = appendChild(appendChild(root, 'metadata'), 'libosinfo:libosinfo', libosinfoNamespace);
  appendChild(element, 'libosinfo:os', libosinfoNamespace).setAttribute('id', id);
}
