/** Texts of the task pages and the task panel. */
export const tasks = {
  'tasks.bytes': '{done} of {total}',
  'tasks.cancel': 'Cancel task',
  'tasks.left': '{time} left',
  'tasks.rate': '{rate}/s',
  'tasks.resume': 'Resume',
  'tasks.status.cancelled': 'Cancelled',
  'tasks.status.cancelling': 'Cancelling',
  'tasks.status.compensating': 'Undoing',
  'tasks.status.failed': 'Failed',
  'tasks.status.interrupted': 'Interrupted',
  'tasks.status.needs-attention': 'Needs attention',
  'tasks.status.queued': 'Queued',
  'tasks.status.running': 'Running',
  'tasks.status.succeeded': 'Succeeded',
  'tasks.status.waiting': 'Waiting for you',
};
