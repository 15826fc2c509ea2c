/**
 * `npm run test:live`: the suites against real servers. Each folder under tests/live/ with a `run.sh` is one: it brings its servers up,
 * runs its specs with the reporters that it is given, and stops what it started. Arguments name suites; without, all run.
 *
 * The last line is `N passed, N failed`. `GOLDPRESS_TEST_SUMMARY` names a file that gets the counts as JSON.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const suites = join(root, 'tests/live');
const results = join(root, 'test-results', 'live');

interface Counts {
  passed: number;
  failed: number;
}

function run(script: string, args: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', [script, ...args], { cwd: root, stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** A suite that ends badly without a failed test of its own (servers that do not come up) counts as one failure: silence is not success. */
async function runSuite(name: string): Promise<Counts> {
  console.log(`== live: ${name}`);
  const file = join(results, `${name}.json`);
  const code = await run(join(suites, name, 'run.sh'), ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]);
  interface VitestReport { numPassedTests: number; numFailedTests: number }
  const report = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as VitestReport) : { numPassedTests: 0, numFailedTests: 0 };
  const isSilent = report.numFailedTests === 0 && (code !== 0 || report.numPassedTests === 0);
  if (isSilent) console.error(`FAILED: live suite ${name} ended with ${String(code)} and no result`);
  return { passed: report.numPassedTests, failed: report.numFailedTests + (isSilent ? 1 : 0) };
}

const asked = process.argv.slice(2);
const known = readdirSync(suites).filter((name) => existsSync(join(suites, name, 'run.sh'))).sort();
const unknown = asked.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`There is no live suite ${unknown.join(', ')}; there are: ${known.join(', ')}`);
  process.exit(2);
}

rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });
const total: Counts = { passed: 0, failed: 0 };
// One after the other: they share the machine's hypervisor.
for (const name of asked.length > 0 ? asked : known) {
  const counts = await runSuite(name);
  total.passed += counts.passed;
  total.failed += counts.failed;
}
const summary = process.env['GOLDPRESS_TEST_SUMMARY'];
if (summary !== undefined) writeFileSync(summary, JSON.stringify(total));
console.log(`${String(total.passed)} passed, ${String(total.failed)} failed`);
process.exit(total.failed === 0 ? 0 : 1);
