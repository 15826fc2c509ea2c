/** What a handler is. The gate has checked who asks and parsed the input strictly before one is called. */
import type { Logger } from 'pino';
import type { CommandName, CommandOutput, ParsedInput } from '../../shared/contract/commands.ts';
import type { ConsoleScope } from '../../shared/model/business-attributes.ts';

/** Who is asking. `cli` sessions come over the local socket and may name paths; the others hold grants only. */
export interface Session {
  id: string;
  kind: 'window' | 'browser' | 'cli';
  /** The operating system's user name, for the audit trail. */
  user: string;
}

export interface CallContext {
  session: Session;
  /** The console that the session works in: handlers of a tenant's show and change nothing else. */
  scope: ConsoleScope;
  signal: AbortSignal;
  correlationId: string;
  log: Logger;
}

export type Handler<N extends CommandName> = (input: ParsedInput<N>, ctx: CallContext) => Promise<CommandOutput<N>>;

/** An area's handlers: `Handlers<'flavors.list' | 'flavors.add'>`; without argument: all of the contract. */
export type Handlers<N extends CommandName = CommandName> = { [K in N]: Handler<K> };

/** The commands of one area by its prefix: `AreaCommands<'flavors'>`. */
export type AreaCommands<A extends string> = Extract<CommandName, `${A}.${string}`>;
