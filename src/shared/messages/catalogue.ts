/**
 * Every sentence that the core can say, by code, in each language. English decides which codes exist; the compiler
 * refuses a translation that misses one or invents one.
 */
import { accessEn } from './en/access.ts';
import { cliEn } from './en/cli.ts';
import { desktopImagesEn } from './en/desktop-images.ts';
import { disksEn } from './en/disks.ts';
import { httpEn } from './en/http.ts';
import { imagesEn } from './en/images.ts';
import { inspectionEn } from './en/inspection.ts';
import { libvirtEn } from './en/libvirt.ts';
import { openStackEn } from './en/openstack.ts';
import { platformsEn } from './en/platforms.ts';
import { publishEn } from './en/publish.ts';
import { readinessEn } from './en/readiness.ts';
import { remotePublishEn } from './en/remote-publish.ts';
import { storeEn } from './en/store.ts';
import { systemEn } from './en/system.ts';
import { tasksEn } from './en/tasks.ts';
import { accessZh } from './zh-CN/access.ts';
import { cliZh } from './zh-CN/cli.ts';
import { desktopImagesZh } from './zh-CN/desktop-images.ts';
import { disksZh } from './zh-CN/disks.ts';
import { httpZh } from './zh-CN/http.ts';
import { imagesZh } from './zh-CN/images.ts';
import { inspectionZh } from './zh-CN/inspection.ts';
import { libvirtZh } from './zh-CN/libvirt.ts';
import { openStackZh } from './zh-CN/openstack.ts';
import { platformsZh } from './zh-CN/platforms.ts';
import { publishZh } from './zh-CN/publish.ts';
import { readinessZh } from './zh-CN/readiness.ts';
import { remotePublishZh } from './zh-CN/remote-publish.ts';
import { storeZh } from './zh-CN/store.ts';
import { systemZh } from './zh-CN/system.ts';
import { tasksZh } from './zh-CN/tasks.ts';

export const locales = ['en', 'zh-CN'] as const;
export type Locale = (typeof locales)[number];

const en = {
  ...accessEn, ...cliEn, ...desktopImagesEn, ...disksEn, ...httpEn, ...imagesEn, ...inspectionEn, ...libvirtEn, ...openStackEn, ...platformsEn, ...publishEn, ...readinessEn, ...remotePublishEn, ...storeEn, ...systemEn, ...tasksEn,
};

export type MessageCode = keyof typeof en;

const zh: Record<MessageCode, string> = {
  ...accessZh, ...cliZh, ...desktopImagesZh, ...disksZh, ...httpZh, ...imagesZh, ...inspectionZh, ...libvirtZh, ...openStackZh, ...platformsZh, ...publishZh, ...readinessZh, ...remotePublishZh, ...storeZh, ...systemZh, ...tasksZh,
};

export const catalogue: Record<Locale, Record<MessageCode, string>> = { en, 'zh-CN': zh };
