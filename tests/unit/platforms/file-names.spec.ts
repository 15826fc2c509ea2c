import { describe, expect, it } from 'vitest';
import { fileNameFor } from '../../../src/main/platforms/local/creator-role.ts';
import { baseNameOf, roleOf } from '../../../src/main/platforms/local/file-names.ts';
import { documentsFor } from '../../../src/main/platforms/local/instructions.ts';
import { overlayPathFor, withBaseName } from '../../../src/main/platforms/local/snapshot-plan.ts';
import { imageIdOf, sourceVmIdOf } from '../../../src/main/platforms/resource-id.ts';
import type { PlatformId } from '../../../src/shared/model/ids.ts';

describe('names in a library', () => {
  it.each([
    ['win11.xml', 'definition'], ['Export.OVF', 'ovf'], ['a.ova', 'archive'], ['a b.QCOW2', 'disk'], ['磁盘.vhd', 'disk'], ['a.vmdk', 'disk'], ['a-flat.vmdk', 'other'],
    ['a-s001.vmdk', 'other'], ['a.qcow2.part', 'unfinished'], ['a.vhd.crdownload', 'unfinished'], ['~', 'unfinished'], ['.hidden.qcow2', 'other'], ['notes.md', 'document'],
    ['vars.fd', 'other'], ['README', 'other'],
  ])('%s is %s', (name, role) => {
    expect(roleOf(name)).toBe(role);
  });

  it('takes the base name of paths written on any system', () => {
    expect(['C:\\VMs\\Win 11.vhd', '/srv/vms/a.qcow2', 'a.raw', '\\\\nas\\share\\b.vhd', 'D:/x/c.img'].map(baseNameOf)).toEqual(['Win 11.vhd', 'a.qcow2', 'a.raw', 'b.vhd', 'c.img']);
  });

  it('makes file names that every file system takes', () => {
    expect(fileNameFor('a/b\\c:d*?"<>|')).toBe('a_b_c_d______');
    expect(fileNameFor(' CON ')).toBe('CON_');
    expect(fileNameFor('...')).toBe('vm');
    expect(fileNameFor('财务 Win11')).toBe('财务 Win11');
    expect(Buffer.byteLength(fileNameFor('长'.repeat(200)))).toBeLessThanOrEqual(120);
  });

  it('names overlays after their disk, once', () => {
    expect(overlayPathFor('/a/win 11.qcow2', 'snap-0123456789')).toBe('/a/win 11.snap-0123456789.qcow2');
    expect(overlayPathFor('/a/win 11.snap-0123456789.qcow2', 'snap-abcdefabcd')).toBe('/a/win 11.snap-abcdefabcd.qcow2');
    expect(Buffer.byteLength(overlayPathFor(`/a/${'长'.repeat(84)}.qcow2`, 'snap-0123456789'))).toBeLessThan(255);
    expect(withBaseName('C:\\VMs\\a.qcow2', 'b.qcow2')).toBe('C:\\VMs\\b.qcow2');
  });

  it('gives each VM its own documents and those of nobody', () => {
    const folder = {
      path: '/a', definitions: ['one.xml', 'two.xml'], ovfs: [], archives: [], disks: ['one.qcow2', 'three.vhd'], unfinished: [],
      documents: ['README.md', 'Two.txt', 'one.pdf', 'three.md', 'how to.txt'],
    };
    expect(documentsFor(folder, ['one.xml', 'one.qcow2'])).toEqual(['one.pdf', 'how to.txt', 'README.md']);
    expect(documentsFor(folder, ['two.xml'])).toEqual(['Two.txt', 'how to.txt', 'README.md']);
  });

  it('derives the same id again, and another for anything else', () => {
    const platform = 'platform-1' as PlatformId;
    expect(sourceVmIdOf(platform, 'a/b.xml')).toBe(sourceVmIdOf(platform, 'a/b.xml'));
    expect(sourceVmIdOf(platform, 'a/b.xml')).toMatch(/^vm-[0-9a-z]{20}$/);
    expect(new Set([sourceVmIdOf(platform, 'a'), sourceVmIdOf(platform, 'b'), sourceVmIdOf('platform-2' as PlatformId, 'a'), imageIdOf(platform, 'a')]).size).toBe(4);
  });
});
