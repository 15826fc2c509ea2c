/**
 * Looks at the shape of a call's input before any schema does: size, depth and names that could reach a prototype. Walks without
 * recursion, because the nesting is the sender's choice.
 */
import { maxCallBytes } from '../../shared/contract/stream.ts';
import { AppError } from '../../shared/model/app-error.ts';

const maxDepth = 40;
const maxValues = 100_000;
const reservedNames = new Set(['__proto__', 'constructor', 'prototype']);

/** @throws AppError `INPUT_TOO_LARGE` or `INPUT_INVALID` */
export function checkInputLimits(input: unknown): void {
  let characters = 0;
  let values = 0;
  const open: { value: unknown; depth: number }[] = [{ value: input, depth: 0 }];
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    const { value, depth } = item;
    values += 1;
    if (typeof value === 'string') characters += value.length;
    if (values > maxValues || characters > maxCallBytes || depth > maxDepth) throw new AppError('INPUT_TOO_LARGE');
    if (typeof value !== 'object' || value === null) continue;
    for (const [name, child] of Object.entries(value)) {
      if (!Array.isArray(value) && reservedNames.has(name)) throw new AppError('INPUT_INVALID', { problems: `${name}: not a name that may be used` });
      characters += name.length;
      open.push({ value: child, depth: depth + 1 });
    }
  }
}
