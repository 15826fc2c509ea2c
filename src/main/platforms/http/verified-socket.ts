/**
 * A connection is handed on only once it stands and, with TLS, once its certificate was judged: no byte of a request is written before.
 * Trust comes from authorities or from pins; there is no switch that turns checking off.
 */
import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** What the other side showed, for a person to decide on. */
export interface SeenCertificate {
  /** `host:port` that showed it. */
  host: string;
  subject: string;
  issuer: string;
  /** SHA-256 of the whole certificate, 64 lower-case hexadecimal digits. */
  fingerprint: string;
  /** Epoch ms; null where it cannot be read. */
  validUntilAt: number | null;
}

/** The certificate is not one that this platform may show. Lasting: asking again shows the same. */
export class CertificateProblem extends Error {
  readonly code: 'CERTIFICATE_UNTRUSTED' | 'CERTIFICATE_CHANGED';
  readonly seen: SeenCertificate;
  /** OpenSSL's or Node's own word (`DEPTH_ZERO_SELF_SIGNED_CERT`). */
  readonly reason: string;

  constructor(code: CertificateProblem['code'], seen: SeenCertificate, reason: string) {
    super(`${seen.host} showed a certificate that is not trusted (${reason})`);
    this.name = 'CertificateProblem';
    this.code = code;
    this.seen = seen;
    this.reason = reason;
  }
}

/** Several may be joined by blanks or commas: services behind one platform can have a certificate each. Spelled with or without colons. */
export function pinsOf(text: string | undefined): string[] {
  return (text ?? '').split(/[\s,]+/).map((pin) => pin.replaceAll(':', '').toLowerCase()).filter((pin) => pin !== '');
}

/** Waits until the connection stands. @throws `ETIMEDOUT` after `limitMs`, or what the socket says */
export function whenOpen<T extends Socket>(socket: T, event: 'connect' | 'secureConnect', limitMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (error: Error | null): void => {
      clearTimeout(timer);
      socket.removeListener('error', end);
      socket.removeListener('close', closed);
      socket.removeListener(event, opened);
      if (error === null) resolve(socket);
      else {
        socket.destroy();
        reject(error);
      }
    };
    const opened = (): void => end(null);
    const closed = (): void => end(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }));
    const timer = setTimeout(() => end(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' })), limitMs);
    socket.once(event, opened).once('error', end).once('close', closed);
  });
}

/**
 * Judges the certificate of a finished handshake; the socket was opened without Node's own refusal, so that what it showed can be told.
 * @param pins with pins, the leaf has to be one of them, and may be self-signed; without, an authority has to vouch for it
 * @throws CertificateProblem, with the socket destroyed
 */
export function judgeCertificate(socket: TLSSocket, host: string, pins: readonly string[]): void {
  const seen = seenBy(socket, host);
  let problem: CertificateProblem | null = null;
  if (pins.length > 0) {
    if (!pins.includes(seen.fingerprint)) problem = new CertificateProblem('CERTIFICATE_CHANGED', seen, 'PIN_DIFFERS');
  } else if (!socket.authorized) {
    problem = new CertificateProblem('CERTIFICATE_UNTRUSTED', seen, reasonOf(socket.authorizationError));
  }
  if (problem === null) return;
  socket.destroy();
  throw problem;
}

function seenBy(socket: TLSSocket, host: string): SeenCertificate {
  const { raw } = socket.getPeerCertificate() as { raw?: Buffer };
  if (raw === undefined) return { host, subject: '', issuer: '', fingerprint: '', validUntilAt: null };
  const certificate = new X509Certificate(raw);
  const validUntil = Date.parse(certificate.validTo);
  return {
    host,
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    validUntilAt: Number.isNaN(validUntil) ? null : validUntil,
  };
}

const oneLine = (name: string): string => name.split('\n').join(', ').slice(0, 300);

function reasonOf(error: unknown): string {
  if (error instanceof Error) return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  return typeof error === 'string' ? error : 'CERTIFICATE_UNKNOWN';
}
