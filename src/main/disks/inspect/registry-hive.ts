/**
 * Looks up keys and values in a Windows registry hive by reading only the cells on the way: a hive may have a hundred
 * megabytes. The hive's logs are not replayed.
 */
import { WalkStopped, type Volume } from './volume.ts';

const binsOffset = 4096;
const maxSubkeys = 65_535;
const maxListDepth = 4;
const maxValues = 4096;
const maxValueBytes = 16 * 1024;

interface Key {
  subkeyCount: number;
  subkeyList: number;
  valueCount: number;
  valueList: number;
}

export class RegistryHive {
  readonly #file: Volume;
  readonly #rootOffset: number;
  /** False where the last writer did not finish: newer changes lie in the log beside the hive. */
  readonly isClean: boolean;

  private constructor(file: Volume, base: Buffer) {
    this.#file = file;
    if (base.toString('latin1', 0, 4) !== 'regf' || base.readUInt32LE(20) !== 1) throw new WalkStopped('damaged', 'no registry hive');
    this.#rootOffset = base.readUInt32LE(36);
    this.isClean = base.readUInt32LE(4) === base.readUInt32LE(8);
  }

  /** @throws WalkStopped where the file is no hive */
  static async open(file: Volume): Promise<RegistryHive> {
    return new RegistryHive(file, await file.read(0, 512));
  }

  /** The value at a path of keys, or null where a key or the value is missing or of another type. */
  async value(path: readonly string[], name: string): Promise<string | number | null> {
    const key = await this.#find(path);
    return key === null ? null : this.#value(key, name);
  }

  async #find(path: readonly string[]): Promise<Key | null> {
    let key: Key | null = parseKey(await this.#cell(this.#rootOffset, 76, 1024));
    for (const name of path) {
      if (key === null) return null;
      key = await this.#subkey(key, name.toUpperCase());
    }
    return key;
  }

  /** A cell's content: at least `minBytes`, at most `maxBytes` of it. */
  async #cell(offset: number, minBytes: number, maxBytes: number): Promise<Buffer> {
    const size = -(await this.#file.read(binsOffset + offset, 4)).readInt32LE(0) - 4;
    if (size < minBytes) throw new WalkStopped('damaged', `cell at ${offset}`);
    return this.#file.read(binsOffset + offset + 4, Math.min(size, maxBytes));
  }

  async #subkey(key: Key, name: string): Promise<Key | null> {
    if (key.subkeyCount === 0) return null;
    if (key.subkeyCount > maxSubkeys) throw new WalkStopped('damaged', 'too many subkeys');
    return this.#searchList(key.subkeyList, name, maxListDepth);
  }

  async #searchList(offset: number, name: string, levels: number): Promise<Key | null> {
    if (levels === 0) throw new WalkStopped('damaged', 'lists of lists of lists');
    const list = await this.#cell(offset, 4, 4 + maxSubkeys * 8);
    const kind = list.toString('latin1', 0, 2);
    const entryBytes = kind === 'lf' || kind === 'lh' ? 8 : kind === 'li' || kind === 'ri' ? 4 : 0;
    const count = list.readUInt16LE(2);
    if (entryBytes === 0 || 4 + count * entryBytes > list.length) throw new WalkStopped('damaged', 'list of subkeys');
    for (let at = 4; at < 4 + count * entryBytes; at += entryBytes) {
      if (kind === 'ri') {
        const found = await this.#searchList(list.readUInt32LE(at), name, levels - 1);
        if (found !== null) return found;
        continue;
      }
      // The hash saves reading the keys of all other names.
      if (kind === 'lh' && list.readUInt32LE(at + 4) !== nameHash(name)) continue;
      const cell = await this.#cell(list.readUInt32LE(at), 76, 1024);
      if (nameAt(cell, 72, 76, (cell.readUInt16LE(2) & 0x20) !== 0).toUpperCase() === name) return parseKey(cell);
    }
    return null;
  }

  async #value(key: Key, name: string): Promise<string | number | null> {
    if (key.valueCount === 0) return null;
    if (key.valueCount > maxValues) throw new WalkStopped('damaged', 'too many values');
    const list = await this.#cell(key.valueList, key.valueCount * 4, key.valueCount * 4);
    for (let at = 0; at < list.length; at += 4) {
      const cell = await this.#cell(list.readUInt32LE(at), 20, 1024);
      if (cell.toString('latin1', 0, 2) !== 'vk') throw new WalkStopped('damaged', 'value');
      if (nameAt(cell, 2, 20, (cell.readUInt16LE(16) & 1) !== 0).toUpperCase() === name.toUpperCase()) return this.#data(cell);
    }
    return null;
  }

  async #data(cell: Buffer): Promise<string | number | null> {
    const stated = cell.readUInt32LE(4);
    const isInside = stated >= 0x80000000;
    const length = isInside ? stated - 0x80000000 : stated;
    if (length > maxValueBytes) return null;
    const data = isInside ? cell.subarray(8, 8 + Math.min(length, 4)) : await this.#cell(cell.readUInt32LE(8), length, length);
    const type = cell.readUInt32LE(12);
    if (type === 4 && data.length >= 4) return data.readUInt32LE(0);
    if (type === 1 || type === 2) return data.toString('utf16le').replace(/\0[\s\S]*$/, '');
    return null;
  }
}

function parseKey(cell: Buffer): Key {
  if (cell.toString('latin1', 0, 2) !== 'nk') throw new WalkStopped('damaged', 'key');
  return { subkeyCount: cell.readUInt32LE(20), subkeyList: cell.readUInt32LE(28), valueCount: cell.readUInt32LE(36), valueList: cell.readUInt32LE(40) };
}

/** A name behind its length field; one byte a letter where the flag says so. */
function nameAt(cell: Buffer, lengthAt: number, at: number, isLatin: boolean): string {
  return cell.toString(isLatin ? 'latin1' : 'utf16le', at, Math.min(at + cell.readUInt16LE(lengthAt), cell.length));
}

function nameHash(upperName: string): number {
  let hash = 0;
  for (let index = 0; index < upperName.length; index += 1) hash = (Math.imul(hash, 37) + upperName.charCodeAt(index)) >>> 0;
  return hash;
}
