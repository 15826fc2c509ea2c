/**
 * The composition root: the one place that builds services, by hand, by constructor. A shell opens the host's lock, calls
 * `createApp` once, serves its handlers through the gate, then `start`s it; `dispose` in the opposite order.
 */
import { join } from 'node:path';
import type { Logger } from 'pino';
import { StateBackups } from './backups/state-backups.ts';
import { systemClock } from './clock.ts';
import { ConsoleScopes } from './contract/console-scopes.ts';
import { FileGrants } from './contract/file-grants.ts';
import type { Handlers } from './contract/handler.ts';
import { backupsHandlers } from './contract/handlers/backups.handlers.ts';
import { consolesHandlers } from './contract/handlers/consoles.handlers.ts';
import { desktopImagesHandlers } from './contract/handlers/desktop-images.handlers.ts';
import { disksHandlers } from './contract/handlers/disks.handlers.ts';
import { filesHandlers } from './contract/handlers/files.handlers.ts';
import { flavorsHandlers } from './contract/handlers/flavors.handlers.ts';
import { imagePoolsHandlers } from './contract/handlers/image-pools.handlers.ts';
import { imagesHandlers } from './contract/handlers/images.handlers.ts';
import { platformsHandlers } from './contract/handlers/platforms.handlers.ts';
import { settingsHandlers } from './contract/handlers/settings.handlers.ts';
import { sourceVmsHandlers } from './contract/handlers/source-vms.handlers.ts';
import { systemHandlers, type ShellKind } from './contract/handlers/system.handlers.ts';
import { taskHandlers } from './contract/handlers/tasks.handlers.ts';
import { vaultHandlers } from './contract/handlers/vault.handlers.ts';
import { RunningCalls } from './contract/running-calls.ts';
import type { Redactor } from './diagnostics/redaction.ts';
import { WorkerDiskEngine } from './disks/disk-engine.ts';
import { EventBus } from './events.ts';
import { PagePort } from './host/page-port.ts';
import { FirstRun } from './first-run.ts';
import { Flavors } from './flavors/flavors.ts';
import { runProgram } from './host/spawn.ts';
import { CachedPlatformStores } from './image-pools/platform-stores.ts';
import { ImagePools } from './image-pools/image-pools.ts';
import { libvirtConnectorFactory } from './platforms/libvirt/libvirt-connector.ts';
import { ImageAttributes } from './images/image-attributes.ts';
import { ImageService } from './images/image-service.ts';
import { localConnectorFactory } from './platforms/local/local-connector.ts';
import { openStackConnectorFactory } from './platforms/openstack/openstack-connector.ts';
import { PlatformConnectors } from './platforms/platform-connectors.ts';
import { VaultPlatformSecrets } from './platforms/platform-secrets.ts';
import { PlatformService } from './platforms/platform-service.ts';
import { PlatformUse } from './platforms/platform-use.ts';
import { ConnectorRegistry } from './platforms/registry.ts';
import { SamplePlatform } from './platforms/sample-platform.ts';
import type { SafeStorage } from './secrets/safe-storage.ts';
import { Vault } from './secrets/vault.ts';
import { InspectionQueue } from './source-vms/inspection-queue.ts';
import { Inspector } from './source-vms/inspector.ts';
import { InventoryWriter } from './source-vms/inventory-writer.ts';
import { SourceVmService } from './source-vms/source-vm-service.ts';
import { restoredSetting } from './store/copy-state.ts';
import { openRepositories } from './store/repositories.ts';
import { openStore } from './store/store.ts';
import { ChangedEvents } from './sync/changed-events.ts';
import { SyncSchedule } from './sync/sync-schedule.ts';
import { SyncService } from './sync/sync-service.ts';
import { CachedPlatformImages } from './sync/cached-platform-images.ts';
import { workflowDefinitions } from './workflows/definitions.ts';
import { WorkflowEngine } from './workflows/engine/engine.ts';
import { failpointsFromEnv } from './workflows/engine/failpoints.ts';
import { Planner } from './workflows/engine/planner.ts';

export interface AppOptions {
  version: string;
  dataDirectory: string;
  /** False with `--no-sample`: a first start makes no sample site. */
  hasSample: boolean;
  /** The shell that the host was started with. */
  shell: ShellKind;
  /** False for a process that ends after one short call: it leaves the runs to a host that stays. */
  isTakingUpRuns: boolean;
  /** Whether this machine can show a file in a file manager, and how. */
  canReveal: boolean;
  reveal: (path: string) => Promise<void>;
  /** The system's key store, in shells that have one. */
  safeStorage: SafeStorage | null;
  log: Logger;
  redactor: Redactor;
}

export interface App {
  readonly handlers: Handlers;
  readonly events: EventBus;
  readonly runningCalls: RunningCalls;
  readonly scopes: ConsoleScopes;
  /** Tasks that have not ended: asked before the program is closed. */
  readonly liveTaskCount: () => number;
  /** The port on which pages of this data directory are served. */
  readonly pagePort: PagePort;
  /** Begins work of its own: recovery of runs, the first run's sample site, the first sync. Call before the contract is served. */
  start(): Promise<void>;
  /** Stops work at the next safe point and closes the store. */
  dispose(): Promise<void>;
}

export async function createApp(options: AppOptions): Promise<App> {
  const { version, dataDirectory, shell, hasSample, isTakingUpRuns, canReveal, reveal, safeStorage, log, redactor } = options;
  const clock = systemClock;
  const store = await openStore(dataDirectory, { log, clock });
  const events = new EventBus();
  const changes = new ChangedEvents(events);
  const grants = new FileGrants();
  const runningCalls = new RunningCalls();
  const scopes = new ConsoleScopes();
  const disks = new WorkerDiskEngine();

  const repositories = openRepositories(store);
  const { platforms, health, vms, images, lists, platformPools, attributes, publications, settings, desktopImages, flavors, journal } = repositories;

  const vault = new Vault({
    secrets: repositories.secrets, settings, safeStorage, keyFilePath: join(dataDirectory, 'vault.key'), clock,
    onSecret: (value) => redactor.remember(value), onChange: () => {
      events.emit('vault.changed', {});
      // Platforms that had no secrets while it was locked.
      schedule.retryFailed();
    },
  });
  const registry = new ConnectorRegistry([
    localConnectorFactory({ engine: disks, clock }), libvirtConnectorFactory({ engine: disks, clock, runProgram }),
    openStackConnectorFactory({ clock, environment: process.env }),
  ]);
  const secrets = new VaultPlatformSecrets(vault, registry, platforms);
  const connectors = new PlatformConnectors({ registry, platforms, health, secrets });

  const writer = new InventoryWriter({ vms, images, attributes, publications, lists });
  const inspector = new Inspector({ engine: disks, connectors, health, vms, images, attributes, writer, clock, log });
  const queue = new InspectionQueue({ inspector, vms, images, changes, log });
  const syncs = new SyncService({ connectors, health, vms, images, lists, platformPools, writer, changes, clock, log, onSynced: () => queue.kick() });
  const schedule = new SyncSchedule({ platforms, health, syncs, registry, settings, clock, log });
  const sourceVms = new SourceVmService({ vms, platforms, health, desktopImages, connectors, inspector, queue, changes, log });

  const imageAttributes = new ImageAttributes({ attributes, vault, connectors, clock });
  const imageService = new ImageService({ images, attributes: imageAttributes, connectors, health, inspector, changes, log });

  const pools = new ImagePools({ pools: repositories.pools, stores: new CachedPlatformStores({ pools: repositories.platformPools, platforms }), events, clock });
  const flavorService = new Flavors(flavors, events);
  const use = new PlatformUse({ journal, vms, desktopImages });
  const platformService = new PlatformService({
    registry, connectors, platforms, health, vms, images, lists, platformPools, secrets, syncs, use, grants, changes, clock, log,
    onReadOnlyChanged: async (id) => {
      await sourceVms.judgePlatform(id);
      await imageService.judgePlatform(id);
    },
    onForget: (id) => imageAttributes.forgetPlatform(id),
  });
  const sample = new SamplePlatform({
    directory: join(dataDirectory, 'sample-site'), engine: disks, service: platformService, platforms, pools, storedPools: repositories.pools,
    desktopImages, use, events, log,
  });

  const definitions = workflowDefinitions({ disks, platforms: connectors, sourceVms, platformImages: new CachedPlatformImages({ images, syncs }), pools, images: desktopImages, flavors, grants, events, clock, workDirectory: join(dataDirectory, 'work') });
  const engine = new WorkflowEngine({ journal, definitions, events, clock, log, failpoints: failpointsFromEnv(process.env) });
  const planner = new Planner({ journal, definitions, engine, clock });
  const backups = new StateBackups({ store, settings, dataDirectory, events, clock, log });
  const firstRun = new FirstRun({ settings, sample, syncs, schedule, queue, log });

  return {
    events,
    runningCalls,
    scopes,
    liveTaskCount: () => engine.liveCount,
    pagePort: new PagePort(settings),
    handlers: {
      ...systemHandlers({
        version, dataDirectory, shell, runningCalls, canReveal,
        hasSampleSite: () => sample.exists(),
        notices: () => Promise.resolve([...store.notices, ...firstRun.notices]),
      }),
      ...settingsHandlers({ store: settings, events }),
      ...filesHandlers({ grants, dataDirectory }),
      ...vaultHandlers({ vault }),
      ...platformsHandlers({ platforms: platformService, syncs, schedule, sample, images: imageService, sourceVms }),
      ...consolesHandlers({ scopes, platforms, lists }),
      ...imagesHandlers({ images: imageService }),
      ...sourceVmsHandlers({ sourceVms }),
      ...imagePoolsHandlers({ pools, grants }),
      ...flavorsHandlers({ flavors: flavorService }),
      ...desktopImagesHandlers({ images: desktopImages, flavors, sourceVms, reveal }),
      ...taskHandlers({ planner, engine, journal }),
      ...disksHandlers({ disks, grants }),
      ...backupsHandlers({ backups }),
    },
    async start() {
      await vault.start();
      await imageService.start();
      await flavorService.start();
      // Runs of a restored copy are of another time: a person says what becomes of each.
      const isRestored = (await settings.get(restoredSetting)) === true;
      await engine.start({ isTakingUp: isTakingUpRuns, isAsking: isRestored });
      if (isTakingUpRuns) {
        if (isRestored) await settings.set({ [restoredSetting]: null });
        backups.start();
      }
      // A window paints meanwhile; a command line that ends at once has to find what it lists, and starts no listing that it would cut off.
      const begun = firstRun.begin({ hasSample, isSyncing: shell !== 'cli' });
      if (shell === 'cli' || shell === 'none') await begun;
    },
    async dispose() {
      await engine.dispose();
      await backups.dispose();
      await firstRun.dispose();
      await queue.dispose();
      await schedule.dispose();
      await syncs.dispose();
      await connectors.dispose();
      await disks.dispose();
      await store.close();
    },
  };
}
