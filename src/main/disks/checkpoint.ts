/**
 * The sidecar of a conversion that can go on after its process died: which blocks are on the drive, their digests, and how far the
 * target's space is given out.
 *
 * Layout (FROZEN as `goldpress-checkpoint-1`): one line of JSON (what is converted into what), then batches. A batch is a header of
 * 16 bytes (magic `GPBT`, number of records, allocator value, CRC-32 of the records; little-endian uint32) and its records of 24
 * bytes: block number, slot (uint32 each), digest (16 bytes; all zero = the block was read and found to be zeros).
 * The line is put in place by an atomic rename; batches are appended, each only after the blocks in it were flushed to the drive. A
 * batch that is cut off or fails its CRC ends the list: what came before it counts. (Appending instead of replacing the whole file:
 * at 2 TiB every replacement would write 24 MiB again.)
 */
import { closeSync, fdatasyncSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import type { ClusterCompression, DiskTargetFormat } from '../../shared/model/disk.ts';
import { writeError } from './file-errors.ts';
import { blockState, counter, finishBlock, type SharedState } from './shared-state.ts';

const magic = 0x54425047;
const batchHeaderBytes = 16;
const recordBytes = 24;

export interface CheckpointSubject {
  version: 'goldpress-checkpoint-1';
  /** Of all source layers; another one means that the source changed, and everything starts over. */
  sourceFingerprint: string;
  targetPath: string;
  targetFormat: DiskTargetFormat;
  compression: ClusterCompression | null;
  virtualBytes: number;
}

/** What each field may hold. By hand, because a schema library is more to load than all of the threads' own code. */
const subjectFields: { readonly [Field in keyof CheckpointSubject]: (value: unknown) => boolean } = {
  version: (value) => value === 'goldpress-checkpoint-1',
  sourceFingerprint: (value) => typeof value === 'string',
  targetPath: (value) => typeof value === 'string',
  targetFormat: (value) => targetFormats.includes(value),
  compression: (value) => compressions.includes(value),
  virtualBytes: (value) => Number.isSafeInteger(value),
};
const targetFormats: readonly unknown[] = ['qcow2', 'vhd', 'vhd-fixed', 'raw'] satisfies DiskTargetFormat[];
const compressions: readonly unknown[] = ['zlib', 'zstd', null] satisfies (ClusterCompression | null)[];

interface Batch {
  allocated: number;
  records: Buffer;
}

export interface SavedCheckpoint {
  subject: CheckpointSubject;
  batches: Batch[];
  /** Where the next batch belongs: behind the last whole one. */
  endBytes: number;
}

/** What a checkpoint file says, or null where there is none or it is not one of ours. */
export function readCheckpoint(path: string): SavedCheckpoint | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    // Not there or not readable: nothing to go on from. Creating a new one tells what is wrong, if anything is.
    return null;
  }
  const lineEnd = bytes.indexOf(0x0a);
  const subject = lineEnd === -1 ? null : parseSubject(bytes.toString('utf8', 0, lineEnd));
  if (subject === null) return null;
  const batches: Batch[] = [];
  let at = lineEnd + 1;
  while (at + batchHeaderBytes <= bytes.length && bytes.readUInt32LE(at) === magic) {
    const length = bytes.readUInt32LE(at + 4) * recordBytes;
    const records = bytes.subarray(at + batchHeaderBytes, at + batchHeaderBytes + length);
    if (records.length !== length || crc32(records) !== bytes.readUInt32LE(at + 12)) break;
    batches.push({ allocated: bytes.readUInt32LE(at + 8), records });
    at += batchHeaderBytes + length;
  }
  return { subject, batches, endBytes: at };
}

function parseSubject(line: string): CheckpointSubject | null {
  try {
    const parsed: unknown = JSON.parse(line);
    return isSubject(parsed) ? parsed : null;
  } catch {
    // Not JSON: not one of ours.
    return null;
  }
}

function isSubject(value: unknown): value is CheckpointSubject {
  if (typeof value !== 'object' || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  return fields.size === Object.keys(subjectFields).length && Object.entries(subjectFields).every(([name, fits]) => fits(fields.get(name)));
}

/**
 * Takes the saved blocks over into the job's state.
 * @returns the stored blocks of the last `lastBatches` batches, whose bytes in the target have to be verified before going on
 */
export function restoreBlocks(saved: SavedCheckpoint, state: SharedState, lastBatches: number): number[] {
  const toVerify: number[] = [];
  saved.batches.forEach((batch, number) => {
    Atomics.store(state.control, counter.allocated, batch.allocated);
    for (let at = 0; at < batch.records.length; at += recordBytes) {
      const block = batch.records.readUInt32LE(at);
      if (state.states[block] !== blockState.pending) continue;
      const digest = batch.records.subarray(at + 8, at + recordBytes);
      const isZero = digest.every((byte) => byte === 0);
      if (state.slots.length > 0) state.slots[block] = batch.records.readUInt32LE(at + 4);
      finishBlock(state, block, isZero ? blockState.foundZero : blockState.stored, isZero ? null : digest);
      if (!isZero && number >= saved.batches.length - lastBatches) toVerify.push(block);
    }
  });
  return toVerify;
}

export class Checkpoint {
  readonly #path: string;
  readonly #fd: number;
  readonly #state: SharedState;
  readonly #recorded: Uint8Array;
  /** All blocks before this one are recorded. */
  #low = 0;
  #position: number;

  private constructor(path: string, fd: number, position: number, state: SharedState) {
    this.#path = path;
    this.#fd = fd;
    this.#position = position;
    this.#state = state;
    this.#recorded = state.states.map((done) => (done === blockState.pending ? 0 : 1));
  }

  /** A new checkpoint, on the drive before the target is created: a target without one is somebody else's file. */
  static create(path: string, subject: CheckpointSubject, state: SharedState): Checkpoint {
    const line = Buffer.from(`${JSON.stringify(subject)}\n`);
    const temporary = `${path}.new`;
    try {
      const fd = openSync(temporary, 'w', 0o600);
      try {
        writeSync(fd, line, 0, line.length, 0);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      renameSync(temporary, path);
      flushFolder(dirname(path));
      return new Checkpoint(path, openSync(path, 'r+'), line.length, state);
    } catch (error) {
      throw writeError(path, error);
    }
  }

  /** Goes on with one whose blocks have been restored into `state`. */
  static resume(path: string, saved: SavedCheckpoint, state: SharedState): Checkpoint {
    try {
      truncateSync(path, saved.endBytes);
      return new Checkpoint(path, openSync(path, 'r+'), saved.endBytes, state);
    } catch (error) {
      throw writeError(path, error);
    }
  }

  /** Blocks done and not recorded yet. Call `flush` of the target next, then `append`: what is recorded must be on the drive. */
  collect(): { allocated: number; records: Buffer } {
    const { states, control, slots, digests } = this.#state;
    const taken = Math.min(Atomics.load(control, counter.nextBlock), states.length);
    const records: Buffer[] = [];
    for (let block = this.#low; block < taken; block += 1) {
      const done = Atomics.load(states, block);
      if (this.#recorded[block] === 1 || done === blockState.pending) continue;
      const record = Buffer.alloc(recordBytes);
      record.writeUInt32LE(block, 0);
      record.writeUInt32LE(slots[block] ?? 0, 4);
      record.set(digests.subarray(block * 16, block * 16 + 16), 8);
      records.push(record);
      this.#recorded[block] = 1;
    }
    while (this.#low < taken && this.#recorded[this.#low] === 1) this.#low += 1;
    // Read after the blocks: it covers the space of each of them.
    return { allocated: Atomics.load(control, counter.allocated), records: Buffer.concat(records) };
  }

  append(batch: { allocated: number; records: Buffer }): void {
    if (batch.records.length === 0) return;
    const header = Buffer.alloc(batchHeaderBytes);
    header.writeUInt32LE(magic, 0);
    header.writeUInt32LE(batch.records.length / recordBytes, 4);
    header.writeUInt32LE(batch.allocated, 8);
    header.writeUInt32LE(crc32(batch.records), 12);
    const bytes = Buffer.concat([header, batch.records]);
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(this.#fd, bytes, done, bytes.length - done, this.#position + done);
      fdatasyncSync(this.#fd);
      this.#position += bytes.length;
    } catch (error) {
      throw writeError(this.#path, error);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  static remove(path: string): void {
    rmSync(path, { force: true });
  }
}

/** Makes a rename durable. Windows has no handle of a folder, and needs none. */
function flushFolder(path: string): void {
  if (process.platform === 'win32') return;
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
