/** Sentences of the contract, the host and the shells. */
export const systemEn = {
  INTERNAL: 'Something went wrong inside Goldpress. The log holds the details under {correlationId}.',
  INPUT_INVALID: 'The request is not of the right form: {problems}',
  COMMAND_UNKNOWN: 'There is no command “{command}”. `goldpress commands` lists them.',
  NOT_FOUND: 'There is no {what} “{id}” (any more). Refresh the list.',
  AMBIGUOUS: '“{name}” names more than one: {candidates}. Use the id.',
  ABORTED: 'Stopped, as asked.',
  TIMED_OUT: '{what} did not answer within {limitSeconds}.',
  INPUT_TOO_LARGE: 'The request is larger than Goldpress reads (1 MiB), or nested too deeply. Send less at once.',
  QUIT_RUNNING: 'Tasks are at work: {count}',
  QUIT_RUNNING_DETAIL: 'Nothing is lost either way: a paused task goes on at the next start, from where it was.',
  QUIT_KEEP_RUNNING: 'Close the window, keep working',
  QUIT_PAUSE: 'Pause and quit',
  QUIT_CANCEL: 'Cancel',
};
