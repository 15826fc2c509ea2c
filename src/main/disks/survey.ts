/**
 * The look at all metadata before bytes move: every layer's tables are checked for overlap and sharing, and each block is marked
 * that holds anything. Reads tables only, never data.
 */
import type { BlockReader } from './block-reader.ts';
import { blockBytes, blockCount } from './blocks.ts';
import { requireSoundClusters } from './qcow2/ownership.ts';
import { Qcow2Reader } from './qcow2/reader.ts';
import type { TableBudget } from './table-budget.ts';
import { requireSoundTable, VhdReader } from './vhd/reader.ts';

/** Guest bytes looked at in one go: what one L2 table of the usual cluster size describes. */
const windowBytes = 512 * 1024 ** 2;

/** Refuses a layer, or one below it, whose tables overlap, share what they may not, or point outside the file. */
export async function requireSoundLayers(reader: BlockReader, signal?: AbortSignal, budget?: TableBudget): Promise<void> {
  for (let layer: BlockReader | null = reader; layer !== null; layer = below(layer)) {
    if (layer instanceof Qcow2Reader) await requireSoundClusters(layer, signal, budget);
    else if (layer instanceof VhdReader) requireSoundTable(layer.source.label, layer.layout);
    else await layer.requireSound?.(signal, budget);
  }
}

function below(layer: BlockReader): BlockReader | null {
  return layer.backing ?? null;
}

/** Sets `marks[block]` to `mark` for each block that holds nothing, and gives the number of the others. */
export async function markEmptyBlocks(reader: BlockReader, marks: Uint8Array, mark: number, signal?: AbortSignal): Promise<number> {
  const blocks = blockCount(reader.virtualBytes);
  marks.fill(mark, 0, blocks);
  let filled = 0;
  for (let offset = 0; offset < reader.virtualBytes; offset += windowBytes) {
    const length = Math.min(windowBytes, reader.virtualBytes - offset);
    for (const extent of await reader.extents(offset, length, signal)) {
      if (extent.kind === 'zero') continue;
      const last = Math.ceil((extent.offset + extent.length) / blockBytes);
      for (let block = Math.floor(extent.offset / blockBytes); block < last; block += 1) {
        if (marks[block] !== mark) continue;
        marks[block] = 0;
        filled += 1;
      }
    }
  }
  return filled;
}
