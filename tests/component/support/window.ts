/**
 * A window for component tests: the real client, stores, texts and router over a transport whose answers the test gives.
 * Only the core is stood in for; everything of the renderer is real.
 */
import { mount, type VueWrapper } from '@vue/test-utils';
import { createPinia } from 'pinia';
import { afterEach, vi } from 'vitest';
import { defineComponent, h, type Component } from 'vue';
import { createMemoryHistory, type Router } from 'vue-router';
import { Client, clientKey } from '../../../src/renderer/api/client.ts';
import type { ConnectionState, Transport } from '../../../src/renderer/api/transport.ts';
import { forgetGrids } from '../../../src/renderer/components/grid/grid-memory.ts';
import { composerKey, createTexts } from '../../../src/renderer/i18n.ts';
import { createAppRouter } from '../../../src/renderer/router.ts';
import type { CommandInput, CommandName, CommandOutput } from '../../../src/shared/contract/commands.ts';
import { CallError } from '../../../src/shared/contract/envelope.ts';
import type { EventMessage, EventPayloads, EventTopic } from '../../../src/shared/contract/events.ts';
import type { Locale } from '../../../src/shared/messages/catalogue.ts';
import { AppError, viewError } from '../../../src/shared/model/app-error.ts';

type Answers = { [N in CommandName]?: (input: CommandInput<N>, signal: AbortSignal | undefined) => CommandOutput<N> | Promise<CommandOutput<N>> };

/** The transport of a test: answers by command, calls kept for asserting, events and connection changes on demand. */
export class FakeTransport implements Transport {
  readonly calls: { name: CommandName; input: unknown }[] = [];
  readonly ready = Promise.resolve();
  readonly grantFile = null;
  readonly answers: Answers;
  readonly #listeners = new Set<(event: EventMessage) => void>();
  readonly #gapListeners = new Set<() => void>();
  readonly #states = new Set<(state: ConnectionState) => void>();
  #seq = 0;

  constructor(answers: Answers) {
    this.answers = {
      'settings.get': () => ({ locale: 'en', theme: 'light', zoom: 1, hasNotices: true, grids: {} }),
      'settings.set': () => ({}),
      'platforms.list': () => [],
      'tasks.list': () => ({ total: 0, rows: [] }),
      ...answers,
    };
  }

  async invoke<N extends CommandName>(name: N, input: CommandInput<N>, options: { signal?: AbortSignal } = {}): Promise<CommandOutput<N>> {
    this.calls.push({ name, input });
    const answer = this.answers[name];
    if (answer === undefined) throw new CallError(viewError(new AppError('COMMAND_UNKNOWN', { command: name }), 'c-0'));
    await Promise.resolve();
    return await answer(input, options.signal);
  }

  subscribe(listener: (event: EventMessage) => void, onGap: () => void): () => void {
    this.#listeners.add(listener);
    this.#gapListeners.add(onGap);
    return () => {
      this.#listeners.delete(listener);
      this.#gapListeners.delete(onGap);
    };
  }

  watchConnection(listener: (state: ConnectionState) => void): () => void {
    this.#states.add(listener);
    listener('connected');
    return () => this.#states.delete(listener);
  }

  dispose(): void {
    this.#listeners.clear();
  }

  emit<T extends EventTopic>(topic: T, payload: EventPayloads[T]): void {
    this.#seq += 1;
    for (const listener of this.#listeners) listener({ seq: this.#seq, topic, payload } as EventMessage);
  }

  missEvents(): void {
    for (const listener of this.#gapListeners) listener();
  }

  setConnection(state: ConnectionState): void {
    for (const listener of this.#states) listener(state);
  }

  /** The inputs that a command was called with. */
  inputsOf(name: CommandName): unknown[] {
    return this.calls.filter((call) => call.name === name).map(({ input }) => input);
  }
}

/** A failure as the core would answer it. */
export function failure(code: 'NOT_FOUND' | 'INTERNAL', correlationId: string): CallError {
  return new CallError(viewError(new AppError(code, { what: 'Platform', id: 'p1', correlationId }), correlationId));
}

export interface TestWindow {
  wrapper: VueWrapper;
  transport: FakeTransport;
  router: Router;
  client: Client;
}

// The test's document has no layout: every element would be 0 pixels high, and a virtual list would show no row.
Object.defineProperties(HTMLElement.prototype, {
  clientHeight: { configurable: true, get: () => 600 },
  clientWidth: { configurable: true, get: () => 1000 },
});

const opened: TestWindow[] = [];
afterEach(() => {
  for (const { wrapper, client } of opened.splice(0)) {
    wrapper.unmount();
    client.dispose();
  }
  document.body.replaceChildren();
  forgetGrids();
});

/** Shows a component as a page of the window, in the document, so that focus and roles are real. */
export async function openWindow(
  component: Component,
  { answers = {}, props = {}, locale = 'en', path = '/nowhere' }: { answers?: Answers; props?: Record<string, unknown>; locale?: Locale; path?: string } = {},
): Promise<TestWindow> {
  const transport = new FakeTransport(answers);
  const client = new Client(transport);
  const texts = createTexts(locale);
  const router = createAppRouter(createMemoryHistory());
  await router.push(path);
  const root = defineComponent({ render: () => h(component, props) });
  const wrapper = mount(root, {
    attachTo: document.body,
    global: { plugins: [createPinia(), texts, router], provide: { [clientKey as symbol]: client, [composerKey as symbol]: texts.global } },
  });
  const test = { wrapper, transport, router, client };
  opened.push(test);
  await settle();
  return test;
}

/** Lets answers and the code of what was opened arrive, and the page follow. */
export async function settle(): Promise<void> {
  await vi.dynamicImportSettled();
  for (let round = 0; round < 6; round += 1) await new Promise((resolve) => setTimeout(resolve, 0));
}
