/**
 * Writing VHD files. A dynamic one gets its blocks' data on 4 KiB boundaries (the sector bitmap in the 512 bytes before), so that no
 * block starts in the middle of a page; that is legal and read everywhere. Blocks are written whole.
 */
import { CodedError } from '../../../shared/model/coded-error.ts';
import type { BlockReader } from '../block-reader.ts';
import { blockBytes, blockCount } from '../blocks.ts';
import type { FileSource } from '../file-source.ts';
import { blockState, counter, type SharedState } from '../shared-state.ts';
import type { TargetFile } from '../target-file.ts';
import { requireAllowed, type BlockWriter, type TargetPlan } from '../target-plan.ts';
import { buildDynamicHeader, dynamicHeaderBytes, unusedBlock } from './dynamic-header.ts';
import { buildFooter, footerBytes, parseFooter } from './footer.ts';
import { VhdReader } from './reader.ts';

/** The format's end: 2040 GiB. */
export const maxVhdBytes = 2040 * 1024 ** 3;

const bitmapBytes = 512;
const strideBytes = blockBytes + 4096;
const tableOffset = footerBytes + dynamicHeaderBytes;

export interface VhdPlan {
  entries: number;
  /** Where the first block's data starts; a multiple of 4096. */
  dataStartBytes: number;
}

export function requireVhdSize(path: string, virtualBytes: number): void {
  if (virtualBytes > maxVhdBytes) throw new CodedError('DISK_VHD_TOO_LARGE', { path, sizeBytes: virtualBytes, limitBytes: maxVhdBytes });
}

export function planVhd(virtualBytes: number): VhdPlan {
  const entries = blockCount(virtualBytes);
  return { entries, dataStartBytes: Math.ceil((tableOffset + tableBytes(entries) + bitmapBytes) / 4096) * 4096 };
}

function tableBytes(entries: number): number {
  return Math.ceil((entries * 4) / 512) * 512;
}

export class VhdBlockWriter implements BlockWriter {
  readonly #plan: TargetPlan;
  readonly #vhd: VhdPlan;
  readonly #file: TargetFile;
  readonly #state: SharedState;
  readonly #bitmap = Buffer.alloc(bitmapBytes, 0xff);

  constructor(plan: TargetPlan, vhd: VhdPlan, file: TargetFile, state: SharedState) {
    this.#plan = plan;
    this.#vhd = vhd;
    this.#file = file;
    this.#state = state;
  }

  write(block: number, bytes: Buffer): void {
    const slot = Atomics.add(this.#state.control, counter.allocated, 1);
    const data = this.#vhd.dataStartBytes + slot * strideBytes;
    requireAllowed(this.#plan, data + blockBytes + footerBytes);
    this.#file.writePair(this.#bitmap, bytes, data - bitmapBytes);
    this.#state.slots[block] = slot;
  }
}

/** Data, flush, tables, flush, both footers, flush: nothing that looks like a VHD exists before its tables do. */
export function finishVhd(plan: TargetPlan, vhd: VhdPlan, file: TargetFile, state: SharedState, now: number): number {
  file.flush();
  const table = Buffer.alloc(tableBytes(vhd.entries), 0xff);
  for (let block = 0; block < vhd.entries; block += 1) {
    if (state.states[block] === blockState.stored) table.writeUInt32BE(blockSector(vhd, state.slots[block] ?? 0), block * 4);
  }
  file.write(table, tableOffset);
  file.write(buildDynamicHeader(tableOffset, vhd.entries, blockBytes), footerBytes);
  file.flush();
  const slots = Atomics.load(state.control, counter.allocated);
  const end = slots === 0 ? vhd.dataStartBytes : vhd.dataStartBytes + (slots - 1) * strideBytes + blockBytes;
  const footer = buildFooter({ variant: 'dynamic', virtualBytes: plan.virtualBytes, createdAt: now });
  file.truncate(end);
  file.write(footer, end);
  file.write(footer, 0);
  file.flush();
  return end + footerBytes;
}

export function finishVhdFixed(plan: TargetPlan, file: TargetFile, now: number): number {
  file.truncate(plan.virtualBytes);
  file.flush();
  file.write(buildFooter({ variant: 'fixed', virtualBytes: plan.virtualBytes, createdAt: now }), plan.virtualBytes);
  file.flush();
  return plan.virtualBytes + footerBytes;
}

function blockSector(vhd: VhdPlan, slot: number): number {
  return (vhd.dataStartBytes + slot * strideBytes - bitmapBytes) / 512;
}

/** The blocks stored so far, by a table in memory. */
export function viewVhd(plan: TargetPlan, vhd: VhdPlan, source: FileSource, state: SharedState): BlockReader {
  const footer = parseFooter(buildFooter({ variant: 'dynamic', virtualBytes: plan.virtualBytes, createdAt: 0 }));
  if (footer === null) throw new Error('a footer that was just built does not parse');
  const table = new Uint32Array(vhd.entries).fill(unusedBlock);
  table.forEach((_, block) => {
    if (state.states[block] === blockState.stored) table[block] = blockSector(vhd, state.slots[block] ?? 0);
  });
  const header = { tableOffset, maxEntries: vhd.entries, blockBytes, bitmapBytes };
  return new VhdReader(source, {
    variant: 'dynamic', virtualBytes: plan.virtualBytes, footer, header, table, dataEndBytes: source.sizeBytes, hasTailFooter: false,
  });
}
