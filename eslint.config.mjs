// Lint: the language's strict rules, and the house rules of which room may import which (ARCHITECTURE.md, "Rooms").
import vue from 'eslint-plugin-vue';
import tseslint from 'typescript-eslint';

/** Libraries that only one room may touch. */
const libraries = {
  electron: { name: 'electron', message: 'Only src/main/shells/electron imports electron.' },
  sqlite: { name: 'better-sqlite3', message: 'Only src/main/store imports better-sqlite3.' },
  childProcess: { name: 'node:child_process', message: 'Processes are started in one place only.' },
  open: { name: 'open', message: 'Only one file opens external things.' },
};

/**
 * What the files of a room may not import. Rooms lie in folders and imports are relative, so the way to another room shows in the
 * path: shells → contract → core → store; renderer → shared; shared → nothing.
 */
function room(files, { allows = [], forbids = [], why = 'This room may not import that one (ARCHITECTURE.md, “Rooms”).' } = {}) {
  const paths = Object.entries(libraries).filter(([name]) => !allows.includes(name)).map(([, rule]) => rule);
  const patterns = forbids.length === 0 ? [] : [{ regex: `^(\\.\\./)+(${forbids.join('|')})/`, message: why }];
  return { files, rules: { 'no-restricted-imports': ['error', { paths, patterns }] } };
}

const rooms = [
  room(['src/**/*.ts', 'src/**/*.vue']),
  room(['src/shared/**'], { forbids: ['main', 'renderer'], why: 'shared imports nothing of the app.' }),
  room(['src/renderer/**'], { forbids: ['main'], why: 'The window reaches the core through the contract only.' }),
  room(['src/main/**'], { forbids: ['renderer'] }),
  room(['src/main/{platforms,sync,source-vms,image-pools,flavors,sample-site,secrets,diagnostics}/**'], {
    forbids: ['renderer', 'shells', 'host'], why: 'Shells and host stand on the core, not the other way round.',
  }),
  room(['src/main/workflows/**'], { forbids: ['renderer', 'shells', 'host'], why: 'Shells and host stand on the core, not the other way round.' }),
  room(['src/main/workflows/engine/**'], {
    forbids: ['renderer', 'shells', 'host', 'platforms', 'disks', 'publish', 'snapshot', 'vm-edit', 'desktop-image', 'disk-convert'],
    why: 'The engine knows no workflow and no platform.',
  }),
  room(['src/main/disks/**'], {
    forbids: ['renderer', 'store', 'contract', 'platforms', 'workflows', 'shells', 'host', 'sync', 'source-vms'], why: 'The disk engine stands alone.',
  }),
  room(['src/main/store/**'], {
    allows: ['sqlite'], forbids: ['renderer', 'shells', 'host', 'publish', 'sync', 'source-vms'], why: 'The store is below the core.',
  }),
  room(['src/main/contract/**'], { forbids: ['renderer', 'shells'] }),
  room(['src/main/shells/electron/**'], { allows: ['electron'], forbids: ['renderer'] }),
  room(['src/main/host/spawn.ts'], { allows: ['childProcess'], forbids: ['renderer', 'shells'] }),
  room(['src/main/shells/open-external.ts'], { allows: ['childProcess', 'open'], forbids: ['renderer'] }),
];

export default tseslint.config(
  { ignores: ['out/**', 'dist/**', 'node_modules/**', 'coverage/**', 'test-results/**', '**/*.mjs', 'build/**/*.cjs'] },
  ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ['**/*.ts', '**/*.vue'] })),
  ...vue.configs['flat/recommended'].map((config) => ({ ...config, files: ['**/*.vue'] })),
  {
    files: ['**/*.ts', '**/*.vue'],
    languageOptions: {
      parserOptions: {
        parser: tseslint.parser,
        project: ['./tsconfig.node.json', './tsconfig.web.json'],
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.vue'],
      },
    },
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: "CallExpression[callee.property.name='openExternal']", message: 'External links open through openExternalSafely only.' },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      // Bit work on disk formats and schema classes read better without these two.
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/consistent-indexed-object-style': 'off',
      // exactOptionalPropertyTypes and the strict compiler already decide these.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      'max-lines': ['error', { max: 320, skipBlankLines: true, skipComments: true }],
    },
  },
  ...rooms,
  {
    files: ['scripts/**', 'tests/**', '*.config.ts'],
    rules: {
      'no-restricted-imports': 'off',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['**/*.vue'],
    rules: {
      'vue/multi-word-component-names': 'off',
      'vue/no-v-html': 'error',
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      // Line breaks are the author's: lines up to 180 columns, text kept on one line where white space would show.
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
    },
  },
);
