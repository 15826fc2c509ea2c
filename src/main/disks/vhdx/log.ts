/**
 * The log of a VHDX file: changes to its tables that were promised but perhaps not carried out when the power went. They are found
 * and checked here as [MS-VHDX] 2.3.3 says, and laid over the source in memory; the file itself is never written.
 */
import { CodedError } from '../../../shared/model/coded-error.ts';
import { readU64Le } from '../little-endian.ts';
import type { BlockSource } from '../sources/block-source.ts';
import { crc32c } from './crc32c.ts';
import type { VhdxHeader } from './headers.ts';
import { Patches, pageBytes } from './patches.ts';

/** Programs write logs of 1 MiB. */
const maxLogBytes = 32 * 1024 ** 2;
/** Checksums are computed over at most this many times the log: entries that claim to cover each other cost no more. */
const checksumBudget = 8;

const entryHeaderBytes = 64;
const descriptorBytes = 32;

interface LogEntry {
  /** Byte offset in the log. */
  at: number;
  length: number;
  sequence: bigint;
  tail: number;
  /** The whole entry, put together where it goes round the log's end. */
  bytes: Buffer;
  flushedBytes: number;
  lastBytes: number;
}

/** The patches that the active sequence of the log stands for. A log that has none, or a cut off file, is refused. */
export async function readVhdxLog(source: BlockSource, header: VhdxHeader, signal?: AbortSignal): Promise<Patches> {
  const path = source.label;
  if (header.logBytes > maxLogBytes) throw new CodedError('DISK_HEADER_FIELD', { path, field: 'log length', value: String(header.logBytes) });
  const [log] = await source.read([{ offset: header.logOffset, length: header.logBytes }], signal);
  const entries = log === undefined ? [] : new LogScan(path, log, header.logGuid).activeSequence();
  const head = entries.at(-1);
  if (head === undefined) throw new CodedError('DISK_VHDX_LOG', { path });
  if (source.sizeBytes < head.flushedBytes) throw new CodedError('DISK_TRUNCATED', { path, position: source.sizeBytes });
  if (!Number.isSafeInteger(head.lastBytes)) throw new CodedError('DISK_VHDX_LOG', { path });
  const patches = new Patches(path, Math.max(source.sizeBytes, head.lastBytes));
  for (const entry of entries) replay(path, entry, patches);
  return patches;
}

class LogScan {
  readonly #path: string;
  readonly #log: Buffer;
  readonly #guid: Buffer;
  readonly #known = new Map<number, LogEntry | null>();
  #checksummedBytes = 0;

  constructor(path: string, log: Buffer, guid: Buffer) {
    this.#path = path;
    this.#log = log;
    this.#guid = guid;
  }

  /** The complete sequence with the highest number, from its tail to its head; empty where there is none. */
  activeSequence(): LogEntry[] {
    let best: LogEntry[] = [];
    for (let start = 0; start < this.#log.length;) {
      const run = this.#runFrom(start);
      const complete = fromTail(run);
      const head = complete.at(-1);
      const bestHead = best.at(-1);
      if (head !== undefined && (bestHead === undefined || head.sequence > bestHead.sequence)) best = complete;
      const end = run.reduce((total, entry) => total + entry.length, start);
      // A run that is incomplete may hide one that begins in its middle.
      start = head === undefined ? start + pageBytes : end;
    }
    return best;
  }

  /** Entries that follow each other without a gap in place and number, once round the log at most. */
  #runFrom(start: number): LogEntry[] {
    const run: LogEntry[] = [];
    for (let at = start, total = 0; total < this.#log.length;) {
      const entry = this.#entryAt(at);
      const last = run.at(-1);
      if (entry === null || (last !== undefined && entry.sequence !== last.sequence + 1n)) break;
      total += entry.length;
      if (total > this.#log.length) break;
      run.push(entry);
      at = (at + entry.length) % this.#log.length;
    }
    return run;
  }

  #entryAt(at: number): LogEntry | null {
    const known = this.#known.get(at);
    if (known !== undefined) return known;
    const entry = this.#parse(at);
    this.#known.set(at, entry);
    return entry;
  }

  #parse(at: number): LogEntry | null {
    const header = this.#log.subarray(at, at + entryHeaderBytes);
    const length = header.readUInt32LE(8);
    const descriptors = header.readUInt32LE(24);
    const sequence = header.readBigUInt64LE(16);
    const tail = header.readUInt32LE(12);
    const isPlausible = header.toString('latin1', 0, 4) === 'loge' && header.subarray(32, 48).equals(this.#guid) && sequence > 0n &&
      length >= pageBytes && length % pageBytes === 0 && length <= this.#log.length && tail % pageBytes === 0 && tail < this.#log.length &&
      entryHeaderBytes + descriptors * descriptorBytes <= length;
    if (!isPlausible) return null;
    this.#checksummedBytes += length;
    if (this.#checksummedBytes > checksumBudget * this.#log.length) throw new CodedError('DISK_VHDX_LOG', { path: this.#path });
    const wraps = at + length - this.#log.length;
    const bytes = wraps > 0 ? Buffer.concat([this.#log.subarray(at), this.#log.subarray(0, wraps)]) : this.#log.subarray(at, at + length);
    if (bytes.readUInt32LE(4) !== crc32c(bytes, 4) || !isWhole(bytes, descriptors, sequence)) return null;
    return { at, length, sequence, tail, bytes, flushedBytes: readU64Le(bytes, 48), lastBytes: readU64Le(bytes, 56) };
  }
}

/** The part of a run that its head says is needed; none where its tail is not in the run. */
function fromTail(run: LogEntry[]): LogEntry[] {
  const tail = run.at(-1)?.tail;
  const first = run.findIndex((entry) => entry.at === tail);
  return first === -1 ? [] : run.slice(first);
}

function dataStart(descriptors: number): number {
  return Math.ceil((entryHeaderBytes + descriptors * descriptorBytes) / pageBytes) * pageBytes;
}

/** Every descriptor and every data sector must belong to this entry: torn writes show here. */
function isWhole(bytes: Buffer, descriptors: number, sequence: bigint): boolean {
  let sector = dataStart(descriptors);
  for (let index = 0; index < descriptors; index += 1) {
    const at = entryHeaderBytes + index * descriptorBytes;
    const kind = bytes.toString('latin1', at, at + 4);
    if ((kind !== 'desc' && kind !== 'zero') || bytes.readBigUInt64LE(at + 24) !== sequence) return false;
    if (kind === 'zero') continue;
    if (sector + pageBytes > bytes.length || bytes.toString('latin1', sector, sector + 4) !== 'data') return false;
    const written = (BigInt(bytes.readUInt32LE(sector + 4)) << 32n) | BigInt(bytes.readUInt32LE(sector + 4092));
    if (written !== sequence) return false;
    sector += pageBytes;
  }
  return sector <= bytes.length;
}

function replay(path: string, { bytes }: LogEntry, patches: Patches): void {
  const descriptors = bytes.readUInt32LE(24);
  let sector = dataStart(descriptors);
  for (let index = 0; index < descriptors; index += 1) {
    const at = entryHeaderBytes + index * descriptorBytes;
    const offset = readU64Le(bytes, at + 16);
    if (offset % pageBytes !== 0 || offset >= patches.sizeBytes) throw new CodedError('DISK_TABLE_OUTSIDE', { path, table: 'log', position: offset });
    if (bytes.toString('latin1', at, at + 4) === 'zero') {
      patches.zero(offset, readU64Le(bytes, at + 8));
      continue;
    }
    const page = Buffer.alloc(pageBytes);
    // The sector's own first eight and last four bytes made room for its marks; the descriptor keeps them.
    bytes.copy(page, 0, at + 8, at + 16);
    bytes.copy(page, 8, sector + 8, sector + 4092);
    bytes.copy(page, 4092, at + 4, at + 8);
    patches.write(offset, page);
    sector += pageBytes;
  }
}
