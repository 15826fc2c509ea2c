/** Finds elements as people and screen readers do: by role and name. */

const implicit: Record<string, string> = {
  alert: '[role="alert"]',
  button: 'button, [role="button"]',
  checkbox: 'input[type="checkbox"], [role="checkbox"]',
  columnheader: '[role="columnheader"]',
  combobox: '[role="combobox"]',
  dialog: '[role="dialog"]',
  grid: '[role="grid"]',
  heading: 'h1, h2, h3',
  link: 'a[href]',
  menuitem: '[role="menuitem"]',
  option: '[role="option"]',
  progressbar: '[role="progressbar"]',
  radio: 'input[type="radio"], [role="radio"]',
  row: '[role="row"]',
  searchbox: 'input[type="search"]',
  textbox: 'input:not([type]), input[type="text"], input[type="password"], textarea',
};

/** The accessible name, as far as tests need it: label attributes, labels, then content. */
export function nameOf(element: Element): string {
  const label = element.getAttribute('aria-label');
  if (label !== null) return label;
  const labelledBy = element.getAttribute('aria-labelledby');
  if (labelledBy !== null) return labelledBy.split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join(' ').trim();
  const own = element.id === '' ? null : document.querySelector(`label[for="${element.id}"]`);
  const around = own ?? element.closest('label');
  if (around !== null && around !== element) return around.textContent.trim();
  return element.textContent.trim();
}

export function allByRole(role: string, name?: string | RegExp, within: ParentNode = document): HTMLElement[] {
  const selector = implicit[role];
  if (selector === undefined) throw new Error(`The role ${role} is not known to this helper.`);
  return [...within.querySelectorAll<HTMLElement>(selector)].filter((element) => {
    if (name === undefined) return true;
    return typeof name === 'string' ? nameOf(element) === name : name.test(nameOf(element));
  });
}

/** The one element of that role and name. @throws when there is none, or more than one. */
export function byRole(role: string, name?: string | RegExp, within: ParentNode = document): HTMLElement {
  const found = allByRole(role, name, within);
  if (found.length !== 1 || found[0] === undefined) {
    const names = allByRole(role, undefined, within).map(nameOf).join(' | ');
    throw new Error(`${found.length} elements are a ${role} named ${String(name)}; there are: ${names}`);
  }
  return found[0];
}

/** The words that `aria-describedby` leads to. */
export function descriptionOf(element: Element): string {
  const ids = (element.getAttribute('aria-describedby') ?? '').split(' ');
  return ids.map((id) => document.getElementById(id)?.textContent ?? '').join(' ').trim();
}
