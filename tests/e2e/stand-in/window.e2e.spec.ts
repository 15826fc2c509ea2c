/**
 * The built Electron main and preload bundles, end to end, under the stand-in `electron` module and a real Chromium. Where the
 * real Electron is installed, `electron.e2e.spec.ts` runs the same journey in it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, expect, test } from '@playwright/test';
import { publishByClone } from '../support/journeys.ts';

const root = join(import.meta.dirname, '..', '..', '..');

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** @param said collects what the process says, for when it ends badly */
async function opened(child: ChildProcess, said: { text: string }): Promise<void> {
  child.stderr?.on('data', (chunk: Buffer) => (said.text += chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      said.text += chunk.toString();
      if (said.text.includes('stand-in window open')) resolve();
    });
    child.once('exit', (code) => reject(new Error(`ended with ${String(code)}:\n${said.text}`)));
  });
}

test('the window opens, publishes by clone, and the process ends in order', async () => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'goldpress-stand-in-'));
  const port = await freePort();
  const child = spawn(
    process.execPath,
    ['--import', join(import.meta.dirname, 'register.ts'), join(root, 'out/main/index.js'), '--data-dir', dataDirectory],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, GOLDPRESS_TESTING: '1', GOLDPRESS_STAND_IN_PORT: String(port) } },
  );
  const said = { text: '' };
  try {
    await opened(child, said);
    const browser = await chromium.connectOverCDP(`http://127.0.0.1:${String(port)}`);
    const page = browser.contexts().flatMap((context) => context.pages())[0];
    if (page === undefined) throw new Error('no page');
    await publishByClone(page);
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const [code] = (await exited) as [number | null];
    expect(code, said.text).toBe(0);
  } finally {
    child.kill('SIGKILL');
    await rm(dataDirectory, { recursive: true, force: true });
  }
});
