/**
 * What a simulated cloud knows, kept in a folder so that it outlives a killed process, as a real platform does: a JSON file a thing and
 * its bytes beside it. Owns the layout; what can be done with it are the roles of `simulated-cloud.ts`.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type Area = 'vms' | 'staged' | 'store';

/** A VM, a staged copy or a stored image. */
export interface Thing {
  id: string;
  name: string;
  /** The idempotency key it was made with. */
  key: string;
  state: 'ready' | 'running' | 'failed' | 'unpublished';
  powerState: 'running' | 'stopped';
  bootMode: 'bios' | 'uefi' | 'unknown';
  /** Grows with every change, as a platform's `updated_at`. */
  revision: number;
  attributes: Record<string, string>;
}

export class CloudState {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
    for (const area of ['vms', 'staged', 'store']) mkdirSync(join(directory, area), { recursive: true });
  }

  static idOf(key: string): string {
    return createHash('sha256').update(key).digest('hex').slice(0, 16);
  }

  bytesOf(area: Area, id: string): string {
    return join(this.directory, area, `${id}.qcow2`);
  }

  list(area: Area): Thing[] {
    return readdirSync(join(this.directory, area)).filter((name) => name.endsWith('.json')).sort()
      .map((name) => JSON.parse(readFileSync(join(this.directory, area, name), 'utf8')) as Thing);
  }

  find(area: Area, id: string): Thing | null {
    return this.list(area).find((thing) => thing.id === id) ?? null;
  }

  write(area: Area, thing: Thing): void {
    const path = join(this.directory, area, `${thing.id}.json`);
    writeFileSync(`${path}.new`, JSON.stringify(thing));
    renameSync(`${path}.new`, path);
  }

  /** Bytes first, so that a thing that is listed as ready is whole. */
  copyBytes(from: string, area: Area, id: string): void {
    copyFileSync(from, this.bytesOf(area, id));
  }

  sizeOf(area: Area, id: string): number | null {
    return existsSync(this.bytesOf(area, id)) ? statSync(this.bytesOf(area, id)).size : null;
  }

  hashOf(area: Area, id: string): string {
    return createHash('sha512').update(readFileSync(this.bytesOf(area, id))).digest('hex');
  }

  remove(area: Area, id: string): void {
    rmSync(join(this.directory, area, `${id}.json`), { force: true });
    rmSync(this.bytesOf(area, id), { force: true });
  }
}
