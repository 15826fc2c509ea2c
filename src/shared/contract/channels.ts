/** The names alone, for the preload script: it may load neither zod nor the schemas. A test keeps both lists equal. */
export const channels = [
  'system.info', 'system.cancelCall', 'settings.get', 'settings.set', 'files.browse', 'files.grantNew', 'files.grantPath',
  'platforms.kinds', 'platforms.list', 'platforms.show', 'platforms.testConfig', 'platforms.test', 'platforms.add',
  'platforms.update', 'platforms.lists', 'platforms.sync', 'platforms.schedule', 'platforms.setSchedule', 'platforms.cancelSync', 'platforms.remove', 'sampleSite.create', 'sampleSite.remove',
  'consoles.current', 'consoles.list', 'consoles.enter',
  'images.list', 'images.show', 'images.check', 'images.setAttributes', 'images.setCredentials', 'images.clearCredentials',
  'sourceVms.list', 'sourceVms.show', 'sourceVms.check', 'sourceVms.instructions',
  'imagePools.list', 'imagePools.show', 'imagePools.add', 'imagePools.remove',
  'flavors.list', 'flavors.add', 'flavors.update', 'flavors.remove',
  'desktopImages.list', 'desktopImages.show', 'desktopImages.reveal',
  'tasks.plan', 'tasks.start', 'tasks.list', 'tasks.show', 'tasks.cancel', 'tasks.resume', 'tasks.decide',
  'disks.inspect', 'disks.contents', 'disks.map', 'disks.compare',
  'vault.status', 'vault.unlock', 'vault.lock', 'vault.addPassphrase', 'vault.addKeyFile', 'vault.removeSlot',
  'backups.list', 'backups.make', 'backups.configure',
] as const;
