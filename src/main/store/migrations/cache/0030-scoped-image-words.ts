/** The images of one scope are searched as fast as all images: the index by scope and name holds every column that words are looked for in. */
import type { Migration } from '../../migrate.ts';

const sql = `
drop index if exists image_by_scope_name_collate_nocase;
create index image_by_scope_words on image (scope, name collate nocase, os_name, external_id);
`;

export const scopedImageWords: Migration = { version: 30, name: 'scoped-image-words', sql };
