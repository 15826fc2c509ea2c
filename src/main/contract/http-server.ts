/** HTTP servers of the contract, made so that a client that hangs up in the middle of anything ends only its own connection. */
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';

export function createContractServer(fetch: (request: Request) => Response | Promise<Response>): Server {
  const server = createAdaptorServer({ fetch, overrideGlobalObjects: false }) as Server;
  // A write to a connection that the other side has closed (EPIPE, ECONNRESET) is an event on socket and response; unheard, it would end the process.
  const ended = (): void => undefined;
  server.on('connection', (socket) => socket.on('error', ended));
  server.on('request', (_request, response) => response.on('error', ended));
  return server;
}
