/**
 * The manifest of an OVA: a text file with a checksum for each file of the archive. It protects against damage on the way, not against
 * whoever packed the archive (that would be the signature's task, which is not looked at).
 */
import { createHash } from 'node:crypto';
import { CodedError } from '../../../shared/model/coded-error.ts';
import type { BlockSource } from '../sources/block-source.ts';

/** What the manifest says about one file. */
export interface StatedChecksum {
  algorithm: 'sha1' | 'sha256' | 'sha384' | 'sha512';
  /** Lower-case hexadecimal. */
  digest: string;
}

const line = /^(SHA1|SHA256|SHA384|SHA512)\s?\((.+)\)\s?=\s?([0-9a-f]+)$/i;
const hexDigits = { sha1: 40, sha256: 64, sha384: 96, sha512: 128 } as const;
/** Read in one go while checking. */
const pieceBytes = 4 * 1024 ** 2;

/** The checksum that a manifest's text gives for a file; null where it gives none that is known. */
export function checksumOf(text: string, name: string): StatedChecksum | null {
  for (const row of text.split(/\r?\n/)) {
    const [, kind = '', file, digest = ''] = line.exec(row.trim()) ?? [];
    if (file !== name) continue;
    const algorithm = kind.toLowerCase() as StatedChecksum['algorithm'];
    return digest.length === hexDigits[algorithm] ? { algorithm, digest: digest.toLowerCase() } : null;
  }
  return null;
}

/** Reads all of a file and compares. @throws `DISK_OVA_CHECKSUM`, what reading throws, and the signal's reason */
export async function requireChecksum(member: BlockSource, stated: StatedChecksum, signal: AbortSignal): Promise<void> {
  const hash = createHash(stated.algorithm);
  for (let offset = 0; offset < member.sizeBytes; offset += pieceBytes) {
    const [bytes] = await member.read([{ offset, length: Math.min(pieceBytes, member.sizeBytes - offset) }], signal);
    if (bytes !== undefined) hash.update(bytes);
  }
  if (hash.digest('hex') !== stated.digest) throw new CodedError('DISK_OVA_CHECKSUM', { path: member.label });
}
