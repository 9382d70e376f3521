import eslint from '@eslint/js'
import tseslint from 'typescript-eslint'

const STATE = 'No state that a result could depend on.'
const CLOCK = 'No clock but the event’s.'

const noStateAndNoClock = [
  { selector: 'Program > VariableDeclaration[kind!="const"]', message: STATE },
  { selector: 'Program > ExportNamedDeclaration > VariableDeclaration[kind!="const"]', message: STATE },
  {
    selector: 'Program > VariableDeclaration > VariableDeclarator > NewExpression[arguments.length=0]',
    message: STATE
  },
  { selector: "MemberExpression[object.name='Date'][property.name='now']", message: CLOCK },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: CLOCK },
  { selector: "CallExpression[callee.name='Date']", message: CLOCK },
  { selector: "MemberExpression[object.name='Math'][property.name='random']", message: 'No chance.' },
  { selector: 'ImportExpression', message: 'All that it needs is imported at the top.' }
]

/** The destination drops into the action-destinations monorepo and runs there with nothing but the framework. */
const theDestinationStandsAlone = {
  files: ['src/destinations/heap/**/*.ts'],
  ignores: ['**/__tests__/**'],
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: [{ regex: '^(?!@segment/actions-core$|\\.{1,2}(/|$))', message: 'Only @segment/actions-core.' }] }
    ],
    'no-restricted-globals': [
      'error',
      ...['process', 'Buffer', 'require', 'module', '__dirname', '__filename', 'globalThis', 'global'],
      ...['fetch', 'performance', 'console', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']
    ],
    'no-restricted-syntax': [
      'error',
      {
        selector:
          ':matches(ImportDeclaration, ExportNamedDeclaration)[source.value=/(cli|emulator|browser-destinations)/]',
        message: 'The destination knows nothing outside its folder.'
      },
      ...noStateAndNoClock
    ]
  }
}

/** Pure functions: what is sent, whoever sends it. The page in device mode runs them too. */
const theRulesKnowNothingElse = {
  files: ['src/destinations/heap/rules/**/*.ts'],
  ignores: ['**/__tests__/**'],
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: [{ regex: '^(?!\\./)', message: 'Its own files alone: no framework and no network.' }] }
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

/** The order of calls is proven without a browser, so it knows none, nor Segment, nor Heap. */
const theOrderingKnowsNothingElse = {
  files: ['src/browser-destinations/heap/ordering.ts'],
  rules: {
    'no-restricted-imports': ['error', { patterns: [{ regex: '.', message: 'Nothing at all.' }] }],
    'no-restricted-globals': ['error', 'window', 'document', 'performance', 'console', 'globalThis']
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

/** What stands in for Segment is written from what Segment says, so that it can catch mistakes of the function. */
const theStandInsKnowSegmentAlone = {
  files: ['src/segment-functions/**/*.ts'],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: ['**/destinations/**', '**/browser-destinations/**', '**/heap-emulator/**', '**/cli/**', '@segment/*']
      }
    ]
  }
}

/** In the script there is nothing but what its author bundles, and the command is no part of it. */
const theFunctionKnowsTheDestination = {
  files: ['src/function/**/*.ts'],
  ignores: ['**/__tests__/**'],
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: ['**/browser-destinations/**', '**/heap-emulator/**', '**/cli/**', '**/segment-functions/**'] }
    ]
  }
}

/** The command uses all the rest, which knows nothing of it; its folders of a command don't know each other. */
const theCommandIsOnTop = [
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**', '**/__tests__/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ImportDeclaration[source.value=/^\\.\\W(.*\\W)?cli(\\W|$)/]',
          message: 'Nothing outside src/cli knows the command.'
        }
      ]
    }
  },
  ...['send', 'serve', 'author', 'function', 'engine', 'input'].map((folder) => ({
    files: [`src/cli/${folder}/**/*.ts`],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^(\\.\\./)+(cli/)?(?!${folder}(/|$))(send|serve|author|function)(/|$)`,
              message: 'What two commands need lives in engine/ or input/.'
            }
          ]
        }
      ]
    }
  })),
  // Where a command is loaded when it is asked for.
  {
    files: ['src/cli/index.ts', 'src/cli/main.ts', 'src/cli/function/engine.ts'],
    rules: {
      '@typescript-eslint/no-require-imports': [
        'error',
        {
          allow: [
            '^\\./(main|send|serve|serve/page/evaluationWorker|function|author/\\w+)$',
            '^\\.\\./\\.\\./function/engine$'
          ]
        }
      ]
    }
  },
  {
    files: ['src/cli/serve/page/assets.ts'],
    rules: { '@typescript-eslint/no-require-imports': ['error', { allow: ['^esbuild$'] }] }
  }
]

export default tseslint.config(
  { ignores: ['node_modules', 'heap-function.js', 'bench/.published', 'dist', 'coverage', '**/generated-types.ts'] },
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
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-base-to-string': 'off',
      // A test throws what other people's code may throw.
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off'
    }
  },
  // The linter of action-destinations is another version, and refuses a comment about a rule that it does not have.
  {
    files: ['src/destinations/heap/**', 'src/browser-destinations/heap/**'],
    linterOptions: { noInlineConfig: true }
  },
  // Before the others: of a rule that two of them set, the later one holds.
  theCommandIsOnTop,
  theDestinationStandsAlone,
  theRulesKnowNothingElse,
  ...theEmulatorKnowsHeapAlone,
  theBrowserStaysLight,
  theOrderingKnowsNothingElse,
  theStandInsKnowSegmentAlone,
  theFunctionKnowsTheDestination,
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
