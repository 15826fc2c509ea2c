/** The image service as a place of disks, read by ranges. The session stays here: what reads gets bytes, never a token. */
import { CodedError } from '../../../shared/model/coded-error.ts';
import type { ByteRange } from '../../disks/byte-source.ts';
import type { DiskFile } from '../../disks/disk-engine.ts';
import type { DiskPlace } from '../../disks/disk-place.ts';
import type { BlockSource } from '../../disks/sources/block-source.ts';
import { HttpRangeSource } from '../../disks/sources/http-range-source.ts';
import type { OpenSession } from './session.ts';

export class GlancePlace implements DiskPlace {
  readonly label: string;
  readonly #open: OpenSession;

  /** @param label the address that the platform was added with */
  constructor(label: string, open: OpenSession) {
    this.label = label;
    this.#open = open;
  }

  /** An image has no files beside it: a chain that leads anywhere is refused. */
  fileOf(image: string): DiskFile {
    return { path: image, policy: { roots: [] }, place: this };
  }

  async open(path: string, signal: AbortSignal = new AbortController().signal): Promise<BlockSource> {
    const { cloud, glance } = await this.#open();
    const token = await cloud.token(signal);
    const url = await glance.fileAddress(path, signal);
    const openSource = (): Promise<HttpRangeSource> =>
      HttpRangeSource.open(url, { headers: cloud.liveHeaders, agent: cloud.transport.agentFor(url) }, signal);
    try {
      return new RenewingSource(await openSource(), (read) => renew(read, cloud));
    } catch (error) {
      if (!isRefused(error)) throw error;
      await cloud.renew(token.value, signal);
      return new RenewingSource(await openSource(), (read) => renew(read, cloud));
    }
  }

  realPath(path: string): Promise<string> {
    return Promise.resolve(path);
  }
}

type SignedCloud = Pick<Awaited<ReturnType<OpenSession>>['cloud'], 'renew' | 'currentToken'>;

/** Once more with a new token, where the old one is not taken any more; hours may lie between two reads. */
async function renew<T>(read: () => Promise<T>, cloud: SignedCloud): Promise<T> {
  const before = cloud.currentToken;
  try {
    return await read();
  } catch (error) {
    if (!isRefused(error)) throw error;
    await cloud.renew(before, new AbortController().signal);
    return read();
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof CodedError && error.code === 'DISK_REMOTE_REFUSED' && error.params['status'] === '401';
}

/** A source whose sign-in may end before its reading does. */
class RenewingSource implements BlockSource {
  readonly label: string;
  readonly sizeBytes: number;
  readonly allocatedBytes: number;
  readonly inode = null;
  readonly #source: HttpRangeSource;
  readonly #renewing: <T>(read: () => Promise<T>) => Promise<T>;

  constructor(source: HttpRangeSource, renewing: <T>(read: () => Promise<T>) => Promise<T>) {
    this.label = source.label;
    this.sizeBytes = source.sizeBytes;
    this.allocatedBytes = source.allocatedBytes;
    this.#source = source;
    this.#renewing = renewing;
  }

  read(ranges: readonly ByteRange[], signal?: AbortSignal): Promise<Buffer[]> {
    return this.#renewing(() => this.#source.read(ranges, signal));
  }

  readInto(offset: number, target: Buffer, signal?: AbortSignal): Promise<void> {
    return this.#renewing(() => this.#source.readInto(offset, target, signal));
  }

  fingerprint(): Promise<string> {
    return this.#renewing(() => this.#source.fingerprint());
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}
