/** The console that sees everything, apart from its schema: the window's first page carries none. */
import type { ConsoleScope } from './business-attributes.ts';

export const systemConsole: ConsoleScope = { kind: 'system' };
