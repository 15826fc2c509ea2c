/**
 * What a disk thread and the main thread say to each other about files in another place. The main thread keeps the session; the thread
 * has a port and asks over it. One port a thread; a thread makes further ones for the threads it starts itself.
 */
import type { MessagePort } from 'node:worker_threads';
import type { ByteRange } from '../byte-source.ts';
import type { DiskFile } from '../disk-engine.ts';
import type { PackedError } from '../error-transfer.ts';

export interface PlaceLink {
  /** The place's own, for messages. */
  label: string;
  port: MessagePort;
}

/** A disk file as it crosses a thread border: of its place only the link goes along. */
export type PortableFile = Omit<DiskFile, 'place'> & { place: PlaceLink | null };

/** `id` tells answers apart; `source` is the number that `open` gave. */
export type PlaceRequest =
  | { kind: 'open'; id: number; path: string }
  | { kind: 'real-path'; id: number; path: string }
  | { kind: 'read'; id: number; source: number; ranges: readonly ByteRange[] }
  | { kind: 'fingerprint'; id: number; source: number };

export type ToPlace =
  | PlaceRequest
  | { kind: 'close'; source: number }
  /** Ends what the request of that number has under way; it is answered as aborted. */
  | { kind: 'abort'; id: number }
  /** Serve that port too, with the same place. */
  | { kind: 'fork'; port: MessagePort };

export interface OpenedSource {
  source: number;
  label: string;
  sizeBytes: number;
  allocatedBytes: number;
  inode: string | null;
  modifiedAt: number | null;
}

/** What each kind of request is answered with. Bytes are handed over, not copied. */
export interface PlaceAnswers {
  open: OpenedSource;
  'real-path': string;
  read: ArrayBuffer[];
  fingerprint: string;
}

export type FromPlace =
  | { id: number; ok: true; value: PlaceAnswers[keyof PlaceAnswers] }
  | { id: number; ok: false; error: PackedError };
