/**
 * The contract over HTTP, the same on the local socket and in the browser shell: POST /call, GET /events. Who may use it is
 * decided by the server around it, which sets the session; without one nothing is answered.
 */
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import type { Envelope } from '../../shared/contract/envelope.ts';
import { maxCallBytes, type StreamMessage } from '../../shared/contract/stream.ts';
import { AppError, viewError } from '../../shared/model/app-error.ts';
import type { MessageCode } from '../../shared/messages/catalogue.ts';
import type { EventBus } from '../events.ts';
import type { Gate } from './gate.ts';
import type { Session } from './handler.ts';

export interface TransportEnv {
  Variables: { session: Session };
}

export interface TransportOptions {
  gate: Gate;
  events: EventBus;
  /** Changes with every start of the host, so that a client notices that event numbers began anew. */
  bootId: string;
}

const callRequest = z.strictObject({ callId: z.string().min(1).max(100), command: z.string().max(100), input: z.unknown() });

const signOfLifeMs = 15_000;
/** A client that reads this many messages too slowly is cut off; it reconnects and fetches what it shows. */
const maxUnreadMessages = 2000;

/** The envelope of a request that never reached the gate. */
export function refusal(code: MessageCode, params: Record<string, string> = {}): Envelope<never> {
  return { ok: false, error: viewError(new AppError(code, params), '') };
}

/** Routes to mount behind a middleware that sets `session`. */
export function contractRoutes({ gate, events, bootId }: TransportOptions): Hono<TransportEnv> {
  const routes = new Hono<TransportEnv>();

  routes.post('/call', bodyLimit({ maxSize: maxCallBytes, onError: (c) => c.json(refusal('INPUT_TOO_LARGE'), 413) }), async (c) => {
    if (!(c.req.header('content-type') ?? '').startsWith('application/json')) {
      return c.json(refusal('INPUT_INVALID', { problems: 'content-type: application/json is needed' }), 415);
    }
    let body: unknown;
    try {
      body = JSON.parse(await c.req.text());
    } catch {
      // The parser's own words may quote the input.
      return c.json(refusal('INPUT_INVALID', { problems: 'the body is no JSON' }), 400);
    }
    const request = callRequest.safeParse(body);
    if (!request.success) return c.json(refusal('INPUT_INVALID', { problems: 'callId, command and input are needed, and nothing else' }), 400);
    return c.json(await gate.call(c.var.session, request.data, c.req.raw.signal));
  });

  routes.get('/events', () => new Response(eventStream(events, bootId), { headers: { 'content-type': 'application/x-ndjson' } }));
  return routes;
}

/** One JSON message a line; blank lines say that the connection lives. */
function eventStream(events: EventBus, bootId: string): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let end = (): void => undefined;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const write = (line: string): void => {
          if ((controller.desiredSize ?? 0) < -maxUnreadMessages) {
            end();
            controller.close();
          } else controller.enqueue(encoder.encode(`${line}\n`));
        };
        const send = (message: StreamMessage): void => write(JSON.stringify(message));
        const unsubscribe = events.subscribe((event) => send({ type: 'event', event }));
        const signOfLife = setInterval(() => write(''), signOfLifeMs);
        signOfLife.unref();
        end = () => {
          unsubscribe();
          clearInterval(signOfLife);
        };
        send({ type: 'hello', bootId, seq: events.seq });
      },
      cancel: () => end(),
    },
    { highWaterMark: 1 },
  );
}
