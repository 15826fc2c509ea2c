/** The byte source as the format readers use it: it also fills buffers that are reused, and tells what it takes up. */
import type { ByteSource } from '../byte-source.ts';

export interface BlockSource extends ByteSource {
  /** Bytes that it takes up where it lies; its size where nobody can tell. */
  readonly allocatedBytes: number;
  /** The same for two names of one file, different for any two files that exist at once; null where the place has no such thing. */
  readonly inode: string | null;
  /** Seconds since 1970 of the last change; absent where the place does not tell. */
  readonly modifiedAt?: number;
  /** Fills `target` from `offset`; the caller may reuse it. A range past the end fails with `DISK_TRUNCATED`. */
  readInto(offset: number, target: Buffer, signal?: AbortSignal): Promise<void>;
}
