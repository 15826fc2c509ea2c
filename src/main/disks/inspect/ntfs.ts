/** Finds and reads files of an NTFS volume: the master file table, folders as sorted trees, and plain (not packed) data. */
import { attributeTypes, fixUp, parseAttributes, type Attribute, type Run } from './ntfs-records.ts';
import { fieldText, readSize, WalkStopped, type Volume, type VolumeNode } from './volume.ts';

const volumeRecord = 3;
const rootRecord = 5;
const folderFlag = 2;
const maxAttributeListBytes = 256 * 1024;
const maxExtensionRecords = 256;
const maxTreeDepth = 16;
const compressedOrEncrypted = 0x4001;

/** An attribute with the pieces of all its records put together. */
interface Value extends Volume {
  readonly isReadable: boolean;
}

export class NtfsVolume {
  readonly #volume: Volume;
  readonly #sectorBytes: number;
  readonly #clusterBytes: number;
  readonly #recordBytes: number;
  readonly #indexBytes: number;
  #table: Volume;

  private constructor(volume: Volume, boot: Buffer) {
    this.#volume = volume;
    this.#sectorBytes = boot.readUInt16LE(11);
    const perCluster = boot.readUInt8(13);
    // Above 128 the byte is a negative power of two, for clusters of more than 64 KiB.
    const clusterSectors = perCluster > 128 ? 2 ** (256 - perCluster) : perCluster;
    this.#clusterBytes = this.#sectorBytes * clusterSectors;
    const size = (at: number): number => {
      const stated = boot.readInt8(at);
      return stated < 0 ? 2 ** Math.min(-stated, 31) : stated * this.#clusterBytes;
    };
    this.#recordBytes = size(64);
    this.#indexBytes = size(68);
    const isPossible = [512, 1024, 2048, 4096].includes(this.#sectorBytes) && clusterSectors >= 1 && this.#clusterBytes <= 2 * 1024 ** 2
      && this.#recordBytes >= 256 && this.#recordBytes <= 65_536 && this.#indexBytes >= 512 && this.#indexBytes <= 65_536;
    if (boot.toString('latin1', 3, 11) !== 'NTFS    ' || !isPossible) throw new WalkStopped('damaged', 'no NTFS boot sector');
    // Until the table's own runs are known, its start is where the boot sector says.
    const start = readSize(boot, 48) * this.#clusterBytes;
    this.#table = { lengthBytes: this.#recordBytes, read: (offset, length) => volume.read(start + offset, length) };
  }

  /** @throws WalkStopped where the volume is damaged */
  static async open(volume: Volume): Promise<NtfsVolume> {
    const ntfs = new NtfsVolume(volume, await volume.read(0, 512));
    const own = await ntfs.#attributes(0, false);
    ntfs.#table = ntfs.#value(own, attributeTypes.data, '');
    if (own.some((attribute) => attribute.type === attributeTypes.attributeList)) {
      // A scattered table describes itself in records that its first piece already reaches.
      ntfs.#table = ntfs.#value(await ntfs.#attributes(0, true), attributeTypes.data, '');
    }
    return ntfs;
  }

  /** The volume's name, or null. */
  async label(): Promise<string | null> {
    const name = (await this.#attributes(volumeRecord, false)).find((attribute) => attribute.type === attributeTypes.volumeName);
    return name?.resident === null || name === undefined ? null : fieldText(name.resident, 'utf16le');
  }

  async root(): Promise<VolumeNode> {
    return this.#node(rootRecord);
  }

  async #record(number: number): Promise<Buffer> {
    return fixUp(await this.#table.read(number * this.#recordBytes, this.#recordBytes), 'FILE', this.#sectorBytes);
  }

  /** The attributes of a file, with those of its extension records where it has more than fit into one. */
  async #attributes(number: number, followsList: boolean): Promise<Attribute[]> {
    const own = parseAttributes(await this.#record(number));
    const list = followsList ? own.find((attribute) => attribute.type === attributeTypes.attributeList) : undefined;
    if (list === undefined) return own;
    const value = this.#value([list], attributeTypes.attributeList, '');
    if (value.lengthBytes > maxAttributeListBytes) throw new WalkStopped('limit', 'attribute list');
    const bytes = await value.read(0, value.lengthBytes);
    const records = new Set<number>();
    for (let at = 0; at + 26 <= bytes.length; ) {
      const size = bytes.readUInt16LE(at + 4);
      if (size < 26) throw new WalkStopped('damaged', 'attribute list');
      const record = bytes.readUIntLE(at + 16, 6);
      if (record !== number) records.add(record);
      at += size;
    }
    if (records.size > maxExtensionRecords) throw new WalkStopped('limit', 'extension records');
    for (const record of records) own.push(...parseAttributes(await this.#record(record)));
    return own;
  }

  /** The value of one attribute as a range of bytes. */
  #value(attributes: readonly Attribute[], type: number, name: string): Value {
    const pieces = attributes.filter((item) => item.type === type && item.name === name).sort((a, b) => a.firstVcn - b.firstVcn);
    const [first] = pieces;
    if (first === undefined) throw new WalkStopped('damaged', `no attribute 0x${type.toString(16)}`);
    const { resident } = first;
    if (resident !== null) {
      return {
        isReadable: true,
        lengthBytes: resident.length,
        read: (offset, length) => {
          if (offset < 0 || length < 0 || offset + length > resident.length) return Promise.reject(new WalkStopped('damaged', 'read past a value'));
          return Promise.resolve(resident.subarray(offset, offset + length));
        },
      };
    }
    const runs = pieces.flatMap((piece) => piece.runs);
    return {
      isReadable: (first.flags & compressedOrEncrypted) === 0,
      lengthBytes: first.lengthBytes,
      read: (offset, length) => this.#readRuns(runs, first.lengthBytes, offset, length),
    };
  }

  async #readRuns(runs: readonly Run[], lengthBytes: number, offset: number, length: number): Promise<Buffer> {
    if (offset < 0 || length < 0 || offset + length > lengthBytes) throw new WalkStopped('damaged', 'read past a value');
    // The volume refuses what is too long; a hole must not allocate without such a check.
    if (length > 16 * 1024 ** 2) throw new WalkStopped('limit', 'one read is too long');
    const result = Buffer.alloc(length);
    let runStart = 0;
    let done = 0;
    for (const run of runs) {
      const runBytes = run.clusters * this.#clusterBytes;
      const from = offset + done - runStart;
      if (from < runBytes && done < length) {
        const part = Math.min(length - done, runBytes - from);
        if (run.cluster !== null) (await this.#volume.read(run.cluster * this.#clusterBytes + from, part)).copy(result, done);
        done += part;
      }
      runStart += runBytes;
      if (done === length) return result;
    }
    if (done < length) throw new WalkStopped('damaged', 'runs end before the value');
    return result;
  }

  async #node(number: number): Promise<VolumeNode> {
    const record = await this.#record(number);
    const isFolder = (record.readUInt16LE(22) & folderFlag) !== 0;
    const attributes = await this.#attributes(number, true);
    if (isFolder) {
      return {
        kind: 'directory',
        lengthBytes: 0,
        read: () => Promise.reject(new WalkStopped('damaged', 'a folder has no bytes')),
        child: async (name) => {
          const child = await this.#find(attributes, name);
          return child === null ? null : this.#node(child);
        },
      };
    }
    const data = this.#value(attributes, attributeTypes.data, '');
    return {
      kind: 'file',
      lengthBytes: data.lengthBytes,
      read: (offset, length) => (data.isReadable ? data.read(offset, length) : Promise.reject(new WalkStopped('unsupported', 'a packed or encrypted file'))),
      child: () => Promise.resolve(null),
    };
  }

  /** Searches the sorted tree of a folder's names; the number of the file's record, or null. */
  async #find(folder: readonly Attribute[], name: string): Promise<number | null> {
    const root = this.#value(folder, attributeTypes.indexRoot, '$I30');
    const rootBytes = await root.read(0, root.lengthBytes);
    if (rootBytes.length < 32) throw new WalkStopped('damaged', 'index root');
    const wanted = fold(name);
    let answer = searchNode(rootBytes.subarray(16), wanted);
    for (let depth = 0; answer.below !== null; depth += 1) {
      if (depth >= maxTreeDepth) throw new WalkStopped('damaged', 'a folder that leads back into itself');
      const allocation = this.#value(folder, attributeTypes.indexAllocation, '$I30');
      // Nodes are counted in clusters, or in sectors where a cluster is larger than a node.
      const unit = this.#clusterBytes <= this.#indexBytes ? this.#clusterBytes : this.#sectorBytes;
      const node = fixUp(await allocation.read(answer.below * unit, this.#indexBytes), 'INDX', this.#sectorBytes);
      answer = searchNode(node.subarray(24), wanted);
    }
    return answer.record;
  }
}

/** Upper case as the volume's own table has it, for all names that matter here: letter by letter, never changing the length. */
function fold(name: string): string {
  return name.replace(/[^\0-@[-`]/g, (letter) => (letter.toUpperCase().length === 1 ? letter.toUpperCase() : letter));
}

/** Looks through one node: the record when the name is in it, else the node below in which it would be. */
function searchNode(node: Buffer, wanted: string): { record: number | null; below: number | null } {
  const end = Math.min(node.readUInt32LE(4), node.length);
  for (let at = node.readUInt32LE(0); at + 16 <= end; ) {
    const size = node.readUInt16LE(at + 8);
    const flags = node.readUInt8(at + 12);
    if (size < 16 || size % 8 !== 0 || at + size > end) throw new WalkStopped('damaged', 'index entry');
    const below = (flags & 1) === 0 ? null : readSize(node, at + size - 8);
    if ((flags & 2) !== 0) return { record: null, below };
    if (at + 82 > end) throw new WalkStopped('damaged', 'index entry');
    const name = fold(node.toString('utf16le', at + 82, Math.min(at + 82 + node.readUInt8(at + 80) * 2, end)));
    if (name === wanted) return { record: node.readUIntLE(at, 6), below: null };
    if (wanted < name) return { record: null, below };
    at += size;
  }
  return { record: null, below: null };
}
