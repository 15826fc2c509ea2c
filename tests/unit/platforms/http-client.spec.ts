import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpClient } from '../../../src/main/platforms/http/http-client.ts';
import { statusOf } from '../../../src/main/platforms/http/http-failure.ts';
import { proxyFor } from '../../../src/main/platforms/http/proxy.ts';
import { Transport } from '../../../src/main/platforms/http/transport.ts';
import { trustOfferFor } from '../../../src/main/platforms/http/trust-offer.ts';
import { pinsOf } from '../../../src/main/platforms/http/verified-socket.ts';
import { firstCertificate, secondCertificate } from '../../simulators/fault-proxy/certificates.ts';
import { HttpFaultProxy } from '../../simulators/fault-proxy/http-fault-proxy.ts';
import { all, never, openStackFixture, type OpenStackFixture } from '../../fixtures/openstack.ts';
import { OpenStackSimulator } from '../../simulators/openstack/openstack-simulator.ts';

describe('requests to a platform', () => {
  let fixture: OpenStackFixture;
  let proxy: HttpFaultProxy;
  beforeEach(async () => {
    fixture = await openStackFixture();
    proxy = await HttpFaultProxy.start([fixture.simulator.origin]);
    fixture.simulator.publicOrigin = proxy.origin(fixture.simulator.origin);
  });
  afterEach(async () => {
    await fixture.dispose();
    await proxy.dispose();
  });

  const isList = ({ path }: { path: string }): boolean => path.includes('/v2/images');

  it.each([
    ['a cut', { kind: 'cut', afterBytes: null }], ['a cut in the body', { kind: 'cut', afterBytes: 20 }],
    ['a 500', { kind: 'status', status: 500 }], ['a 429 with Retry-After', { kind: 'status', status: 429, headers: { 'retry-after': '0' } }],
  ] as const)('goes on after %s', async (_what, fault) => {
    fixture.simulator.data.addImage({ name: 'there' });
    proxy.spoil({ fault, matches: isList, times: 1 });
    expect(await all(fixture.again().inventory.images(never))).toMatchObject([{ name: 'there' }]);
  });

  it.each([
    ['garbage', { kind: 'garbage' }, 'PLATFORM_ANSWER_UNREADABLE'], ['a 500 that stays', { kind: 'status', status: 500 }, 'PLATFORM_BROKEN'],
    ['a wait that is too long', { kind: 'status', status: 503, headers: { 'retry-after': '7200' } }, 'PLATFORM_BUSY'], ['a 403', { kind: 'status', status: 403 }, 'PLATFORM_FORBIDDEN'],
    ['a 413', { kind: 'status', status: 413, body: '{"overLimit": {"message": "Quota exceeded"}}' }, 'PLATFORM_OVER_LIMIT'],
    ['cuts without end', { kind: 'cut', afterBytes: null }, 'PLATFORM_CUT'],
  ] as const)('says what is wrong after %s', async (_what, fault, code) => {
    proxy.spoil({ fault, matches: isList });
    await expect(all(fixture.again().inventory.images(never))).rejects.toMatchObject({ code });
  });

  it('does not send a change twice whose answer was lost, and keeps the request’s id', async () => {
    const { simulator, again } = fixture;
    const server = simulator.data.addServer({ status: 'ACTIVE' });
    proxy.spoil({ fault: { kind: 'cut', afterBytes: null }, matches: ({ path }) => path.endsWith('/action') });
    await expect(again().power.stop(server.id, 'graceful', never)).rejects.toMatchObject({ code: 'PLATFORM_CUT' });
    expect(proxy.seen.filter((line) => line.includes('/action'))).toHaveLength(1);
    const error: unknown = await again().attributes.patch('nope', {}, 'k', never).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'NOT_FOUND' });
    server.locked = true;
    server.taskState = 'powering-off';
    const refused: unknown = await all(again({ project: 'admin', username: 'nobody' }).inventory.images(never)).catch((cause: unknown) => cause);
    expect(statusOf(refused)).toBe(401);
    expect(refused).toHaveProperty('cause.requestId', expect.stringMatching(/^req-simulator-/) as string);
    expect(JSON.stringify(refused)).not.toContain('password');
  });
});

describe('certificates', () => {
  let simulator: OpenStackSimulator;
  beforeEach(async () => {
    simulator = await OpenStackSimulator.start({ certificate: firstCertificate });
  });
  afterEach(() => simulator.stop());

  async function ask(pins: string[]): Promise<unknown> {
    const transport = new Transport({ caFile: null, pins, proxy: null, environment: {} });
    const client = new HttpClient({ transport, firstDelayMs: 1 });
    try {
      return await client.send({ method: 'GET', url: new URL(`${simulator.origin}/identity/v3`), headers: { 'x-auth-token': 'secret' } }, never);
    } catch (error) {
      return error;
    } finally {
      transport.dispose();
    }
  }

  it('sends nothing to one that is not trusted, offers it, and sends once it is pinned', async () => {
    const refused = await ask([]);
    expect(refused).toMatchObject({ code: 'PLATFORM_CERTIFICATE_UNTRUSTED' });
    expect(simulator.seen).toEqual([]);
    const offer = trustOfferFor(refused, 'tlsPin', []);
    expect(offer).toMatchObject({ field: 'tlsPin', what: 'certificate', value: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    const pinned = await ask(pinsOf(offer?.value));
    expect(statusOf(pinned)).toBe(401);
    expect(simulator.seen).toHaveLength(1);
  });

  it('sends nothing once another certificate is shown than the pinned one', async () => {
    const pins = pinsOf(trustOfferFor(await ask([]), 'tlsPin', [])?.value);
    await simulator.stop();
    simulator = await OpenStackSimulator.start({ certificate: secondCertificate });
    const refused = await ask(pins);
    expect(refused).toMatchObject({ code: 'PLATFORM_CERTIFICATE_CHANGED' });
    expect(simulator.seen).toEqual([]);
    expect(trustOfferFor(refused, 'tlsPin', pins)?.value.split(' ')).toHaveLength(2);
  });

  it('trusts an authority from a file', async () => {
    const { mkdtemp, rm, writeFile } = await import('node:fs/promises');
    const folder = await mkdtemp(`${process.env['TMPDIR'] ?? '/tmp'}/goldpress-ca-`);
    await writeFile(`${folder}/ca.pem`, firstCertificate.cert);
    const transport = new Transport({ caFile: `${folder}/ca.pem`, pins: [], proxy: null, environment: {} });
    const answer: unknown = await new HttpClient({ transport }).send({ method: 'GET', url: new URL(simulator.origin) }, never).catch((error: unknown) => error);
    expect(statusOf(answer)).toBe(401);
    transport.dispose();
    await rm(folder, { recursive: true });
  });
});

describe('proxies', () => {
  it('lead through a tunnel in which the certificate is judged as ever, and learn nothing but where to', async () => {
    const simulator = await OpenStackSimulator.start({ certificate: firstCertificate });
    const heard: string[] = [];
    const proxy = createServer((request, response) => response.writeHead(405).end(request.method));
    proxy.on('connect', (request: IncomingMessage, socket: Socket) => {
      heard.push(`${request.url} ${request.headers['proxy-authorization']}`);
      const target = connect(Number(new URL(simulator.origin).port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        socket.pipe(target).pipe(socket);
      });
      for (const end of [socket, target]) end.on('error', () => target.destroy()).on('close', () => target.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const ask = async (pins: string[]): Promise<unknown> => {
      const transport = new Transport({ caFile: null, pins, proxy: { url: `http://127.0.0.1:${port}`, user: 'u', password: 'p@ss' }, environment: {} });
      const answer: unknown = await new HttpClient({ transport, tries: 1 }).send({ method: 'GET', url: new URL('https://cloud.invalid:5000/identity/v3') }, never).catch((error: unknown) => error);
      transport.dispose();
      return answer;
    };
    const refused = await ask([]);
    expect(refused).toMatchObject({ code: 'PLATFORM_CERTIFICATE_UNTRUSTED' });
    expect(simulator.seen).toEqual([]);
    expect(statusOf(await ask(pinsOf(trustOfferFor(refused, 'tlsPin', [])?.value)))).toBe(401);
    expect(new Set(heard)).toEqual(new Set([`cloud.invalid:5000 Basic ${Buffer.from('u:p@ss').toString('base64')}`]));
    proxy.closeAllConnections();
    proxy.close();
    await simulator.stop();
  });

  const setting = { url: 'http://proxy:3128', user: 'u', password: 'p@ss' };
  it.each([
    ['https://cloud:5000', null, { https_proxy: 'http://env:1' }, 'http://env:1/'],
    ['https://cloud:5000', null, { HTTPS_PROXY: 'env:1', no_proxy: 'other,cloud:443' }, 'http://env:1/'],
    ['https://a.cloud.example:5000', null, { https_proxy: 'http://env:1', no_proxy: '.cloud.example' }, null],
    ['https://cloud:5000', null, { https_proxy: 'http://env:1', NO_PROXY: 'cloud:5000' }, null],
    ['http://cloud', null, { HTTP_PROXY: 'http://env:1' }, null],
    ['http://127.0.0.1:5000', setting, { https_proxy: 'http://env:1' }, null],
    ['https://cloud', setting, { no_proxy: '*' }, 'http://u:p%40ss@proxy:3128/'],
  ] as const)('%s is reached by way of %j %j', (url, own, environment, wanted) => {
    expect(proxyFor(new URL(url), own, environment)?.href ?? null).toBe(wanted);
  });
});
