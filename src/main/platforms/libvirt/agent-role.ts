/** What the agent inside a guest says, bounded in time: a guest that hangs must not hold anybody up. */
import { z } from 'zod';
import type { ExternalId } from '../../../shared/model/ids.ts';
import { unknownOs, type OsIdentity } from '../../../shared/model/os.ts';
import type { Clock } from '../../clock.ts';
import type { AgentReport, AgentRole } from '../connector.ts';
import { osOfLibosinfoId } from '../domain-xml/libosinfo.ts';
import { requireUuid } from './domains.ts';
import type { Virsh } from './virsh.ts';

const agentSeconds = 3;

/** As QEMU's agent answers `guest-get-osinfo`; every part may be missing. */
const osAnswer = z.object({
  return: z.object({
    id: z.string().optional(), name: z.string().optional(), 'pretty-name': z.string().optional(), 'version-id': z.string().optional(), machine: z.string().optional(),
    'kernel-version': z.string().optional(),
  }),
});
const hostAnswer = z.object({ return: z.object({ 'host-name': z.string() }) });

export class LibvirtAgent implements AgentRole {
  readonly #virsh: Virsh;
  readonly #clock: Clock;

  constructor(virsh: Virsh, clock: Clock) {
    this.#virsh = virsh;
    this.#clock = clock;
  }

  async report(vm: ExternalId, signal: AbortSignal): Promise<AgentReport> {
    const uuid = requireUuid(vm);
    const ask = (execute: string): string[] => ['qemu-agent-command', '--domain', uuid, '--timeout', String(agentSeconds), '--cmd', JSON.stringify({ execute })];
    // A refusal means absent or not connected; both are an answer.
    const [os, host] = await this.#virsh.ask([ask('guest-get-osinfo'), ask('guest-get-host-name')], signal);
    const system = read(osAnswer, os);
    if (system === null) return { isConnected: false, os: unknownOs, hostName: null, reportedAt: null };
    return { isConnected: true, os: osOf(system.return), hostName: read(hostAnswer, host)?.return['host-name'].slice(0, 255) ?? null, reportedAt: this.#clock.now() };
  }
}

/** Null for what is no answer of the agent: it runs inside the guest and may say anything. */
function read<T>(schema: z.ZodType<T>, text: string | null | undefined): T | null {
  try {
    return schema.safeParse(JSON.parse(text ?? 'null')).data ?? null;
  } catch {
    return null;
  }
}

function osOf(answer: z.infer<typeof osAnswer>['return']): OsIdentity {
  const isWindows = answer.id === 'mswindows';
  const distro = isWindows ? 'win' : answer.id?.toLowerCase().replace(/[^a-z0-9-]/g, '').slice(0, 100);
  if (distro === undefined || distro === '') return unknownOs;
  const version = answer['version-id']?.slice(0, 100) ?? null;
  const known = osOfLibosinfoId(`http://agent/${distro}/${version ?? 'unknown'}`, answer.machine?.slice(0, 50) ?? null);
  return { ...known, family: isWindows ? 'windows' : known.family === 'unknown' ? 'linux' : known.family, version, name: answer['pretty-name']?.slice(0, 200) ?? known.name };
}

/** Addresses of running domains, from the leases of the host's own networks. */
export async function readAddresses(virsh: Virsh, uuids: readonly string[], signal?: AbortSignal): Promise<Map<string, string[]>> {
  const texts = await virsh.ask(uuids.map((uuid) => ['domifaddr', '--domain', uuid]), signal);
  return new Map(uuids.map((uuid, index) => [uuid, addressesIn(texts[index] ?? '')]));
}

/** The last column: `192.168.122.5/24`. */
function addressesIn(text: string): string[] {
  return [...text.matchAll(/\b(?:ipv4|ipv6)\s+([0-9a-fA-F.:]+)\/\d+/g)].flatMap((found) => found[1] ?? []);
}
