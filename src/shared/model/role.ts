/** Roles a connector may offer; each is probed. */
export const roles = ['images', 'sourceVms', 'hardware', 'snapshots', 'deleter', 'creator', 'diskExport', 'imageStore', 'attributes', 'power', 'console', 'agent'] as const;
export type Role = (typeof roles)[number];
