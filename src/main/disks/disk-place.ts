/**
 * Another computer or a platform that holds disk files: it opens them for reading by ranges. The connector that keeps the session
 * implements it in the main thread; disk threads reach it through a port, so that tokens and connections never leave their owner.
 */
import type { BlockSource } from './sources/block-source.ts';

export interface DiskPlace {
  /** For messages and for telling places apart: `kvm-host:22`, or the address of an image service; never with a secret. */
  readonly label: string;
  /**
   * Opens one file (or image) for reading; closed by the caller.
   * @param path as the place names it
   * @throws CodedError `DISK_NOT_FOUND` and its kin, or what the session says
   */
  open(path: string, signal?: AbortSignal): Promise<BlockSource>;
  /** The path with every link followed, for deciding whether a chain stays inside its policy. @throws CodedError `DISK_NOT_FOUND` */
  realPath(path: string, signal?: AbortSignal): Promise<string>;
}
