import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WorkerDiskEngine } from '../../../src/main/disks/disk-engine.ts';
import { openDiskFrom } from '../../../src/main/disks/open-disk.ts';
import { HttpRangeSource, type HttpRangeOptions } from '../../../src/main/disks/sources/http-range-source.ts';
import type { RangeAnswer, SendRange } from '../../../src/main/disks/sources/http-range-request.ts';
import { AppError } from '../../../src/shared/model/app-error.ts';
import { RangeServer } from './range-server.ts';

const MiB = 1024 ** 2;
const content = randomBytes(12 * MiB + 512);
let server: RangeServer;
let url: URL;

beforeEach(async () => {
  server = new RangeServer(content);
  url = await server.start();
});
afterEach(() => server.stop());

/** Ends the answer, and says so. */
function ended(response: ServerResponse, body?: Buffer): true {
  response.end(body);
  return true;
}

const quick: HttpRangeOptions = { firstDelayMs: 1, stallMs: 200 };
const open = (options: HttpRangeOptions = {}): Promise<HttpRangeSource> => HttpRangeSource.open(url, { ...quick, ...options });

describe('reading by ranges', () => {
  it('gives the bytes of every range, in order', async () => {
    const source = await open();
    expect(source.sizeBytes).toBe(content.length);
    const ranges = [{ offset: 9 * MiB, length: 3 * MiB }, { offset: 5, length: 7 }, { offset: 0, length: 9 * MiB }, { offset: content.length - 1, length: 1 }];
    const buffers = await source.read(ranges);
    ranges.forEach(({ offset, length }, index) => expect(buffers[index]?.equals(content.subarray(offset, offset + length))).toBe(true));
  });

  it('asks once for ranges that lie near each other, and a few at once for the others', async () => {
    const source = await open({ parallel: 2 });
    await source.read([{ offset: 100, length: 10 }, { offset: 30_000, length: 10 }, { offset: 60_000, length: 10 }]);
    expect(server.requests.slice(1).map(({ range }) => range)).toEqual(['bytes=100-60009']);
    await source.read(Array.from({ length: 10 }, (_, index) => ({ offset: index * MiB, length: 1000 })));
    expect(server.requests).toHaveLength(12);
    expect(server.mostInFlight).toBeLessThanOrEqual(2);
  });

  it('refuses a range past the end before asking', async () => {
    const source = await open();
    await expect(source.read([{ offset: content.length - 1, length: 2 }])).rejects.toMatchObject({ code: 'DISK_TRUNCATED' });
    expect(server.requests).toHaveLength(1);
  });

  it('serves as the source of a disk', async () => {
    const disk = await openDiskFrom(await open());
    expect(disk.layers).toMatchObject([{ format: 'raw', virtualBytes: content.length }]);
    expect((await disk.reader.read(4 * MiB - 3, 9)).equals(content.subarray(4 * MiB - 3, 4 * MiB + 6))).toBe(true);
    await disk.reader.close();
  });
});

describe('broken connections', () => {
  it('goes on where a connection was cut, again and again as long as bytes come', async () => {
    const source = await open({ maxTries: 2 });
    server.misbehave = (_request, response, range, count) => {
      if (count % 8 === 0) return false;
      response.writeHead(206, server.headersOf(range));
      response.write(content.subarray(range.first, Math.min(range.first + 100_000, range.last + 1)), () => setTimeout(() => response.destroy(), 5));
      return true;
    };
    const [bytes] = await source.read([{ offset: 1000, length: MiB }]);
    expect(bytes?.equals(content.subarray(1000, 1000 + MiB))).toBe(true);
    expect(server.requests.length).toBeGreaterThan(3);
  });

  it('tries again after a stall, before and in the body', async () => {
    const source = await open();
    server.misbehave = (_request, response, range, count) => {
      if (count === 3) response.writeHead(206, server.headersOf(range)).write(content.subarray(range.first, range.first + 10));
      return count === 2 || count === 3;
    };
    const [bytes] = await source.read([{ offset: 7, length: 5000 }]);
    expect(bytes?.equals(content.subarray(7, 5007))).toBe(true);
    expect(server.requests.map(({ range }) => range).slice(1)).toEqual(['bytes=7-5006', 'bytes=7-5006', 'bytes=17-5006']);
  });

  it.each([500, 502, 503, 429])('tries again after %i, and gives up after some tries', async (status) => {
    const source = await open({ maxTries: 3 });
    server.misbehave = (_request, response, _range, count) => count === 2 && ended(response.writeHead(status));
    await source.read([{ offset: 0, length: 10 }]);
    server.misbehave = (_request, response) => ended(response.writeHead(status));
    const before = server.requests.length;
    await expect(source.read([{ offset: 0, length: 10 }])).rejects.toMatchObject({ code: 'DISK_REMOTE_CUT', isRetryable: true, params: { reason: String(status) } });
    expect(server.requests.length - before).toBe(3);
  });

  it('says that nobody answers', async () => {
    await server.stop();
    await expect(open({ maxTries: 2 })).rejects.toMatchObject({ code: 'DISK_REMOTE_CUT', params: { reason: 'ECONNREFUSED' } });
    server = new RangeServer(content);
    url = await server.start();
  });

  it('stops when it is aborted, waiting or reading', async () => {
    const source = await open({ firstDelayMs: 60_000, stallMs: 60_000 });
    for (const misbehave of [() => true, (_request, response) => ended(response.writeHead(503))] satisfies RangeServer['misbehave'][]) {
      server.misbehave = misbehave;
      const abort = new AbortController();
      const reading = source.read([{ offset: 0, length: 10 }], abort.signal);
      setTimeout(() => abort.abort(new Error('enough')), 20);
      await expect(reading).rejects.toThrow('enough');
    }
  });

  it('ends what is under way when it is closed', async () => {
    const source = await open({ stallMs: 60_000 });
    server.misbehave = () => true;
    const reading = source.read([{ offset: 0, length: 10 }]);
    setTimeout(() => void source.close(), 20);
    await expect(reading).rejects.toThrow();
  });
});

describe('answers that cannot be trusted', () => {
  it('refuses a server that delivers the whole file only', async () => {
    server.misbehave = (_request, response) => ended(response.writeHead(200), content);
    await expect(open()).rejects.toMatchObject({ code: 'DISK_REMOTE_NO_RANGES' });
  });

  it.each([
    ['another range', 'bytes 1-10/100000'], ['a shorter range', 'bytes 0-8/12583424'], ['a range past its own end', 'bytes 0-9/5'],
    ['no total', 'bytes 0-9/*'], ['nonsense', 'bytes 0-9'], ['an absurd total', 'bytes 0-9/9999999999999999'],
  ])('refuses %s', async (_name, header) => {
    const source = await open();
    server.misbehave = (_request, response) => ended(response.writeHead(206, { 'content-range': header, etag: '"one"' }), Buffer.alloc(10));
    await expect(source.read([{ offset: 0, length: 10 }])).rejects.toMatchObject({ code: 'DISK_REMOTE_WRONG_RANGE' });
  });

  it('refuses more bytes than were asked for, and packed ones', async () => {
    const source = await open();
    server.misbehave = (_request, response, range) => {
      const headers = server.headersOf(range);
      delete headers['content-length'];
      return ended(response.writeHead(206, headers), Buffer.alloc(5000));
    };
    await expect(source.read([{ offset: 0, length: 10 }])).rejects.toMatchObject({ code: 'DISK_REMOTE_WRONG_RANGE' });
    server.misbehave = (_request, response, range) => ended(response.writeHead(206, { ...server.headersOf(range), 'content-encoding': 'gzip' }), Buffer.alloc(10));
    await expect(source.read([{ offset: 0, length: 10 }])).rejects.toMatchObject({ code: 'DISK_REMOTE_WRONG_RANGE' });
  });

  it('notices that the file changed, by its tag, its size, and in a fingerprint', async () => {
    const source = await open();
    const before = await source.fingerprint();
    expect(await source.fingerprint()).toBe(before);
    server.etag = '"two"';
    await expect(source.read([{ offset: 0, length: 10 }])).rejects.toMatchObject({ code: 'DISK_CHANGED' });
    await expect(source.fingerprint()).rejects.toMatchObject({ code: 'DISK_CHANGED' });
    server.etag = '"one"';
    server.bytes = content.subarray(0, 5000);
    await expect(source.read([{ offset: 0, length: 10 }])).rejects.toMatchObject({ code: 'DISK_CHANGED' });
    await expect(source.read([{ offset: 8000, length: 10 }])).rejects.toMatchObject({ code: 'DISK_CHANGED' });
  });

  it('tells changed bytes by their ends where the server gives no tag', async () => {
    server.etag = null;
    const source = await open();
    const before = await source.fingerprint();
    server.bytes = Buffer.from(content);
    server.bytes.writeUInt8((content[0] ?? 0) ^ 1, 0);
    expect(await source.fingerprint()).not.toBe(before);
  });

  it('maps refusals and missing files', async () => {
    for (const [status, code] of [[401, 'DISK_REMOTE_REFUSED'], [403, 'DISK_REMOTE_REFUSED'], [404, 'DISK_REMOTE_GONE'], [400, 'DISK_REMOTE_ANSWER'], [302, 'DISK_REMOTE_ANSWER']] as const) {
      server.misbehave = (_request, response) => ended(response.writeHead(status));
      await expect(open()).rejects.toMatchObject({ code });
    }
    server.misbehave = () => false;
    server.bytes = Buffer.alloc(0);
    await expect(open()).rejects.toMatchObject({ code: 'DISK_EMPTY' });
  });
});

describe('secrets and redirects', () => {
  it('keeps user, query and headers out of labels and messages', async () => {
    url.username = 'name-secret';
    url.password = 'password-secret';
    const source = await open({ headers: { 'x-auth-token': 'header-secret' } });
    expect(source.label).toBe(`http://${url.host}/images/disk.img`);
    server.misbehave = (_request, response) => ended(response.writeHead(403));
    const error: unknown = await source.read([{ offset: 0, length: 1 }]).catch((reason: unknown) => reason);
    expect(JSON.stringify([error, String(error)])).not.toContain('secret');
  });

  it('follows a redirect to another place, without the headers that were meant for the first', async () => {
    const store = new RangeServer(content);
    const storeUrl = await store.start();
    server.misbehave = (_request, response) => ended(response.writeHead(307, { location: storeUrl.href }));
    const source = await open({ headers: { authorization: 'header-secret' } });
    expect((await source.read([{ offset: 3, length: 4 }]))[0]?.equals(content.subarray(3, 7))).toBe(true);
    expect(server.requests[0]?.headers.authorization).toBe('header-secret');
    expect(store.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
    await store.stop();
  });

  it.each([['to itself', '/images/disk.img'], ['to a file', 'file:///etc/passwd'], ['to nonsense', 'http://[']])('refuses a redirect %s', async (_name, location) => {
    server.misbehave = (_request, response) => ended(response.writeHead(302, { location }));
    await expect(open()).rejects.toMatchObject({ code: 'DISK_REMOTE_REDIRECT' });
    expect(server.requests.length).toBeLessThan(8);
  });
});

describe('a session that sends the requests itself', () => {
  /** Tokens end; a new one is asked for when the old one is no longer taken. */
  class Session {
    token = 'first-secret';
    renewals = 0;
    readonly send: SendRange = async (headers, signal) => {
      const answer = await this.#ask(headers, signal);
      if (answer.status !== 401) return answer;
      answer.destroy();
      this.renewals += 1;
      this.token = 'second-secret';
      return this.#ask(headers, signal);
    };

    async #ask(headers: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<RangeAnswer> {
      const answer = await fetch(url, { headers: { ...headers, 'x-auth-token': this.token }, ...(signal === undefined ? {} : { signal }) });
      return { status: answer.status, headers: Object.fromEntries(answer.headers), body: answer.body ?? new ReadableStream<Uint8Array>(), destroy: () => void answer.body?.cancel().catch(() => undefined) };
    }
  }

  beforeEach(() => {
    url = new URL(url.origin + url.pathname);
  });
  const over = (send: SendRange): Promise<HttpRangeSource> => HttpRangeSource.over({ label: 'images: win11', send }, quick);

  it('serves as a place of the disk engine, with its token renewed on the way', async () => {
    const session = new Session();
    server.misbehave = (request, response, _range, count) => {
      const isOld = count > 3 && request.headers['x-auth-token'] === 'first-secret';
      return isOld && ended(response.writeHead(401));
    };
    const engine = new WorkerDiskEngine();
    try {
      const place = { label: 'images', open: () => over(session.send), realPath: (path: string) => Promise.resolve(path) };
      const file = { path: 'b0c6c9c2-5a3c-4a52-9a9c-7d7a1f3c2f10', policy: { roots: [] }, place };
      expect(await engine.chain(file)).toMatchObject([{ path: file.path, format: 'raw', virtualBytes: content.length }]);
      const identity = await engine.identify(file, 'content', () => undefined);
      expect(identity.virtualBytes).toBe(content.length);
      expect(session.renewals).toBeGreaterThan(0);
    } finally {
      await engine.dispose();
    }
  });

  it('asks again after a cut, and passes on what the session says of the rest', async () => {
    const session = new Session();
    const source = await over(session.send);
    let left = 2;
    const flaky: SendRange = (headers, signal) => {
      left -= 1;
      return left >= 0 ? Promise.reject(new AppError('DISK_REMOTE_CUT', { path: 'x', reason: 'y' }, { isRetryable: true })) : session.send(headers, signal);
    };
    expect((await (await over(flaky)).read([{ offset: 3, length: 4 }]))[0]?.equals(content.subarray(3, 7))).toBe(true);
    await expect(over(() => Promise.reject(new AppError('DISK_REMOTE_GONE', { path: 'x', status: '404' })))).rejects.toMatchObject({ code: 'DISK_REMOTE_GONE' });
    await expect(over(() => Promise.reject(Object.assign(new Error('no'), { code: 'ECONNRESET' })))).rejects.toMatchObject({ code: 'DISK_REMOTE_CUT', params: { path: 'images: win11', reason: 'ECONNRESET' } });
    await source.close();
  });
});
