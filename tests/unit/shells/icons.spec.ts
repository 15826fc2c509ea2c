import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const build = join(import.meta.dirname, '..', '..', '..', 'build');
const read = (name: string): Buffer => readFileSync(join(build, name));

/** Width of a PNG picture; throws where the bytes are none. */
function widthOf(picture: Buffer): number {
  if (picture.toString('latin1', 1, 4) !== 'PNG') throw new Error('no PNG picture');
  expect(picture.readUInt32BE(16)).toBe(picture.readUInt32BE(20));
  return picture.readUInt32BE(16);
}

describe('the icons of the packaged app', () => {
  it('are one large picture for Linux', () => {
    expect(widthOf(read('icon.png'))).toBe(1024);
  });

  it('are the sizes that Windows asks for', () => {
    const icon = read('icon.ico');
    const entries = Array.from({ length: icon.readUInt16LE(4) }, (_, index) => 6 + 16 * index);
    const widths = entries.map((at) => {
      const [length, offset] = [icon.readUInt32LE(at + 8), icon.readUInt32LE(at + 12)];
      expect(offset + length).toBeLessThanOrEqual(icon.length);
      const width = widthOf(icon.subarray(offset, offset + length));
      expect(icon.readUInt8(at)).toBe(width % 256);
      return width;
    });
    expect(widths).toEqual([16, 24, 32, 48, 64, 128, 256]);
  });

  it('are the sizes that macOS asks for', () => {
    const icon = read('icon.icns');
    expect([icon.toString('latin1', 0, 4), icon.readUInt32BE(4)]).toEqual(['icns', icon.length]);
    const widths: Record<string, number> = {};
    for (let at = 8; at < icon.length; at += icon.readUInt32BE(at + 4)) widths[icon.toString('latin1', at, at + 4)] = widthOf(icon.subarray(at + 8, at + icon.readUInt32BE(at + 4)));
    expect(widths).toEqual({ ic07: 128, ic08: 256, ic09: 512, ic10: 1024, ic11: 32, ic12: 64, ic13: 256, ic14: 512 });
  });
});
