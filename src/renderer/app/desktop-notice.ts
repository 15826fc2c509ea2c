/** Notices of the operating system, through the page's own interface: it is the same in the window and in a browser. */

/** `unavailable`: this browser, or an address that it does not trust, has no notices. */
export type NoticePermission = NotificationPermission | 'unavailable';

export function noticePermission(): NoticePermission {
  return typeof window.Notification === 'function' && window.isSecureContext ? window.Notification.permission : 'unavailable';
}

/** Asks the person through the browser. Only on a click: browsers answer no to a page that asks by itself. */
export async function askForNotices(): Promise<NoticePermission> {
  if (noticePermission() === 'default') await window.Notification.requestPermission();
  return noticePermission();
}

export interface DesktopNotice {
  title: string;
  text: string;
  /** Notices with one tag replace each other, also between two tabs of one app. */
  tag: string;
  onOpen: () => void;
}

/** Shows a notice where it may be shown, and nowhere else. */
export function showDesktopNotice({ title, text, tag, onOpen }: DesktopNotice): void {
  if (noticePermission() !== 'granted') return;
  const notice = new window.Notification(title, { body: text, tag });
  notice.onclick = () => {
    window.focus();
    onOpen();
    notice.close();
  };
}
