/** A place as a disk thread sees it: whatever is asked of it is asked of the main thread, over the thread's port. */
import { MessageChannel, type MessagePort, type Transferable } from 'node:worker_threads';
import { CodedError } from '../../../shared/model/coded-error.ts';
import type { ByteRange } from '../byte-source.ts';
import type { DiskFile } from '../disk-engine.ts';
import type { DiskPlace } from '../disk-place.ts';
import { unpackError } from '../error-transfer.ts';
import type { BlockSource } from '../sources/block-source.ts';
import type { FromPlace, OpenedSource, PlaceAnswers, PlaceLink, PlaceRequest, PortableFile, ToPlace } from './place-link.ts';

type Unnumbered<Request> = Request extends PlaceRequest ? Omit<Request, 'id'> : never;

export class PortPlace implements DiskPlace {
  readonly label: string;
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, { resolve: (value: PlaceAnswers[keyof PlaceAnswers]) => void; reject: (error: Error) => void }>();
  #lastId = 0;

  constructor({ label, port }: PlaceLink) {
    this.label = label;
    this.#port = port;
    port.on('message', (answer: FromPlace) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (answer.ok) waiting?.resolve(answer.value);
      else waiting?.reject(unpackError(answer.error, CodedError));
    });
    port.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new DOMException('The place was closed.', 'AbortError'));
      this.#waiting.clear();
    });
  }

  async open(path: string, signal?: AbortSignal): Promise<BlockSource> {
    return new PortSource(this, (await this.ask({ kind: 'open', path }, signal)) as OpenedSource);
  }

  async realPath(path: string, signal?: AbortSignal): Promise<string> {
    return (await this.ask({ kind: 'real-path', path }, signal)) as string;
  }

  /** A link of its own for another thread. */
  fork(): PlaceLink {
    const { port1, port2 } = new MessageChannel();
    this.tell({ kind: 'fork', port: port1 }, [port1]);
    return { label: this.label, port: port2 };
  }

  /** What is open is closed on the other side. */
  close(): void {
    this.#port.close();
  }

  tell(message: ToPlace, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  ask(request: Unnumbered<PlaceRequest>, signal?: AbortSignal): Promise<PlaceAnswers[keyof PlaceAnswers]> {
    this.#lastId += 1;
    const id = this.#lastId;
    let leave = (): void => undefined;
    return new Promise<PlaceAnswers[keyof PlaceAnswers]>((resolve, reject) => {
      signal?.throwIfAborted();
      const abort = (): void => {
        this.#waiting.delete(id);
        this.tell({ kind: 'abort', id });
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', abort);
      leave = () => signal?.removeEventListener('abort', abort);
      this.#waiting.set(id, { resolve, reject });
      this.tell({ ...request, id });
    }).finally(() => leave());
  }
}

class PortSource implements BlockSource {
  readonly label: string;
  readonly sizeBytes: number;
  readonly allocatedBytes: number;
  readonly inode: string | null;
  readonly modifiedAt?: number;
  readonly #place: PortPlace;
  readonly #source: number;

  constructor(place: PortPlace, { source, label, sizeBytes, allocatedBytes, inode, modifiedAt }: OpenedSource) {
    this.label = label;
    this.sizeBytes = sizeBytes;
    this.allocatedBytes = allocatedBytes;
    this.inode = inode;
    if (modifiedAt !== null) this.modifiedAt = modifiedAt;
    this.#place = place;
    this.#source = source;
  }

  async read(ranges: readonly ByteRange[], signal?: AbortSignal): Promise<Buffer[]> {
    for (const { offset, length } of ranges) this.#requireInside(offset, length);
    if (ranges.length === 0) return [];
    const answered = (await this.#place.ask({ kind: 'read', source: this.#source, ranges }, signal)) as ArrayBuffer[];
    return answered.map((bytes) => Buffer.from(bytes));
  }

  async readInto(offset: number, target: Buffer, signal?: AbortSignal): Promise<void> {
    const [bytes] = await this.read([{ offset, length: target.length }], signal);
    bytes?.copy(target);
  }

  async fingerprint(): Promise<string> {
    return (await this.#place.ask({ kind: 'fingerprint', source: this.#source })) as string;
  }

  close(): Promise<void> {
    this.#place.tell({ kind: 'close', source: this.#source });
    return Promise.resolve();
  }

  #requireInside(offset: number, length: number): void {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + length > this.sizeBytes) {
      throw new CodedError('DISK_TRUNCATED', { path: this.label, position: offset });
    }
  }
}

/** Takes a file that came over a thread border into use. */
export function attach({ place, ...file }: PortableFile): DiskFile {
  return place === null ? file : { ...file, place: new PortPlace(place) };
}

/** The same file for a thread of this thread's. */
export function forkFile({ place, ...file }: DiskFile): PortableFile {
  if (place === undefined) return { ...file, place: null };
  if (!(place instanceof PortPlace)) throw new Error(`The place ${place.label} belongs to another thread`);
  return { ...file, place: place.fork() };
}

export function detach({ place }: DiskFile): void {
  if (place instanceof PortPlace) place.close();
}
