/** Names of the messages between the preload and this process; no more than these three exist. */
export const ipcChannels = { call: 'goldpress:call', grantFile: 'goldpress:grant-file', listen: 'goldpress:listen', event: 'goldpress:event' } as const;
