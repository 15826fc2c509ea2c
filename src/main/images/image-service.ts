/**
 * VDI images as the contract shows and changes them, in the console that asks: what a tenant's console does not see is not there. Rows
 * come from the cache; after a change the one row is judged anew.
 */
import type { Logger } from 'pino';
import type { ListQuery, Page } from '../../shared/contract/command.ts';
import type { CommandOutput, ParsedInput } from '../../shared/contract/commands.ts';
import { AppError } from '../../shared/model/app-error.ts';
import type { ConsoleScope } from '../../shared/model/business-attributes.ts';
import { worstFirst, type Finding } from '../../shared/model/finding.ts';
import type { Image, ImageDetail } from '../../shared/model/image.ts';
import type { ImageId, PlatformId } from '../../shared/model/ids.ts';
import { effectiveLoginOfImage } from '../../shared/rules/credentials.ts';
import { judgePresence } from '../../shared/rules/image-readiness.ts';
import { imageClaims, suggestedOs } from '../../shared/rules/os-identity.ts';
import { seesImage } from '../../shared/rules/tenant-scope.ts';
import type { PlatformConnectors } from '../platforms/platform-connectors.ts';
import { imageIdOf } from '../platforms/resource-id.ts';
import type { Inspector } from '../source-vms/inspector.ts';
import { imageContext, type JudgingContext } from '../source-vms/inventory-writer.ts';
import { judgeImageRecord } from '../source-vms/judge.ts';
import type { ImageRepository, StoredImage } from '../store/repositories/image.repo.ts';
import type { PlatformHealthRepository } from '../store/repositories/platform-health.repo.ts';
import type { ChangedEvents } from '../sync/changed-events.ts';
import type { ImageAttributes } from './image-attributes.ts';
import { toImageView } from './image-view.ts';

export interface ImageServiceDeps {
  images: ImageRepository;
  attributes: ImageAttributes;
  connectors: PlatformConnectors;
  health: PlatformHealthRepository;
  inspector: Inspector;
  changes: ChangedEvents;
  log: Logger;
}

type AttributeResults = CommandOutput<'images.setAttributes'>['results'];

export class ImageService {
  readonly #deps: ImageServiceDeps;

  constructor(deps: ImageServiceDeps) {
    this.#deps = deps;
  }

  /** Passwords that were kept in memory only are gone since the last end: their images are judged without them. Once, before calls. */
  async start(): Promise<void> {
    for (const { platformId, externalId } of await this.#deps.attributes.forgetLost()) {
      try {
        await this.#judgeAgain(imageIdOf(platformId, externalId), await this.#context(platformId));
      } catch (error) {
        this.#deps.log.warn({ err: error, platform: platformId }, 'image not judged anew');
      }
    }
  }

  async list(query: ListQuery & { platformId: PlatformId | null; scope: 'system' | 'custom' | 'all' }, scope: ConsoleScope): Promise<Page<Image>> {
    const { total, rows } = await this.#deps.images.list(query, scope);
    return { total, rows: rows.map(toImageView) };
  }

  /** @throws `NOT_FOUND`, also for what this console does not see */
  async show(id: ImageId, scope: ConsoleScope): Promise<ImageDetail> {
    const { attributes, images, health } = this.#deps;
    const stored = await this.#row(id, scope);
    const [inspected, password, notes, { lastOkAt }] = await Promise.all([
      images.inspectionOf(id), attributes.passwordState(stored), attributes.notes(stored), health.find(stored.platformId),
    ]);
    const view = toImageView(stored);
    const facts = { person: view.attributes, inspection: inspected?.inspection?.os ?? null, platform: stored.record.os };
    return {
      ...view,
      findings: worstFirst([...view.findings, ...judgePresence({ missingSince: stored.missingSince, lastOkAt, dependants: [] })]),
      password, notes, osClaims: imageClaims(facts), suggestedOs: suggestedOs(facts),
      login: effectiveLoginOfImage({ user: view.attributes.loginUser, password }),
      editing: attributes.editing(stored, scope), inspectedAt: inspected?.at ?? null,
    };
  }

  /** Looks into the image again where it can be read. @throws `NOT_FOUND`, and what the platform says */
  async check(id: ImageId, scope: ConsoleScope, signal: AbortSignal): Promise<Finding[]> {
    const { platformId, record } = await this.#row(id, scope);
    await this.#deps.inspector.inspectImage({ id, platformId, externalId: record.externalId }, signal);
    this.#deps.changes.changed('images.changed', platformId);
    return (await this.show(id, scope)).findings;
  }

  /** One answer for each; a failure of one is no failure of the others. */
  async setAttributes({ ids, editedOn, change }: ParsedInput<'images.setAttributes'>, scope: ConsoleScope): Promise<AttributeResults> {
    const contexts = new Map<PlatformId, JudgingContext>();
    const results: AttributeResults = [];
    const stored = await Promise.all(ids.map((id) => this.#find(id, scope)));
    for (const [index, id] of ids.entries()) {
      const image = stored[index] ?? null;
      results.push(await this.#setOne(id, image, () => this.#deps.attributes.change(this.#demand(id, image), change, { scope, editedOn })));
    }
    for (const image of stored) {
      if (image === null || !results.some(({ id, outcome }) => id === image.id && outcome === 'changed')) continue;
      const context = contexts.get(image.platformId) ?? (await this.#context(image.platformId));
      contexts.set(image.platformId, context);
      await this.#judgeAgain(image.id, context);
    }
    return results;
  }

  async setCredentials({ id, editedOn, user, password }: ParsedInput<'images.setCredentials'>, scope: ConsoleScope): Promise<ImageDetail> {
    const image = await this.#row(id, scope);
    await this.#deps.attributes.setCredentials(image, { user, password }, { scope, editedOn });
    await this.#judgeAgain(id, await this.#context(image.platformId));
    return this.show(id, scope);
  }

  async clearCredentials({ id, editedOn, what }: ParsedInput<'images.clearCredentials'>, scope: ConsoleScope): Promise<ImageDetail> {
    const image = await this.#row(id, scope);
    await this.#deps.attributes.clearCredentials(image, what, { scope, editedOn });
    await this.#judgeAgain(id, await this.#context(image.platformId));
    return this.show(id, scope);
  }

  /** Judges all images of a platform anew, after something that all judgements depend on has changed (the read-only switch). */
  async judgePlatform(platformId: PlatformId): Promise<void> {
    const context = await this.#context(platformId);
    for (const id of await this.#deps.images.idsOf(platformId)) await this.#judgeAgain(id, context);
  }

  async #setOne(id: ImageId, image: StoredImage | null, change: () => ReturnType<ImageAttributes['change']>): Promise<AttributeResults[number]> {
    const name = image?.record.name ?? id;
    try {
      const { warning, writeThrough } = await change();
      return { id, name, outcome: 'changed', reason: null, warning, writeThrough };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { id, name, outcome: 'refused', reason: error.asMessage, warning: null, writeThrough: null };
    }
  }

  async #context(platformId: PlatformId): Promise<JudgingContext> {
    return this.#deps.inspector.context(await this.#deps.connectors.platform(platformId));
  }

  async #judgeAgain(id: ImageId, context: JudgingContext): Promise<void> {
    const { images, changes } = this.#deps;
    const [row, inspected] = await Promise.all([images.find(id), images.inspectionOf(id)]);
    if (row === null) return;
    const { judgement, business } = judgeImageRecord(row.record, { inspection: inspected?.inspection ?? null, error: inspected?.error ?? null }, imageContext(context, row.record));
    await images.setJudgement(id, judgement, business);
    changes.changed('images.changed', row.platformId);
  }

  async #find(id: ImageId, scope: ConsoleScope): Promise<StoredImage | null> {
    const stored = await this.#deps.images.find(id);
    return stored !== null && seesImage(scope, { platformId: stored.platformId, assignment: stored.business.assignment }) ? stored : null;
  }

  #demand(id: ImageId, image: StoredImage | null): StoredImage {
    if (image === null) throw new AppError('NOT_FOUND', { what: 'image', id });
    return image;
  }

  async #row(id: ImageId, scope: ConsoleScope): Promise<StoredImage> {
    return this.#demand(id, await this.#find(id, scope));
  }
}
