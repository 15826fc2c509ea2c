/** A host in a process of its own: `host-process.ts DIRECTORY [LIFETIME]`. Says on standard output what it became, and stays. */
import { createApp, type App } from './small-core.ts';
import { hostLifetime } from '../../../src/main/host/host-address.ts';
import { Host } from '../../../src/main/host/host.ts';
import { AppError } from '../../../src/shared/model/app-error.ts';

const directory = process.argv[2] ?? '';
const lifetime = hostLifetime.parse(process.argv[3] ?? 'stays');
const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

try {
  const opening = await Host.open(directory, { version: '1.0.0', waitMs: 5000, lifetime });
  if (opening.role === 'client') say({ role: 'client', pid: opening.address.pid });
  else {
    const core: App = createApp();
    const address = await opening.host.serve({ ...core, user: 'tester', newBrowserAddress: () => Promise.resolve('http://127.0.0.1:1/enter?token=x') });
    say({ role: 'host', pid: process.pid, socketPath: address.socketPath });
    setInterval(() => undefined, 1000);
    process.on('SIGTERM', () => void opening.host.dispose().then(() => process.exit(0)));
  }
} catch (error) {
  say({ role: 'none', code: error instanceof AppError ? error.code : 'other', message: error instanceof Error ? error.message : '' });
  process.exit(1);
}
