/** Reads the text that LVM keeps its metadata in: nested sections of numbers, strings and lists. */
import { WalkStopped } from './volume.ts';

export type LvmValue = string | number | (string | number)[] | LvmSection;
export interface LvmSection {
  [name: string]: LvmValue;
}

const maxDepth = 8;
const maxTokens = 200_000;

function* tokens(text: string): Generator<string, void> {
  const pattern = /#[^\n]*|"(?:[^"\\]|\\.)*"|[{}[\]=,]|[^\s{}[\]=,#"]+/g;
  let count = 0;
  for (const [token] of text.matchAll(pattern)) {
    count += 1;
    if (count > maxTokens) throw new WalkStopped('limit', 'LVM metadata');
    if (!token.startsWith('#')) yield token;
  }
}

function scalar(token: string): string | number {
  if (token.startsWith('"')) return token.slice(1, -1).replace(/\\(.)/g, '$1');
  const number = Number(token);
  return Number.isSafeInteger(number) ? number : token;
}

/** @throws WalkStopped where the text is none of LVM's */
export function parseLvmText(text: string): LvmSection {
  const rest = tokens(text);
  const take = (): string | null => {
    const next: IteratorResult<string, void> = rest.next();
    return next.done === true ? null : next.value;
  };
  const damaged = (): WalkStopped => new WalkStopped('damaged', 'LVM metadata');
  const list = (): (string | number)[] => {
    const values: (string | number)[] = [];
    for (let token = take(); token !== ']'; token = take()) {
      if (token === null) throw damaged();
      if (token !== ',') values.push(scalar(token));
    }
    return values;
  };
  const section = (depth: number): LvmSection => {
    if (depth > maxDepth) throw damaged();
    // Without a prototype: names come from the disk.
    const entries = Object.create(null) as LvmSection;
    for (let name = take(); name !== null && name !== '}'; name = take()) {
      const sign = take();
      if (sign === '{') entries[name] = section(depth + 1);
      else if (sign === '=') {
        const value = take();
        if (value === null) throw damaged();
        entries[name] = value === '[' ? list() : scalar(value);
      } else throw damaged();
    }
    return entries;
  };
  return section(0);
}
