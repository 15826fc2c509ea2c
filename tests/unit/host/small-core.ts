/** A core with the few handlers that need no store, for tests of what lies around it. */
import { FileGrants } from '../../../src/main/contract/file-grants.ts';
import { ConsoleScopes } from '../../../src/main/contract/console-scopes.ts';
import { Gate } from '../../../src/main/contract/gate.ts';
import type { Handlers } from '../../../src/main/contract/handler.ts';
import { filesHandlers } from '../../../src/main/contract/handlers/files.handlers.ts';
import { systemHandlers } from '../../../src/main/contract/handlers/system.handlers.ts';
import { RunningCalls } from '../../../src/main/contract/running-calls.ts';
import { memoryLog } from '../../../src/main/diagnostics/log.ts';
import { Redactor } from '../../../src/main/diagnostics/redaction.ts';
import { EventBus } from '../../../src/main/events.ts';

export interface App {
  gate: Gate;
  events: EventBus;
  lines: string[];
}

export function createApp(extra: Partial<Handlers> = {}): App {
  const { logger, lines } = memoryLog(new Redactor());
  const runningCalls = new RunningCalls();
  const events = new EventBus();
  const handlers: Partial<Handlers> = {
    ...systemHandlers({
      version: '1.0.0', dataDirectory: '/data', shell: 'none', runningCalls, canReveal: false,
      hasSampleSite: () => Promise.resolve(false), notices: () => Promise.resolve([]),
    }),
    ...filesHandlers({ grants: new FileGrants(), dataDirectory: '/data' }),
    ...extra,
  };
  return { gate: new Gate({ handlers, runningCalls, scopes: new ConsoleScopes(), log: logger, isOutputChecked: true }), events, lines };
}
