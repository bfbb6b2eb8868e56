import { defineConfig } from 'vitest/config'

/** Waits for conditions are bounded by this; a test that needs it all has failed. */
const longestWait = { poll: { timeout: 30_000, interval: 50 } }

const project = (name: string, include: string[], testTimeout: number, extra: object = {}) => ({
  test: { name, include, testTimeout, hookTimeout: testTimeout, expect: longestWait, ...extra },
})

/** Real processes, chains and browsers: one file after the other, so that each has the machine to itself. */
const oneByOne = { maxWorkers: 1, fileParallelism: false }

/** What fails while it runs; too long for every day. */
const chaos = ['test/e2e/under-fire.test.ts', 'test/e2e/budget-race.test.ts']

/** Each screen in each state, language and scheme: many of them, and no film plays. */
const screens = ['test/e2e/screens.test.ts']

export default defineConfig({
  test: {
    projects: [
      project('unit', ['src/**/*.test.ts', 'src/**/*.test.tsx', 'scripts/**/*.test.ts'], 20_000),
      project('house', ['test/house/**/*.test.ts'], 60_000),
      project('model', ['test/model/**/*.test.ts'], 600_000),
      project('integration', ['test/integration/**/*.test.ts'], 120_000, oneByOne),
      project('e2e', ['test/e2e/**/*.test.ts'], 180_000, { ...oneByOne, exclude: [...chaos, ...screens] }),
      project('chaos', chaos, 180_000, oneByOne),
      project('screens', screens, 180_000, oneByOne),
    ],
  },
})
