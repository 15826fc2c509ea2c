/**
 * The fields of the publish dialog and how they depend on each other: architecture and operating system decide the file type,
 * VDI has no Configure, the snapshot's name belongs to its switch. The rules themselves are `shared/rules/`.
 */
import { computed, reactive, toValue, watch, type ComputedRef, type MaybeRefOrGetter } from 'vue';
import { fileTypeChoice, type FileTypeChoice } from '../../../../shared/rules/file-type.ts';
import { dedicatedFlavors, isConfigureAsked } from '../../../../shared/rules/configure.ts';
import { imageNameProblem } from '../../../../shared/rules/image-name.ts';
import type { FileType, VhdVariant } from '../../../../shared/model/desktop-image.ts';
import type { Architecture, Flavor } from '../../../../shared/model/flavor.ts';
import type { FlavorId, ImagePoolId } from '../../../../shared/model/ids.ts';
import type { OsFamily } from '../../../../shared/model/os.ts';
import type { SourceVm } from '../../../../shared/model/source-vm.ts';
import type { ShutDown } from '../../../../shared/model/workflow-request.ts';
import { useText } from '../../../composables/use-text.ts';
import type { PlanRequest } from '../../plan/use-plan.ts';

export interface PublishFields {
  name: string;
  architecture: Architecture;
  /** What the person says it is, where nothing else tells. */
  osFamily: Exclude<OsFamily, 'unknown'> | null;
  fileType: FileType | null;
  vhdVariant: VhdVariant;
  poolId: ImagePoolId | null;
  configure: 'dedicated' | 'general';
  flavorId: FlavorId | null;
  hasSnapshot: boolean;
  snapshotName: string;
  /** What to do about a VM that runs. */
  whenRunning: ShutDown;
}

export interface PublishForm {
  fields: PublishFields;
  osFamily: ComputedRef<OsFamily>;
  /** The operating system is not known and has to be said here. */
  isOsAsked: ComputedRef<boolean>;
  fileType: ComputedRef<FileTypeChoice>;
  flavors: ComputedRef<Flavor[]>;
  isConfigureAsked: ComputedRef<boolean>;
  /** The VM runs: publishing blocks unless it is shut down first. */
  isPowerAsked: ComputedRef<boolean>;
  nameProblem: ComputedRef<string | null>;
  /** Null, or why the plan cannot be made yet, in words. */
  obstacle: ComputedRef<string | null>;
  /** The request; call only when there is no obstacle. */
  request: () => PlanRequest;
}

export type PublishMode = 'clone' | 'convert';

/** @param subject the VM that is published, as it is known by now (its disk may be looked into meanwhile); a new form for each VM. */
export function usePublishForm(subject: MaybeRefOrGetter<SourceVm>, mode: PublishMode, allFlavors: MaybeRefOrGetter<readonly Flavor[]>): PublishForm {
  const { t, say } = useText();
  const fields = reactive<PublishFields>({
    name: toValue(subject).name,
    architecture: 'voi',
    osFamily: null,
    fileType: null,
    vhdVariant: 'dynamic',
    poolId: null,
    configure: 'general',
    flavorId: null,
    hasSnapshot: false,
    snapshotName: '',
    whenRunning: 'no',
  });

  const isOsAsked = computed(() => toValue(subject).os.family === 'unknown');
  const osFamily = computed<OsFamily>(() => (isOsAsked.value ? (fields.osFamily ?? 'unknown') : toValue(subject).os.family));
  const fileType = computed(() => fileTypeChoice(fields.architecture, osFamily.value));
  watch(
    fileType,
    ({ allowed, preselected }) => {
      if (fields.fileType === null || !allowed.includes(fields.fileType)) fields.fileType = preselected;
    },
    { immediate: true },
  );
  const flavors = computed(() => dedicatedFlavors(fields.architecture, toValue(allFlavors)));
  watch(flavors, (offered) => {
    if (!offered.some(({ id }) => id === fields.flavorId)) fields.flavorId = null;
  });

  // The snapshot's name follows the image's until the person writes one of their own.
  const snapshotNameOf = (name: string) => `${name} ${new Date().toISOString().slice(0, 10)}`;
  watch(
    () => fields.name,
    (name, before) => {
      if (fields.snapshotName === '' || (before !== undefined && fields.snapshotName === snapshotNameOf(before))) fields.snapshotName = snapshotNameOf(name);
    },
    { immediate: true },
  );

  const isPowerAsked = computed(() => !['stopped', 'unknown'].includes(toValue(subject).powerState));
  const nameProblem = computed(() => {
    const problem = imageNameProblem(fields.name);
    return problem === null ? null : say(problem);
  });
  const obstacle = computed(() => {
    if (nameProblem.value !== null) return nameProblem.value;
    if (fields.fileType === null) return fileType.value.preselected === null ? say(fileType.value.reason) : t('publish.reason.fileType');
    if (fields.poolId === null) return t('publish.reason.pool');
    if (isConfigureAsked(fields.architecture) && fields.configure === 'dedicated' && fields.flavorId === null) return t('publish.reason.configure');
    return null;
  });

  function request(): PlanRequest {
    const { fileType: chosenType, poolId, flavorId } = fields;
    if (chosenType === null || poolId === null) throw new Error('The form is not complete.');
    const common = {
      vmId: toValue(subject).id,
      name: fields.name,
      architecture: fields.architecture,
      fileType: chosenType,
      vhdVariant: fields.vhdVariant,
      poolId,
      configure: !isConfigureAsked(fields.architecture)
        ? null
        : fields.configure === 'dedicated' && flavorId !== null
          ? ({ kind: 'dedicated', flavorId } as const)
          : ({ kind: 'general' } as const),
      osFamily: isOsAsked.value ? fields.osFamily : null,
      whenRunning: isPowerAsked.value ? fields.whenRunning : ('no' as const),
    };
    return mode === 'clone'
      ? { type: 'publish.clone', ...common, snapshotName: fields.hasSnapshot ? fields.snapshotName : null }
      : { type: 'publish.convert', ...common };
  }

  return {
    fields,
    osFamily,
    isOsAsked,
    fileType,
    flavors,
    isConfigureAsked: computed(() => isConfigureAsked(fields.architecture)),
    isPowerAsked,
    nameProblem,
    obstacle,
    request,
  };
}
