/**
 * `npm test`: every suite that needs nothing but `npm ci` before it. Builds, then runs vitest (unit, component, conformance,
 * crash, security) and Playwright (e2e), and prints one summary. `--only vitest|e2e` runs one of them.
 * The last line is `N passed, N failed`; GOLDPRESS_TEST_SUMMARY names a file that gets the counts as JSON.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findBrowser } from './find-browser.ts';

const root = join(import.meta.dirname, '..');
const results = join(root, 'test-results');
const skipReport = join(results, 'skipped-oracles.txt');

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

function run(script: string, args: string[], env: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, script), ...args], { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** A suite that dies before it reports counts as one failure: silence is not success. */
function reported<T>(file: string, read: (report: T) => Counts): Counts {
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
  return read(JSON.parse(readFileSync(file, 'utf8')) as T);
}

async function vitest(): Promise<Counts> {
  const file = join(results, 'vitest.json');
  const code = await run(
    'node_modules/vitest/vitest.mjs',
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
    { GOLDPRESS_SKIP_REPORT: skipReport },
  );
  interface VitestReport { numPassedTests: number; numFailedTests: number; numPendingTests: number }
  const counts = reported<VitestReport>(file, (report) => ({
    passed: report.numPassedTests, failed: report.numFailedTests, skipped: report.numPendingTests,
  }));
  // A file that could not be loaded has no tests of its own, but makes vitest fail.
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

async function endToEnd(): Promise<Counts> {
  const browser = await findBrowser();
  if (browser === null) {
    console.error('No browser for the end-to-end tests: install Chromium (Debian: `apt-get install chromium`) or Chrome.');
    return { passed: 0, failed: 1, skipped: 0 };
  }
  console.log(`End-to-end tests in ${browser.executablePath} (${browser.origin})`);
  const file = join(results, 'e2e.json');
  const code = await run('node_modules/@playwright/test/cli.js', ['test', '--config', 'tests/e2e/playwright.config.ts', '--reporter=list,json'], {
    PLAYWRIGHT_JSON_OUTPUT_NAME: file,
    GOLDPRESS_BROWSER: browser.executablePath,
    GOLDPRESS_BROWSER_ARGS: JSON.stringify(browser.args),
  });
  interface PlaywrightReport { stats: { expected: number; unexpected: number; flaky: number; skipped: number } }
  const counts = reported<PlaywrightReport>(file, ({ stats }) => ({
    passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped,
  }));
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

const { values } = parseArgs({ options: { only: { type: 'string' } } });
rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });

const total: Counts = { passed: 0, failed: 0, skipped: 0 };
const add = (counts: Counts): void => {
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
};

// The security and end-to-end suites test what is built, so it is built from what is here now.
if ((await run('node_modules/electron-vite/bin/electron-vite.js', ['build', '--logLevel', 'warn'])) !== 0) {
  console.error('The build failed; nothing was tested.');
  process.exit(1);
}
if (values.only !== 'e2e') add(await vitest());
if (values.only !== 'vitest') add(await endToEnd());

const missing = existsSync(skipReport) ? [...new Set(readFileSync(skipReport, 'utf8').trim().split('\n'))] : [];
if (missing.length > 0) console.log(`SKIPPED ${String(total.skipped)}: install ${missing.join(', ')} to run the tests that are checked against them`);
const summary = process.env['GOLDPRESS_TEST_SUMMARY'];
if (summary !== undefined) writeFileSync(summary, JSON.stringify(total));
console.log(`${String(total.passed)} passed, ${String(total.failed)} failed`);
process.exit(total.failed === 0 ? 0 : 1);
