/** The storage pools of a host: where they lie, how full they are, and which of them hold files. */
import { posix } from 'node:path';
import { AppError } from '../../../shared/model/app-error.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { PoolRecord } from '../inventory-records.ts';
import { attribute, child, descend, parseXml, textOf } from '../domain-xml/xml.ts';
import type { Virsh } from './virsh.ts';

export interface Pool {
  uuid: string;
  name: string;
  type: string;
  isActive: boolean;
  /** Null where it is no folder. */
  path: string | null;
  totalBytes: number | null;
  freeBytes: number | null;
}

/** Kinds of pool that are a folder of files. */
const folderTypes = new Set(['dir', 'fs', 'netfs']);

export const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Pools seen last by each connection: asked about in the same call that lists them, and once more only where there are others. */
const seenPools = new WeakMap<Virsh, readonly string[]>();

export async function listPools(virsh: Virsh, signal?: AbortSignal): Promise<Pool[]> {
  const seen = seenPools.get(virsh) ?? [];
  const describe = (uuid: string): string[] => ['pool-dumpxml', '--pool', uuid];
  const [all, active, ...known] = await virsh.ask([['pool-list', '--all', '--uuid'], ['pool-list', '--uuid'], ...seen.map(describe)], signal);
  const running = new Set(uuidsOf(active ?? null));
  const uuids = uuidsOf(all ?? null);
  const isSame = uuids.length === seen.length && uuids.every((uuid, index) => uuid === seen[index]);
  const texts = isSame ? known : await virsh.ask(uuids.map(describe), signal);
  seenPools.set(virsh, uuids);
  return texts.flatMap((text, index) => (text === null ? [] : [parsePool(text, running.has(uuids[index] ?? ''))]));
}

/** One id a line; other columns and lines are passed over. */
export function uuidsOf(text: string | null): string[] {
  return (text ?? '').split('\n').map((line) => line.trim().split(/\s/)[0] ?? '').filter((word) => uuidPattern.test(word));
}

/** @throws `LIBRARY_DEFINITION_BROKEN` */
export function parsePool(text: string, isActive: boolean): Pool {
  const { root } = parseXml(text, 'pool');
  const type = attribute(root, 'type') ?? '';
  const bytes = (name: string): number | null => {
    const value = Number(textOf(child(root, name)) ?? NaN);
    return Number.isSafeInteger(value) && value >= 0 ? value : null;
  };
  const path = textOf(descend(root, 'target', 'path'));
  const uuid = textOf(child(root, 'uuid')) ?? '';
  return {
    uuid,
    name: textOf(child(root, 'name')) ?? uuid,
    type,
    isActive,
    path: folderTypes.has(type) && path !== null && path.startsWith('/') ? posix.normalize(path).replace(/(.)\/+$/, '$1') : null,
    totalBytes: bytes('capacity'),
    freeBytes: bytes('available'),
  };
}

export function toPoolRecord(pool: Pool): PoolRecord {
  return {
    externalId: pool.uuid, name: pool.name, location: pool.path, freeBytes: pool.isActive ? pool.freeBytes : null, totalBytes: pool.isActive ? pool.totalBytes : null,
    fileTypes: ['qcow2', 'vhd'], problem: poolProblem(pool),
  };
}

/** Why nothing can be stored in it. */
export function poolProblem(pool: Pool): Message | null {
  if (pool.path === null) return say('LIBVIRT_POOL_NO_FOLDER', { pool: pool.name, type: pool.type });
  return pool.isActive ? null : say('LIBVIRT_POOL_STOPPED', { pool: pool.name });
}

/** The running pool that has this file directly in its folder. */
export function poolOf(pools: readonly Pool[], path: string): Pool | null {
  return pools.find((pool) => pool.isActive && pool.path !== null && posix.dirname(path) === pool.path) ?? null;
}

/** @throws `NOT_FOUND`, or why it cannot be used */
export async function usablePool(virsh: Virsh, uuid: string): Promise<Pool & { path: string }> {
  const pool = (await listPools(virsh)).find((item) => item.uuid === uuid);
  if (pool === undefined) throw new AppError('NOT_FOUND', { what: 'image-pool', id: uuid });
  const problem = poolProblem(pool);
  if (problem !== null || pool.path === null) throw new AppError(problem?.code ?? 'LIBVIRT_POOL_NO_FOLDER', problem?.params ?? {});
  return { ...pool, path: pool.path };
}
