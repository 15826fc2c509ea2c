/**
 * The artifact ledger: what a run made, written down before it is made. Owns its rows; what is removed is decided by the
 * steps' compensation, and never anything that is not listed here.
 */
import { newId } from '../../clock.ts';
import type { Message } from '../../../shared/model/message.ts';
import type { ArtifactLedger, JsonObject } from './definition.ts';
import type { ArtifactRecord, JournalChange } from './journal.ts';
import { isSameJson, type LiveRun } from './live-run.ts';

const isOpen = (artifact: ArtifactRecord): boolean => artifact.status === 'expected' || artifact.status === 'created';

/** The ledger as one step sees it: it writes under its own key and reads all of the run. */
export class StepLedger implements ArtifactLedger {
  readonly #live: LiveRun;
  readonly #stepKey: string;

  constructor(live: LiveRun, stepKey: string) {
    this.#live = live;
    this.#stepKey = stepKey;
  }

  async expect(kind: string, description: Message, ref: JsonObject): Promise<string> {
    let id = '';
    await this.#live.update(() => {
      const known = this.#live.artifacts.find((item) => item.stepKey === this.#stepKey && item.kind === kind && isSameJson(item.ref, ref));
      id = known?.id ?? newId('artifact');
      const at = this.#live.now;
      if (known === undefined) return { newArtifacts: [{ id, stepKey: this.#stepKey, kind, description, ref, status: 'expected', at }] };
      // What was removed is about to be made again; what stands stays as it is.
      return known.status === 'removed' || known.status === 'unknown' ? { artifacts: [{ id, status: 'expected', at }] } : null;
    });
    return id;
  }

  async mark(artifactId: string, status: 'created' | 'removed' | 'kept' | 'unknown'): Promise<void> {
    await this.#live.update(() => {
      const known = this.#live.artifacts.find((item) => item.id === artifactId);
      if (known === undefined) throw new Error(`The run ${this.#live.record.id} has no artifact ${artifactId}.`);
      return known.status === status ? null : { artifacts: [{ id: artifactId, status, at: this.#live.now }] };
    });
  }

  list(): ReturnType<ArtifactLedger['list']> {
    return Promise.resolve(this.#live.artifacts.map(({ id, kind, ref, status }) => ({ id, kind, ref, status })));
  }
}

type ArtifactChanges = NonNullable<JournalChange['artifacts']>;

/** What a step made and did not get rid of: nobody can say that it is gone. */
export function openAsUnknown(live: LiveRun, isMeant: (artifact: ArtifactRecord) => boolean = () => true): ArtifactChanges {
  return live.artifacts.filter((item) => isOpen(item) && isMeant(item)).map(({ id }) => ({ id, status: 'unknown', at: live.now }));
}

/** At the end of a run that reached its goal: what was made for sure is the person's now, what is uncertain is shown. */
export function settleKept(live: LiveRun, isMeant: (artifact: ArtifactRecord) => boolean = () => true): ArtifactChanges {
  return live.artifacts
    .filter((item) => isOpen(item) && isMeant(item))
    .map(({ id, status }) => ({ id, status: status === 'created' ? 'kept' : 'unknown', at: live.now }));
}
