/** `consoles.*`: the switch between the system console and the tenants'. */
import type { Tenant } from '../../../shared/contract/consoles.ts';
import { AppError } from '../../../shared/model/app-error.ts';
import type { ConsoleScope } from '../../../shared/model/business-attributes.ts';
import type { PlatformListsRepository } from '../../store/repositories/platform-lists.repo.ts';
import type { PlatformRepository } from '../../store/repositories/platform.repo.ts';
import type { ConsoleScopes } from '../console-scopes.ts';
import type { AreaCommands, Handlers } from '../handler.ts';

export interface ConsolesHandlersDeps {
  scopes: ConsoleScopes;
  platforms: Pick<PlatformRepository, 'list'>;
  lists: Pick<PlatformListsRepository, 'projects'>;
}

export function consolesHandlers({ scopes, platforms, lists }: ConsolesHandlersDeps): Handlers<AreaCommands<'consoles'>> {
  const tenants = async (): Promise<Tenant[]> => {
    const found = await Promise.all((await platforms.list()).map(async ({ id, name }) =>
      (await lists.projects(id)).filter((project) => !project.isManagement).map((project) => ({ platformId: id, platformName: name, projectId: project.externalId, name: project.name }))));
    return found.flat();
  };
  const tenantOf = async (scope: ConsoleScope): Promise<Tenant | null> =>
    scope.kind === 'system' ? null : ((await tenants()).find(({ platformId, projectId }) => platformId === scope.platformId && projectId === scope.projectId) ?? null);
  return {
    'consoles.current': async (_input, { scope }) => ({ scope, tenant: await tenantOf(scope) }),
    'consoles.list': tenants,
    'consoles.enter': async ({ scope }, { session }) => {
      const tenant = await tenantOf(scope);
      if (scope.kind === 'tenant' && tenant === null) throw new AppError('NOT_FOUND', { what: 'tenant', id: scope.projectId });
      scopes.enter(session.id, scope);
      return { scope, tenant };
    },
  };
}
