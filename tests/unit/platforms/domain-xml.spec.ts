import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { editHardware } from '../../../src/main/platforms/domain-xml/domain-edit.ts';
import { parseDomain } from '../../../src/main/platforms/domain-xml/domain-xml.ts';
import { domainText } from '../../../src/main/platforms/domain-xml/domain-template.ts';
import { readSnapshots, writeSnapshots, type SnapshotEntry } from '../../../src/main/platforms/local/snapshot-metadata.ts';
import { osOfLibosinfoId } from '../../../src/main/platforms/domain-xml/libosinfo.ts';
import { maxDefinitionBytes, serializeXml } from '../../../src/main/platforms/domain-xml/xml.ts';
import { oracle } from '../../oracles.ts';

const GiB = 1024 ** 3;

/** A definition with everything that an edit could lose: foreign namespaces, comments, character data, several devices. */
const rich = `<?xml version="1.0" encoding="UTF-8"?>
<!-- made by hand -->
<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>财务 &amp; “win11”</name>
  <uuid>0d3c1e9e-2f34-4c5c-9a58-d7a3a7c9f111</uuid>
  <metadata>
    <libosinfo:libosinfo xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0">
      <libosinfo:os id="http://microsoft.com/win/11"/>
    </libosinfo:libosinfo>
    <acme:owner xmlns:acme="urn:acme"><![CDATA[ <keep> & me ]]></acme:owner>
  </metadata>
  <memory unit='GiB'>4</memory>
  <currentMemory unit='GiB'>4</currentMemory>
  <vcpu placement='static' current='2'>4</vcpu>
  <os>
    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
    <loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE_4M.fd</loader>
    <nvram>/var/lib/libvirt/qemu/nvram/win11_VARS.fd</nvram>
    <bootmenu enable='yes'/>
  </os>
  <features><acpi/><apic/><hyperv><relaxed state='on'/></hyperv></features>
  <cpu mode='host-model'><topology sockets='1' dies='1' cores='2' threads='2'/></cpu>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='cdrom'><source file='/iso/virtio.iso'/><target dev='sdb' bus='sata'/></disk>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/><source file='data disk.raw'/><target dev='vdb' bus='virtio'/><boot order='2'/>
    </disk>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' discard='unmap'/><source file='/srv/vms/win11.qcow2'/><target dev='vda' bus='virtio'/><boot order='1'/>
    </disk>
    <disk type='network' device='disk'><source protocol='rbd' name='pool/image'/><target dev='vdc' bus='virtio'/></disk>
    <video><model type='qxl' ram='65536' vram='65536' vgamem='16384' heads='1' primary='yes'/><address type='pci' slot='0x01'/></video>
    <tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>
  </devices>
  <qemu:commandline><qemu:arg value='-fw_cfg'/></qemu:commandline>
</domain>
`;

const plain = (extra: { os?: string; before?: string; devices?: string } = {}): string => `<domain type="kvm">
  <name>plain</name>
  <memory>1048576</memory>
  <vcpu>2</vcpu>
  <os>${extra.os ?? '<type arch="x86_64">hvm</type>'}</os>${extra.before ?? ''}
  <devices>${extra.devices ?? ''}</devices>
</domain>
`;

const change = (text: string, what: Parameters<typeof editHardware>[1]): ReturnType<typeof parseDomain> => parseDomain(editHardware(text, what, 'vm.xml'), 'vm.xml');

describe('reading a libvirt domain', () => {
  it('finds name, hardware, firmware, video, disks and operating system', () => {
    const domain = parseDomain(rich, 'vm.xml');
    expect(domain).toMatchObject({
      name: '财务 & “win11”', uuid: '0d3c1e9e-2f34-4c5c-9a58-d7a3a7c9f111', memoryBytes: 4 * GiB, vcpus: 2, bootMode: 'uefi', videoModel: 'qxl', systemDisk: 1,
      nvramFile: '/var/lib/libvirt/qemu/nvram/win11_VARS.fd',
      os: { family: 'windows', distro: 'win', name: 'Windows 11', version: '11', source: 'platform' },
    });
    expect(domain.disks.map(({ key, source, file, format, bus }) => ({ key, source, file, format, bus }))).toEqual([
      { key: 'vdb', source: 'data disk.raw', file: 'data disk.raw', format: 'raw', bus: 'virtio' },
      { key: 'vda', source: '/srv/vms/win11.qcow2', file: '/srv/vms/win11.qcow2', format: 'qcow2', bus: 'virtio' },
      { key: 'vdc', source: 'pool/image', file: null, format: null, bus: 'virtio' },
    ]);
  });

  it.each([
    ['<type arch="x86_64">hvm</type>', 'bios'],
    ['<type arch="aarch64">hvm</type>', 'unknown'],
    ['<type>hvm</type><loader type="rom">/usr/share/seabios/bios.bin</loader>', 'bios'],
    ['<type>hvm</type><loader>/usr/share/OVMF/OVMF.fd</loader>', 'uefi'],
    ['<type>hvm</type><nvram template="x">vars.fd</nvram>', 'uefi'],
  ])('tells the boot mode of %s', (os, expected) => {
    expect(parseDomain(plain({ os }), 'vm.xml').bootMode).toBe(expected);
  });

  it.each([['KiB', 1024], ['b', 1], ['KB', 1000], ['MiB', 1024 ** 2], ['M', 1024 ** 2], ['GB', 1000 ** 3], ['TiB', 1024 ** 4]])('reads memory in %s', (unit, factor) => {
    expect(parseDomain(plain().replace('<memory>1048576', `<memory unit="${unit}">3`), 'vm.xml').memoryBytes).toBe(3 * factor);
  });

  it.each([
    ['nothing', ''], ['no XML', 'hello'], ['cut off', rich.slice(0, 900)], ['a document type', `<!DOCTYPE domain [<!ENTITY a "b">]>${plain()}`],
    ['another document', '<network><name>default</name></network>'], ['no name', '<domain type="kvm"><name> </name></domain>'], ['an unknown entity', plain().replace('plain', '&xxe;')],
    ['an unquoted attribute', '<domain type=kvm><name>a</name></domain>'],
  ])('refuses %s with a clear message', (_what, text) => {
    expect(() => parseDomain(text, 'vm.xml')).toThrow(expect.objectContaining({ code: 'LIBRARY_DEFINITION_BROKEN' }));
  });

  it('says where a file stops being XML, in no language', () => {
    expect(() => parseDomain('<domain>\n<name>a</name>\n<memory></domain>', 'vm.xml')).toThrow(expect.objectContaining({ params: { file: 'vm.xml', problem: 'XML:3' } }));
    expect(() => parseDomain('', 'vm.xml')).toThrow(expect.objectContaining({ params: { file: 'vm.xml', problem: expect.stringMatching(/^XML(:1)?$/) as string } }));
  });

  it('refuses a definition that is too large before parsing it', () => {
    expect(() => parseDomain(`<domain>${' '.repeat(maxDefinitionBytes)}</domain>`, 'vm.xml')).toThrow(expect.objectContaining({ code: 'LIBRARY_DEFINITION_TOO_LARGE' }));
  });
});

describe('editing a libvirt domain', () => {
  it('keeps everything it does not understand', () => {
    const after = editHardware(rich, { memoryBytes: 8 * GiB }, 'vm.xml');
    const untouched = (text: string): string => text.replaceAll("'", '"').replace(/<(memory|currentMemory)[^/]*\/\1>/g, '').replace(/\s+/g, ' ');
    expect(untouched(after)).toBe(untouched(rich));
    expect(parseDomain(after, 'vm.xml').memoryBytes).toBe(8 * GiB);
    expect(after).toContain('<![CDATA[ <keep> & me ]]>');
    expect(after).toContain('<currentMemory unit="KiB">8388608</currentMemory>');
  });

  it('changes nothing when the values are already there', () => {
    const same = editHardware(rich, { vcpus: 2, memoryBytes: 4 * GiB, bootMode: 'uefi', videoModel: 'qxl' }, 'vm.xml');
    expect(same).toBe(editHardware(rich, {}, 'vm.xml'));
  });

  it.each([[8, ['2', '2', '2']], [6, ['1', '3', '2']], [3, ['1', '3', '1']], [1, ['1', '1', '1']]])('keeps the CPU topology in step with %i CPUs', (vcpus, [sockets, cores, threads]) => {
    const after = editHardware(rich, { vcpus }, 'vm.xml');
    expect(parseDomain(after, 'vm.xml').vcpus).toBe(vcpus);
    expect(after).not.toContain('current=');
    expect(after).toContain(`<topology sockets="${sockets}" dies="1" cores="${cores}" threads="${threads}"/>`);
  });

  it('goes from UEFI to BIOS without leaving loader or NVRAM, and back with automatic firmware', () => {
    const bios = editHardware(rich, { bootMode: 'bios' }, 'vm.xml');
    expect(parseDomain(bios, 'vm.xml')).toMatchObject({ bootMode: 'bios', nvramFile: null });
    expect(bios).not.toMatch(/<loader|<nvram|firmware=/);
    expect(bios).toContain('<bootmenu enable="yes"/>');
    const uefi = editHardware(bios, { bootMode: 'uefi' }, 'vm.xml');
    expect(parseDomain(uefi, 'vm.xml').bootMode).toBe('uefi');
    expect(uefi).toMatch(/<os firmware="efi">/);
    expect(uefi).toContain('<feature enabled="no" name="secure-boot"/>');
  });

  it('gives a PC the ACPI that UEFI needs', () => {
    expect(editHardware(plain(), { bootMode: 'uefi' }, 'vm.xml')).toContain('<acpi/>');
  });

  it('changes the video card and drops what only the old model takes', () => {
    const after = editHardware(rich, { videoModel: 'virtio' }, 'vm.xml');
    expect(after).toContain('<model type="virtio" heads="1" primary="yes"/>');
    expect(after).toContain('<address type="pci" slot="0x01"/>');
    expect(editHardware(rich, { videoModel: 'none' }, 'vm.xml')).toMatch(/<video><model type="none"\/><\/video>/);
    expect(change(plain(), { videoModel: 'virtio' }).videoModel).toBe('virtio');
  });

  it('refuses to guess about NUMA nodes and several video cards', () => {
    const numa = plain({ before: '<cpu><numa><cell id="0" cpus="0-1" memory="1048576"/></numa></cpu>' });
    expect(() => editHardware(numa, { vcpus: 4 }, 'vm.xml')).toThrow(expect.objectContaining({ code: 'HARDWARE_NUMA' }));
    expect(() => editHardware(numa, { bootMode: 'uefi' }, 'vm.xml')).not.toThrow();
    const two = plain({ devices: '<video><model type="vga"/></video><video><model type="qxl"/></video>' });
    expect(() => editHardware(two, { videoModel: 'none' }, 'vm.xml')).toThrow(expect.objectContaining({ code: 'HARDWARE_SEVERAL_VIDEO_CARDS' }));
  });
});

describe('snapshots in the definition', () => {
  const entry: SnapshotEntry = {
    id: 'snap-1', name: 'vor “Update” <1>', createdAt: 1_700_000_000_000, parentId: null,
    hardware: { vcpus: 2, memoryBytes: 4 * GiB, bootMode: 'uefi', videoModel: 'qxl' },
    disks: [{ key: 'vda', file: '/srv/vms/win11.qcow2', format: 'qcow2', mode: 0o644, overlayStamp: '1:2:3' }],
  };

  it('reads what it wrote, beside foreign metadata', () => {
    const domain = parseDomain(rich, 'vm.xml');
    writeSnapshots(domain, { currentId: 'snap-1', entries: [entry] });
    const text = serializeXml(domain.document);
    expect(readSnapshots(parseDomain(text, 'vm.xml').root)).toEqual({ currentId: 'snap-1', entries: [entry] });
    expect(text).toContain('acme:owner');
  });

  it('leaves no trace when the last one goes', () => {
    const domain = parseDomain(plain(), 'vm.xml');
    writeSnapshots(domain, { currentId: 'snap-1', entries: [entry] });
    writeSnapshots(domain, { currentId: null, entries: [] });
    expect(serializeXml(domain.document)).not.toMatch(/metadata|goldpress/);
  });
});

describe('a new definition', () => {
  const os = osOfLibosinfoId('http://ubuntu.com/ubuntu/24.04', 'x86_64');
  const spec = { name: 'Neu & 新', diskFormat: 'qcow2', bootMode: 'uefi', videoModel: 'virtio', vcpus: 3, memoryBytes: 3 * GiB, os } as const;

  it('says what was asked for', () => {
    expect(parseDomain(domainText(spec, 'neu.qcow2', '0d3c1e9e-2f34-4c5c-9a58-d7a3a7c9f111'), 'vm.xml')).toMatchObject({
      name: spec.name, bootMode: 'uefi', videoModel: 'virtio', vcpus: 3, memoryBytes: 3 * GiB, os, disks: [{ key: 'vda', file: 'neu.qcow2', format: 'qcow2' }],
    });
    const windows = domainText({ ...spec, bootMode: 'bios', os: osOfLibosinfoId('http://microsoft.com/win/10', null) }, 'w.qcow2', '0d3c1e9e-2f34-4c5c-9a58-d7a3a7c9f112');
    expect(parseDomain(windows, 'vm.xml')).toMatchObject({ bootMode: 'bios', os: { family: 'windows', version: '10' }, disks: [{ bus: 'sata' }] });
  });

  const validator = oracle('virt-xml-validate', 'libvirt-clients libxml2-utils');
  const folder = mkdtempSync(join(tmpdir(), 'goldpress-domains-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** The rich definition as libvirt has it: its sample path must be absolute. */
  const valid = rich.replace("file='data disk.raw'", "file='/srv/vms/data disk.raw'").replace('<target dev=\'vdc\' bus=\'virtio\'/>', "<target dev='vdc' bus='virtio'/><driver name='qemu' type='raw'/>");
  const withSnapshot = (): string => {
    const domain = parseDomain(valid, 'vm.xml');
    writeSnapshots(domain, { currentId: 's', entries: [{ id: 's', name: 'n', createdAt: 1, parentId: null, hardware: { vcpus: 1, memoryBytes: 1, bootMode: 'bios', videoModel: null }, disks: [] }] });
    return serializeXml(domain.document);
  };

  it.skipIf(validator === null).each([
    ['new UEFI', () => domainText(spec, '/srv/neu.qcow2', '0d3c1e9e-2f34-4c5c-9a58-d7a3a7c9f111')],
    ['new BIOS', () => domainText({ ...spec, bootMode: 'bios' }, '/srv/neu.qcow2', '0d3c1e9e-2f34-4c5c-9a58-d7a3a7c9f111')],
    ['untouched', () => valid],
    ['BIOS', () => editHardware(valid, { bootMode: 'bios', vcpus: 6, memoryBytes: GiB }, 'vm.xml')],
    ['UEFI again', () => editHardware(editHardware(valid, { bootMode: 'bios' }, 'vm.xml'), { bootMode: 'uefi', videoModel: 'virtio' }, 'vm.xml')],
    ['no video card', () => editHardware(valid, { videoModel: 'none' }, 'vm.xml')],
    ['a snapshot', withSnapshot],
  ])('is valid for libvirt: %s', (name, text) => {
    const path = join(folder, `${name}.xml`);
    writeFileSync(path, text());
    expect(() => execFileSync(validator ?? '', [path, 'domain'], { stdio: 'pipe' })).not.toThrow();
  });
});
