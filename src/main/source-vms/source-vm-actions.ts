/** Which actions a VM offers now, each with the reason when it cannot run. Pure; the handler of each action checks again. */
import { available, unavailable, type Availability, type Capabilities } from '../../shared/model/capability.ts';
import type { Role } from '../../shared/model/role.ts';
import { say } from '../../shared/model/message.ts';
import type { SourceVm } from '../../shared/model/source-vm.ts';
import type { StoredSourceVm } from '../store/repositories/source-vm.repo.ts';

/** The first reason against it, if any. */
function first(...checks: Availability[]): Availability {
  return checks.find((check) => !check.isAvailable) ?? available;
}

/** @param roles what can be done on the VM's platform from here */
export function actionsOf({ record, missingSince, inspectionError }: StoredSourceVm, roles: Capabilities): SourceVm['actions'] {
  const role = (name: Role): Availability => roles[name] ?? unavailable(say('CAPABILITY_NOT_PROBED'));
  const isRunning = record.powerState !== 'stopped' && record.powerState !== 'unknown';
  const present = missingSince === null ? available : unavailable(say('SOURCE_VM_MISSING'));
  const stopped = isRunning ? unavailable(say('SOURCE_VM_RUNNING')) : available;
  const system = record.disks.find((disk) => disk.isSystem);
  const problem = system === undefined ? say('SOURCE_VM_NO_DISK') : (system.problem ?? inspectionError);
  const readable = problem === null ? available : unavailable(problem);
  const clone = first(present, readable, stopped, role('diskExport'));
  return {
    clone,
    convert: first(clone, role('deleter')),
    edit: first(present, editable(record), role('hardware'), stopped),
    snapshot: first(present, snapshottable(record), role('snapshots'), stopped),
  };
}

type Record = StoredSourceVm['record'];

function editable({ definition, name, disks }: Record): Availability {
  if (definition === 'ovf') return unavailable(say('EDIT_OVF', { name }));
  if (definition === 'bare-disk') return unavailable(say('EDIT_BARE_DISK', { name }));
  const broken = disks.find((disk) => disk.problem?.code === 'LIBRARY_DEFINITION_BROKEN' || disk.problem?.code === 'LIBRARY_DEFINITION_TOO_LARGE')?.problem;
  return broken === undefined || broken === null ? available : unavailable(broken);
}

function snapshottable({ definition, disks }: Record): Availability {
  if (definition === 'bare-disk') return unavailable(say('SNAPSHOT_BARE_DISK'));
  if (definition === 'ovf') return unavailable(say('SNAPSHOT_OVF'));
  if (definition === 'platform') return available;
  if (disks.length === 0) return unavailable(say('SNAPSHOT_NO_DISK'));
  for (const { problem, format } of disks) {
    if (problem !== null) return unavailable(problem);
    if (format !== 'qcow2' && format !== 'raw') return unavailable(say('SNAPSHOT_FORMAT', { format: (format ?? '?').toUpperCase() }));
  }
  return available;
}
