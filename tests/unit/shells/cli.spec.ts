import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { parsePairs, parseSize } from '../../../src/main/shells/cli/arguments.ts';
import { runCli } from '../../../src/main/shells/cli/cli.ts';
import { chooseLocale } from '../../../src/main/shells/cli/language.ts';
import { displayWidth, harmless, table } from '../../../src/main/shells/cli/output.ts';
import { pick } from '../../../src/main/shells/cli/resolve.ts';
import { readStartOptions } from '../../../src/main/shells/start-options.ts';

describe('the command line', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'cli-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const run = (...words: string[]): ReturnType<typeof runUntil> => runUntil(new AbortController().signal, '--no-sample', ...words);

  async function runUntil(signal: AbortSignal, ...words: string[]): Promise<{ status: number; out: string; err: string }> {
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    const status = await runCli({
      argv: ['--data-dir', directory, ...words],
      io: { stdin: new PassThrough(), stdout, stderr, env: {} },
      signal,
      self: { command: process.execPath, args: [] },
    });
    const read = (stream: PassThrough): string => ((stream.read() as Buffer | null) ?? '').toString();
    return { status, out: read(stdout), err: read(stderr) };
  }

  it('answers with one JSON document and status 0', async () => {
    const { status, out, err } = await run('--json', 'call', 'system.info');
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ dataDirectory: directory, shell: 'cli' });
    expect(err).toBe('');
  });

  it.each([
    [['platfrm', 'list'], 'platform'],
    [['vm', 'lst'], 'list'],
  ])('hints at the nearest word for %j', async (words, nearest) => {
    const { status, err } = await run(...words);
    expect(status).toBe(2);
    expect(err).toContain(`“${nearest}”`);
  });

  it.each([
    [['vm']], [['vm', 'show']], [['vm', 'list', '--bogus']], [['publish', 'clone']], [['call', 'system.info', '{']],
    [['call', 'no.such']], [['call', 'system.info', '{"x":1}']], [['vm', 'set', 'x', 'cpu=many']], [['platform', 'sync']], [['image', 'list', '--scope', 'x']],
  ])('ends with 2 for the wrong words %j', async (words) => {
    const { status, err } = await run(...words);
    expect([status, err.length > 0]).toEqual([2, true]);
  });

  it('reports a failure as JSON, on standard output alone', async () => {
    const { status, out, err } = await run('--json', 'call', 'constructor');
    expect(status).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'COMMAND_UNKNOWN', retryable: false } });
    expect(err).toBe('');
  });

  it('speaks the language of the person', async () => {
    expect((await run('--lang', 'zh-CN', 'vm')).err).toContain('缺少动词');
    expect((await run('--help', '--lang=zh-CN')).out).toContain('镜像源虚拟机');
    expect((await run('--help')).status).toBe(0);
  });

  it('says why a data directory cannot be used', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    const { status, err } = await run('--data-dir', file, 'call', 'system.info');
    expect(status).toBe(1);
    expect(err).toContain(file);
  });

  it('goes on with the task that Ctrl-C left behind, although taking the data directory has begun that already', async () => {
    const [source, target, paused] = [join(directory, 'a.raw'), join(directory, 'b.qcow2'), join(directory, 'paused')];
    writeFileSync(source, Buffer.alloc(1 << 20, 7));
    vi.stubEnv('GOLDPRESS_TESTING', '1');
    vi.stubEnv('GOLDPRESS_FAILPOINT', `after-intent:convert=pause:${paused}`);
    const control = new AbortController();
    const interrupted = runUntil(control.signal, '--no-sample', 'disk', 'convert', source, target, '--to', 'qcow2');
    await vi.waitUntil(() => existsSync(paused), { timeout: 120_000 });
    vi.unstubAllEnvs();
    control.abort();
    rmSync(paused);
    expect((await interrupted).status).toBe(130);
    expect(existsSync(target)).toBe(false);
    const [task] = JSON.parse((await run('--json', 'task', 'list')).out) as { id: string }[];
    const resumed = await run('task', 'resume', task?.id ?? '');
    expect([resumed.status, resumed.err]).toEqual([0, expect.not.stringContaining('Error')]);
    expect(existsSync(target)).toBe(true);
  });

  it('leaves an interrupted task alone in a short call, and lets a short call only ask for what a staying one does', async () => {
    const [source, target, paused] = [join(directory, 'a.raw'), join(directory, 'b.qcow2'), join(directory, 'paused')];
    writeFileSync(source, Buffer.alloc(1024 ** 2, 7));
    vi.stubEnv('GOLDPRESS_TESTING', '1').stubEnv('GOLDPRESS_FAILPOINT', `after-intent:convert=pause:${paused}`);
    onTestFinished(() => void vi.unstubAllEnvs());
    const stop = new AbortController();
    const interrupted = runUntil(stop.signal, '--no-sample', 'disk', 'convert', source, target, '--to', 'qcow2');
    await vi.waitUntil(() => existsSync(paused), { timeout: 120_000 });
    stop.abort();
    rmSync(paused);
    expect((await interrupted).status).toBe(130);
    const list = async (): Promise<{ id: string; status: string }[]> => JSON.parse((await run('--json', 'task', 'list')).out) as { id: string; status: string }[];
    const [task] = await list();
    expect(await list()).toEqual([{ ...task, status: task?.status ?? '' }]);
    const { events } = JSON.parse((await run('--json', 'task', 'show', task?.id ?? '')).out) as { events: unknown[] };
    expect((JSON.parse((await run('--json', 'task', 'show', task?.id ?? '')).out) as { events: unknown[] }).events).toEqual(events);
    expect(existsSync(target)).toBe(false);
    expect(existsSync(paused)).toBe(false);
    // A wish that a short call writes down is carried out by the next one that stays.
    expect((await run('call', 'tasks.cancel', JSON.stringify({ id: task?.id }))).status).toBe(0);
    expect((await run('task', 'wait', task?.id ?? '')).status).toBe(1);
    expect((await list()).map(({ status }) => status)).toEqual(['cancelled']);
    expect(existsSync(target)).toBe(false);
  });

  it('makes no sample site later where the first start declined it', async () => {
    await run('platform', 'list');
    const { out } = await runUntil(new AbortController().signal, '--json', 'platform', 'list');
    expect(JSON.parse(out)).toEqual([]);
  });

  it('begins a new inventory after what was cached turned out to be damaged', async () => {
    await run('vm', 'list');
    const cache = new Sqlite(join(directory, 'cache.sqlite'));
    cache.prepare("insert into platform_health (platform_id, status, capabilities_json) values ('p', 'ok', '{\u0001')").run();
    cache.close();
    expect(await run('vm', 'list')).toMatchObject({ status: 1, err: expect.stringContaining('damaged') as string });
    expect(await run('vm', 'list')).toMatchObject({ status: 0, err: '' });
  });

  it('refuses to compress a format that has no compression', async () => {
    const source = join(directory, 'a.raw');
    writeFileSync(source, Buffer.alloc(4096));
    const { status, err } = await run('disk', 'convert', source, join(directory, 'b.vhd'), '--to', 'vhd', '--compress', 'zlib');
    expect(status).toBe(2);
    expect(err).toContain('QCOW2');
    expect(existsSync(join(directory, 'b.vhd'))).toBe(false);
  });

  it('says in the language of the person what is not there', async () => {
    expect((await run('task', 'show', 'none')).err).toContain('There is no task “none”');
    expect((await run('--lang', 'zh-CN', 'pool', 'show', 'none')).err).toContain('镜像池“none”已不存在');
  });

  it.skipIf(process.platform !== 'linux')('does not try for ever to make a directory that can never be', async () => {
    expect(await run('--data-dir', '/proc/goldpress/data', 'platform', 'list')).toMatchObject({ status: 1, err: expect.stringContaining('/proc/goldpress') as string });
    const deep = join(directory, 'a', 'b');
    expect((await run('--data-dir', deep, 'call', 'system.info')).status).toBe(0);
  });

  it('takes no secret as an argument and asks nothing without a terminal', async () => {
    const { status, err } = await run('vault', 'unlock', '--passphrase-from', 'swordfish-1');
    expect(status).toBe(2);
    expect(err).not.toContain('swordfish');
    expect((await run('vault', 'unlock')).status).toBe(2);
    expect((await run('vault', 'unlock', '--passphrase-from', 'env:NOT_SET')).err).toContain('NOT_SET');
  });
});

describe('the process of the command line', () => {
  const program = join(import.meta.dirname, '..', '..', '..', 'src', 'main', 'index.ts');

  it('gives a long answer whole to a reader that takes its time', async () => {
    const child = spawn(process.execPath, [program, 'commands', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const parts: Buffer[] = [];
    // Nothing is read before the pipe is full.
    await vi.waitUntil(() => child.stdout.readableLength > 0, { timeout: 120_000 });
    for await (const part of child.stdout) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString();
    expect(text.length).toBeGreaterThan(128 * 1024);
    expect((JSON.parse(text) as unknown[]).length).toBeGreaterThan(40);
  });

  it('ends quietly when its reader leaves', async () => {
    const child = spawn(process.execPath, [program, 'commands', '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    child.stdout.once('data', () => child.stdout.destroy());
    const [code] = (await once(child, 'close')) as [number];
    expect([code, errors]).toEqual([0, '']);
  });
});

describe('pieces of the command line', () => {
  it('read sizes in binary units and refuse what is none', () => {
    expect([parseSize('512'), parseSize('8G'), parseSize('1.5 TiB'), parseSize('64mb')]).toEqual([512, 8 * 1024 ** 3, 1.5 * 1024 ** 4, 64 * 1024 ** 2]);
    for (const text of ['', 'G', '-1G', '1e3', '8X', '99999999T']) expect(() => parseSize(text)).toThrow();
  });

  it('read pairs, the first = deciding', () => {
    expect([...parsePairs(['path=/a=b', 'x='])]).toEqual([['path', '/a=b'], ['x', '']]);
    expect(() => parsePairs(['=x'])).toThrow();
    expect(() => parsePairs(['a=1', 'a=2'])).toThrow();
  });

  it('prefer an id, then an exact name, and list the candidates of an ambiguous one', () => {
    const things = [{ id: 'a', name: 'Win' }, { id: 'b', name: 'Win' }, { id: 'c', name: 'win' }, { id: 'Win2', name: 'other' }];
    expect(pick(things, 'b', 'VM', () => '').id).toBe('b');
    expect(pick(things, 'win', 'VM', () => '').id).toBe('c');
    expect(pick(things, 'OTHER', 'VM', () => '').id).toBe('Win2');
    expect(() => pick(things, 'Win', 'VM', (thing) => thing.id)).toThrow(/a \(a\), b \(b\)/);
    expect(() => pick(things, 'none', 'VM', () => '')).toThrow(/none/);
  });

  it('align wide characters and keep escape sequences off the terminal', () => {
    expect(displayWidth('镜像ab')).toBe(6);
    expect(harmless('\u001b[31mred\n')).toBe('�[31mred�');
    expect(table([{ name: '镜像', size: 1 }, { name: 'image', size: 20 }], [
      { title: 'Name', value: (row) => row.name },
      { title: 'Size', value: (row) => row.size, isNumber: true },
    ], 'none')).toBe('Name   Size\n镜像      1\nimage    20');
  });

  it('choose the language', () => {
    expect(chooseLocale(undefined, { LANG: 'zh_CN.UTF-8' })).toBe('zh-CN');
    expect(chooseLocale(undefined, { LC_ALL: 'C', LANG: 'zh_CN.UTF-8' })).toBe('en');
    expect(chooseLocale('zh-CN', { LANG: 'de_DE' })).toBe('zh-CN');
  });

  it('tell starting the window from words', () => {
    expect(readStartOptions(['--data-dir', 'x', '--no-sample', '--no-open'])).toMatchObject({ dataDirectory: 'x', hasSample: false, isOpening: false });
    expect(readStartOptions([])).toMatchObject({ hasSample: true, isOpening: true });
    for (const words of [['vm', 'list'], ['--help'], ['--json', 'vm'], ['--data-dir']]) expect(readStartOptions(words)).toBeNull();
  });
});
