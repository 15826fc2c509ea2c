/**
 * Which console each session works in: the system's, until it enters a tenant's. Lives with the host: a new window begins in the system
 * console. What a tenant's console may call at all is decided here too, and by the gate before any handler runs.
 */
import type { CommandName } from '../../shared/contract/commands.ts';
import type { ConsoleScope } from '../../shared/model/business-attributes.ts';
import { systemConsole } from '../../shared/model/system-console.ts';

/**
 * Everything else is refused in a tenant's console, also what is added to the contract later. The handlers of these show a tenant's
 * console nothing but what is its own, or have nothing to do with any tenant.
 */
const tenantCommands: ReadonlySet<CommandName> = new Set([
  'system.info', 'system.cancelCall', 'settings.get', 'settings.set', 'vault.status', 'consoles.current', 'consoles.list', 'consoles.enter', 'platforms.list',
  'images.list', 'images.show', 'images.check', 'images.setAttributes', 'images.setCredentials', 'images.clearCredentials', 'sourceVms.list', 'sourceVms.show',
]);

/** Sessions come and go without saying so; the oldest are forgotten. */
const maxSessions = 1000;

export class ConsoleScopes {
  readonly #tenants = new Map<string, ConsoleScope>();

  of(sessionId: string): ConsoleScope {
    return this.#tenants.get(sessionId) ?? systemConsole;
  }

  enter(sessionId: string, scope: ConsoleScope): void {
    this.#tenants.delete(sessionId);
    if (scope.kind === 'system') return;
    this.#tenants.set(sessionId, scope);
    const [oldest] = this.#tenants.keys();
    if (this.#tenants.size > maxSessions && oldest !== undefined) this.#tenants.delete(oldest);
  }

  mayCall(scope: ConsoleScope, command: CommandName): boolean {
    return scope.kind === 'system' || tenantCommands.has(command);
  }
}
