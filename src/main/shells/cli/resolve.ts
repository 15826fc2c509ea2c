/** Turns what a person typed (an id, or a name where it is unique) into the thing. */
import type { CommandInput, CommandOutput } from '../../../shared/contract/commands.ts';
import { AppError } from '../../../shared/model/app-error.ts';
import type { DesktopImage } from '../../../shared/model/desktop-image.ts';
import type { Flavor } from '../../../shared/model/flavor.ts';
import type { Image } from '../../../shared/model/image.ts';
import type { ImagePool } from '../../../shared/model/image-pool.ts';
import type { Platform } from '../../../shared/model/platform.ts';
import type { SourceVm } from '../../../shared/model/source-vm.ts';
import type { Task } from '../../../shared/model/task.ts';
import type { CliContext } from './context.ts';

const maxCandidates = 8;
const pageSize = 500;

/** By id, else by exact name, else by name whatever its case. `what`: the thing as messages know it. @throws AppError `NOT_FOUND` or `AMBIGUOUS` with the candidates */
export function pick<T extends { id: string; name: string }>(things: readonly T[], typed: string, what: string, describe: (thing: T) => string): T {
  const byId = things.find((thing) => thing.id === typed);
  if (byId !== undefined) return byId;
  const exact = things.filter((thing) => thing.name === typed);
  const found = exact.length > 0 ? exact : things.filter((thing) => thing.name.toLowerCase() === typed.toLowerCase());
  const [only] = found;
  if (only === undefined) throw new AppError('NOT_FOUND', { what, id: typed });
  if (found.length === 1) return only;
  const candidates = found.slice(0, maxCandidates).map((thing) => `${thing.id} (${describe(thing)})`);
  throw new AppError('AMBIGUOUS', { name: typed, candidates: candidates.join(', ') + (found.length > maxCandidates ? ' …' : '') });
}

/** All rows of a paged list, window by window. */
export async function allRows<T>(fetch: (page: { offset: number; limit: number }) => Promise<{ total: number; rows: T[] }>): Promise<T[]> {
  const rows: T[] = [];
  for (;;) {
    const window = await fetch({ offset: rows.length, limit: pageSize });
    rows.push(...window.rows);
    if (window.rows.length === 0 || rows.length >= window.total) return rows;
  }
}

export class Resolver {
  readonly #context: CliContext;

  constructor(context: CliContext) {
    this.#context = context;
  }

  async platform(typed: string): Promise<Platform> {
    return pick(await this.#context.call('platforms.list', {}), typed, 'platform', (platform) => platform.kind);
  }

  vms(input: CommandInput<'sourceVms.list'> = {}): Promise<SourceVm[]> {
    return allRows((page) => this.#context.call('sourceVms.list', { ...input, ...page }));
  }

  async vm(typed: string): Promise<SourceVm> {
    return pick(await this.vms(), typed, 'source-vm', (vm) => `${vm.platformName}: ${vm.externalId}`);
  }

  images(input: CommandInput<'images.list'> = {}): Promise<Image[]> {
    return allRows((page) => this.#context.call('images.list', { ...input, ...page }));
  }

  async image(typed: string): Promise<Image> {
    return pick(await this.images({ scope: 'all' }), typed, 'image', (image) => image.platformName);
  }

  async pool(typed: string): Promise<ImagePool> {
    return pick(await this.#context.call('imagePools.list', {}), typed, 'image-pool', (pool) => pool.path);
  }

  async flavor(typed: string): Promise<Flavor> {
    return pick(await this.#context.call('flavors.list', {}), typed, 'flavor', (flavor) => flavor.architecture);
  }

  desktopImages(input: CommandInput<'desktopImages.list'> = {}): Promise<DesktopImage[]> {
    return allRows((page) => this.#context.call('desktopImages.list', { ...input, ...page }));
  }

  async desktopImage(typed: string): Promise<DesktopImage> {
    return pick(await this.desktopImages(), typed, 'desktop-image', (image) => image.poolName);
  }

  tasks(input: CommandInput<'tasks.list'> = {}): Promise<CommandOutput<'tasks.list'>['rows']> {
    return allRows((page) => this.#context.call('tasks.list', { ...input, ...page }));
  }

  /** A task has no name of its own: its id, or the beginning of one where that is unique. */
  async task(typed: string): Promise<Task> {
    const named = (await this.tasks()).map((task) => ({ ...task, name: task.id.startsWith(typed) ? typed : task.id }));
    return pick(named, typed, 'task', (task) => this.#context.words(task.title));
  }
}
