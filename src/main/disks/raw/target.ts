/** Writing raw guest bytes: as a raw file, and as the data of a fixed VHD. What is zero is left as a hole. */
import type { BlockReader } from '../block-reader.ts';
import { blockBytes, bytesInBlock, isAllZero } from '../blocks.ts';
import type { FileSource } from '../file-source.ts';
import type { TargetFile } from '../target-file.ts';
import type { BlockWriter, TargetPlan } from '../target-plan.ts';
import { RawReader } from './raw-reader.ts';

/** Runs of zeros of this size and alignment are not written. */
const grainBytes = 64 * 1024;

export class RawBlockWriter implements BlockWriter {
  readonly #plan: TargetPlan;
  readonly #file: TargetFile;

  constructor(plan: TargetPlan, file: TargetFile) {
    this.#plan = plan;
    this.#file = file;
  }

  write(block: number, bytes: Buffer): void {
    const length = bytesInBlock(block, this.#plan.virtualBytes);
    let start = -1;
    for (let at = 0; at < length; at += grainBytes) {
      const isZero = isAllZero(bytes, at, Math.min(at + grainBytes, length));
      if (!isZero && start === -1) start = at;
      if (isZero && start !== -1) {
        this.#file.write(bytes.subarray(start, at), block * blockBytes + start);
        start = -1;
      }
    }
    if (start !== -1) this.#file.write(bytes.subarray(start, length), block * blockBytes + start);
  }
}

export function finishRaw(plan: TargetPlan, file: TargetFile): number {
  file.truncate(plan.virtualBytes);
  file.flush();
  return plan.virtualBytes;
}

/** The file has its full length from the start, so it is a raw disk at any time. */
export function viewRaw(_plan: TargetPlan, source: FileSource): BlockReader {
  return new RawReader(source);
}
