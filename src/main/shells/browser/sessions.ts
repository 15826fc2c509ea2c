/**
 * Who may use the browser shell. A one-time token is exchanged for two things: a cookie, and a secret that the page keeps to
 * itself. Both are needed for every call: cookies are sent to every port of 127.0.0.1, so a cookie alone proves nothing.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export interface BrowserSession {
  id: string;
  cookie: string;
  secret: string;
}

/** Addresses given out and not used yet; the oldest is forgotten first. */
const maxTokens = 20;
const maxSessions = 100;

const fresh = (): string => randomBytes(32).toString('base64url');
/** Looked up by digest, so that comparing takes the same time for every wrong value. */
const digest = (value: string): string => createHash('sha256').update(value).digest('hex');

function forgetOldest(keys: Set<string> | Map<string, unknown>, limit: number): void {
  for (const key of keys.keys()) {
    if (keys.size <= limit) return;
    keys.delete(key);
  }
}

export class BrowserSessions {
  readonly #tokens = new Set<string>();
  readonly #sessions = new Map<string, BrowserSession>();

  /** A token for one address, good for one exchange. */
  issueToken(): string {
    const token = fresh();
    this.#tokens.add(digest(token));
    forgetOldest(this.#tokens, maxTokens);
    return token;
  }

  isTokenUnused(token: string): boolean {
    return this.#tokens.has(digest(token));
  }

  /** Uses a token up. @returns the new session, or null when the token is not known or was used. */
  exchange(token: string): BrowserSession | null {
    if (!this.#tokens.delete(digest(token))) return null;
    const session = { id: `browser-${fresh()}`, cookie: fresh(), secret: fresh() };
    this.#sessions.set(digest(session.cookie), session);
    forgetOldest(this.#sessions, maxSessions);
    return session;
  }

  /** The session of a cookie: enough to see the page, not to call anything. */
  byCookie(cookie: string | undefined): BrowserSession | null {
    return cookie === undefined ? null : (this.#sessions.get(digest(cookie)) ?? null);
  }

  /** The session of a call: cookie and secret must belong together. */
  authenticate(cookie: string | undefined, secret: string | undefined): BrowserSession | null {
    const session = this.byCookie(cookie);
    if (session === null || secret === undefined) return null;
    return timingSafeEqual(Buffer.from(digest(secret)), Buffer.from(digest(session.secret))) ? session : null;
  }
}
