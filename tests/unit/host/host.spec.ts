import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostClient } from '../../../src/main/host/client.ts';
import { chooseSocketPath, readHostAddress, type HostLifetime } from '../../../src/main/host/host-address.ts';
import { Host } from '../../../src/main/host/host.ts';
import type { StreamMessage } from '../../../src/shared/contract/stream.ts';
import { createApp } from './small-core.ts';

interface Said {
  role: 'host' | 'client' | 'none';
  pid?: number;
  code?: string;
  message?: string;
}

const program = join(import.meta.dirname, 'host-process.ts');
const nobody = 65_534;

describe('one host a data directory', () => {
  let directory: string;
  const children: ChildProcess[] = [];
  const hosts: Host[] = [];

  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'host-')));
  });
  afterEach(async () => {
    for (const host of hosts.splice(0)) await host.dispose();
    for (const child of children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    }
    rmSync(directory, { recursive: true, force: true });
  });

  async function start(path = directory, { lifetime = 'stays', ...options }: { uid?: number; lifetime?: HostLifetime } = {}): Promise<{ said: Said; child: ChildProcess }> {
    const child = spawn(process.execPath, [program, path, lifetime], { stdio: ['ignore', 'pipe', 'inherit'], ...options });
    children.push(child);
    for await (const line of createInterface({ input: child.stdout })) return { said: JSON.parse(line) as Said, child };
    throw new Error('the process ended without a word');
  }

  async function openHere(): Promise<Host> {
    const opening = await Host.open(directory, { version: '1.0.0', waitMs: 5000 });
    if (opening.role === 'client') throw new Error('another host is there');
    hosts.push(opening.host);
    return opening.host;
  }

  const services = () => ({ ...createApp(), user: 'ada', newBrowserAddress: () => Promise.resolve('http://127.0.0.1:9/enter?token=t') });

  it('makes one of several processes that start at once the host and the others its clients', async () => {
    const started = await Promise.all([start(), start(), start(), start()]);
    const hostPids = started.filter(({ said }) => said.role === 'host').map(({ said }) => said.pid);
    expect(hostPids).toHaveLength(1);
    for (const { said } of started) expect(said.pid).toBe(hostPids[0]);
  });

  it('answers calls and sends events over the socket', async () => {
    const host = await openHere();
    const core = services();
    const client = new HostClient(await host.serve(core));
    const info = await client.invoke('system.info', {});
    expect(info.dataDirectory).toBe('/data');
    expect(await client.newBrowserAddress()).toContain('token=');

    const messages: StreamMessage[] = [];
    await new Promise<void>((resolve) => {
      client.subscribe((message) => {
        messages.push(message);
        if (message.type === 'hello') core.events.emit('flavors.changed', {});
        else resolve();
      });
    });
    expect(messages).toEqual([
      { type: 'hello', bootId: host.bootId, seq: 0 },
      { type: 'event', event: { seq: 1, topic: 'flavors.changed', payload: {} } },
    ]);
    client.close();
  });

  it('aborts a call whose client hangs up', async () => {
    const host = await openHere();
    let aborted = (): void => undefined;
    const isAborted = new Promise<void>((resolve) => (aborted = resolve));
    let began = (): void => undefined;
    const hasBegun = new Promise<void>((resolve) => (began = resolve));
    const core = createApp({
      'flavors.list': (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted();
            reject(new Error('stopped'));
          });
          began();
        }),
    });
    const client = new HostClient(await host.serve({ ...services(), ...core }));
    const stop = new AbortController();
    const call = client.invoke('flavors.list', {}, { signal: stop.signal });
    await hasBegun;
    stop.abort();
    await expect(call).rejects.toMatchObject({ code: 'ABORTED' });
    await isAborted;
    client.close();
  });

  it.skipIf(process.platform === 'win32')('keeps socket and address file to their owner', async () => {
    const host = await openHere();
    const address = await host.serve(services());
    expect(statSync(address.socketPath!).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'host.json')).mode & 0o777).toBe(0o600);
  });

  it('refuses a request without the key of the host', async () => {
    const host = await openHere();
    const address = await host.serve(services());
    const client = new HostClient({ ...address, key: 'guessed' });
    await expect(client.invoke('system.info', {})).rejects.toMatchObject({ view: { reason: { code: 'HOST_KEY_WRONG' } } });
    client.close();
  });

  it('takes over what a killed host left', async () => {
    const first = await start();
    expect(first.said.role).toBe('host');
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    expect(existsSync(join(directory, 'host.json'))).toBe(true);
    const second = await start();
    expect(second.said.role).toBe('host');
    expect(readHostAddress(directory)?.pid).toBe(second.said.pid);
  });

  it('is not misled by an address file that is broken or names a stranger', async () => {
    writeFileSync(join(directory, 'host.json'), '{"pid": 1,');
    expect((await start()).said.role).toBe('host');
  });

  it('says who holds the directory when the holder does not answer', async () => {
    await openHere();
    await expect(Host.open(directory, { version: '1.0.0', waitMs: 0 })).rejects.toMatchObject({
      code: 'HOST_BUSY', params: { path: directory, pid: String(process.pid) },
    });
  });

  it('does not talk to a host of another version', async () => {
    await (await openHere()).serve(services());
    await expect(Host.open(directory, { version: '2.0.0', waitMs: 0 })).rejects.toMatchObject({ code: 'HOST_OTHER_VERSION' });
  });

  it('gives the directory free when it ends', async () => {
    const host = await openHere();
    await host.serve(services());
    await host.dispose();
    hosts.pop();
    expect(existsSync(join(directory, 'host.json'))).toBe(false);
    expect((await start()).said.role).toBe('host');
  });

  it.skipIf(process.platform === 'win32')('says that a directory cannot be written', async () => {
    const closed = join(directory, 'closed');
    mkdirSync(closed);
    chmodSync(directory, 0o755);
    chmodSync(closed, 0o555);
    // As root nothing is forbidden, so the process runs as nobody.
    const { said } = await start(closed, process.getuid?.() === 0 ? { uid: nobody } : {});
    expect(said).toMatchObject({ role: 'none', code: 'HOST_DATA_UNWRITABLE' });
    expect(said.message).toContain(closed);
  });

  it('says that a file is no directory', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    await expect(Host.open(file, { version: '1.0.0' })).rejects.toMatchObject({ code: 'HOST_DATA_UNWRITABLE' });
    await expect(Host.open(join(file, 'below'), { version: '1.0.0' })).rejects.toMatchObject({ code: 'HOST_DATA_UNWRITABLE' });
  });

  it.skipIf(process.platform === 'win32')('serves a data directory whose path is too long for a socket', async () => {
    const long = join(directory, '很长的目录名'.repeat(8));
    const started = await start(long);
    expect(started.said).toMatchObject({ role: 'host' });
    const { socketPath } = readHostAddress(long)!;
    expect(Buffer.byteLength(socketPath!)).toBeLessThanOrEqual(103);
    expect((await start(long)).said).toMatchObject({ role: 'client', pid: started.said.pid });
  });

  it('waits for a host that ends with its own short call, and takes over from it', async () => {
    const short = await start(directory, { lifetime: 'command' });
    expect(short.said.role).toBe('host');
    expect((await start(directory, { lifetime: 'command' })).said).toMatchObject({ role: 'client', pid: short.said.pid });
    const staying = start(directory, { lifetime: 'stays' });
    // Still waiting: whoever looks finds the short one.
    expect((await start(directory, { lifetime: 'command' })).said).toMatchObject({ role: 'client', pid: short.said.pid });
    short.child.kill('SIGTERM');
    expect((await staying).said.role).toBe('host');
    expect((await start(directory, { lifetime: 'task' })).said.role).toBe('client');
  });

  it('follows a host that works on a task, unless it is patient', async () => {
    const working = await start(directory, { lifetime: 'task' });
    expect((await start(directory, { lifetime: 'stays' })).said).toMatchObject({ role: 'client', pid: working.said.pid });
    const stopped = new AbortController();
    const patient = Host.open(directory, { version: '1.0.0', outlasts: ['command', 'task'], outlastMs: Infinity, signal: stopped.signal });
    stopped.abort();
    await expect(patient).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(Host.open(directory, { version: '1.0.0', outlasts: ['task'], outlastMs: 0 })).rejects.toMatchObject({ code: 'HOST_BUSY' });
  });

  it('answers what was asked before it ends, and tells a later call that nothing of it was done', async () => {
    const host = await openHere();
    let answer = (): void => undefined;
    const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
    let began = (): void => undefined;
    const hasBegun = new Promise<void>((resolve) => (began = resolve));
    const core = createApp({
      'flavors.list': async () => {
        began();
        await mayAnswer;
        return [];
      },
    });
    const client = new HostClient(await host.serve({ ...services(), ...core }));
    client.subscribe(() => undefined);
    const asked = client.invoke('flavors.list', {});
    await hasBegun;
    const ended = host.stopServing();
    answer();
    expect(await asked).toEqual([]);
    await ended;
    await expect(client.invoke('flavors.list', {})).rejects.toMatchObject({ code: 'HOST_LOST', isRetryable: true });
    client.close();
  });

  it('names a pipe that nobody can foresee on Windows', () => {
    expect(chooseSocketPath('C:\\data', 'boot', 'win32')).toMatch(/^\\\\\.\\pipe\\goldpress-[0-9a-f]{24}-boot$/);
  });

  it('refuses a runtime directory of somebody else', () => {
    const fake = join(directory, 'run');
    writeFileSync(fake, '');
    expect(() => chooseSocketPath(`/${'x'.repeat(200)}`, 'boot', 'linux', { XDG_RUNTIME_DIR: fake })).toThrow();
    expect(readFileSync(fake, 'utf8')).toBe('');
  });
});
