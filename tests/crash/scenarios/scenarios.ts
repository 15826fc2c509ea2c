import { filesScenario } from './files.ts';
import type { Scenario } from './scenario.ts';

export const scenarios: Readonly<Record<string, Scenario>> = { files: filesScenario };
