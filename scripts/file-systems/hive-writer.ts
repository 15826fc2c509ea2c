/**
 * Writes small registry hives (`regf` 1.5, one bin chain) for fixtures. It owns the layout of cells only; which keys a
 * Windows has is said in `trees.ts`. Compressed (Latin-1) names, values up to one cell.
 */
export interface HiveKey {
  values?: Record<string, string | number>;
  keys?: Record<string, HiveKey>;
}

const noOffset = 0xffffffff;
const binHeaderBytes = 32;
const registryString = 1;
const registryNumber = 4;

/** Grows a list of cells; offsets are relative to the first bin, as the format counts them. */
class Cells {
  readonly #parts: Buffer[] = [];
  #end = binHeaderBytes;

  add(content: Buffer): number {
    const offset = this.#end;
    const size = Math.ceil((content.length + 4) / 8) * 8;
    const cell = Buffer.alloc(size);
    // A negative size marks a cell in use.
    cell.writeInt32LE(-size, 0);
    content.copy(cell, 4);
    this.#parts.push(cell);
    this.#end += size;
    return offset;
  }

  finish(): Buffer {
    const bytes = Buffer.alloc(Math.ceil(this.#end / 4096) * 4096);
    bytes.write('hbin', 0, 'latin1');
    bytes.writeUInt32LE(bytes.length, 8);
    let at = binHeaderBytes;
    for (const part of this.#parts) {
      part.copy(bytes, at);
      at += part.length;
    }
    if (at < bytes.length) bytes.writeInt32LE(bytes.length - at, at);
    return bytes;
  }
}

function writeValue(cells: Cells, name: string, value: string | number): number {
  const data = typeof value === 'string' ? Buffer.from(`${value}\0`, 'utf16le') : Buffer.alloc(4);
  const cell = Buffer.alloc(20 + name.length);
  cell.write('vk', 0, 'latin1');
  cell.writeUInt16LE(name.length, 2);
  if (typeof value === 'number') {
    // Up to four bytes live in the offset field itself, marked by the top bit of the size.
    cell.writeUInt32LE(0x80000004, 4);
    cell.writeUInt32LE(value, 8);
  } else {
    cell.writeUInt32LE(data.length, 4);
    cell.writeUInt32LE(cells.add(data), 8);
  }
  cell.writeUInt32LE(typeof value === 'string' ? registryString : registryNumber, 12);
  cell.writeUInt16LE(1, 16);
  cell.write(name, 20, 'latin1');
  return cells.add(cell);
}

/** The hash of an `lh` list: over the name in upper case, times 37. */
function nameHash(name: string): number {
  let hash = 0;
  for (const letter of name.toUpperCase()) hash = (Math.imul(hash, 37) + letter.charCodeAt(0)) >>> 0;
  return hash;
}

function writeKey(cells: Cells, name: string, key: HiveKey, parent: number, isRoot: boolean): number {
  const values = Object.entries(key.values ?? {}).map(([valueName, value]) => writeValue(cells, valueName, value));
  const valueList = Buffer.alloc(values.length * 4);
  values.forEach((offset, index) => valueList.writeUInt32LE(offset, index * 4));

  const cell = Buffer.alloc(76 + name.length);
  cell.write('nk', 0, 'latin1');
  cell.writeUInt16LE(isRoot ? 0x2c : 0x20, 2);
  cell.writeUInt32LE(parent, 16);
  cell.writeUInt32LE(noOffset, 28);
  cell.writeUInt32LE(noOffset, 32);
  cell.writeUInt32LE(values.length, 36);
  cell.writeUInt32LE(values.length === 0 ? noOffset : cells.add(valueList), 40);
  cell.writeUInt32LE(noOffset, 44);
  cell.writeUInt32LE(noOffset, 48);
  cell.writeUInt16LE(name.length, 72);
  cell.write(name, 76, 'latin1');

  // Names are sorted, because Windows searches the list by halves.
  const children = Object.entries(key.keys ?? {}).sort(([a], [b]) => (a.toUpperCase() < b.toUpperCase() ? -1 : 1));
  const offsets = children.map(([childName, child]) => writeKey(cells, childName, child, noOffset, false));
  const list = Buffer.alloc(4 + offsets.length * 8);
  list.write('lh', 0, 'latin1');
  list.writeUInt16LE(offsets.length, 2);
  children.forEach(([childName], index) => {
    list.writeUInt32LE(offsets[index] ?? noOffset, 4 + index * 8);
    list.writeUInt32LE(nameHash(childName), 8 + index * 8);
  });
  cell.writeUInt32LE(offsets.length, 20);
  if (offsets.length > 0) cell.writeUInt32LE(cells.add(list), 28);
  return cells.add(cell);
}

/** The bytes of a clean hive with `root` as its root key. */
export function writeHive(root: HiveKey): Buffer {
  const cells = new Cells();
  const rootOffset = writeKey(cells, 'ROOT', root, noOffset, true);
  const bins = cells.finish();
  const base = Buffer.alloc(4096);
  base.write('regf', 0, 'latin1');
  base.writeUInt32LE(1, 4);
  base.writeUInt32LE(1, 8);
  base.writeUInt32LE(1, 20);
  base.writeUInt32LE(5, 24);
  base.writeUInt32LE(1, 32);
  base.writeUInt32LE(rootOffset, 36);
  base.writeUInt32LE(bins.length, 40);
  base.writeUInt32LE(1, 44);
  let sum = 0;
  for (let at = 0; at < 508; at += 4) sum ^= base.readUInt32LE(at);
  base.writeUInt32LE(sum >>> 0, 508);
  return Buffer.concat([base, bins]);
}
