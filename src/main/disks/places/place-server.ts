/**
 * Lets the threads of one job read files in another place: it answers their ports with the session that lives in the main thread. Each
 * message costs the main thread little: bytes are handed over as they came, and nothing here waits blocking.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { DiskFile } from '../disk-engine.ts';
import type { DiskPlace } from '../disk-place.ts';
import { packError } from '../error-transfer.ts';
import type { BlockSource } from '../sources/block-source.ts';
import type { FromPlace, PlaceAnswers, PlaceRequest, PortableFile, ToPlace } from './place-link.ts';

export class PlaceServer {
  readonly #served = new Set<ServedPort>();
  #isAborted = false;

  /** The file for a thread; a place becomes a port, which has to be transferred with it. */
  portable({ place, ...file }: DiskFile): PortableFile {
    if (place === undefined) return { ...file, place: null };
    const { port1, port2 } = new MessageChannel();
    this.#serve(place, port1);
    return { ...file, place: { label: place.label, port: port2 } };
  }

  /** Ends what is under way and refuses what comes: threads see an abort, even where a session answers to nothing any more. */
  abort(): void {
    this.#isAborted = true;
    for (const served of this.#served) served.abort();
  }

  /** Closes every port and whatever its thread left open. */
  async close(): Promise<void> {
    await Promise.all([...this.#served].map((served) => served.end()));
  }

  #serve(place: DiskPlace, port: MessagePort): void {
    const served = new ServedPort(place, port, (forked) => this.#serve(place, forked));
    this.#served.add(served);
    if (this.#isAborted) served.abort();
  }
}

class ServedPort {
  readonly #place: DiskPlace;
  readonly #port: MessagePort;
  readonly #fork: (port: MessagePort) => void;
  readonly #sources = new Map<number, BlockSource>();
  readonly #running = new Map<number, AbortController>();
  #lastSource = 0;
  #isAborted = false;
  #isEnded = false;

  constructor(place: DiskPlace, port: MessagePort, fork: (port: MessagePort) => void) {
    this.#place = place;
    this.#port = port;
    this.#fork = fork;
    port.on('message', (message: ToPlace) => this.#hear(message));
    // Also when the thread died: what it had open would stay open for ever.
    port.on('close', () => void this.end());
  }

  abort(): void {
    this.#isAborted = true;
    for (const running of this.#running.values()) running.abort();
  }

  async end(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.abort();
    this.#port.close();
    const sources = [...this.#sources.values()];
    this.#sources.clear();
    await Promise.all(sources.map(closeQuietly));
  }

  #hear(message: ToPlace): void {
    switch (message.kind) {
      case 'abort':
        this.#running.get(message.id)?.abort();
        return;
      case 'fork':
        this.#fork(message.port);
        return;
      case 'close': {
        const source = this.#sources.get(message.source);
        this.#sources.delete(message.source);
        if (source !== undefined) void closeQuietly(source);
        return;
      }
      case 'open':
      case 'real-path':
      case 'read':
      case 'fingerprint':
        void this.#answer(message);
    }
  }

  /** Never throws: every failure is the thread's to hear. */
  async #answer(request: PlaceRequest): Promise<void> {
    const running = new AbortController();
    this.#running.set(request.id, running);
    if (this.#isAborted) running.abort();
    try {
      const value = await unlessAborted(() => this.#carryOut(request, running.signal), running.signal);
      this.#post({ id: request.id, ok: true, value }, Array.isArray(value) ? value : []);
    } catch (error) {
      this.#post({ id: request.id, ok: false, error: packError(error) }, []);
    } finally {
      this.#running.delete(request.id);
    }
  }

  async #carryOut(request: PlaceRequest, signal: AbortSignal): Promise<PlaceAnswers[keyof PlaceAnswers]> {
    switch (request.kind) {
      case 'open':
        return this.#open(request.path, signal);
      case 'real-path':
        return this.#place.realPath(request.path, signal);
      case 'read':
        return (await this.#source(request.source).read(request.ranges, signal)).map(ownMemory);
      case 'fingerprint':
        return this.#source(request.source).fingerprint();
    }
  }

  async #open(path: string, signal: AbortSignal): Promise<PlaceAnswers['open']> {
    const source = await this.#place.open(path, signal);
    // Whoever asked has gone meanwhile, and nobody else would close it.
    if (signal.aborted) {
      await closeQuietly(source);
      signal.throwIfAborted();
    }
    this.#lastSource += 1;
    this.#sources.set(this.#lastSource, source);
    const { label, sizeBytes, allocatedBytes, inode } = source;
    return { source: this.#lastSource, label, sizeBytes, allocatedBytes, inode, modifiedAt: source.modifiedAt ?? null };
  }

  #source(number: number): BlockSource {
    const source = this.#sources.get(number);
    if (source === undefined) throw new Error(`There is no open source ${number}`);
    return source;
  }

  #post(answer: FromPlace, bytes: ArrayBuffer[]): void {
    // A closed port takes nothing, and nobody waits for it.
    if (!this.#isEnded) this.#port.postMessage(answer, bytes);
  }
}

/** Memory that holds these bytes only, so that it can be handed over; a part of a larger one is copied. */
function ownMemory(bytes: Buffer): ArrayBuffer {
  const { buffer } = bytes;
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length ? buffer : new Uint8Array(bytes).buffer;
}

/** A session that hangs does not look at any signal; whoever waits is told nevertheless. */
function unlessAborted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    work().then(resolve, reject);
  });
}

/** Sources are open for reading only: nothing is lost when closing fails, mostly because the connection has gone already. */
async function closeQuietly(source: BlockSource): Promise<void> {
  await source.close().catch(() => undefined);
}
