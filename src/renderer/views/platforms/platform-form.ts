/** What the forms that add and change a platform collect, and how it becomes a command's input. */
import type { CommandInput, CommandOutput } from '../../../shared/contract/commands.ts';
import type { GrantedFile } from '../../../shared/contract/stream.ts';
import type { FileGrantId } from '../../../shared/model/ids.ts';
import type { ConfigField, Platform, TrustOffer } from '../../../shared/model/platform.ts';

export type PlatformKindForm = CommandOutput<'platforms.kinds'>[number];
type Settings = CommandInput<'platforms.testConfig'>['settings'];

export interface FieldValues {
  texts: Record<string, string>;
  numbers: Record<string, number | undefined>;
  switches: Record<string, boolean>;
  files: Record<string, GrantedFile | null>;
}

export const emptyValues = (): FieldValues => ({ texts: {}, numbers: {}, switches: {}, files: {} });

/** Stands for a path that is stored: it is shown, and left as it is. */
const stored = '' as FileGrantId;

/** The form of a platform that is there. Secrets never come back: their fields are empty, and stay as they are. */
export function valuesOf({ fields }: PlatformKindForm, config: Platform['config']): FieldValues {
  const values = emptyValues();
  for (const { key, type } of fields) {
    const value = config[key];
    if (value === undefined || value === null) continue;
    if (typeof value === 'number') values.numbers[key] = value;
    else if (typeof value === 'boolean') values.switches[key] = value;
    else if (typeof value === 'string' && (type === 'file' || type === 'directory')) values.files[key] = { grantId: stored, path: value };
    else if (typeof value === 'string') values.texts[key] = value;
  }
  return values;
}

function valueOf(field: ConfigField, values: FieldValues): string | number | boolean | undefined {
  switch (field.type) {
    case 'directory':
    case 'file':
      return values.files[field.key]?.grantId;
    case 'number':
      return values.numbers[field.key];
    case 'boolean':
      return values.switches[field.key] ?? false;
    case 'text':
    case 'choice':
    case 'secret': {
      const text = values.texts[field.key] ?? '';
      return text === '' ? undefined : text;
    }
  }
}

/** The first field that must be filled in and is not; null = all are. @param hasSecrets those of a platform that is there are kept */
export function missingField(kind: PlatformKindForm, values: FieldValues, hasSecrets = false): ConfigField | null {
  return kind.fields.find((field) => field.isRequired && !(hasSecrets && field.type === 'secret') && valueOf(field, values) === undefined) ?? null;
}

export function configOf(kind: PlatformKindForm, values: FieldValues): Pick<CommandInput<'platforms.add'>, 'kind' | 'settings' | 'secrets'> {
  const settings: Settings = {};
  const secrets: Record<string, string> = {};
  for (const field of kind.fields) {
    const value = valueOf(field, values);
    if (value === undefined) continue;
    if (field.type === 'secret') secrets[field.key] = String(value);
    else settings[field.key] = value;
  }
  return { kind: kind.kind, settings, secrets };
}

/** What differs from the platform as it is: null takes a setting away. */
export function changesOf(kind: PlatformKindForm, values: FieldValues, config: Platform['config']): { settings: Settings; secrets: Record<string, string> } {
  const { settings: wanted, secrets } = configOf(kind, values);
  const settings: Settings = {};
  for (const { key, type } of kind.fields) {
    if (type === 'secret' || wanted[key] === stored) continue;
    const before = config[key];
    // A switch that was never set is off.
    if (wanted[key] === undefined ? before !== undefined : wanted[key] !== (before ?? (type === 'boolean' ? false : undefined))) settings[key] = wanted[key] ?? null;
  }
  return { settings, secrets };
}

/** What a person trusts goes into its own field, to be seen and checked from then on. */
export function trustIn(values: FieldValues, { field, value }: TrustOffer): void {
  values.texts[field] = value;
}

/** A name to begin with: that of the chosen folder, or of the host. */
export function suggestName(values: FieldValues): string {
  const path = Object.values(values.files).find((file) => file !== null)?.path ?? '';
  const folder = path.split(/[\\/]/).findLast((part) => part !== '') ?? '';
  const address = values.texts['host'] ?? values.texts['authUrl'] ?? '';
  const host = URL.canParse(address) ? new URL(address).hostname : address;
  return (folder === '' || host !== '' ? host : folder).slice(0, 100);
}
