/** Starts and stops domains: asks once, then looks until it is so. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import type { PowerRole } from '../connector.ts';
import { readDomain } from './domains.ts';
import type { Virsh } from './virsh.ts';

export interface PowerTiming {
  /** How often it is looked, and how long a guest may take to shut itself down, in milliseconds. */
  pollMs: number;
  gracefulMs: number;
}

const defaultTiming: PowerTiming = { pollMs: 1000, gracefulMs: 180_000 };

export class LibvirtPower implements PowerRole {
  readonly #virsh: Virsh;
  readonly #timing: PowerTiming;

  constructor(virsh: Virsh, timing: PowerTiming = defaultTiming) {
    this.#virsh = virsh;
    this.#timing = timing;
  }

  async start(vm: ExternalId, signal: AbortSignal): Promise<void> {
    const { power, uuid } = await readDomain(this.#virsh, vm, signal);
    if (power === 'running') return;
    // A paused domain goes on; one with saved memory is started with it.
    await this.#virsh.run([power === 'paused' ? 'resume' : 'start', '--domain', uuid], { signal });
  }

  async stop(vm: ExternalId, how: 'graceful' | 'forced', signal: AbortSignal): Promise<void> {
    const { power, uuid, domain } = await readDomain(this.#virsh, vm, signal);
    if (power === 'stopped') return;
    if (power === 'suspended') throw new AppError('LIBVIRT_SAVED_STATE', { name: domain.name });
    const result = await this.#virsh.attempt([how === 'forced' ? 'destroy' : 'shutdown', '--domain', uuid], { signal });
    // It may have ended by itself between the look and the request; what counts is how it is.
    const deadline = performance.now() + (how === 'forced' || result.code !== 0 ? this.#timing.pollMs * 10 : this.#timing.gracefulMs);
    while ((await readDomain(this.#virsh, vm, signal)).power !== 'stopped') {
      if (performance.now() >= deadline) {
        if (result.code !== 0) throw this.#virsh.refusal(how === 'forced' ? 'destroy' : 'shutdown', result);
        throw new AppError('POWER_STILL_RUNNING', { name: domain.name });
      }
      await sleep(this.#timing.pollMs, undefined, { signal });
    }
  }
}
