/** Seed: image-management.txt 2. */
import { describe, expect, it } from 'vitest';
import { unknownOs, type OsIdentity } from '../../../src/shared/model/os.ts';
import { distroProblem, findDistro, normalizeDistro, osDistros } from '../../../src/shared/rules/os-distro.ts';
import { osOfDesktop, osOfImage, suggestedOs, type AgentOsFacts, type ImageOsFacts } from '../../../src/shared/rules/os-identity.ts';

const ubuntu = { family: 'linux', distro: 'ubuntu', name: 'Ubuntu 24.04.1 LTS', version: '24.04', architecture: 'x86_64' } as const;
const windows = { family: 'windows', distro: 'win', name: 'Windows 11', version: '24H2', architecture: 'x86_64' } as const;
const platform: OsIdentity = { ...unknownOs, family: 'linux', distro: 'debian', name: 'Debian 12', version: '12', source: 'platform' };
const nobody = { osType: null, osDistro: null };
const image: ImageOsFacts = { person: nobody, inspection: ubuntu, platform };
const agent: AgentOsFacts = { os: windows, isConnected: true, isDesktopRunning: true, reportedAt: 7 };

describe('the operating system of an image', () => {
  it.each<[string, Partial<ImageOsFacts>, string]>([
    ['the disk is believed before the platform', {}, 'Ubuntu 24.04.1 LTS from inspection'],
    ['the platform where the disk says nothing', { inspection: { ...ubuntu, family: 'unknown' } }, 'Debian 12 from platform'],
    ['nobody', { inspection: null, platform: unknownOs }, 'null from none'],
    ['a person before the disk', { person: { osType: 'windows', osDistro: null } }, 'null from person'],
    ['a person who agrees keeps what the disk knows beyond', { person: { osType: 'linux', osDistro: null } }, 'Ubuntu 24.04.1 LTS from person'],
    ['a person who names another distro', { person: { osType: 'linux', osDistro: 'rocky' } }, 'Rocky Linux from person'],
    ['a distro alone says its family', { person: { osType: null, osDistro: 'windows' } }, 'Windows from person'],
    ['a distro that is not listed is shown as it is', { person: { osType: 'linux', osDistro: 'hannah-montana' } }, 'hannah-montana from person'],
  ])('%s', (_case, change, expected) => {
    const os = osOfImage({ ...image, ...change });
    expect(`${os.name} from ${os.source}`).toBe(expected);
  });

  it('suggests what the disk says, with its source named, and nothing where nobody knows', () => {
    expect(suggestedOs(image)).toMatchObject({ distro: 'ubuntu', source: 'inspection' });
    expect(suggestedOs({ ...image, inspection: null })).toMatchObject({ distro: 'debian', source: 'platform' });
    expect(suggestedOs({ person: { osType: 'linux', osDistro: null }, inspection: null, platform: unknownOs })).toBeNull();
  });
});

describe('the operating system of a desktop', () => {
  const highest = '“it has the highest priority and will override the attributes preset in the image”';
  const running = '“If the Agent (Mole) inside the cloud desktop is running normally and connected …”';

  it.each<[string, Partial<AgentOsFacts> | null, string, boolean[]]>([
    [highest, {}, 'Windows 11 from agent', [false, false, false]],
    [`${running}: not connected`, { isConnected: false }, 'Ubuntu 24.04.1 LTS from inspection', [false, false, true]],
    [`${running}: the desktop does not run`, { isDesktopRunning: false }, 'Ubuntu 24.04.1 LTS from inspection', [false, false, true]],
    ['an agent that knows nothing', { os: { ...windows, family: 'unknown' } }, 'Ubuntu 24.04.1 LTS from inspection', [false, false]],
    ['no agent', null, 'Ubuntu 24.04.1 LTS from inspection', [false, false]],
  ])('%s', (_case, change, expected, lastKnown) => {
    const { os, claims } = osOfDesktop({ agent: change === null ? null : { ...agent, ...change }, image });
    expect(`${os.name} from ${os.source}`).toBe(expected);
    expect(claims.map((claim) => claim.isLastKnown)).toEqual(lastKnown);
  });

  it('an agent beats even a person, and both are shown', () => {
    const { os, claims } = osOfDesktop({ agent, image: { ...image, person: { osType: 'linux', osDistro: 'ubuntu' } } });
    expect(os.source).toBe('agent');
    expect(claims.map((claim) => claim.os.source)).toEqual(['agent', 'person', 'inspection', 'platform']);
  });
});

describe('distros', () => {
  it('are libosinfo’s short ids, each once', () => {
    expect(new Set(osDistros.map(({ id }) => id)).size).toBe(osDistros.length);
    for (const { id } of osDistros) expect(normalizeDistro(id)).toBe(id);
    expect(findDistro('ubuntu')).toEqual({ id: 'ubuntu', family: 'linux', name: 'Ubuntu' });
  });

  it.each([[' Windows ', 'win'], ['ROCKY', 'rocky'], ['', null], ['  ', null], ['constructor', 'constructor'], ['麒麟', '麒麟']])('%j is kept as %j', (typed, id) => {
    expect(normalizeDistro(typed)).toBe(id);
  });

  it('outside the list are accepted with a warning, and one of another family is pointed out', () => {
    expect(distroProblem('constructor', 'linux')?.code).toBe('DISTRO_NOT_LISTED');
    expect(distroProblem('win', 'linux')?.code).toBe('DISTRO_OTHER_FAMILY');
    expect(distroProblem('debian', 'linux')).toBeNull();
    expect(distroProblem('debian', 'unknown')).toBeNull();
    expect(distroProblem(null, 'linux')).toBeNull();
  });
});
