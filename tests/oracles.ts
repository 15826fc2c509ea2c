/**
 * Outside programs that tests are checked against. `npm test` passes without them and says what was skipped; `.ci/run` sets
 * GOLDPRESS_REQUIRE_ORACLES, under which a missing one fails.
 */
import { accessSync, appendFileSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * The absolute path of a program, or null where it is not installed.
 * @param command the program's name
 * @param install what to install to have it (a Debian package's name)
 */
export function oracle(command: string, install: string): string | null {
  for (const directory of [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']) {
    if (directory === '') continue;
    const path = join(directory, command);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this directory; the next one may have it.
    }
  }
  if (process.env['GOLDPRESS_REQUIRE_ORACLES'] === '1') {
    throw new Error(`The oracle ${command} is missing: install ${install}.`);
  }
  const report = process.env['GOLDPRESS_SKIP_REPORT'];
  if (report !== undefined) appendFileSync(report, `${install}\n`);
  return null;
}
