/** How large a VHD is depends on who made it: the current size, or for two creators the geometry (as QEMU reads it since 2025). */
import { describe, expect, it } from 'vitest';
import { buildFooter, isSizeDisputed, parseFooter, vhdChecksum, vhdVirtualBytes, type VhdFooter } from '../../../src/main/disks/vhd/footer.ts';

const currentBytes = 8 * 1024 ** 3;

function footerOf(creator: string, change: (bytes: Buffer) => void = () => undefined): VhdFooter {
  const bytes = buildFooter({ variant: 'dynamic', virtualBytes: currentBytes, createdAt: 0 });
  bytes.write(creator, 28, 'latin1');
  change(bytes);
  bytes.writeUInt32BE(vhdChecksum(bytes, 64), 64);
  const footer = parseFooter(bytes);
  if (footer === null) throw new Error('the footer does not parse');
  return footer;
}

describe('the size of a VHD', () => {
  it.each(['win ', 'wa\0\0', 'vbox', 'd2v ', 'tap\0'])('is the current size by %j', (creator) => {
    expect(vhdVirtualBytes(footerOf(creator))).toBe(currentBytes);
  });

  it.each(['vpc ', 'qemu'])('is the geometry by %j, unless that says nothing', (creator) => {
    const footer = footerOf(creator);
    expect(footer.geometryBytes).not.toBe(currentBytes);
    expect(vhdVirtualBytes(footer)).toBe(footer.geometryBytes);
    expect(vhdVirtualBytes(footerOf(creator, (bytes) => bytes.writeUInt32BE(0, 56)))).toBe(currentBytes);
    expect(vhdVirtualBytes(footerOf(creator, (bytes) => bytes.writeUInt32BE(0xffff10ff, 56)))).toBe(currentBytes);
  });

  it('is disputed where old and new readers differ', () => {
    expect(['win ', 'tap\0', 'vbox', 'wa\0\0', 'vpc '].map((creator) => isSizeDisputed(footerOf(creator)))).toEqual([false, false, true, true, true]);
    expect(isSizeDisputed(footerOf('vpc ', (bytes) => bytes.writeUInt32BE(0xffff10ff, 56)))).toBe(false);
  });
});
