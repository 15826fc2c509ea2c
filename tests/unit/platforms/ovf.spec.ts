import { describe, expect, it } from 'vitest';
import { parseOvf } from '../../../src/main/platforms/local/ovf.ts';

const envelope = (body: string, references = '<File ovf:href="win%2010-disk1.vmdk" ovf:id="file1" ovf:size="1"/>'): string => `<?xml version="1.0"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
  xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
  xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData" xmlns:vmw="http://www.vmware.com/schema/ovf"
  xmlns:vbox="http://www.virtualbox.org/ovf/machine">
  <References>${references}</References>
  <DiskSection><Disk ovf:capacity="40" ovf:capacityAllocationUnits="byte * 2^30" ovf:diskId="vmdisk1" ovf:fileRef="file1"/></DiskSection>
  ${body}
</Envelope>`;

const vmware = (extra = ''): string => `<VirtualSystem ovf:id="vm"><Name>Win 10 办公</Name>
  <OperatingSystemSection ovf:id="103" vmw:osType="windows9_64Guest"><Description>Microsoft Windows 10 (64-bit)</Description></OperatingSystemSection>
  <VirtualHardwareSection><System><vssd:VirtualSystemType>vmx-19</vssd:VirtualSystemType></System>
    <Item><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>4</rasd:VirtualQuantity></Item>
    <Item><rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>8192</rasd:VirtualQuantity></Item>
    <Item><rasd:HostResource>ovf:/disk/vmdisk1</rasd:HostResource><rasd:ResourceType>17</rasd:ResourceType></Item>
    ${extra}
  </VirtualHardwareSection></VirtualSystem>`;

describe('reading an OVF descriptor', () => {
  it('finds hardware, system and disks as VMware writes them', () => {
    expect(parseOvf(envelope(vmware('<vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>')), 'a.ovf')).toEqual({
      name: 'Win 10 办公', vcpus: 4, memoryBytes: 8 * 1024 ** 3, bootMode: 'uefi', videoModel: null,
      os: { family: 'windows', distro: 'win', name: 'Microsoft Windows 10 (64-bit)', version: null, architecture: 'x86_64', source: 'platform' },
      disks: [{ key: 'vmdisk1', file: 'win 10-disk1.vmdk', capacityBytes: 40 * 1024 ** 3, problem: null }],
      files: ['win 10-disk1.vmdk'],
    });
  });

  it('takes silence about firmware as BIOS only from makers who mean it', () => {
    expect(parseOvf(envelope(vmware()), 'a.ovf').bootMode).toBe('bios');
    expect(parseOvf(envelope('<VirtualSystem ovf:id="x"><Name>x</Name></VirtualSystem>'), 'a.ovf').bootMode).toBe('unknown');
    expect(parseOvf(envelope('<VirtualSystem ovf:id="x"><vbox:Machine><Hardware><Firmware type="EFI"/><Display controller="VMSVGA"/></Hardware></vbox:Machine></VirtualSystem>'), 'a.ovf'))
      .toMatchObject({ bootMode: 'uefi', videoModel: 'vmsvga', name: 'x' });
    expect(parseOvf(envelope(vmware('<vmw:ExtraConfig vmw:key="firmware" vmw:value="bios"/>')), 'a.ovf').bootMode).toBe('bios');
  });

  it.each([
    ['<File ovf:href="https://example.org/a.vmdk" ovf:id="file1"/>', 'OVF_DISK_REMOTE'],
    ['<File ovf:href="a.vmdk.gz" ovf:id="file1" ovf:compression="gzip"/>', 'OVF_DISK_PACKED'],
    ['<File ovf:href="a.vmdk" ovf:id="file1" ovf:chunkSize="1000"/>', 'OVF_DISK_PACKED'],
    ['<File ovf:href="a.vmdk" ovf:id="other"/>', 'OVF_DISK_EMPTY'],
  ])('says why a disk cannot be used: %s', (reference, code) => {
    expect(parseOvf(envelope(vmware(), reference), 'a.ovf').disks[0]?.problem?.code).toBe(code);
  });

  it('refuses several VMs, foreign documents and entities', () => {
    expect(() => parseOvf(envelope(`<VirtualSystemCollection>${vmware()}${vmware()}</VirtualSystemCollection>`), 'a.ovf')).toThrow(expect.objectContaining({ code: 'OVF_SEVERAL_VMS' }));
    expect(() => parseOvf('<domain/>', 'a.ovf')).toThrow(expect.objectContaining({ code: 'LIBRARY_DEFINITION_BROKEN' }));
    expect(() => parseOvf(`<!DOCTYPE x SYSTEM "file:///etc/passwd">${envelope(vmware())}`, 'a.ovf')).toThrow(expect.objectContaining({ code: 'LIBRARY_DEFINITION_BROKEN' }));
  });
});
