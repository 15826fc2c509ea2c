/** Flavors and the rules over them: built-in ones stay as they are, and one that an image names is not taken away. */
import { AppError } from '../../shared/model/app-error.ts';
import type { Flavor, FlavorFields } from '../../shared/model/flavor.ts';
import type { FlavorId } from '../../shared/model/ids.ts';
import { newId } from '../clock.ts';
import type { EventBus } from '../events.ts';
import type { FlavorRepository } from '../store/repositories/flavor.repo.ts';
import { builtInFlavors } from './built-in-flavors.ts';

export class Flavors {
  readonly #repository: FlavorRepository;
  readonly #events: EventBus;

  constructor(repository: FlavorRepository, events: EventBus) {
    this.#repository = repository;
    this.#events = events;
  }

  /** Puts the built-in flavors in; called at every start. */
  async start(): Promise<void> {
    await this.#repository.ensureBuiltIn(builtInFlavors);
  }

  list(): Promise<Flavor[]> {
    return this.#repository.list();
  }

  /** @throws AppError `NOT_FOUND`. */
  async get(id: FlavorId): Promise<Flavor> {
    const flavor = await this.#repository.find(id);
    if (flavor === null) throw new AppError('NOT_FOUND', { what: 'flavor', id });
    return flavor;
  }

  async #requireOwn(id: FlavorId): Promise<Flavor> {
    const flavor = await this.get(id);
    if (flavor.isBuiltIn) throw new AppError('FLAVOR_BUILT_IN', { name: flavor.name });
    return flavor;
  }

  async #requireFreeName(name: string, except: FlavorId | null): Promise<void> {
    const taken = await this.#repository.findByName(name);
    if (taken !== null && taken.id !== except) throw new AppError('FLAVOR_NAME_TAKEN', { name: taken.name });
  }

  /** @throws AppError `FLAVOR_NAME_TAKEN`. */
  async add(fields: FlavorFields): Promise<Flavor> {
    await this.#requireFreeName(fields.name, null);
    const id = newId<FlavorId>('flavor');
    await this.#repository.add(id, fields);
    this.#events.emit('flavors.changed', {});
    return this.get(id);
  }

  /** @throws AppError `NOT_FOUND`, `FLAVOR_BUILT_IN`, `FLAVOR_NAME_TAKEN`. */
  async update(id: FlavorId, fields: FlavorFields): Promise<Flavor> {
    const flavor = await this.#requireOwn(id);
    // An image is dedicated to the flavor for its architecture; another one would make the image's choice untrue.
    if (flavor.inUseCount > 0 && fields.architecture !== flavor.architecture) throw new AppError('FLAVOR_IN_USE', { name: flavor.name, count: flavor.inUseCount });
    await this.#requireFreeName(fields.name, id);
    await this.#repository.update(id, fields);
    this.#events.emit('flavors.changed', {});
    return this.get(id);
  }

  /** @throws AppError `NOT_FOUND`, `FLAVOR_BUILT_IN`, `FLAVOR_IN_USE`. */
  async remove(id: FlavorId): Promise<void> {
    const flavor = await this.#requireOwn(id);
    if (flavor.inUseCount > 0) throw new AppError('FLAVOR_IN_USE', { name: flavor.name, count: flavor.inUseCount });
    await this.#repository.remove(id);
    this.#events.emit('flavors.changed', {});
  }
}
