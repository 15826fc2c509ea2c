/** The blocks that everything is done in: identity, conversion, checkpoints. Frozen: stored identities and checkpoints depend on it. */
export const blockBytes = 2 * 1024 ** 2;

export function blockCount(virtualBytes: number): number {
  return Math.ceil(virtualBytes / blockBytes);
}

/** Guest bytes of a block: less than `blockBytes` for the last one of most disks. */
export function bytesInBlock(block: number, virtualBytes: number): number {
  return Math.min(blockBytes, virtualBytes - block * blockBytes);
}

const zeroPage = Buffer.alloc(64 * 1024);

/** Whether a range holds zeros only; compared page by page in native code, which ends at the first difference. */
export function isAllZero(bytes: Buffer, start = 0, end = bytes.length): boolean {
  for (let at = start; at < end; at += zeroPage.length) {
    const length = Math.min(zeroPage.length, end - at);
    if (bytes.compare(zeroPage, 0, length, at, at + length) !== 0) return false;
  }
  return true;
}
