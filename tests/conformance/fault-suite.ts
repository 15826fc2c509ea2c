/**
 * What every connector that speaks HTTP must do when its server, or what lies between, misbehaves. One rule stands over all cases: a
 * listing that ends normally was complete; everything else is an `AppError`, in bounded time. A connector plugs in with a fixture whose
 * simulator is reached through the proxy.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connector } from '../../src/main/platforms/connector.ts';
import { AppError } from '../../src/shared/model/app-error.ts';
import { secondCertificate } from '../simulators/fault-proxy/certificates.ts';
import type { HttpFault, HttpFaultProxy } from '../simulators/fault-proxy/http-fault-proxy.ts';

export interface FaultFixture {
  /** Patient for some hundred milliseconds only: silence is judged by it. */
  connector: Connector;
  proxy: HttpFaultProxy;
  /** As the listing has them, in any order: enough for several pages. */
  vmIds: readonly string[];
  /** The requests of the listing itself, not those of signing in. */
  isListing: (request: { method: string; path: string }) => boolean;
  dispose(): Promise<void>;
}

/** By the name of a case: why this connector cannot have it. */
export type CannotHave = Partial<Record<'certificate', string>>;

interface Ended {
  ids: string[];
  error: unknown;
}

export function faultSuite(kind: string, makeFixture: () => Promise<FaultFixture>, cannotHave: CannotHave = {}): void {
  let fixture: FaultFixture;

  beforeEach(async () => {
    fixture = await makeFixture();
  });
  afterEach(async () => {
    await fixture.connector.dispose();
    await fixture.dispose();
  });

  async function list(signal = new AbortController().signal): Promise<Ended> {
    const ids: string[] = [];
    try {
      for await (const page of fixture.connector.inventory.sourceVms(signal)) ids.push(...page.map((vm) => vm.externalId));
      return { ids, error: null };
    } catch (error) {
      return { ids, error };
    }
  }

  const all = (): string[] => [...fixture.vmIds].sort();

  /** Spoils every listing request. @returns how it ended, having checked that it was not taken for complete */
  async function spoiled(fault: HttpFault): Promise<Ended> {
    const rule = fixture.proxy.spoil({ fault, matches: fixture.isListing });
    const ended = await list();
    expect(rule.spoiled).toBeGreaterThan(0);
    expect(ended.error).toBeInstanceOf(AppError);
    return ended;
  }

  describe(`${kind}: faults on the way`, () => {
    afterEach(async () => {
      // Whatever happened: once it is over, the same connection lists everything.
      fixture.proxy.heal();
      expect((await list()).ids.sort()).toEqual(all());
    });

    it.each<[string, HttpFault]>([
      ['a connection that is cut before the answer', { kind: 'cut', afterBytes: null }],
      ['a connection that is cut in the middle of the answer', { kind: 'cut', afterBytes: 300 }],
      ['silence instead of an answer', { kind: 'stall', afterBytes: null }],
      ['silence in the middle of the answer', { kind: 'stall', afterBytes: 300 }],
      ['an error of the server', { kind: 'status', status: 500, body: 'Internal Server Error' }],
      ['an answer that is none', { kind: 'garbage' }],
      ['an answer of another shape', { kind: 'garbage', body: '{"message": "maintenance", "items": 7}' }],
      ['no permission', { kind: 'status', status: 403, body: '{"forbidden": {"code": 403, "message": "Policy"}}' }],
    ])('never takes a listing for complete: %s', async (_title, fault) => {
      await spoiled(fault);
    });

    it.each<[string, HttpFault]>([
      ['a cut', { kind: 'cut', afterBytes: 300 }],
      ['an error of the server', { kind: 'status', status: 503 }],
      ['a refusal that says when to come back', { kind: 'status', status: 429, headers: { 'retry-after': '0' } }],
      ['a session that has ended', { kind: 'status', status: 401 }],
    ])('goes on after %s in the middle of a listing', async (_title, fault) => {
      const rule = fixture.proxy.spoil({ fault, matches: fixture.isListing, after: 1, times: 1 });
      const ended = await list();
      // Or the platform told everything in one page, and nothing was proven.
      expect(rule.spoiled).toBe(1);
      expect(ended.error).toBeNull();
      expect(ended.ids.sort()).toEqual(all());
    });

    it('goes through with an answer that comes in drips', async () => {
      const rule = fixture.proxy.spoil({ fault: { kind: 'drip', pieceBytes: 8192, pauseMs: 1 }, matches: fixture.isListing });
      const ended = await list();
      expect(rule.spoiled).toBeGreaterThan(0);
      expect(ended.error).toBeNull();
      expect(ended.ids.sort()).toEqual(all());
    });

    it('stops in the middle of silence when asked', async () => {
      const abort = new AbortController();
      fixture.proxy.spoil({ fault: { kind: 'stall', afterBytes: null }, matches: (request) => {
        if (!fixture.isListing(request)) return false;
        abort.abort(new AppError('ABORTED'));
        return true;
      } });
      expect((await list(abort.signal)).error).toMatchObject({ code: 'ABORTED' });
    });

    it.runIf(cannotHave.certificate === undefined)('sends nothing to a server that shows another certificate', async () => {
      expect((await list()).error).toBeNull();
      const { certificate } = fixture.proxy;
      fixture.proxy.changeCertificate(secondCertificate);
      const before = fixture.proxy.seen.length;
      expect((await list()).error).toBeInstanceOf(AppError);
      expect(fixture.proxy.seen).toHaveLength(before);
      if (certificate !== null) fixture.proxy.changeCertificate(certificate);
    });
  });
}
