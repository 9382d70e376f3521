import eslint from '@eslint/js'
import tseslint from 'typescript-eslint'

/** The destination drops into the action-destinations monorepo and runs there with nothing but the framework. */
const theDestinationStandsAlone = {
  files: ['src/destinations/heap/**/*.ts'],
  ignores: ['**/__tests__/**'],
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: [{ regex: '^(?!@segment/actions-core$|\\.{1,2}(/|$))', message: 'Only @segment/actions-core.' }] }
    ],
    'no-restricted-globals': ['error', 'process', 'Buffer', 'require', '__dirname', 'setTimeout', 'setInterval'],
    'no-restricted-syntax': [
      'error',
      {
        selector: 'ImportDeclaration[source.value=/^(\\.\\.\\/){2,}(cli|heap-emulator|browser-destinations)/]',
        message: 'The destination knows nothing outside its folder.'
      },
      { selector: "MemberExpression[object.name='Date'][property.name='now']", message: 'No clock but the event’s.' },
      { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'No clock but the event’s.' }
    ]
  }
}

/** It runs on other people's pages: nothing heavy, and of the cloud side only what knows no request client. */
const theBrowserStaysLight = {
  files: ['src/browser-destinations/heap/**/*.ts'],
  ignores: ['**/__tests__/**'],
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        patterns: [
          { regex: '^@segment/(actions-core|analytics-next)', allowTypeImports: true, message: 'Types alone.' },
          {
            regex: '^(?!@segment/(browser-destination-runtime|actions-core|analytics-next)(/|$)|\\.{1,2}/)',
            message: 'Only the runtime of browser destinations.'
          },
          {
            regex: '^(\\.\\./){2,}(?!\\.\\./)(?!destinations/heap/rules/)',
            message: 'Of the cloud side, rules/ alone.'
          }
        ]
      }
    ]
  }
}

/** So that it can catch the destination's mistakes: it shares nothing with what it checks, not even the framework. */
const EVERYTHING_ELSE = [
  '**/destinations/**',
  '**/browser-destinations/**',
  '**/cli/**',
  '**/function/**',
  '**/segment-functions/**'
]
const theEmulatorKnowsHeapAlone = [
  {
    files: ['src/heap-emulator/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: EVERYTHING_ELSE }] }
  },
  {
    files: ['src/heap-emulator/**/*.ts'],
    ignores: ['**/__tests__/**'],
    rules: { 'no-restricted-imports': ['error', { patterns: [...EVERYTHING_ELSE, '@segment/*'] }] }
  }
]

export default tseslint.config(
  { ignores: ['node_modules', 'bench/.published', 'dist', 'coverage', '**/generated-types.ts'] },
  eslint.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // A test's fake and an interface's method may be async for what others expect of them.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }]
    }
  },
  {
    files: ['**/__tests__/**'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off', '@typescript-eslint/no-base-to-string': 'off' }
  },
  theDestinationStandsAlone,
  ...theEmulatorKnowsHeapAlone,
  theBrowserStaysLight,
  { files: ['**/*.js', '**/*.mjs'], ...tseslint.configs.disableTypeChecked },
  {
    files: ['**/*.js'],
    languageOptions: {
      globals: {
        module: 'writable',
        require: 'readonly',
        process: 'readonly',
        setInterval: 'readonly',
        console: 'readonly',
        __dirname: 'readonly'
      }
    },
    rules: { '@typescript-eslint/no-require-imports': 'off' }
  }
)
