/** Writes a sample VM's definition as libvirt keeps it. */
import type { SampleVm } from './sample-vms.ts';

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** libvirt calls the VHD format by the name it had when it was Connectix'. */
const driverTypes = { qcow2: 'qcow2', vhd: 'vpc' } as const;

/**
 * The definition of one VM.
 * @param diskPath absolute, because libvirt takes nothing else
 */
export function domainXml(vm: SampleVm, diskPath: string): string {
  const kibibytes = vm.memoryBytes / 1024;
  const metadata = vm.osinfo === null ? '' : `
  <metadata>
    <libosinfo:libosinfo xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0">
      <libosinfo:os id="${escapeXml(vm.osinfo)}"/>
    </libosinfo:libosinfo>
  </metadata>`;
  const target = vm.bus === 'virtio' ? 'vda' : 'sda';
  return `<domain type='kvm'>
  <name>${escapeXml(vm.name)}</name>
  <uuid>${vm.uuid}</uuid>${metadata}
  <memory unit='KiB'>${kibibytes}</memory>
  <currentMemory unit='KiB'>${kibibytes}</currentMemory>
  <vcpu placement='static'>${vm.vcpus}</vcpu>
  <os${vm.firmware === 'uefi' ? " firmware='efi'" : ''}>
    <type arch='x86_64' machine='q35'>hvm</type>
    <boot dev='hd'/>
  </os>
  <features>
    <acpi/>
    <apic/>
  </features>
  <cpu mode='host-passthrough'/>
  <clock offset='${vm.disk.startsWith('windows') ? 'localtime' : 'utc'}'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='${driverTypes[vm.format]}' discard='unmap'/>
      <source file='${escapeXml(diskPath).replaceAll("'", '&apos;')}'/>
      <target dev='${target}' bus='${vm.bus}'/>
    </disk>
    <interface type='network'>
      <source network='default'/>
      <model type='${vm.bus === 'virtio' ? 'virtio' : 'e1000e'}'/>
    </interface>
    <input type='tablet' bus='usb'/>
    <graphics type='vnc' port='-1' autoport='yes'/>
    <video>
      <model type='${vm.video}'/>
    </video>
    <memballoon model='virtio'/>
  </devices>
</domain>
`;
}
