import { defineConfig } from 'vitest/config'

const project = (name: string, include: string[], testTimeout: number, extra: object = {}) => ({
  test: { name, include, testTimeout, hookTimeout: testTimeout, ...extra },
})

export default defineConfig({
  test: {
    projects: [
      project('unit', ['src/**/*.test.ts', 'src/**/*.test.tsx', 'scripts/**/*.test.ts'], 20_000),
      project('house', ['test/house/**/*.test.ts'], 60_000),
      project('integration', ['test/integration/**/*.test.ts'], 120_000, { maxWorkers: 1 }),
      project('e2e', ['test/e2e/**/*.test.ts'], 180_000, { maxWorkers: 1, fileParallelism: false }),
    ],
  },
})
