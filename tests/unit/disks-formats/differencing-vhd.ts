/** Differencing VHDs made by hand: QEMU cannot make them, and would read them wrongly. */
import { crc32 } from 'node:zlib';
import { buildDynamicHeader } from '../../../src/main/disks/vhd/dynamic-header.ts';
import { buildFooter, parseFooter, vhdChecksum } from '../../../src/main/disks/vhd/footer.ts';

export const blockBytes = 2 * 1024 ** 2;

export interface Locator {
  code: 'W2ku' | 'W2ru' | 'MacX';
  text: string;
}

export interface ChildRecipe {
  virtualBytes: number;
  parentId: string;
  parentTime?: number;
  parentName?: string;
  locators?: Locator[];
  /** By block; each sector by its number in the block. */
  sectors: ReadonlyMap<number, ReadonlyMap<number, Buffer>>;
}

/** A footer like the engine's, of a given kind. */
function footerOf(kind: number, virtualBytes: number): Buffer {
  const footer = buildFooter({ variant: 'dynamic', virtualBytes, createdAt: Date.UTC(2020, 0, 1) });
  footer.writeUInt32BE(kind, 60);
  footer.writeUInt32BE(vhdChecksum(footer, 64), 64);
  return footer;
}

export function idOf(footer: Buffer): string {
  return parseFooter(footer)?.uniqueId ?? '';
}

export function buildChild(recipe: ChildRecipe): Buffer {
  const { virtualBytes, parentId, parentTime = 0, parentName = '', locators = [], sectors } = recipe;
  const blocks = Math.ceil(virtualBytes / blockBytes);
  const footer = footerOf(4, virtualBytes);
  const tableOffset = 2048;
  const header = buildDynamicHeader(tableOffset, blocks, blockBytes);
  Buffer.from(parentId, 'hex').copy(header, 40);
  header.writeUInt32BE(parentTime, 56);
  Buffer.from(parentName, 'utf16le').swap16().copy(header, 64);
  const table = Buffer.alloc(Math.ceil((blocks * 4) / 512) * 512, 0xff);
  let at = tableOffset + table.length;
  const texts: Buffer[] = [];
  locators.forEach(({ code, text }, index) => {
    const bytes = Buffer.from(text, code === 'MacX' ? 'utf8' : 'utf16le');
    const place = 576 + index * 24;
    header.write(code, place, 'latin1');
    header.writeUInt32BE(512, place + 4);
    header.writeUInt32BE(bytes.length, place + 8);
    header.writeUInt32BE(at, place + 20);
    const sector = Buffer.alloc(Math.ceil(bytes.length / 512) * 512);
    bytes.copy(sector);
    texts.push(sector);
    at += sector.length;
  });
  header.writeUInt32BE(0, 36);
  header.writeUInt32BE(vhdChecksum(header, 36), 36);
  const data: Buffer[] = [];
  for (const [block, changed] of sectors) {
    table.writeUInt32BE(at / 512, block * 4);
    const bytes = Buffer.alloc(512 + blockBytes);
    for (const [sector, content] of changed) {
      bytes.writeUInt8(bytes.readUInt8(sector >>> 3) | (0x80 >>> (sector & 7)), sector >>> 3);
      content.copy(bytes, 512 + sector * 512);
    }
    data.push(bytes);
    at += bytes.length;
  }
  return Buffer.concat([footer, header, Buffer.alloc(tableOffset - 1536), table, ...texts, ...data, footer]);
}

/** Sectors that repeat for one seed, so that a failure can be looked at again. */
export function sectorOf(seed: string): Buffer {
  const sector = Buffer.alloc(512);
  for (let at = 0; at < 512; at += 4) sector.writeUInt32LE(crc32(`${seed}:${at}`), at);
  return sector;
}
