/** The built app as a process, for benches: its address, further addresses, and calls of its contract as the page makes them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { secretHeader, type EnteredSession } from '../../src/shared/contract/stream.ts';

const root = join(import.meta.dirname, '..', '..');
const main = join(root, 'out/main/index.js');
const address = /http:\/\/127\.0\.0\.1:\d+\/\S*/;

export interface RunningApp {
  /** Good for one entering. */
  url: string;
  newAddress(): Promise<string>;
  stop(): Promise<void>;
}

async function addressFrom(child: ReturnType<typeof spawn>): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const found = address.exec(output)?.[0];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`The app ended with ${String(code)}:\n${output}`)));
  });
}

export async function startApp(dataDirectory: string): Promise<RunningApp> {
  const start = (): ReturnType<typeof spawn> =>
    spawn(process.execPath, [main, '--data-dir', dataDirectory, '--no-open', '--no-sample'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const child = start();
  return {
    url: await addressFrom(child),
    // A second process is a client of the first: it tells a new address and ends.
    newAddress: () => addressFrom(start()),
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** Enters with an address, as the page does. @returns a call of the contract; throws what the core refused */
export async function enterContract(url: string): Promise<(command: string, input: unknown) => Promise<unknown>> {
  const { origin, searchParams } = new URL(url);
  const headers = { origin, 'content-type': 'application/json' };
  const entered = await fetch(`${origin}/session`, { method: 'POST', headers, body: JSON.stringify({ token: searchParams.get('token') }) });
  const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? '';
  const { secret } = (await entered.json()) as EnteredSession;
  let calls = 0;
  return async (command, input) => {
    calls += 1;
    const body = JSON.stringify({ callId: `bench-${String(calls)}`, command, input });
    const response = await fetch(`${origin}/call`, { method: 'POST', headers: { ...headers, cookie, [secretHeader]: secret }, body });
    const answer = (await response.json()) as { ok: boolean; value: unknown; error: { message: string } };
    if (!answer.ok) throw new Error(answer.error.message);
    return answer.value;
  };
}
