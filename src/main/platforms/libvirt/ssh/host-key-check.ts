/** Whether the key that a host shows is the one we know. Unknown is a question for a person; another key than the known one ends everything. */
import { createHash } from 'node:crypto';
import type { ServerHostKeyAlgorithm } from 'ssh2';
import { AppError } from '../../../../shared/model/app-error.ts';
import type { KnownKey } from './known-hosts.ts';

/** What is known of one host before it is asked. */
export interface Expected {
  /** `host:port`, for messages. */
  label: string;
  /** The setting that holds the fingerprint a person trusted. */
  field: 'hostKey' | 'jumpHostKey';
  /** `SHA256:…`; null = nothing was trusted yet. */
  pinned: string | null;
  known: readonly KnownKey[];
}

/** The host showed a key that nobody has trusted yet. */
export class UnknownHostKey extends AppError {
  readonly field: Expected['field'];
  readonly fingerprint: string;

  constructor(expected: Expected, key: Buffer) {
    const fingerprint = fingerprintOf(key);
    super('SSH_HOST_KEY_UNKNOWN', { host: expected.label, fingerprint, type: keyTypeOf(key) });
    this.field = expected.field;
    this.fingerprint = fingerprint;
  }
}

/** As `ssh-keygen -l` prints it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type that a public key names itself; empty where it is none. */
export function keyTypeOf(key: Buffer): string {
  const length = key.length < 4 ? 0 : key.readUInt32BE(0);
  return length > 0 && length <= 64 && 4 + length <= key.length ? key.toString('latin1', 4, 4 + length) : '';
}

/**
 * Null where the key is the known one.
 * @returns `SSH_HOST_KEY_CHANGED`, `SSH_HOST_KEY_REVOKED`, or `UnknownHostKey` with the fingerprint to trust
 */
export function checkHostKey(expected: Expected, key: Buffer): AppError | null {
  const shown = { host: expected.label, fingerprint: fingerprintOf(key) };
  const revoked = expected.known.find((item) => item.isRevoked && item.key.equals(key));
  if (revoked !== undefined) return new AppError('SSH_HOST_KEY_REVOKED', { ...shown, file: revoked.file, line: revoked.line });
  if (expected.pinned !== null) return expected.pinned === shown.fingerprint ? null : new AppError('SSH_HOST_KEY_CHANGED', { ...shown, known: expected.pinned });
  const valid = expected.known.filter((item) => !item.isRevoked);
  const [first] = valid;
  if (first === undefined) return new UnknownHostKey(expected, key);
  if (valid.some((item) => item.key.equals(key))) return null;
  return new AppError('SSH_HOST_KEY_CHANGED_FILE', { ...shown, file: first.file, line: first.line });
}

const defaultAlgorithms: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'rsa-sha2-512', 'rsa-sha2-256',
];

/**
 * Asks for the types of key that are known first: a server with several keys would else show one that nobody has seen, and look like
 * an impostor.
 */
export function preferredAlgorithms(known: readonly KnownKey[]): ServerHostKeyAlgorithm[] {
  const types = new Set(known.filter((item) => !item.isRevoked).map((item) => item.type));
  const isKnown = (algorithm: ServerHostKeyAlgorithm): boolean => types.has(algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm);
  return [...defaultAlgorithms.filter(isKnown), ...defaultAlgorithms.filter((algorithm) => !isKnown(algorithm))];
}
