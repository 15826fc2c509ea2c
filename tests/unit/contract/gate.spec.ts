import { afterEach, describe, expect, it } from 'vitest';
import { FileGrants } from '../../../src/main/contract/file-grants.ts';
import { ConsoleScopes } from '../../../src/main/contract/console-scopes.ts';
import { Gate } from '../../../src/main/contract/gate.ts';
import type { Handlers, Session } from '../../../src/main/contract/handler.ts';
import { filesHandlers } from '../../../src/main/contract/handlers/files.handlers.ts';
import { systemHandlers } from '../../../src/main/contract/handlers/system.handlers.ts';
import { RunningCalls } from '../../../src/main/contract/running-calls.ts';
import { memoryLog } from '../../../src/main/diagnostics/log.ts';
import { Redactor } from '../../../src/main/diagnostics/redaction.ts';
import { channels } from '../../../src/shared/contract/channels.ts';
import { commands } from '../../../src/shared/contract/commands.ts';
import { AppError } from '../../../src/shared/model/app-error.ts';

const session: Session = { id: 's1', kind: 'browser', user: 'ada' };
const cli: Session = { id: 's2', kind: 'cli', user: 'ada' };

function makeGate(extra: Partial<Handlers> = {}): { gate: Gate; lines: string[]; runningCalls: RunningCalls } {
  const { logger, lines } = memoryLog(new Redactor());
  const runningCalls = new RunningCalls();
  const handlers: Partial<Handlers> = {
    ...systemHandlers({
      version: '0.0.0', dataDirectory: '/data', shell: 'none', runningCalls, canReveal: false,
      hasSampleSite: () => Promise.resolve(false), notices: () => Promise.resolve([]),
    }),
    ...filesHandlers({ grants: new FileGrants(), dataDirectory: '/data' }),
    ...extra,
  };
  return { gate: new Gate({ handlers, runningCalls, scopes: new ConsoleScopes(), log: logger, isOutputChecked: true }), lines, runningCalls };
}

let count = 0;
const call = (command: string, input: unknown) => ({ callId: `c${String((count += 1))}`, command, input });

describe('the list of channels for the preload', () => {
  it('names exactly the commands of the contract', () => {
    expect([...channels].sort()).toEqual(Object.keys(commands).sort());
  });
});

describe('the gate', () => {
  afterEach(() => {
    count = 0;
  });

  it('answers a value', async () => {
    const { gate } = makeGate();
    expect(await gate.call(session, call('system.info', {}))).toMatchObject({ ok: true, value: { version: '0.0.0' } });
  });

  it.each(['constructor', '__proto__', 'toString', 'nothing.here', '', 'flavors.list'])('knows no command %s', async (name) => {
    const { gate } = makeGate();
    expect(await gate.call(session, call(name, {}))).toMatchObject({ ok: false, error: { reason: { code: 'COMMAND_UNKNOWN' } } });
  });

  it('refuses unknown keys, and says where, not what', async () => {
    const { gate, lines } = makeGate();
    const answer = await gate.call(session, call('files.browse', { path: 'swordfish-value', purpose: 'nonsense', extra: 'swordfish' }));
    expect(answer).toMatchObject({ ok: false, error: { reason: { code: 'INPUT_INVALID' } } });
    expect(JSON.stringify(answer)).toContain('purpose');
    expect(JSON.stringify(answer)).not.toContain('swordfish');
    expect(lines.join('\n')).not.toContain('swordfish');
  });

  it('lets only the command line name paths', async () => {
    const { gate } = makeGate();
    expect(await gate.call(session, call('files.grantPath', { path: '/etc/hosts' }))).toMatchObject({ error: { reason: { code: 'COMMAND_NOT_ALLOWED' } } });
    expect(await gate.call({ ...session, kind: 'window' }, call('files.grantPath', { path: '/etc/hosts' }))).toMatchObject({ error: { reason: { code: 'COMMAND_NOT_ALLOWED' } } });
    expect(await gate.call(cli, call('files.grantPath', { path: '/etc/hosts' }))).toMatchObject({ ok: true, value: { path: '/etc/hosts' } });
  });

  it('turns an unexpected exception into INTERNAL and keeps the stack in the log', async () => {
    const { gate, lines } = makeGate({ 'flavors.list': () => Promise.reject(new TypeError('inner workings')) });
    const answer = await gate.call(session, call('flavors.list', {}));
    expect(answer).toMatchObject({ ok: false, error: { reason: { code: 'INTERNAL' }, causes: [] } });
    expect(JSON.stringify(answer)).not.toContain('inner workings');
    const { correlationId } = (answer as { error: { correlationId: string } }).error;
    expect(lines.some((line) => line.includes(correlationId) && line.includes('inner workings') && line.includes('gate.spec'))).toBe(true);
  });

  it('passes a known error on with its causes', async () => {
    const { gate } = makeGate({ 'flavors.list': () => Promise.reject(new AppError('NOT_FOUND', { what: 'flavor', id: 'f' }, { cause: new Error('why') })) });
    expect(await gate.call(session, call('flavors.list', {}))).toMatchObject({
      error: { reason: { code: 'NOT_FOUND', params: { id: 'f' } }, causes: [{ message: 'why' }] },
    });
  });

  it('finds an answer that breaks the contract', async () => {
    const { gate, lines } = makeGate({ 'flavors.list': () => Promise.resolve([{ wrong: true }] as never) });
    expect(await gate.call(session, call('flavors.list', {}))).toMatchObject({ error: { reason: { code: 'INTERNAL' } } });
    expect(lines.join('')).toContain('breaks the contract');
  });

  it('logs command, duration and outcome of a call, never its arguments', async () => {
    const { gate, lines } = makeGate();
    await gate.call(cli, call('files.grantPath', { path: '/canary/path' }));
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ command: 'files.grantPath', outcome: 'ok', session: 'cli', durationMs: expect.any(Number) as number });
    expect(lines.join('')).not.toContain('canary');
  });

  it('cancels a call of the same session only', async () => {
    let started = (): void => undefined;
    const isRunning = new Promise<void>((resolve) => (started = resolve));
    const { gate } = makeGate({
      'flavors.list': (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted inside')));
          started();
        }),
    });
    const answer = gate.call(session, { callId: 'long', command: 'flavors.list', input: {} });
    await isRunning;
    await gate.call({ ...session, id: 'other' }, call('system.cancelCall', { callId: 'long' }));
    const pending = await Promise.race([answer, new Promise((resolve) => setImmediate(() => resolve('still running')))]);
    expect(pending).toBe('still running');
    await gate.call(session, call('system.cancelCall', { callId: 'long' }));
    expect(await answer).toMatchObject({ ok: false, error: { reason: { code: 'ABORTED' } } });
  });

  it('aborts when the client has gone', async () => {
    const { gate } = makeGate({
      'flavors.list': (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('gone')))),
    });
    const connection = new AbortController();
    const answer = gate.call(session, call('flavors.list', {}), connection.signal);
    connection.abort();
    expect(await answer).toMatchObject({ error: { reason: { code: 'ABORTED' } } });
  });
});
