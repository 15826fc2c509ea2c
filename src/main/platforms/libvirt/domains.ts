/** The domains of a host as libvirt tells them now: definition, state, snapshots. Asks in batches and understands answers; changes nothing. */
import { createHash } from 'node:crypto';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import type { PowerState } from '../../../shared/model/source-vm.ts';
import { parseDomain, type Domain } from '../domain-xml/domain-xml.ts';
import { uuidPattern, uuidsOf } from './pools.ts';
import { parseSnapshot, type HostSnapshot } from './snapshot-xml.ts';
import type { Virsh } from './virsh.ts';

export interface HostDomain {
  uuid: string;
  /** The definition that the next start will use: what is shown and edited. */
  text: string;
  domain: Domain;
  power: PowerState;
  /** Oldest first. */
  snapshots: HostSnapshot[];
  currentSnapshot: string | null;
}

/** The states of all domains, from a few lists instead of one question a domain. */
export interface DomainList {
  uuids: string[];
  power(uuid: string): PowerState;
  hasSnapshots(uuid: string): boolean;
}

export async function listDomains(virsh: Virsh, signal?: AbortSignal): Promise<DomainList> {
  const list = (...words: string[]): string[] => ['list', '--uuid', ...words];
  const answers = await virsh.ask([
    list('--all'), list('--state-running'), list('--state-paused'), list('--state-other'), list('--all', '--with-managed-save'), list('--all', '--with-snapshot'),
  ], signal);
  const [all, running, paused, other, saved, snapped] = answers.map((text) => uuidsOf(text));
  const sets = { running: new Set(running), paused: new Set(paused), other: new Set(other), saved: new Set(saved), snapped: new Set(snapped) };
  return {
    uuids: [...new Set(all)],
    power: (uuid) => {
      if (sets.running.has(uuid)) return 'running';
      if (sets.paused.has(uuid)) return 'paused';
      // Crashed, suspended by its guest, shutting down: nothing that may be read behind its back.
      if (sets.other.has(uuid)) return 'unknown';
      // Its memory lies in a file and belongs to the disk as it is.
      return sets.saved.has(uuid) ? 'suspended' : 'stopped';
    },
    hasSnapshots: (uuid) => sets.snapped.has(uuid),
  };
}

/**
 * Some of the domains of a list; those that went meanwhile are left out.
 * @param onBroken gets each definition that cannot be understood; without it, the first one is thrown
 */
export async function readDomains(virsh: Virsh, list: DomainList, uuids: readonly string[], signal?: AbortSignal, onBroken?: (error: AppError) => void): Promise<HostDomain[]> {
  const texts = await virsh.ask(uuids.map((uuid) => ['dumpxml', '--inactive', '--domain', uuid]), signal);
  const snapshots = await readSnapshots(virsh, uuids.filter((uuid) => list.hasSnapshots(uuid)), signal);
  return uuids.flatMap((uuid, index): HostDomain[] => {
    const text = texts[index];
    if (text === null || text === undefined) return [];
    try {
      const found = snapshots.get(uuid);
      const parsed = (found?.snapshots ?? []).map((snapshot) => parseSnapshot(snapshot.text, snapshot.name));
      return [{ uuid, text, domain: parseDomain(text, uuid), power: list.power(uuid), snapshots: inOrder(parsed), currentSnapshot: found?.current ?? null }];
    } catch (error) {
      if (onBroken === undefined || !(error instanceof AppError)) throw error;
      onBroken(error);
      return [];
    }
  });
}

/** One domain in one call, and one more where it has snapshots. @throws `NOT_FOUND`, `LIBRARY_DEFINITION_BROKEN` */
export async function readDomain(virsh: Virsh, vm: ExternalId, signal?: AbortSignal): Promise<HostDomain> {
  const uuid = requireUuid(vm);
  const [text, info, names, current] = await virsh.ask([
    ['dumpxml', '--inactive', '--domain', uuid], ['dominfo', '--domain', uuid], ['snapshot-list', '--name', '--domain', uuid], ['snapshot-current', '--name', '--domain', uuid],
  ], signal);
  if (text === null || text === undefined) throw new AppError('NOT_FOUND', { what: 'source-vm', id: vm });
  const wanted = linesOf(names);
  const snapshots = await virsh.ask(wanted.map((name) => ['snapshot-dumpxml', '--domain', uuid, '--snapshotname', name]), signal);
  const parsed = snapshots.flatMap((snapshot, index) => (snapshot === null ? [] : [parseSnapshot(snapshot, wanted[index] ?? '')]));
  return { uuid, text, domain: parseDomain(text, uuid), power: powerIn(info ?? ''), snapshots: inOrder(parsed), currentSnapshot: linesOf(current)[0] ?? null };
}

/** From `State:` and `Managed save:`; a state that is not one of these is nothing that may be read behind its back. */
function powerIn(info: string): PowerState {
  const state = /^State:\s*(.+?)\s*$/m.exec(info)?.[1];
  if (state === 'running' || state === 'idle') return 'running';
  if (state === 'paused') return 'paused';
  if (state !== 'shut off') return 'unknown';
  return /^Managed save:\s*yes/m.test(info) ? 'suspended' : 'stopped';
}

/** All domains, for questions about who else uses a disk. Those that cannot be understood might, too. @throws `LIBRARY_DEFINITION_BROKEN` */
export async function readAllDomains(virsh: Virsh, signal?: AbortSignal): Promise<HostDomain[]> {
  const list = await listDomains(virsh, signal);
  return readDomains(virsh, list, list.uuids, signal);
}

/** Ids come from outside: only what libvirt would call one gets into a command. @throws `NOT_FOUND` */
export function requireUuid(vm: ExternalId): string {
  if (!uuidPattern.test(vm)) throw new AppError('NOT_FOUND', { what: 'source-vm', id: vm });
  return vm;
}

interface SnapshotTexts {
  current: string | null;
  snapshots: { name: string; text: string }[];
}

async function readSnapshots(virsh: Virsh, uuids: readonly string[], signal?: AbortSignal): Promise<Map<string, SnapshotTexts>> {
  const names = await virsh.ask(uuids.flatMap((uuid) => [['snapshot-list', '--name', '--domain', uuid], ['snapshot-current', '--name', '--domain', uuid]]), signal);
  const wanted = uuids.flatMap((uuid, index) => linesOf(names[2 * index]).map((name) => ({ uuid, name })));
  const texts = await virsh.ask(wanted.map(({ uuid, name }) => ['snapshot-dumpxml', '--domain', uuid, '--snapshotname', name]), signal);
  return new Map(uuids.map((uuid, index) => {
    const snapshots = wanted.flatMap(({ uuid: owner, name }, position) => {
      const text = texts[position];
      return owner !== uuid || text === null || text === undefined ? [] : [{ name, text }];
    });
    return [uuid, { snapshots, current: linesOf(names[2 * index + 1])[0] ?? null }];
  }));
}

/** Oldest first, and of one second the parent before its child. */
function inOrder(snapshots: HostSnapshot[]): HostSnapshot[] {
  const parents = new Map(snapshots.map((snapshot) => [snapshot.name, snapshot.parent]));
  const depth = (name: string | null, left = snapshots.length): number => (name === null || left === 0 ? 0 : 1 + depth(parents.get(name) ?? null, left - 1));
  return snapshots.sort((a, b) => a.createdAt - b.createdAt || depth(a.name) - depth(b.name));
}

function linesOf(text: string | null | undefined): string[] {
  return (text ?? '').split('\n').map((line) => line.trim()).filter((line) => line !== '');
}

/** Changes with everything that libvirt says about the domain's definition. */
export function definitionFingerprint(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** The power as the list says it, for a refusal: only a stopped domain may be changed. @throws `LIBVIRT_VM_NOT_STOPPED` */
export function requireStopped({ power, domain }: HostDomain): void {
  if (power !== 'stopped') throw new AppError('LIBVIRT_VM_NOT_STOPPED', { name: domain.name }, { isRetryable: true });
}
