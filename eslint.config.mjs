// Lint: the language's strict rules, and the house rules of which room may import which (ARCHITECTURE.md, "Rooms").
import vue from 'eslint-plugin-vue';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** Who may import what. Shells → contract → core → store; renderer → shared; shared → nothing; connectors never each other. */
const zones = [
  { target: './src/shared', from: ['./src/main', './src/renderer'], message: 'shared imports nothing of the app.' },
  { target: './src/renderer', from: './src/main', message: 'The window reaches the core through the contract only.' },
  { target: './src/main', from: './src/renderer', message: 'The core knows no window.' },
  { target: './src/main/store', from: ['./src/main/contract', './src/main/shells', './src/main/workflows/publish', './src/main/host'], message: 'The store is below the core.' },
  { target: './src/main/disks', from: ['./src/main/store', './src/main/contract', './src/main/platforms', './src/main/workflows', './src/main/shells'], except: [], message: 'The disk engine stands alone.' },
  { target: './src/main/workflows/engine', from: ['./src/main/platforms', './src/main/disks', './src/main/workflows/publish', './src/main/shells'], message: 'The engine knows no workflow and no platform.' },
  {
    target: ['./src/main/platforms', './src/main/sync', './src/main/workflows', './src/main/secrets', './src/main/diagnostics', './src/main/store', './src/main/disks', './src/main/source-vms', './src/main/image-pools', './src/main/sample-site'],
    from: './src/main/shells',
    message: 'Shells stand on the core, not the other way round.',
  },
];

const onlyIn = (name, message) => ({ name, message });

const restricted = {
  electron: onlyIn('electron', 'Only src/main/shells/electron imports electron.'),
  sqlite: onlyIn('better-sqlite3', 'Only src/main/store imports better-sqlite3.'),
  childProcess: onlyIn('node:child_process', 'Processes are started in one place only.'),
  open: onlyIn('open', 'Only one file opens external things.'),
};

export default tseslint.config(
  { ignores: ['out/**', 'dist/**', 'node_modules/**', 'coverage/**', 'test-results/**', '**/*.mjs', 'build/**/*.cjs'] },
  ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ['**/*.ts', '**/*.vue'] })),
  ...vue.configs['flat/recommended'].map((config) => ({ ...config, files: ['**/*.vue'] })),
  {
    files: ['**/*.ts', '**/*.vue'],
    plugins: { 'import-x': importX },
    languageOptions: {
      parserOptions: {
        parser: tseslint.parser,
        project: ['./tsconfig.node.json', './tsconfig.web.json'],
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.vue'],
      },
    },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones }],
      'no-restricted-imports': ['error', { paths: Object.values(restricted) }],
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
  {
    files: ['src/main/shells/electron/**'],
    rules: { 'no-restricted-imports': ['error', { paths: [restricted.sqlite, restricted.childProcess] }] },
  },
  {
    files: ['src/main/store/**'],
    rules: { 'no-restricted-imports': ['error', { paths: [restricted.electron, restricted.childProcess, restricted.open] }] },
  },
  {
    files: ['src/main/host/spawn.ts', 'src/main/shells/open-external.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: [restricted.electron, restricted.sqlite] }] },
  },
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
