/** Sentences about who may do what: grants, sessions, the host's lock, the vault. */
export const accessEn = {
  FILE_GRANT_UNKNOWN: 'This choice of a file is not valid any more. Choose the file again.',
  HOST_UNREACHABLE: 'Goldpress does not answer. Check that it is still running; this page connects again by itself.',
};
