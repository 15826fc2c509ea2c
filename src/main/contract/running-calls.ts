/** The calls that are being worked on, so that a client can stop its own ones and no others. */
export class RunningCalls {
  readonly #bySession = new Map<string, Map<string, AbortController>>();

  /** Registers a call. @returns its signal, and what takes it off the list. */
  begin(sessionId: string, callId: string): { signal: AbortSignal; end: () => void } {
    const controller = new AbortController();
    const calls = this.#bySession.get(sessionId) ?? new Map<string, AbortController>();
    calls.set(callId, controller);
    this.#bySession.set(sessionId, calls);
    const end = (): void => {
      if (calls.get(callId) === controller) calls.delete(callId);
      if (calls.size === 0 && this.#bySession.get(sessionId) === calls) this.#bySession.delete(sessionId);
    };
    return { signal: controller.signal, end };
  }

  /** Aborts one call of a session. A call that has ended already needs nothing. */
  cancel(sessionId: string, callId: string): void {
    this.#bySession.get(sessionId)?.get(callId)?.abort();
  }

  /** Aborts everything of a session that has gone (a closed window, a lost connection). */
  cancelAll(sessionId: string): void {
    for (const controller of this.#bySession.get(sessionId)?.values() ?? []) controller.abort();
  }
}
