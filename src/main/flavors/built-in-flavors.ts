/**
 * The flavors that come with the product: VDI in three sizes, and for VOI, TCI and IDV one per endpoint model. Sizes follow what the
 * endpoints have: a local disk image must fit the smallest disk that a model ships with.
 */
import type { Architecture, FlavorFields } from '../../shared/model/flavor.ts';
import type { FlavorId } from '../../shared/model/ids.ts';

export type BuiltInFlavor = FlavorFields & { id: FlavorId };

const gib = 1024 ** 3;

interface EndpointModel {
  model: string;
  vcpus: number;
  memoryGib: number;
  systemDiskGib: number;
  dataDiskGib: number;
}

/** What the guest gets on each endpoint model; IDV and TCI keep some for the layer below the guest. */
const endpointModels: readonly EndpointModel[] = [
  { model: 'C106V', vcpus: 4, memoryGib: 4, systemDiskGib: 60, dataDiskGib: 40 },
  { model: 'C200V', vcpus: 4, memoryGib: 8, systemDiskGib: 80, dataDiskGib: 100 },
  { model: 'C201V', vcpus: 6, memoryGib: 16, systemDiskGib: 100, dataDiskGib: 300 },
];

const vdiSizes = [
  { size: 'Low', vcpus: 2, memoryGib: 4, systemDiskGib: 60, dataDiskGib: 0 },
  { size: 'Medium', vcpus: 4, memoryGib: 8, systemDiskGib: 80, dataDiskGib: 50 },
  { size: 'High', vcpus: 8, memoryGib: 16, systemDiskGib: 120, dataDiskGib: 100 },
] as const;

function flavor(id: string, name: string, architecture: Architecture, models: string[], size: Omit<EndpointModel, 'model'>): BuiltInFlavor {
  return {
    id: id as FlavorId, name, architecture, endpointModels: models, vcpus: size.vcpus, memoryBytes: size.memoryGib * gib,
    systemDiskBytes: size.systemDiskGib * gib, dataDiskBytes: size.dataDiskGib * gib,
  };
}

function forEndpoints(architecture: Exclude<Architecture, 'vdi'>): BuiltInFlavor[] {
  const label = architecture.toUpperCase();
  return endpointModels.map(({ model, ...size }) => {
    // VOI runs on the bare endpoint; the other two share it with a hypervisor.
    const memoryGib = architecture === 'voi' ? size.memoryGib : Math.max(2, size.memoryGib - 2);
    return flavor(`flavor-${architecture}-${model.toLowerCase()}`, `${label} ${model}`, architecture, [model], { ...size, memoryGib });
  });
}

export const builtInFlavors: readonly BuiltInFlavor[] = [
  ...vdiSizes.map(({ size, ...rest }) => flavor(`flavor-vdi-${size.toLowerCase()}`, `VDI ${size}`, 'vdi', [], rest)),
  ...forEndpoints('voi'),
  ...forEndpoints('tci'),
  ...forEndpoints('idv'),
];
