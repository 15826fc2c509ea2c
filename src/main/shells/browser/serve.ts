/** Keeps the browser shell up: tells the address, opens a browser where that is wanted, and ends on Ctrl-C or when idle. */
import { setTimeout as sleep } from 'node:timers/promises';
import { formatMessage } from '../../../shared/messages/format.ts';
import type { Locale } from '../../../shared/messages/catalogue.ts';
import type { RunStatus } from '../../../shared/model/task.ts';
import type { Core } from '../core.ts';
import { mayOpenBrowser, openInBrowser } from '../open-external.ts';

export interface ServeOptions {
  isOpening: boolean;
  /** A host that was started for a detached run ends with the last one. */
  endsWhenIdle: boolean;
  signal: AbortSignal;
  locale: Locale;
  say: (text: string, url: string) => void;
}

const browserReadsMs = 5000;
const idleCheckMs = 5000;
/** Long enough for the one who started this host to plan and start a run. */
const idleChecks = 6;
/** Runs that a process must stay for; others wait on disk for a person. */
const working: readonly RunStatus[] = ['queued', 'running', 'cancelling', 'compensating'];

/** Returns when it has been asked to end. As a client of a running host it only tells a new address and returns. */
export async function serveBrowser(core: Core, { isOpening, endsWhenIdle, signal, locale, say }: ServeOptions): Promise<void> {
  if (endsWhenIdle) {
    // Another host that stays has been there first: it takes care of the runs.
    if (core.isHost) await untilIdle(core, signal);
    return;
  }
  const client = core.client('cli');
  const url = await client.newBrowserAddress();
  const code = core.isHost ? 'SERVING_AT' : 'SERVING_ALREADY';
  say(formatMessage({ code, params: { url, pid: String(core.hostPid) } }, locale), url);
  const forget = isOpening && mayOpenBrowser() ? await openInBrowser(url, core.dataDirectory) : null;
  if (!core.isHost) {
    // This process ends now, and the file with it once the browser has had time to read it.
    if (forget !== null) await sleep(browserReadsMs, undefined, { signal }).catch(() => undefined);
    forget?.();
    return;
  }
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  forget?.();
}

async function untilIdle(core: Core, signal: AbortSignal): Promise<void> {
  const client = core.client('cli');
  for (let idle = 0; idle < idleChecks && !signal.aborted; ) {
    const { rows } = await client.invoke('tasks.list', { isLiveOnly: true });
    // A person who has opened the page is not left alone with it.
    idle = core.isWatched() || rows.some((task) => working.includes(task.status)) ? 0 : idle + 1;
    await sleep(idleCheckMs, undefined, { signal }).catch(() => undefined);
  }
}
