/** Oracles that are modules of Debian's own Python; another Python first on the path does not see them. */
import { execFileSync } from 'node:child_process';
import { oracle } from '../../oracles.ts';

const debianPython = '/usr/bin/python3';

/** The interpreter that has the module, or null where it is not installed (reported, or failing, like every oracle). */
export function pythonOracle(module: string, install: string): string | null {
  try {
    execFileSync(debianPython, ['-c', `import ${module}`], { stdio: 'ignore' });
    return debianPython;
  } catch {
    // No such interpreter or module: no program of that name exists either, so that this reports it.
    return oracle(`${debianPython} with ${module}`, install);
  }
}
