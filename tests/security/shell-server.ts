/** A browser shell over a small core and a page of two files, and requests to it with exactly the headers given. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BrowserShell, type PortMemory } from '../../src/main/shells/browser/browser-shell.ts';
import { createApp, type App } from '../unit/host/small-core.ts';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface RunningShell {
  core: App;
  shell: BrowserShell;
  /** The directory that holds the page's directory and a file beside it that must never be served. */
  directory: string;
  port: number;
  rememberedPort(): number | null;
  origin: string;
  send(options: { method?: string; path: string; headers?: Record<string, string>; body?: string }): Promise<Answer>;
  /** Enters with a fresh address. */
  enter(): Promise<{ cookie: string; secret: string }>;
  stop(): Promise<void>;
}

/** @param port what the data directory remembers of an earlier start */
export async function startShell(port: number | null = null): Promise<RunningShell> {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'shell-')));
  const page = join(directory, 'renderer');
  mkdirSync(join(page, 'assets'), { recursive: true });
  writeFileSync(join(page, 'index.html'), '<!doctype html><title>page</title>');
  writeFileSync(join(page, 'assets', 'app.js'), 'export {};');
  writeFileSync(join(directory, 'outside.json'), '"canary"');
  symlinkSync(join(directory, 'outside.json'), join(page, 'link.json'));
  const core = createApp();
  let remembered = port;
  const memory: PortMemory = {
    read: () => Promise.resolve(remembered),
    write: (used) => {
      remembered = used;
      return Promise.resolve();
    },
  };
  const shell = new BrowserShell({ ...core, bootId: 'boot', rendererDirectory: page, user: 'ada', port: memory });
  await shell.start();
  const own = Number(new URL(shell.newAddress()).port);
  const origin = `http://127.0.0.1:${String(own)}`;

  const send: RunningShell['send'] = ({ method = 'GET', path, headers = {}, body }) =>
    new Promise((resolve, reject) => {
      const outgoing = request({ host: '127.0.0.1', port: own, agent: false, method, path, headers }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts).toString() }));
        response.on('error', reject);
      });
      outgoing.on('error', reject);
      // A refused body is not read to its end; writing the rest fails after the answer has come.
      outgoing.on('socket', (socket) => socket.on('error', reject));
      outgoing.end(body);
    });

  return {
    core, shell, directory, port: own, rememberedPort: () => remembered, origin, send,
    async enter() {
      const token = new URL(shell.newAddress()).searchParams.get('token');
      const answer = await send({ method: 'POST', path: '/session', headers: { origin, 'content-type': 'application/json' }, body: JSON.stringify({ token }) });
      const cookie = answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
      return { cookie, secret: (JSON.parse(answer.body) as { secret: string }).secret };
    },
    async stop() {
      await shell.dispose();
      rmSync(directory, { recursive: true });
    },
  };
}
