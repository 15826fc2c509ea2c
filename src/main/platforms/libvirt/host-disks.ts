/**
 * The disks of domains as files of their host: where each lies, what its chain is, and whether anything of it has changed. Reads headers
 * through the disk engine and remembers them as long as no file of the chain changes.
 */
import { posix } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import { CodedError } from '../../../shared/model/coded-error.ts';
import type { DiskLayer } from '../../../shared/model/disk.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { DiskEngine, DiskFile } from '../../disks/disk-engine.ts';
import type { DomainDisk } from '../domain-xml/domain-xml.ts';
import { attribute, child } from '../domain-xml/xml.ts';
import type { Host } from './host.ts';
import type { Pool } from './pools.ts';
import { ChannelLimit } from './ssh/channel-limit.ts';

/** Chains read at once: each is one small job of the engine, and a few round trips. */
const chainsAtOnce = 4;

/** A disk whose file could be named. */
export interface LocatedDisk {
  key: string;
  /** On the host; null where there is none. */
  path: string | null;
  problem: Message | null;
}

interface RememberedChain {
  layers: DiskLayer[];
  stamps: string[];
}

export class HostDisks {
  readonly host: Host;
  readonly engine: DiskEngine;
  readonly #limit = new ChannelLimit(chainsAtOnce);
  readonly #remembered = new Map<string, RememberedChain>();

  constructor(host: Host, engine: DiskEngine) {
    this.host = host;
    this.engine = engine;
  }

  /** Where a disk of a domain lies: a file, or a volume of a pool that is a folder. */
  locate(disk: DomainDisk, pools: readonly Pool[]): LocatedDisk {
    const source = child(disk.element, 'source');
    const path = disk.file ?? volumePath(attribute(source, 'pool'), attribute(source, 'volume'), pools);
    if (path !== null && posix.isAbsolute(path) && !path.includes('\0')) return { key: disk.key, path: posix.normalize(path), problem: null };
    return { key: disk.key, path: null, problem: say('LIBRARY_DISK_NOT_A_FILE', { disk: disk.key, source: disk.source.slice(0, 200) }) };
  }

  /** The disk as the engine takes it: its chain may lead into the folders of pools and its own, and nowhere else. */
  fileOf(path: string, pools: readonly Pool[]): DiskFile {
    const roots = [...new Set([posix.dirname(path), ...pools.flatMap((pool) => (pool.isActive ? (pool.path ?? []) : []))])];
    return { path, policy: { roots }, ...(this.host.place === null ? {} : { place: this.host.place }) };
  }

  /** The layers with real paths on the host, the disk first. Errors are the engine's, and never remembered. */
  async layers(path: string, pools: readonly Pool[], signal?: AbortSignal): Promise<DiskLayer[]> {
    const known = this.#remembered.get(path);
    if (known !== undefined && (await this.#isUnchanged(known))) return known.layers;
    const layers = await this.#limit.run(() => this.engine.chain(this.fileOf(path, pools), signal), signal);
    const real = await Promise.all(layers.map(async (layer) => ({ ...layer, path: (await this.host.files.realPath(layer.path)) ?? layer.path })));
    this.#remembered.set(path, { layers: real, stamps: await Promise.all(real.map((layer) => this.stamp(layer.path))) });
    return real;
  }

  /** The layers, or only the file itself where its headers cannot be read. */
  async layersOrOne(path: string, pools: readonly Pool[], signal?: AbortSignal): Promise<string[]> {
    try {
      return (await this.layers(path, pools, signal)).map((layer) => layer.path);
    } catch (error) {
      if (!(error instanceof CodedError) || error.isRetryable || signal?.aborted === true) throw error;
      return [(await this.host.files.realPath(path)) ?? path];
    }
  }

  async #isUnchanged({ layers, stamps }: RememberedChain): Promise<boolean> {
    const now = await Promise.all(layers.map((layer) => this.stamp(layer.path)));
    return now.every((stamp, index) => stamp === stamps[index]);
  }

  /** Size and time of a file; `gone` where there is none. */
  async stamp(path: string): Promise<string> {
    const found = await this.host.files.stat(path);
    return found === null ? 'gone' : `${found.sizeBytes}:${found.modifiedAt}`;
  }

  /** Forgets chains of disks that a complete listing no longer saw. */
  keepOnly(paths: ReadonlySet<string>): void {
    for (const path of this.#remembered.keys()) if (!paths.has(path)) this.#remembered.delete(path);
  }
}

function volumePath(pool: string | null, volume: string | null, pools: readonly Pool[]): string | null {
  const folder = pools.find((item) => item.name === pool)?.path ?? null;
  return folder === null || volume === null || volume.includes('/') ? null : posix.join(folder, volume);
}

/** What a failed reading says about one disk; a lost connection is about all of them and goes on. */
export function diskProblem(error: unknown): Message {
  if (error instanceof CodedError && !error.isRetryable) return error.asMessage;
  throw error instanceof Error ? error : new AppError('INTERNAL', { correlationId: '' });
}
