/**
 * What travels on the event stream of every transport (socket, browser, window). A stream starts with `hello`: a client that
 * knows an earlier `seq` of the same boot, and it is the current one, has missed nothing.
 */
import type { Envelope } from './envelope.ts';
import type { CommandName } from './commands.ts';
import type { EventMessage } from './events.ts';
import type { FileGrantId } from '../model/ids.ts';

export type StreamMessage =
  | { type: 'hello'; bootId: string; seq: number }
  | { type: 'event'; event: EventMessage }
  /** The window's process has lost the host it is a client of; a `hello` follows when it is back. */
  | { type: 'lost' };

/** A call as it travels. `callId` is the client's own, so that `system.cancelCall` can name it. */
export interface CallRequest {
  callId: string;
  command: CommandName;
  input: unknown;
}

/** Nothing larger is read from any client, in bytes of JSON. */
export const maxCallBytes = 1024 * 1024;

/** The header that carries the secret of a browser session, and where the page keeps it (cookies ignore ports). */
export const secretHeader = 'x-goldpress-secret';
export const secretStorageKey = 'goldpress.secret';

/**
 * Where a page that was just let in tells its secret to the pages of the same address whose app was restarted: with the cookie that they
 * share they go on. Only pages of this very origin can hear it.
 */
export const sessionChannelName = 'goldpress.session';

/** Where a one-time address leads: the page itself, which exchanges the token there. */
export const enterPath = '/enter';

/** What the page gets for the token. With the greeting, so that it can call before its event stream stands. */
export interface EnteredSession {
  secret: string;
  hello: Extract<StreamMessage, { type: 'hello' }>;
}

/** The page without a session: it says how to get a new address. */
export const noSessionPath = '/no-session';

export interface GrantedFile {
  grantId: FileGrantId;
  path: string;
}

/** What the sandboxed preload puts on `window.goldpress`. */
export interface WindowBridge {
  invoke(request: CallRequest): Promise<Envelope<unknown>>;
  /** @returns what ends the subscription. */
  subscribe(listener: (message: StreamMessage) => void): () => void;
  /** A dropped or chosen file becomes a grant; the page never sees how. */
  grantFile(file: unknown): Promise<Envelope<GrantedFile>>;
}
