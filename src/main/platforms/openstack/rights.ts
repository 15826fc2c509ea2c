/** What the roles of the person who signed in allow. Clouds decide by their own policies; only what is certain is told here. */
import { AppError } from '../../../shared/model/app-error.ts';
import { say, type Message } from '../../../shared/model/message.ts';
import type { Token } from './keystone.ts';

/** Keystone's own role that reads and changes nothing. */
const reading: ReadonlySet<string> = new Set(['reader']);

/** Null where something may be changed. */
export function readOnlyReason({ roles, project }: Pick<Token, 'roles' | 'project'>): Message | null {
  return roles.length > 0 && roles.every((role) => reading.has(role)) ? say('OPENSTACK_READER', { project: project.name }) : null;
}

/** @throws `OPENSTACK_READER` */
export function requireRights(token: Token): void {
  const reason = readOnlyReason(token);
  if (reason !== null) throw new AppError(reason.code, reason.params);
}
