/** The `libvirt` connector: a host with KVM and libvirt, over SSH or here. Composes the roles; what each does is in its own file. */
import { say } from '../../../shared/model/message.ts';
import type { ExternalId } from '../../../shared/model/ids.ts';
import type { Clock } from '../../clock.ts';
import type { DiskEngine } from '../../disks/disk-engine.ts';
import type { Connector, ConnectorFactory, ProbeResult } from '../connector.ts';
import type { SourceVmRecord } from '../inventory-records.ts';
import { LibvirtAgent } from './agent-role.ts';
import { LibvirtCreator } from './creator-role.ts';
import { LibvirtDeleter } from './deleter-role.ts';
import { LibvirtDiskExport } from './disk-export-role.ts';
import { LibvirtHardware } from './hardware-role.ts';
import type { Host } from './host.ts';
import { HostDisks } from './host-disks.ts';
import { LibvirtImageStore } from './image-store-role.ts';
import { LibvirtInventory } from './libvirt-inventory.ts';
import { libvirtFields, libvirtSettings, type LibvirtSettings } from './libvirt-settings.ts';
import { LibvirtPower, type PowerTiming } from './power-role.ts';
import { probeHost } from './probe.ts';
import { LibvirtSnapshots } from './snapshot-role.ts';
import { SshHost } from './ssh/ssh-host.ts';
import { SshSession, type SshDeps } from './ssh/ssh-session.ts';
import { ThisComputer, type RunProgram } from './this-computer.ts';
import { Virsh } from './virsh.ts';

export interface LibvirtDeps {
  engine: DiskEngine;
  clock: Clock;
  runProgram: RunProgram;
  ssh?: SshDeps;
  /** A disk changed just now is looked at twice, with this pause in milliseconds. */
  settleMs?: number;
  power?: PowerTiming;
}

export class LibvirtConnector implements Connector {
  readonly kind = 'libvirt';
  readonly inventory: LibvirtInventory;
  readonly hardware: LibvirtHardware;
  readonly snapshots: LibvirtSnapshots;
  readonly deleter: LibvirtDeleter;
  readonly diskExport: LibvirtDiskExport;
  readonly power: LibvirtPower;
  readonly agent: LibvirtAgent;
  readonly imageStore: LibvirtImageStore;
  readonly remoteCreator: LibvirtCreator;
  readonly #host: Host;
  readonly #virsh: Virsh;
  readonly #disks: HostDisks;

  constructor(settings: LibvirtSettings, secrets: Readonly<Record<string, string>>, { engine, clock, runProgram, ssh, settleMs, power }: LibvirtDeps) {
    const { host, uri, ...way } = settings;
    this.#host = host === undefined
      ? new ThisComputer(runProgram)
      : new SshHost(new SshSession({ host, ...way }, { password: secrets['password'], keyPassphrase: secrets['keyPassphrase'] }, ssh));
    this.#virsh = new Virsh(this.#host, uri);
    this.#disks = new HostDisks(this.#host, engine);
    this.inventory = new LibvirtInventory(this.#virsh, this.#disks);
    this.hardware = new LibvirtHardware(this.#virsh);
    this.snapshots = new LibvirtSnapshots(this.#virsh, this.#disks);
    this.deleter = new LibvirtDeleter(this.#virsh, this.#disks);
    this.diskExport = new LibvirtDiskExport(this.#virsh, this.#disks, clock, settleMs);
    this.power = new LibvirtPower(this.#virsh, power);
    this.agent = new LibvirtAgent(this.#virsh, clock);
    this.imageStore = new LibvirtImageStore(this.#virsh, this.#disks);
    this.remoteCreator = new LibvirtCreator(this.#virsh, this.#disks);
  }

  probe(signal: AbortSignal): Promise<ProbeResult> {
    return probeHost(this.#virsh, this.#disks, signal);
  }

  current(vm: ExternalId, signal: AbortSignal): Promise<SourceVmRecord> {
    return this.inventory.current(vm, signal);
  }

  dispose(): Promise<void> {
    return this.#host.dispose();
  }
}

export function libvirtConnectorFactory(deps: LibvirtDeps): ConnectorFactory<LibvirtSettings> {
  return {
    kind: 'libvirt',
    title: say('KIND_LIBVIRT'),
    description: say('KIND_LIBVIRT_DESCRIPTION'),
    settingsSchema: libvirtSettings,
    fields: libvirtFields,
    create: (settings, secrets) => new LibvirtConnector(settings, secrets, deps),
  };
}
