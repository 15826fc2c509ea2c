/** Texts of the settings page. */
export const settings = {
  'settings.theme.dark': 'Dark',
  'settings.theme.light': 'Light',
  'settings.theme.system': 'Like the system',
};
