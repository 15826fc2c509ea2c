/** Sentences about who may do what: grants, sessions, the host's lock, the vault. */
export const accessEn = {
  FILE_GRANT_UNKNOWN: 'This choice of a file is not valid any more. Choose the file again.',
  HOST_UNREACHABLE: 'Goldpress does not answer. Check that it is still running; this page connects again by itself.',
  COMMAND_NOT_ALLOWED: '“{command}” may only be called from the command line.',
  SESSION_UNKNOWN: 'This page has no session with Goldpress any more. Run `npm start` or `goldpress serve` again to get a new address.',
  ORIGIN_REFUSED: 'The request came from another page, or under another name than this one, and was refused.',
  HOST_KEY_WRONG: 'The request does not carry the key of this host and was refused.',
  HOST_BUSY: 'Another process (number {pid}) holds the data directory {path} but does not answer. Wait a moment; if it hangs, end it, or use another directory with --data-dir.',
  HOST_OTHER_VERSION: 'Goldpress {running} is running (process {pid}) and this is {own}. End the running one first.',
  HOST_DATA_UNWRITABLE: 'The data directory {path} cannot be used: {reason}. Make it writable, or name another one with --data-dir.',
  HOST_RUNTIME_DIRECTORY_UNSAFE: 'The directory {path} belongs to somebody else, so no socket is made in it. Remove it, or use a data directory with a shorter path.',
  HOST_SOCKET_PATH_TOO_LONG: 'The path {path} is too long for a local socket. Use a data directory with a shorter path.',
  HOST_SOCKET_FAILED: 'The local socket {path} could not be opened: {reason}.',
  HOST_LOST: 'The running Goldpress stopped answering. Its tasks go on at its next start; run the command again.',
};
