/**
 * The event stream over HTTP: one JSON message a line, blank lines as a sign of life. Read with `fetch`, because EventSource
 * cannot send the secret header. Reconnects with growing pauses until it is ended.
 */
import type { StreamMessage } from '../../shared/contract/stream.ts';

export interface EventStreamOptions {
  url: string;
  headers: Record<string, string>;
  onMessage: (message: StreamMessage) => void;
  /** The session is not known (any more): reconnecting cannot help. */
  onRefused: () => void;
}

const firstPauseMs = 250;
const longestPauseMs = 10_000;
/** The server says something every 15 seconds; a stream silent for longer than this is dead (a laptop that slept). */
const longestSilenceMs = 45_000;

async function readLines(body: ReadableStream<Uint8Array>, onLine: (line: string) => void, onAlive: () => void): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    onAlive();
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') onLine(line);
  }
}

/** Starts listening. @returns what ends it. */
export function streamEvents({ url, headers, onMessage, onRefused }: EventStreamOptions): () => void {
  const ended = new AbortController();
  let pauseMs = firstPauseMs;

  const connectOnce = async (): Promise<void> => {
    const connection = new AbortController();
    const endThis = (): void => connection.abort();
    ended.signal.addEventListener('abort', endThis);
    let silence = setTimeout(endThis, longestSilenceMs);
    const alive = (): void => {
      clearTimeout(silence);
      silence = setTimeout(endThis, longestSilenceMs);
    };
    try {
      const response = await fetch(url, { headers, signal: connection.signal, cache: 'no-store' });
      if (response.status === 401) {
        ended.abort();
        onRefused();
        return;
      }
      if (!response.ok || response.body === null) return;
      pauseMs = firstPauseMs;
      await readLines(response.body, (line) => onMessage(JSON.parse(line) as StreamMessage), alive);
    } catch {
      // Every way in which a connection ends means the same: it is lost, and tried again below.
    } finally {
      clearTimeout(silence);
      ended.signal.removeEventListener('abort', endThis);
    }
  };

  const isEnded = (): boolean => ended.signal.aborted;
  const run = async (): Promise<void> => {
    while (!isEnded()) {
      await connectOnce();
      if (isEnded()) return;
      onMessage({ type: 'lost' });
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  };
  void run();
  return () => ended.abort();
}
