/** What the readers of file systems stand on, and what they offer: a range of bytes below, files and folders above. */

/** Why a walk ended early. `damaged`: the bytes contradict themselves. `unsupported`: a feature that is not read here. `limit`: too much to read. */
export type StopReason = 'damaged' | 'unsupported' | 'limit';

/** Ends a walk over untrusted bytes. Whoever started the walk turns it into evidence; it never leaves the inspection. */
export class WalkStopped extends Error {
  readonly reason: StopReason;

  /** @param detail for logs and tests; people get the reason in words */
  constructor(reason: StopReason, detail: string) {
    super(detail);
    this.name = 'WalkStopped';
    this.reason = reason;
  }
}

/** Bytes of a partition, a logical volume, or a file. A read past the end stops the walk as `damaged`. */
export interface Volume {
  readonly lengthBytes: number;
  read(offset: number, length: number): Promise<Buffer>;
}

/** A file, folder or symbolic link inside a volume. For links, the bytes are the target. */
export interface VolumeNode extends Volume {
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  /** The entry of that name, or null. On anything but a folder always null. */
  child(name: string): Promise<VolumeNode | null>;
}

/** Part of a volume as a volume of its own. */
export function slice(volume: Volume, startBytes: number, lengthBytes: number): Volume {
  return {
    lengthBytes,
    read: async (offset, length) => {
      if (offset < 0 || length < 0 || offset + length > lengthBytes) throw new WalkStopped('damaged', `read of ${length} at ${offset} in ${lengthBytes}`);
      return volume.read(startBytes + offset, length);
    },
  };
}

/** Reads a 64-bit number that has to be an offset or a size; above 2^53 the structure is damaged. */
export function readSize(bytes: Buffer, at: number, order: 'LE' | 'BE' = 'LE'): number {
  const low = order === 'LE' ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at + 4);
  const high = order === 'LE' ? bytes.readUInt32LE(at + 4) : bytes.readUInt32BE(at);
  if (high >= 0x200000) throw new WalkStopped('damaged', `a size above 2^53 at ${at}`);
  return high * 0x100000000 + low;
}

/** The text of a fixed field, up to its first NUL, without trailing blanks; null where nothing is left. */
export function fieldText(bytes: Buffer, encoding: 'utf8' | 'latin1' | 'utf16le' = 'utf8'): string | null {
  const text = bytes.toString(encoding).replace(/\0[\s\S]*$/, '').trim();
  return text === '' ? null : text;
}

/**
 * Runs a walk and gives back either its answer or why it stopped. A field that points outside its buffer is damage too.
 * Errors of the disk itself and aborts pass through.
 */
export async function attempt<T>(walk: () => Promise<T>): Promise<{ answer: T; stopped: null } | { answer: null; stopped: StopReason }> {
  try {
    return { answer: await walk(), stopped: null };
  } catch (error) {
    if (error instanceof WalkStopped) return { answer: null, stopped: error.reason };
    if (error instanceof RangeError && 'code' in error && (error.code === 'ERR_OUT_OF_RANGE' || error.code === 'ERR_BUFFER_OUT_OF_BOUNDS')) {
      return { answer: null, stopped: 'damaged' };
    }
    throw error;
  }
}
