/** `system.*`: what runs here, and stopping a call. */
import { userInfo } from 'node:os';
import type { Message } from '../../../shared/model/message.ts';
import type { AreaCommands, Handlers } from '../handler.ts';
import type { RunningCalls } from '../running-calls.ts';

export type ShellKind = 'electron' | 'browser' | 'cli' | 'none';

export interface SystemDeps {
  version: string;
  dataDirectory: string;
  /** The shell that the host was started with. */
  shell: ShellKind;
  runningCalls: RunningCalls;
  hasSampleSite: () => Promise<boolean>;
  /** Whether this machine has a file manager to show a file in. */
  canReveal: boolean;
  /** What the person should know now; asked anew at each call. */
  notices: () => Promise<Message[]>;
}

/** The name of the person whose process this is; the number where the system has no name for it. */
export function currentUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that no account has.
    return String(process.getuid?.() ?? 'unknown');
  }
}

export function systemHandlers(deps: SystemDeps): Handlers<AreaCommands<'system'>> {
  return {
    'system.info': async () => ({
      version: deps.version,
      dataDirectory: deps.dataDirectory,
      shell: deps.shell,
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
      user: currentUser(),
      hasSampleSite: await deps.hasSampleSite(),
      canReveal: deps.canReveal,
      notices: await deps.notices(),
    }),
    'system.cancelCall': ({ callId }, { session }) => {
      deps.runningCalls.cancel(session.id, callId);
      return Promise.resolve({});
    },
  };
}
