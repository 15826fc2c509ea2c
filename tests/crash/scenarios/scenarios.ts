import { filesScenario } from './files.ts';
import { cloneScenario, convertScenario } from './publish.ts';
import type { Scenario } from './scenario.ts';

export const scenarios: Readonly<Record<string, Scenario>> = { files: filesScenario, 'publish.clone': cloneScenario, 'publish.convert': convertScenario };
