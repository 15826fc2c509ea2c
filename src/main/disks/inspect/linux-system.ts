/** Recognises a Linux by the root of one of its volumes: os-release, a program's header, cloud-init's traces. */
import type { DiskInspection } from '../../../shared/model/disk.ts';
import { elfArchitecture, headerBytes } from './program-header.ts';
import { findPath, readFileStart } from './path-walk.ts';
import { attempt, type VolumeNode } from './volume.ts';

export interface FoundSystem {
  os: DiskInspection['os'];
  /** What tells it, as a path inside the volume. */
  evidencePath: string;
  preparation: string[];
  hasVirtioStorage: boolean | null;
  /** False where newer settings may lie in a log that is not read. */
  isSettled: boolean;
}

const maxReleaseBytes = 64 * 1024;
/** Programs that every installation has one of; the first that is there tells the processor. */
const programs = ['/usr/bin/bash', '/bin/bash', '/usr/lib/systemd/systemd', '/usr/bin/dash', '/bin/busybox', '/sbin/init'];

/** The assignments of an os-release file. Shell quoting as far as the format allows it. */
export function parseOsRelease(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line.trim());
    if (match === null) continue;
    const [, key = '', raw = ''] = match;
    const quote = raw.at(0);
    const isQuoted = raw.length >= 2 && (quote === '"' || quote === "'") && raw.endsWith(quote);
    values.set(key, (isQuoted ? raw.slice(1, -1) : raw).replace(/\\(["'$`\\])/g, '$1'));
  }
  return values;
}

function bounded(text: string | undefined, length: number): string | null {
  // Control characters have no place in a name, and would end up on a terminal.
  const clean = (text ?? '').replace(/\p{Cc}/gu, '').trim();
  return clean === '' ? null : clean.slice(0, length);
}

async function architectureOf(root: VolumeNode): Promise<string | null> {
  for (const path of programs) {
    // A program that is packed in a way not read here only leaves the processor unknown.
    const { answer: start } = await attempt(() => readFileStart(root, path, headerBytes));
    const architecture = start === null ? null : elfArchitecture(start);
    if (architecture !== null) return architecture;
  }
  return null;
}

async function hasCloudInit(root: VolumeNode): Promise<boolean> {
  return (await findPath(root, '/etc/cloud/cloud.cfg')) !== null || (await findPath(root, '/var/lib/cloud')) !== null;
}

/** The Linux on this volume, or null where it holds none (a data volume, /boot, /home). */
export async function findLinux(root: VolumeNode): Promise<FoundSystem | null> {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    const bytes = await readFileStart(root, path, maxReleaseBytes);
    if (bytes === null) continue;
    const values = parseOsRelease(bytes.toString());
    const id = bounded(values.get('ID'), 100)?.toLowerCase() ?? null;
    if (id === null) continue;
    const { answer: isCloudInit } = await attempt(() => hasCloudInit(root));
    return {
      os: {
        family: 'linux',
        distro: id,
        name: bounded(values.get('PRETTY_NAME') ?? values.get('NAME'), 200),
        version: bounded(values.get('VERSION_ID'), 100),
        architecture: await architectureOf(root),
      },
      evidencePath: path,
      preparation: isCloudInit === true ? ['cloud-init'] : [],
      hasVirtioStorage: null,
      isSettled: true,
    };
  }
  return null;
}
