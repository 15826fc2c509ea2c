/** Sentences of the databases. */
export const storeEn = {
  STORE_CORRUPT: 'The database {path} is damaged. Nothing was changed in it. Close Goldpress, keep this file, and put the newest copy from the folder “backups” beside it in its place.',
  STORE_CACHE_CORRUPT: 'The stored inventory {path} is damaged. Restart Goldpress: it sets the file aside and reads the inventory from the platforms again. Nothing else is lost.',
  STORE_CACHE_REBUILT: 'The stored inventory could not be used and was set aside beside {path}. It is empty until the platforms are synced again.',
  STORE_FROM_FUTURE: 'The database {path} was written by a newer Goldpress (version {found}; this one knows up to {known}). Install the newer Goldpress, or choose another data directory. Nothing was changed.',
  STORE_NOT_OURS: 'The file {path} is a database, but not one of Goldpress. Nothing was changed in it. Move it away or choose another data directory.',
  STORE_DISK_FULL: 'There is no space left for {path}. The last change was not saved. Free some space and try again.',
  STORE_READ_ONLY: 'The database {path} cannot be written: the file or its disk is read-only. Make it writable or choose another data directory.',
  STORE_NO_ACCESS: 'The database {path} cannot be opened. Check that the folder exists and that you may read and write it, or choose another data directory.',
  STORE_DISK_FAILED: 'The disk reported an error while reading or writing {path}. The last change was not saved. Check the disk.',
  STORE_BUSY: 'The database is busy with another change. Try again in a moment.',
  STORE_CONFLICT: 'This change contradicts what is stored: it is there already, or something else refers to it. Refresh the list and try again.',
  STORE_SORT_UNKNOWN: 'This list cannot be sorted by “{key}”. It can be sorted by: {keys}.',
  STORE_FILTER_NOT_A_NUMBER: 'The filter “{key}:{value}” needs a number, such as {key}:40 or {key}:>20GiB.',
  STORE_RUN_GONE: 'The task {runId} is not in the database any more. Refresh the list.',
  STORE_STOPPED: 'The database is closed. Restart Goldpress.',
};
