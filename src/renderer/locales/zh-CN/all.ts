/** All texts of the window in this language, from the files by area. */
import { app } from './app.ts';
import { disks } from './disks.ts';
import { images } from './images.ts';
import { platforms } from './platforms.ts';
import { publish } from './publish.ts';
import { settings } from './settings.ts';
import { tasks } from './tasks.ts';
import type { en } from '../en/all.ts';

export const zhCN: Record<keyof typeof en, string> = { ...app, ...disks, ...images, ...platforms, ...publish, ...settings, ...tasks };
