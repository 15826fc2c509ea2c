/**
 * A source of bytes that is read by ranges: a file here, later an HTTP range or SFTP. Every disk reader stands on this and
 * on nothing else, so that a disk is read the same way wherever it lies.
 */
export interface ByteRange {
  /** Offset in bytes; below 2^53. */
  offset: number;
  length: number;
}

export interface ByteSource {
  /** For messages: a path, or a URL without secrets. */
  readonly label: string;
  readonly sizeBytes: number;
  /**
   * Reads all ranges, as few trips as the source can make of them. The buffers come in the order of the ranges and are
   * full: a range past the end fails with `DISK_TRUNCATED`, never with a short buffer or zeros.
   */
  read(ranges: readonly ByteRange[], signal?: AbortSignal): Promise<Buffer[]>;
  /** Changes whenever the bytes may have changed (size, time, inode; an ETag). */
  fingerprint(): Promise<string>;
  close(): Promise<void>;
}
