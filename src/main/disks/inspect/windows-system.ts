/** Recognises a Windows by its system volume: the version in SOFTWARE, boot-start drivers in SYSTEM, the kernel's header. */
import type { FoundSystem } from './linux-system.ts';
import { findPath, readFileStart } from './path-walk.ts';
import { headerBytes, peArchitecture } from './program-header.ts';
import { RegistryHive } from './registry-hive.ts';
import { attempt, type VolumeNode } from './volume.ts';

const softwarePath = '/Windows/System32/config/SOFTWARE';
const systemPath = '/Windows/System32/config/SYSTEM';
const kernelPath = '/Windows/System32/ntoskrnl.exe';
const firstBuildOfWindows11 = 22_000;
const bootStart = 0;

const processors: Readonly<Record<string, string>> = { AMD64: 'x86_64', ARM64: 'aarch64', x86: 'i686' };

async function openHive(root: VolumeNode, path: string): Promise<RegistryHive | null> {
  const node = await findPath(root, path);
  return node === null || node.kind !== 'file' ? null : RegistryHive.open(node);
}

interface Release {
  name: string | null;
  version: string | null;
}

const text = (value: string | number | null): string | null => (typeof value === 'string' && value.trim() !== '' ? value.replace(/\p{Cc}/gu, '').trim().slice(0, 100) : null);

/** Name and version for people; Microsoft left "Windows 10" in the product name of Windows 11, and only the build tells. */
async function readRelease(software: RegistryHive): Promise<Release> {
  const key = ['Microsoft', 'Windows NT', 'CurrentVersion'];
  const product = text(await software.value(key, 'ProductName'));
  const build = Number(text(await software.value(key, 'CurrentBuild')) ?? text(await software.value(key, 'CurrentBuildNumber')));
  const update = text(await software.value(key, 'DisplayVersion')) ?? text(await software.value(key, 'CSDVersion'))
    ?? (product?.includes('2019') === true || product?.includes('Windows 10') === true ? text(await software.value(key, 'ReleaseId')) : null);
  if (product === null) return { name: null, version: null };
  const isClient = (text(await software.value(key, 'InstallationType')) ?? 'Client') === 'Client';
  const name = isClient && build >= firstBuildOfWindows11 ? product.replace('Windows 10', 'Windows 11') : product;
  const version = /Windows (?:Server )?(\d+(?:\.\d+)?(?: R2)?|XP|Vista)/.exec(name)?.[1] ?? null;
  return { name: update === null ? name : `${name} ${update}`, version };
}

/**
 * Whether the system loads a virtio storage driver before it reads its own disk; lying in the driver store is not enough.
 * Null where it is not there but may have come since, in the log of a hive that was not closed.
 */
async function readVirtioStorage(system: RegistryHive, controlSet: string): Promise<boolean | null> {
  for (const service of ['viostor', 'vioscsi']) {
    if ((await system.value([controlSet, 'Services', service], 'Start')) === bootStart) return true;
  }
  return system.isClean ? false : null;
}

async function controlSetOf(system: RegistryHive): Promise<string | null> {
  const current = await system.value(['Select'], 'Current');
  return typeof current === 'number' && current >= 1 && current <= 999 ? `ControlSet${String(current).padStart(3, '0')}` : null;
}

async function architectureOf(root: VolumeNode, system: RegistryHive | null, controlSet: string | null): Promise<string | null> {
  if (system !== null && controlSet !== null) {
    const name = await system.value([controlSet, 'Control', 'Session Manager', 'Environment'], 'PROCESSOR_ARCHITECTURE');
    if (typeof name === 'string' && processors[name] !== undefined) return processors[name];
  }
  const kernel = await readFileStart(root, kernelPath, headerBytes);
  return kernel === null ? null : peArchitecture(kernel).architecture;
}

/** What part of the answer could be read; a damaged hive leaves its own part unknown and nothing else. */
async function tolerantly<T>(read: () => Promise<T>, otherwise: T): Promise<T> {
  return (await attempt(read)).answer ?? otherwise;
}

/** Windows marks an image that sysprep made ready for other machines, until its first start. */
async function isGeneralized(root: VolumeNode, software: RegistryHive | null): Promise<boolean> {
  const state = software === null ? null : await software.value(['Microsoft', 'Windows', 'CurrentVersion', 'Setup', 'State'], 'ImageState');
  if (typeof state === 'string') return state.includes('GENERALIZE');
  return (await findPath(root, '/Windows/System32/Sysprep/Sysprep_succeeded.tag')) !== null;
}

/** The Windows on this volume, or null where it holds none (a data or recovery volume). */
export async function findWindows(root: VolumeNode): Promise<FoundSystem | null> {
  const software = await tolerantly(() => openHive(root, softwarePath), null);
  const system = await tolerantly(() => openHive(root, systemPath), null);
  const hasKernel = (await findPath(root, kernelPath)) !== null;
  if (!hasKernel && software === null) return null;
  const release = software === null ? { name: null, version: null } : await tolerantly(() => readRelease(software), { name: null, version: null });
  const controlSet = system === null ? null : await tolerantly(() => controlSetOf(system), null);
  return {
    os: { family: 'windows', distro: 'win', name: release.name, version: release.version, architecture: await tolerantly(() => architectureOf(root, system, controlSet), null) },
    evidencePath: software === null ? kernelPath : softwarePath,
    preparation: (await tolerantly(() => isGeneralized(root, software), false)) ? ['sysprep'] : [],
    hasVirtioStorage: system === null || controlSet === null ? null : await tolerantly(() => readVirtioStorage(system, controlSet), null),
    isSettled: (software?.isClean ?? true) && (system?.isClean ?? true),
  };
}
