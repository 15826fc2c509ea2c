/** What the form that adds a platform collects, and how it becomes the command's input. */
import type { CommandInput, CommandOutput } from '../../../shared/contract/commands.ts';
import type { GrantedFile } from '../../../shared/contract/stream.ts';
import type { ConfigField } from '../../../shared/model/platform.ts';

export type PlatformKindForm = CommandOutput<'platforms.kinds'>[number];

export interface FieldValues {
  texts: Record<string, string>;
  numbers: Record<string, number | undefined>;
  switches: Record<string, boolean>;
  files: Record<string, GrantedFile | null>;
}

export const emptyValues = (): FieldValues => ({ texts: {}, numbers: {}, switches: {}, files: {} });

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

/** The first field that must be filled in and is not; null = all are. */
export function missingField(kind: PlatformKindForm, values: FieldValues): ConfigField | null {
  return kind.fields.find((field) => field.isRequired && valueOf(field, values) === undefined) ?? null;
}

export function configOf(kind: PlatformKindForm, values: FieldValues): CommandInput<'platforms.testConfig'> {
  const settings: CommandInput<'platforms.testConfig'>['settings'] = {};
  const secrets: Record<string, string> = {};
  for (const field of kind.fields) {
    const value = valueOf(field, values);
    if (value === undefined) continue;
    if (field.type === 'secret') secrets[field.key] = String(value);
    else settings[field.key] = value;
  }
  return { kind: kind.kind, settings, secrets };
}

/** A name to begin with: that of the chosen folder. */
export function suggestName(values: FieldValues): string {
  const path = Object.values(values.files).find((file) => file !== null)?.path ?? '';
  return path.split(/[\\/]/).findLast((part) => part !== '')?.slice(0, 100) ?? '';
}
