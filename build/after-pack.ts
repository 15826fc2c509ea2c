/** After packing: burns Electron's fuses and reads them back; a fuse that does not stick fails the build. */
import { join } from 'node:path';
import { flipFuses, FuseState, FuseV1Options, FuseVersion, getCurrentFuseWire } from '@electron/fuses';

interface PackContext {
  appOutDir: string;
  electronPlatformName: string;
  packager: { appInfo: { productFilename: string }; executableName?: string };
}

/** What each fuse must be. `true` = the feature is on. */
const wanted: readonly [FuseV1Options, boolean][] = [
  [FuseV1Options.RunAsNode, false],
  [FuseV1Options.EnableNodeOptionsEnvironmentVariable, false],
  [FuseV1Options.EnableNodeCliInspectArguments, false],
  [FuseV1Options.OnlyLoadAppFromAsar, true],
  [FuseV1Options.EnableEmbeddedAsarIntegrityValidation, true],
  [FuseV1Options.EnableCookieEncryption, true],
  [FuseV1Options.GrantFileProtocolExtraPrivileges, false],
];

function programOf({ appOutDir, electronPlatformName, packager }: PackContext): string {
  const { productFilename } = packager.appInfo;
  if (electronPlatformName === 'darwin') return join(appOutDir, `${productFilename}.app`, 'Contents', 'MacOS', productFilename);
  if (electronPlatformName === 'win32') return join(appOutDir, `${productFilename}.exe`);
  return join(appOutDir, packager.executableName ?? productFilename);
}

export default async function afterPack(context: PackContext): Promise<void> {
  const program = programOf(context);
  await flipFuses(program, {
    version: FuseVersion.V1,
    resetAdHocDarwinSignature: context.electronPlatformName === 'darwin',
    ...Object.fromEntries(wanted),
  });
  const wire = await getCurrentFuseWire(program);
  for (const [fuse, isOn] of wanted) {
    if (wire[fuse] !== (isOn ? FuseState.ENABLE : FuseState.DISABLE)) throw new Error(`The fuse ${FuseV1Options[fuse]} is not ${isOn ? 'on' : 'off'} in ${program}.`);
  }
}
