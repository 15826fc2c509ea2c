/**
 * Names that become file names. Pools move between systems (a USB disk is written on Linux and read on Windows), so a name
 * has to be a file name on all of them. Seed (image-publishing): "Name: Name of the published desktop image."
 */
import { say, type Message } from '../model/message.ts';
import type { FileType } from '../model/desktop-image.ts';

/** Leaves room for `-v<number>`, two extensions and the 255 bytes that file systems allow. */
export const maxNameBytes = 200;

/** Device names that Windows takes for itself, whatever extension follows. */
const reserved = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$/i;
/** Not allowed in a file name by Windows; `/` by no system. */
const forbidden = /[/\\:*?"<>|]/;
/** Control characters, halves of characters, line separators, and the marks that make a name read otherwise than it is written. */
const invisible = /[\p{Cc}\p{Cs}\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u;

const utf8 = new TextEncoder();

/** What is wrong with a name, or null. The same answer on every system and for every pool. */
export function imageNameProblem(name: string): Message | null {
  if (name.trim() === '') return say('NAME_EMPTY');
  if (invisible.test(name)) return say('NAME_INVISIBLE');
  const bad = forbidden.exec(name);
  if (bad !== null) return say('NAME_FORBIDDEN', { character: bad[0] });
  if (name.startsWith('.')) return say('NAME_LEADING_DOT');
  if (/^\s|[\s.]$/.test(name)) return say('NAME_EDGES');
  if (reserved.test(name)) return say('NAME_RESERVED', { name });
  const length = utf8.encode(name.normalize('NFC')).length;
  if (length > maxNameBytes) return say('NAME_TOO_LONG', { length, limit: maxNameBytes });
  return null;
}

/** Names are equal when a system that ignores case or composes accents would store them as one. */
export function nameKey(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

/** The file of a version: `<name>-v<number>.<qcow2|vhd>`. */
export function versionFileName(name: string, number: number, fileType: FileType): string {
  return `${name.normalize('NFC')}-v${number}.${fileType}`;
}

/** Also the snapshot's name, prefilled and changeable. */
export function defaultSnapshotName(imageName: string, versionNumber: number): string {
  return `${imageName}-v${versionNumber}`;
}
