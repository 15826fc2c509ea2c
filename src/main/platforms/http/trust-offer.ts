/** What a person may trust after a connection failed over a certificate: exactly what was shown, as a pin for this platform. */
import { say } from '../../../shared/model/message.ts';
import type { TrustOffer } from '../../../shared/model/platform.ts';
import { certificateProblem } from './http-failure.ts';

/**
 * Null where the error is no matter of certificates, or where nothing was shown that could be trusted.
 * @param field the setting that holds the pins
 * @param pins those trusted already; the offer adds to them
 */
export function trustOfferFor(error: unknown, field: string, pins: readonly string[]): TrustOffer | null {
  const problem = certificateProblem(error);
  if (problem === null || problem.seen.fingerprint === '') return null;
  const { host, subject, issuer, fingerprint, validUntilAt } = problem.seen;
  return {
    field,
    value: [...pins, fingerprint].join(' '),
    what: 'certificate',
    detail: validUntilAt === null
      ? say('PLATFORM_CERTIFICATE_SHOWN', { host, subject, issuer, fingerprint })
      : say('PLATFORM_CERTIFICATE_SHOWN_UNTIL', { host, subject, issuer, fingerprint, untilAt: validUntilAt }),
  };
}
