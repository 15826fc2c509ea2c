/**
 * Which operating system it is, where several say so. Seed (image-management 2): "If the Agent (Mole) inside the cloud desktop is
 * running normally and connected to the management component, Mole will report the real system information … it has the highest
 * priority and will override the attributes preset in the image." Below it a person's word, then the disk, then the platform.
 */
import type { OsType } from '../model/business-attributes.ts';
import { type OsFamily, type OsIdentity, unknownOs } from '../model/os.ts';
import { findDistro } from './os-distro.ts';

/** What a person said; null fields were left open. */
export interface OsWord {
  osType: OsType | null;
  osDistro: string | null;
}

export interface ImageOsFacts {
  person: OsWord;
  /** From the disk; null while it has not been read. */
  inspection: Omit<OsIdentity, 'source'> | null;
  platform: OsIdentity;
}

export interface OsClaim {
  os: OsIdentity;
  /** An agent's last word, from before it fell silent: shown, never chosen. */
  isLastKnown: boolean;
  /** When it was said; null where nobody knows. */
  saidAt: number | null;
}

/** The agent inside a desktop (Mole, qemu-guest-agent, VM tools). */
export interface AgentOsFacts {
  os: Omit<OsIdentity, 'source'>;
  /** The agent runs and is connected to whoever tells us. */
  isConnected: boolean;
  isDesktopRunning: boolean;
  reportedAt: number | null;
}

export interface DesktopOsFacts {
  agent: AgentOsFacts | null;
  /** Of the image that the desktop was made from. */
  image: ImageOsFacts;
}

export interface ResolvedOs {
  os: OsIdentity;
  /** Everything that was said, the strongest first: shown side by side with its source. */
  claims: OsClaim[];
}

/** The identity of an image or a source VM. The better source fills in what a person left open. */
export function osOfImage({ person, inspection, platform }: ImageOsFacts): OsIdentity {
  const found = foundOs(inspection, platform);
  const word = osOfWord(person);
  if (word === null) return found;
  const agrees = found.family === word.family && (word.distro === null || findDistro(found.distro)?.id === findDistro(word.distro)?.id);
  return agrees ? { ...found, distro: word.distro ?? found.distro, source: 'person' } : { ...word, architecture: found.architecture };
}

/** As above for a desktop, over which a connected agent has the last word. */
export function osOfDesktop({ agent, image }: DesktopOsFacts): ResolvedOs {
  const claims: OsClaim[] = imageClaims(image);
  const fromImage = osOfImage(image);
  if (agent === null || agent.os.family === 'unknown') return { os: fromImage, claims };
  const reported: OsIdentity = { ...agent.os, source: 'agent' };
  const isLive = agent.isConnected && agent.isDesktopRunning;
  const claim = { os: reported, isLastKnown: !isLive, saidAt: agent.reportedAt };
  return isLive ? { os: reported, claims: [claim, ...claims] } : { os: fromImage, claims: [...claims, claim] };
}

/** What each source says, the strongest first; one that says nothing is left out. */
export function imageClaims({ person, inspection, platform }: ImageOsFacts): OsClaim[] {
  const word = osOfWord(person);
  const said = [
    word,
    inspection === null || inspection.family === 'unknown' ? null : { ...inspection, source: 'inspection' as const },
    platform.family === 'unknown' && platform.name === null ? null : platform,
  ];
  return said.flatMap((os) => (os === null ? [] : [{ os, isLastKnown: false, saidAt: null }]));
}

/** What the dialog suggests while a person has said nothing: the disk before the platform. Null where neither knows. */
export function suggestedOs({ inspection, platform }: ImageOsFacts): OsIdentity | null {
  const found = foundOs(inspection, platform);
  return found.family === 'unknown' ? null : found;
}

function foundOs(inspection: Omit<OsIdentity, 'source'> | null, platform: OsIdentity): OsIdentity {
  if (inspection !== null && inspection.family !== 'unknown') return { ...inspection, source: 'inspection' };
  return platform.family === 'unknown' && platform.name === null ? { ...platform, source: 'none' } : platform;
}

/** A distro alone says its family too; null where the person has said nothing. */
function osOfWord({ osType, osDistro }: OsWord): OsIdentity | null {
  const distro = findDistro(osDistro);
  const family: OsFamily = osType ?? distro?.family ?? 'unknown';
  if (family === 'unknown' && osDistro === null) return null;
  return { ...unknownOs, family, distro: osDistro, name: distro?.name ?? osDistro, source: 'person' };
}
