/** How the app is packed. The pinned Node is for development only; the database's native parts cannot be loaded from an archive. */
import type { Configuration } from 'electron-builder';
import afterPack from './after-pack.ts';

const configuration: Configuration = {
  appId: 'org.goldpress.app',
  productName: 'Goldpress',
  directories: { output: 'dist', buildResources: 'build' },
  files: ['out/**', 'package.json', 'LICENSE', '!node_modules/node-{linux,darwin,win}-*/**', '!node_modules/node-bin-*/**'],
  asar: true,
  asarUnpack: ['**/*.node'],
  npmRebuild: false,
  afterPack,
  linux: { target: ['AppImage', 'deb'], category: 'System', executableName: 'goldpress' },
  win: { target: ['nsis'] },
  mac: { target: ['dmg'], category: 'public.app-category.utilities' },
};

export default configuration;
