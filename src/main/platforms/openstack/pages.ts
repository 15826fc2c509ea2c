/**
 * Listings in pages, as Nova, Glance and Cinder give them. Things come and go while a listing is read: what stays is given once. A page
 * that begins after something that has just been deleted is asked for again, after something before it.
 */
import { AppError } from '../../../shared/model/app-error.ts';
import { statusOf } from '../http/http-failure.ts';

export interface Page {
  items: readonly { id: string }[];
  /** Whether the service says that there is more. */
  hasMore: boolean;
}

/** At most so many steps back over deleted markers before the listing begins again from its start. */
const maxStepsBack = 16;

/**
 * @param fetchPage asks for the page after a marker
 * @throws what `fetchPage` throws; the listing was not complete then
 */
export async function* everyPage<P extends Page>(fetchPage: (marker: string | undefined) => Promise<P>, signal: AbortSignal): AsyncGenerator<P['items'][number][]> {
  const seen: string[] = [];
  const known = new Set<string>();
  let marker: string | undefined;
  let stepsBack = 0;
  let stalePages = 0;
  for (;;) {
    signal.throwIfAborted();
    let page: P;
    try {
      page = await fetchPage(marker);
    } catch (error) {
      // A marker that is not there any more: 400 from Nova and Cinder, 404 from others.
      const isGone = marker !== undefined && [400, 404].includes(statusOf(error) ?? 0);
      if (!isGone || stepsBack > maxStepsBack) throw error;
      stepsBack += 1;
      marker = stepsBack > maxStepsBack ? undefined : seen.at(-1 - stepsBack);
      continue;
    }
    const fresh = page.items.filter(({ id }) => !known.has(id));
    for (const { id } of fresh) {
      known.add(id);
      seen.push(id);
    }
    if (fresh.length > 0) yield fresh;
    const last = page.items.at(-1)?.id;
    if (!page.hasMore || last === undefined) return;
    // After a new beginning, as many known pages come as had been read. More of them mean a service that goes round in circles.
    stalePages = fresh.length > 0 ? 0 : stalePages + 1;
    if (last === marker || stalePages > seen.length) throw new AppError('OPENSTACK_PAGES_CIRCLE');
    marker = last;
    stepsBack = 0;
  }
}

/** The part of a query that asks for the things of every project; empty = of the project that was signed in to. */
export type ProjectScope = { all_tenants?: string };

/**
 * Asks for the things of all projects; from the first refusal (403) on, for those of the own one only.
 * @throws what `send` throws otherwise
 */
export function ofAllProjectsIfAllowed<M, A>(send: (scope: ProjectScope, marker: M) => Promise<A>): (marker: M) => Promise<A> {
  let scope: ProjectScope = { all_tenants: '1' };
  return async (marker) => {
    try {
      return await send(scope, marker);
    } catch (error) {
      if (statusOf(error) !== 403 || scope.all_tenants === undefined) throw error;
      scope = {};
      return send(scope, marker);
    }
  };
}
