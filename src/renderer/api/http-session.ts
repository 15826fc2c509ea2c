/**
 * The page's session with the browser shell: what the one-time token of the address is exchanged for, or what an earlier load of
 * this tab has kept. By script and not by loading the page, so that something that merely fetches the address (a preview, a link
 * scanner) does not use it up.
 */
import { enterPath, noSessionPath, secretStorageKey, sessionChannelName, type EnteredSession } from '../../shared/contract/stream.ts';

export interface HttpSession {
  /** To send with every request. */
  secret: string;
  /** Only right after entering. */
  hello: EnteredSession['hello'] | null;
}

async function exchange(token: string): Promise<EnteredSession | null> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch('/session', { method: 'POST', headers, body: JSON.stringify({ token }) }).catch(() => null);
  return response?.ok === true ? ((await response.json()) as EnteredSession) : null;
}

/** @returns the session; without one the page is left and this never ends. */
export async function openSession(): Promise<HttpSession> {
  const token = location.pathname === enterPath ? (new URLSearchParams(location.search).get('token') ?? '') : null;
  const entered = token === null ? null : await exchange(token);
  const secret = token === null ? sessionStorage.getItem(secretStorageKey) : (entered?.secret ?? null);
  if (secret === null) {
    location.replace(noSessionPath);
    return new Promise(() => undefined);
  }
  if (entered !== null) {
    keepSecret(secret);
    // Keeps the token out of the history.
    history.replaceState(history.state, '', `/${location.hash}`);
    tellSecret(secret);
  }
  return { secret, hello: entered?.hello ?? null };
}

/** For the next load of this tab. */
export function keepSecret(secret: string): void {
  sessionStorage.setItem(secretStorageKey, secret);
}

/** Pages of the same address that lost their session hear of the new one. */
function tellSecret(secret: string): void {
  const channel = new BroadcastChannel(sessionChannelName);
  channel.postMessage(secret);
  channel.close();
}

/** Calls back with the secret of a session that another tab has just got. @returns what ends the hearing */
export function onNewSecret(listener: (secret: string) => void): () => void {
  const channel = new BroadcastChannel(sessionChannelName);
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (typeof data === 'string') listener(data);
  };
  return () => channel.close();
}
