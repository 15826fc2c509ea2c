/** The steps of `cache.sqlite`, oldest first. A released step never changes; a new one goes to the end, ten higher. */
import type { Migration } from '../migrate.ts';
import { cacheInitial } from './cache/0010-initial.ts';
import { platformLists } from './cache/0020-platform-lists.ts';
import { scopedImageWords } from './cache/0030-scoped-image-words.ts';
import { imageBusiness } from './cache/0040-image-business.ts';

export const cacheMigrations: readonly Migration[] = [cacheInitial, platformLists, scopedImageWords, imageBusiness];
