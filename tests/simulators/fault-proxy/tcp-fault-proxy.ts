/** Stands between a connector and a server that speaks something else than HTTP (SSH), and cuts, stalls or slows what the test says. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export type TcpFault =
  /** The connection ends after so many bytes from the server. */
  | { kind: 'cut'; afterBytes: number }
  | { kind: 'stall'; afterBytes: number }
  | { kind: 'drip'; pieceBytes: number; pauseMs: number };

export class TcpFaultProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #fault: TcpFault | null = null;
  #isRefusing = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(target: { host: string; port: number }): Promise<TcpFaultProxy> {
    const proxy: TcpFaultProxy = new TcpFaultProxy(createServer((client) => proxy.#join(client, target)));
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Applies to what connections send from now on, open ones too. */
  spoil(fault: TcpFault): void {
    this.#fault = fault;
  }

  /** New connections end at once. */
  refuse(): void {
    this.#isRefusing = true;
  }

  heal(): void {
    this.#fault = null;
    this.#isRefusing = false;
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async dispose(): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, target: { host: string; port: number }): void {
    if (this.#isRefusing) {
      client.destroy();
      return;
    }
    const server = connect(target);
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
      socket.on('error', () => undefined);
    }
    client.pipe(server);
    this.#passBack(server, client).catch(() => client.destroy());
  }

  async #passBack(server: Socket, client: Socket): Promise<void> {
    let fault: TcpFault | null = null;
    let sent = 0;
    for await (const piece of server as AsyncIterable<Buffer>) {
      // Bytes are counted from the moment the fault was asked for.
      if (fault !== this.#fault) sent = 0;
      fault = this.#fault;
      if (fault === null) {
        client.write(piece);
        continue;
      }
      if (fault.kind === 'drip') {
        for (let at = 0; at < piece.length && this.#fault === fault; at += fault.pieceBytes) {
          client.write(piece.subarray(at, at + fault.pieceBytes));
          await new Promise((resolve) => setTimeout(resolve, fault?.kind === 'drip' ? fault.pauseMs : 0));
        }
        continue;
      }
      const rest = Math.max(0, fault.afterBytes - sent);
      client.write(piece.subarray(0, rest));
      sent += piece.length;
      if (sent < fault.afterBytes) continue;
      if (fault.kind === 'cut') client.destroy();
      else await new Promise<void>((resolve) => client.once('close', resolve));
      return;
    }
    client.end();
  }
}
