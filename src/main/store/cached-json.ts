/** JSON of the cache. What is no JSON was not written by us in any version: the file is damaged, and a sync can bring all of it back. */
import { AppError } from '../../shared/model/app-error.ts';

/** @throws AppError `STORE_CACHE_CORRUPT` */
export function parseCached(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AppError('STORE_CACHE_CORRUPT', { path: 'cache.sqlite' }, { cause: error });
  }
}
