/** All repositories over one store; made once, by the composition root. */
import { BusinessAttributeRepository } from './repositories/business-attribute.repo.ts';
import { DesktopImageRepository } from './repositories/desktop-image.repo.ts';
import { FlavorRepository } from './repositories/flavor.repo.ts';
import { ImagePoolRepository } from './repositories/image-pool.repo.ts';
import { ImageRepository } from './repositories/image.repo.ts';
import { PlatformHealthRepository } from './repositories/platform-health.repo.ts';
import { PlatformListsRepository } from './repositories/platform-lists.repo.ts';
import { PlatformPoolRepository } from './repositories/platform-pool.repo.ts';
import { PlatformRepository } from './repositories/platform.repo.ts';
import { PublicationRepository } from './repositories/publication.repo.ts';
import { SecretRepository } from './repositories/secret.repo.ts';
import { SettingsRepository } from './repositories/settings.repo.ts';
import { SourceVmRepository } from './repositories/source-vm.repo.ts';
import { WorkflowJournalRepository } from './repositories/workflow-journal.repo.ts';
import type { Store } from './store.ts';

export function openRepositories({ state, cache }: Store) {
  return {
    platforms: new PlatformRepository(state),
    health: new PlatformHealthRepository(cache),
    vms: new SourceVmRepository(cache),
    images: new ImageRepository(cache),
    lists: new PlatformListsRepository(cache),
    platformPools: new PlatformPoolRepository(cache),
    attributes: new BusinessAttributeRepository(state),
    publications: new PublicationRepository(state),
    settings: new SettingsRepository(state),
    secrets: new SecretRepository(state),
    pools: new ImagePoolRepository(state),
    flavors: new FlavorRepository(state),
    desktopImages: new DesktopImageRepository(state),
    journal: new WorkflowJournalRepository(state),
  };
}
